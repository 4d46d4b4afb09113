"""The command palette: records and actions by name or number. Pages of the menu are found in the browser already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import current_app, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from werkzeug.routing import BuildError
from werkzeug.wrappers import Response

from retail.catalog.queries import find_by_code, looked_for, search_variants
from retail.core import html, manual, saved_lists, search, shown
from retail.core.db import session
from retail.core.module import allowed, can, person_or_none, registry_of
from retail.core.tables import TABLES
from retail.customers.queries import find_customers
from retail.operations import module
from retail.orders.models import Order
from retail.permissions import SIGNED_IN, Can
from retail.purchasing.queries import find_orders, find_suppliers

EACH = 6
SHORTEST_NAME = 3


@dataclass(frozen=True)
class Found:
    """One line of the palette."""

    title: str
    url: str
    icon: str
    note: str | None = None


ACTIONS: tuple[tuple[Any, str, str, str], ...] = (
    (_l("New product"), "catalog.new_product", "plus", "add article item"),
    (_l("Import products"), "integrations.product_import", "table-import", "upload csv excel"),
    (_l("Receive goods"), "inventory.receive", "truck-delivery", "delivery supplier"),
    (_l("New purchase order"), "purchasing.new_order", "clipboard-list", "buy order supplier"),
    (_l("New supplier"), "purchasing.new_supplier", "plus", "add vendor"),
    (_l("What to order"), "purchasing.proposal_list", "brain", "replenishment proposals reorder"),
    (_l("Trial of ordering on history"), "purchasing.trial_page", "chart-line", "backtest replenishment"),
    (_l("Suppliers' bills"), "purchasing.bill_list", "receipt", "invoices payable"),
    (_l("New customer"), "customers.new_customer", "user-plus", "add client"),
    (_l("Invite somebody"), "identity.invite", "user-plus", "add user person staff"),
    (_l("Roles"), "identity.roles", "id-badge-2", "permissions rights"),
    (_l("Compare roles"), "identity.compare_roles", "switch-horizontal", "permissions differences"),
    (_l("Who may do what"), "identity.access", "list-check", "permissions roles routes access"),
    (_l("Switch cashier"), "identity.switch", "switch-horizontal", "pin lock till"),
    (_l("Shop settings"), "tenancy.settings", "settings", "currency time zone address tax"),
    (_l("Receipt text"), "tenancy.receipts", "receipt", "header footer print"),
    (_l("Locations"), "tenancy.location_list", "map-pin", "shop warehouse"),
    (_l("Tax rates"), "finance.tax_rates", "percentage", "vat"),
    (_l("Your profile"), "identity.profile", "user-circle", "language theme dark light"),
    (_l("Changes of many rows"), "lists.runs", "list-check", "bulk undo jobs mass edit"),
    (_l("Exports"), "lists.export_list", "download", "files download csv excel pdf"),
    (_l("Choose your keys"), "identity.shortcut_keys", "keyboard", "shortcuts hotkeys"),
    (_l("Help"), "operations.help_pages", "help-circle", "manual guide how to"),
    (_l("Your password and devices"), "identity.security", "lock", "second factor totp sessions"),
)
"""What can be done or set: label, endpoint, icon, further words it is found by."""


def _link(endpoint: str, **values: Any) -> str | None:
    """The address of a page, when it exists and the person may open it."""
    need = registry_of(current_app).needs.get(endpoint)
    if need is None or not allowed(need, person_or_none()):
        return None
    try:
        return url_for(endpoint, **values)
    except BuildError:
        return None


def _products(q: str) -> list[Found]:
    """Variants; where there are none, and for those who may, the way to make one."""
    if not can(Can.VIEW_PRODUCTS):
        return []
    known = find_by_code(q)
    variants = [known] if known is not None else []
    variants += [one for one in search_variants(q, EACH) if one is not known]
    found = []
    for one in variants[:EACH]:
        url = _link("catalog.product_page", product_id=one.product_id)
        if url:
            note = search.marked(one.sku, q) + f" · {shown.money(one.price)}"
            found.append(Found(search.marked(one.name, q), url, "package", note))
    return found or _new_product(q)


def _new_product(q: str) -> list[Found]:
    url = _link("catalog.new_product", **looked_for(q)) if len(q) >= SHORTEST_NAME else None
    return [Found(_("Create product “%(name)s”", name=q), url, "plus")] if url else []


def _customers(q: str) -> list[Found]:
    if not can(Can.VIEW_CUSTOMERS):
        return []
    return [
        Found(
            search.marked(one.name, q),
            url_for("customers.customer_page", customer_id=one.id),
            "address-book",
            search.marked(one.code, q),
        )
        for one in find_customers(q, EACH)
    ]


def _orders(q: str) -> list[Found]:
    number = q.upper()
    if not can(Can.VIEW_ORDERS) or " " in q or not any(letter.isdigit() for letter in q):
        return []
    wanted = [number, f"S-{number}", f"R-{number}", f"V-{number}"]
    statement = select(Order.id, Order.number, Order.total, Order.occurred_at).where(Order.number.in_(wanted))
    found = []
    for row in session.execute(statement.order_by(Order.id.desc()).limit(EACH)):
        url = _link("orders.order_page", order_id=row.id)
        if url:
            note = f"{shown.money(row.total)} · {shown.value(row.occurred_at, 'datetime')}"
            found.append(Found(row.number, url, "receipt", note))
    return found


def _purchases(q: str) -> list[Found]:
    found = []
    if can(Can.VIEW_PURCHASES) and any(letter.isdigit() for letter in q):
        found += [
            Found(
                one.number,
                url_for("purchasing.order_page", purchase_order_id=one.id),
                "clipboard-list",
                one.supplier.name,
            )
            for one in find_orders(q, EACH)
        ]
    if can(Can.VIEW_SUPPLIERS):
        found += [
            Found(
                search.marked(one.name, q),
                url_for("purchasing.supplier_page", supplier_id=one.id),
                "building-warehouse",
                search.marked(one.code, q),
            )
            for one in find_suppliers(q, EACH)
        ]
    return found


def _actions(q: str) -> list[Found]:
    words = q.lower().split()
    found = []
    for label, endpoint, icon, more in ACTIONS:
        text = f"{label} {more}".lower()
        if all(word in text for word in words):
            url = _link(endpoint)
            if url:
                found.append(Found(str(label), url, icon))
    return found[:EACH]


def _views(q: str) -> list[Found]:
    """Lists that somebody saved under a name, of those this person may see."""
    person = person_or_none()
    found = []
    for view in saved_lists.views_named(q, person.id, EACH):
        table = TABLES.get(view.list_name)
        if table is not None and allowed(table.needs, person):
            address = f"{view.path}?{urlencode({**view.query, 'view': view.id})}"
            found.append(Found(view.name, address, "bookmark", str(table.label)))
    return found


def _chapters(q: str) -> list[Found]:
    """Chapters of the manual whose title holds what was typed."""
    words = q.casefold().split()
    return [
        Found(one.title, url_for("operations.help_page", chapter=one.name), "help-circle", _("Help"))
        for one in manual.chapters().values()
        if all(word in one.title.casefold() for word in words)
    ][:3]


@module.get("/palette", needs=SIGNED_IN)
def palette() -> Response:
    """Records and actions that fit what was typed, each only for those who may open it."""
    q = " ".join(request.args.get("q", "").split())[:80]
    groups: list[tuple[str, list[Found]]] = []
    if q:
        groups = [
            (_("Sales"), _orders(q)),
            (_("Products"), _products(q)),
            (_("Customers"), _customers(q)),
            (_("Purchasing"), _purchases(q)),
            (_("Saved views"), _views(q)),
            (_("Actions and settings"), _actions(q)),
            (_("Help"), _chapters(q)),
        ]
    return html.page("operations/palette.html", groups=[(label, found) for label, found in groups if found])
