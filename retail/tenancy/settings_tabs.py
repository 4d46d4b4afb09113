"""The tabs at the head of every settings page; modules above add theirs here by endpoint."""

from __future__ import annotations

from typing import Any

from flask import current_app, request, url_for
from flask_babel import lazy_gettext as _l

from retail.core.module import allowed, person_or_none, registry_of

TABS: list[tuple[Any, str]] = [
    (_l("Shop"), "tenancy.settings"),
    (_l("Receipts"), "tenancy.receipts"),
    (_l("Locations"), "tenancy.location_list"),
    (_l("Stock"), "inventory.stock_settings"),
]


def settings_tabs() -> list[dict[str, Any]]:
    """The settings pages this person may open, the present one marked."""
    needs, person = registry_of(current_app).needs, person_or_none()
    return [
        {"label": str(label), "url": url_for(endpoint), "active": request.endpoint == endpoint}
        for label, endpoint in TABS
        if endpoint in needs and allowed(needs[endpoint], person)
    ]
