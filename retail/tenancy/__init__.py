"""Businesses and their places. Words: tenant (a business), location (a shop or warehouse), business date."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from retail.core.module import MenuItem, Module

module = Module(
    __name__,
    menu=[MenuItem(_l("Settings"), "tenancy.settings", "settings", _l("Settings"), order=90)],
)
