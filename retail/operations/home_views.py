"""The start page: the page of the program that somebody uses most."""

from __future__ import annotations

from flask import current_app, g, redirect, url_for
from werkzeug.wrappers import Response

from retail.core.module import allowed, registry_of
from retail.operations import module
from retail.permissions import SIGNED_IN

FIRST_PAGES = ("reports", "till", "inventory", "catalog", "orders")
"""Modules whose first page in the menu may be somebody's start page, the most telling first."""


@module.get("/", needs=SIGNED_IN)
def home() -> Response:
    """Go on to the dashboard, the till or the stock, whichever the person may open first; else to their profile."""
    registry = registry_of(current_app)
    for name in FIRST_PAGES:
        for item in sorted(registry.menu, key=lambda one: one.order):
            need = registry.needs.get(item.endpoint)
            if item.endpoint.split(".")[0] == name and need is not None and allowed(need, g.person):
                return redirect(url_for(item.endpoint), 303)
    return redirect(url_for("identity.profile"), 303)
