"""What permissions are called on the roles page, module by module."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

from flask_babel import lazy_gettext as _l

from retail.permissions import Can

GROUPS = {
    "till": _l("Till"),
    "orders": _l("Orders"),
    "catalog": _l("Products"),
    "inventory": _l("Stock"),
    "purchasing": _l("Purchasing"),
    "labels": _l("Labels"),
    "customers": _l("Customers"),
    "reports": _l("Reports"),
    "intelligence": _l("Insights"),
    "finance": _l("Books"),
    "integrations": _l("Imports"),
    "identity": _l("People and roles"),
    "tenancy": _l("Settings"),
    "notifications": _l("Notifications"),
    "operations": _l("Operations"),
}
"""The modules in the order of the roles page; one that is not named comes last under its own name."""

WORDS = {
    Can.VIEW_PRODUCTS: _l("See products"),
    Can.EDIT_PRODUCTS: _l("Create and change products"),
    Can.IMPORT_PRODUCTS: _l("Import products from files"),
    Can.VIEW_COSTS: _l("See what products cost the shop"),
    Can.SET_RATES: _l("Set the rates of metals"),
    Can.VIEW_CUSTOMERS: _l("See customers"),
    Can.EDIT_CUSTOMERS: _l("Create and change customers"),
    Can.IMPORT_CUSTOMERS: _l("Import customers from files"),
    Can.USE_IMPORTS: _l("See imports and undo them"),
    Can.VIEW_JOURNAL: _l("See the journal"),
    Can.VIEW_USERS: _l("See people"),
    Can.MANAGE_USERS: _l("Invite, change and deactivate people"),
    Can.MANAGE_ROLES: _l("Change what roles allow"),
    Can.VIEW_AS: _l("See the program as others see it"),
    Can.ANSWER_SUPPORT: _l("Let support in, and see what it did"),
    Can.VIEW_INTELLIGENCE: _l("See forecasts"),
    Can.VIEW_SCORES: _l("See customers' scores and segments"),
    Can.VIEW_STOCK: _l("See stock"),
    Can.ADJUST_STOCK: _l("Correct stock"),
    Can.RECEIVE_STOCK: _l("Receive goods"),
    Can.VIEW_SUPPLIERS: _l("See suppliers"),
    Can.EDIT_SUPPLIERS: _l("Create and change suppliers"),
    Can.VIEW_PURCHASES: _l("See purchase orders"),
    Can.ORDER_GOODS: _l("Order goods"),
    Can.APPROVE_PURCHASES: _l("Approve others' purchase orders"),
    Can.VIEW_PROPOSALS: _l("See what the night would order"),
    Can.ORDER_PROPOSED: _l("Order what the night proposes, and say how it reckons"),
    Can.VIEW_BILLS: _l("See suppliers' bills"),
    Can.ENTER_BILLS: _l("Enter suppliers' bills, and send goods back"),
    Can.APPROVE_BILLS: _l("Approve suppliers' bills for payment"),
    Can.COUNT_STOCK: _l("Count stock"),
    Can.APPROVE_COUNT: _l("See what counts differ by, and book it"),
    Can.PRINT_LABELS: _l("Print labels"),
    Can.SEE_DELIVERIES: _l("See what was sent to people, and what came of it"),
    Can.SEE_MAILBOX: _l("See mails that were sent"),
    Can.SEE_AUDIT: _l("See who changed what"),
    Can.SEE_ERRORS: _l("See errors, and what is slow"),
    Can.RESOLVE_ERRORS: _l("Resolve errors"),
    Can.SEE_EVENTS: _l("See events"),
    Can.REPLAY_EVENTS: _l("Deliver parked events again, or skip them"),
    Can.SEE_SCHEDULES: _l("See schedules"),
    Can.MANAGE_SCHEDULES: _l("Pause and run schedules"),
    Can.VIEW_ORDERS: _l("See orders"),
    Can.VIEW_DASHBOARD: _l("See the dashboard"),
    Can.VIEW_REPORTS: _l("See reports"),
    Can.EXPORT: _l("Export lists to files"),
    Can.VIEW_SETTINGS: _l("See settings"),
    Can.EDIT_SETTINGS: _l("Change settings"),
    Can.SELL: _l("Sell"),
    Can.DISCOUNT: _l("Give discounts"),
    Can.REFUND: _l("Refund sales"),
    Can.VOID: _l("Void sales"),
    Can.OPEN_SHIFT: _l("Open a shift"),
    Can.CLOSE_SHIFT: _l("Count and close a shift"),
    Can.SEE_EXPECTED_CASH: _l("See how much cash should be in the drawer"),
    Can.SEE_ALL_SHIFTS: _l("See everybody's shifts"),
    Can.MOVE_CASH: _l("Put cash in and take it out"),
}
"""What each permission lets people do; one without words here shows its own name."""


@dataclass(frozen=True)
class Choice:
    """One check box of the roles page; `fixed` when whoever looks at it may not change it."""

    value: str
    label: str
    checked: bool
    fixed: bool


def permission_word(one: Can) -> str:
    """What a permission lets people do, in words."""
    return str(WORDS.get(one, one.value))


def permission_groups() -> list[tuple[str, list[Can]]]:
    """Every permission, by module, in the order of the roles page."""
    groups: dict[str, list[Can]] = {name: [] for name in GROUPS}
    for one in Can:
        groups.setdefault(one.value.split(":")[0], []).append(one)
    return [(str(GROUPS.get(name, name)), permissions) for name, permissions in groups.items() if permissions]


def grouped_permissions(held: Set[str], mine: Set[str]) -> list[tuple[str, list[Choice]]]:
    """Every permission as a check box, by module."""
    return [
        (label, [Choice(one.value, permission_word(one), one.value in held, one.value not in mine) for one in found])
        for label, found in permission_groups()
    ]
