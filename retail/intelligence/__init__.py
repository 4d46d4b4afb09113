"""Scores and forecasts, each with how good it has been. Words: score, segment, forecast, baseline, error."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from retail.core.module import MenuItem, Module

module = Module(
    __name__,
    url_prefix="/intelligence",
    menu=[
        MenuItem(_l("Customer segments"), "intelligence.customers", "chart-donut", _l("Insights"), order=70),
        MenuItem(_l("Demand forecasts"), "intelligence.forecasts", "chart-line", _l("Insights"), order=72),
    ],
)
