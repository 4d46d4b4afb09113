"""Figures for people: rollups, dashboard, the owner's report. Words: rollup, dashboard, report, schedule."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from retail.core.module import MenuItem, Module

module = Module(
    __name__,
    menu=[
        MenuItem(
            _l("Dashboard"), "reports.dashboard", "layout-dashboard", _l("Today"), order=1, shortcut="d", primary=True
        ),
        MenuItem(_l("Reports"), "reports.index", "report-analytics", _l("Figures"), order=60, shortcut="r"),
    ],
)
