"""The dashboard: one page whose parts re-read themselves when something happened."""

from __future__ import annotations

from typing import Any

from babel.dates import format_date as babel_date
from flask import abort, g, redirect, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from retail.core import html
from retail.core.module import can
from retail.permissions import Can
from retail.reports import dashboard as parts
from retail.reports import module, queries
from retail.reports.links import link
from retail.tenancy.models import Tenant
from retail.tenancy.queries import locations

PERIODS = (1, 7, 30)


def _choice() -> dict[str, Any]:
    """The location and the period of the best sellers, as the address says."""
    wanted = request.args.get("location", type=int) or g.person.location_id
    here = next((place for place in locations() if place.id == wanted), None) if wanted else None
    days = request.args.get("days", 1, type=int)
    days = days if days in PERIODS else 1
    kept: dict[str, Any] = {"location": here.id if here else None, "days": days if days != 1 else None}
    tenant: Tenant = g.person.tenant
    return {"shop": tenant, "here": here, "days": days, "kept": kept}


def _location_id(chosen: dict[str, Any]) -> int | None:
    return chosen["here"].id if chosen["here"] else None


def _figures(chosen: dict[str, Any]) -> dict[str, Any]:
    return {"figures": parts.figures(chosen["shop"], _location_id(chosen))}


def _products(chosen: dict[str, Any]) -> dict[str, Any]:
    periods = [
        {
            "label": label,
            "url": url_for("reports.dashboard", **{**chosen["kept"], "days": days}),
            "active": days == chosen["days"],
            "attrs": {
                "hx-get": url_for("reports.part", part="products", **{**chosen["kept"], "days": days}),
                "hx-target": "#products",
                "hx-swap": "outerHTML",
            },
        }
        for days, label in zip(PERIODS, (_("Today"), _("7 days"), _("30 days")), strict=True)
    ]
    ranked = parts.products(chosen["shop"], chosen["days"], _location_id(chosen))
    return {
        "periods": periods,
        "ranked": [(one, link("catalog.product_page", product_id=one.product_id)) for one in ranked],
    }


def _alerts(chosen: dict[str, Any]) -> dict[str, Any]:
    rows, total = queries.low_stock(_location_id(chosen)) if can(Can.VIEW_STOCK) else ([], 0)
    return {
        "alerts": [(row, link("catalog.product_page", product_id=row.product_id)) for row in rows],
        "alert_count": total,
        "stock_url": link("inventory.levels", low=1),
    }


def _feed(chosen: dict[str, Any]) -> dict[str, Any]:
    return {"happened": parts.happened(chosen["shop"])}


def _shifts(chosen: dict[str, Any]) -> dict[str, Any]:
    return {"shifts": parts.shifts(_location_id(chosen)), "till_url": link("till.sell")}


def _day_words(chosen: dict[str, Any]) -> str:
    day = str(babel_date(chosen["shop"].today(), "EEEE d MMMM", locale=get_locale()))
    return f"{day} · {chosen['here'].name}" if chosen["here"] else day


PARTS = {"figures": _figures, "products": _products, "alerts": _alerts, "feed": _feed, "shifts": _shifts}


@module.get("/dashboard", needs=Can.VIEW_DASHBOARD)
def dashboard() -> Response:
    """How trade goes today; on a first day, what to do first."""
    chosen = _choice()
    if not queries.has_traded():
        return html.page("reports/first_day.html", **chosen, steps=_first_steps(), **_shifts(chosen))
    context: dict[str, Any] = {}
    for make in PARTS.values():
        context |= make(chosen)
    return html.page("reports/dashboard.html", **chosen, **context, day_words=_day_words(chosen))


@module.get("/dashboard/<part>", needs=Can.VIEW_DASHBOARD)
def part(part: str) -> Any:
    """One part, for the page to re-read; opened by hand it leads to the whole."""
    if part not in PARTS:
        abort(404)
    chosen = _choice()
    if not html.wants_fragment():
        return redirect(url_for("reports.dashboard", **chosen["kept"]))
    return html.page("reports/dashboard.html", fragment=part, **chosen, **PARTS[part](chosen))


def _first_steps() -> list[dict[str, Any]]:
    """What a new business does first, with what is done already; steps this person may not take are left out."""
    steps = [
        (_("Add what you sell"), _("Import a file, or type the first products in."), "package", queries.has_products(),
         link("catalog.product_list")),
        (_("Open the till"), _("Count the float, then sell."), "cash-register", False, link("till.sell")),
        (_("Invite your people"), _("Everyone signs in with an account of their own."), "user-plus", False,
         link("identity.people")),
    ]  # fmt: skip
    return [
        {"title": title, "text": text, "icon": icon, "done": done, "url": url}
        for title, text, icon, done, url in steps
        if url
    ]
