"""Everything a person may be allowed to do: `module:noun:verb`, alphabetical within a module. Roles are sets of
these.
"""

from __future__ import annotations

from enum import StrEnum


class Can(StrEnum):
    """One permission. The text is what is stored in roles and shown on the roles page; never rename, only add."""

    VIEW_PRODUCTS = "catalog:product:view"
    EDIT_PRODUCTS = "catalog:product:edit"
    IMPORT_PRODUCTS = "catalog:product:import"
    VIEW_COSTS = "catalog:cost:view"
    SET_RATES = "catalog:rate:set"

    VIEW_CUSTOMERS = "customers:customer:view"
    EDIT_CUSTOMERS = "customers:customer:edit"
    IMPORT_CUSTOMERS = "customers:customer:import"

    VIEW_JOURNAL = "finance:journal:view"

    VIEW_USERS = "identity:user:view"
    MANAGE_USERS = "identity:user:manage"
    MANAGE_ROLES = "identity:role:manage"
    VIEW_AS = "identity:user:impersonate"
    ANSWER_SUPPORT = "identity:support:answer"

    USE_IMPORTS = "integrations:import:use"

    VIEW_INTELLIGENCE = "intelligence:insight:view"
    VIEW_SCORES = "intelligence:score:view"

    VIEW_STOCK = "inventory:stock:view"
    ADJUST_STOCK = "inventory:stock:adjust"
    RECEIVE_STOCK = "inventory:stock:receive"
    COUNT_STOCK = "inventory:count:make"
    APPROVE_COUNT = "inventory:count:approve"

    PRINT_LABELS = "labels:label:print"

    SEE_DELIVERIES = "notifications:delivery:view"

    SEE_MAILBOX = "operations:mailbox:view"
    SEE_AUDIT = "operations:audit:view"
    SEE_ERRORS = "operations:error:view"
    RESOLVE_ERRORS = "operations:error:resolve"
    SEE_EVENTS = "operations:event:view"
    REPLAY_EVENTS = "operations:event:replay"
    SEE_SCHEDULES = "operations:schedule:view"
    MANAGE_SCHEDULES = "operations:schedule:manage"

    VIEW_ORDERS = "orders:order:view"

    VIEW_SUPPLIERS = "purchasing:supplier:view"
    EDIT_SUPPLIERS = "purchasing:supplier:edit"
    VIEW_PURCHASES = "purchasing:order:view"
    ORDER_GOODS = "purchasing:order:edit"
    APPROVE_PURCHASES = "purchasing:order:approve"
    VIEW_PROPOSALS = "purchasing:proposal:view"
    ORDER_PROPOSED = "purchasing:proposal:order"
    VIEW_BILLS = "purchasing:bill:view"
    ENTER_BILLS = "purchasing:bill:edit"
    APPROVE_BILLS = "purchasing:bill:approve"

    VIEW_DASHBOARD = "reports:dashboard:view"
    VIEW_REPORTS = "reports:report:view"
    EXPORT = "reports:data:export"

    VIEW_SETTINGS = "tenancy:settings:view"
    EDIT_SETTINGS = "tenancy:settings:edit"

    SELL = "till:sale:make"
    DISCOUNT = "till:sale:discount"
    REFUND = "till:sale:refund"
    VOID = "till:sale:void"
    OPEN_SHIFT = "till:shift:open"
    CLOSE_SHIFT = "till:shift:close"
    SEE_EXPECTED_CASH = "till:shift:expected"
    SEE_ALL_SHIFTS = "till:shift:all"
    MOVE_CASH = "till:cash:move"


class Open(StrEnum):
    """What a route may need besides a permission: nothing at all, only somebody who is signed in, or an administrator
    of the platform, who belongs to no business and whom no role makes."""

    PUBLIC = "public"
    SIGNED_IN = "signed-in"
    PLATFORM = "platform"


PUBLIC, SIGNED_IN, PLATFORM = Open.PUBLIC, Open.SIGNED_IN, Open.PLATFORM
Need = Can | Open

_EVERYTHING = frozenset(Can)
_MANAGER = _EVERYTHING - {
    Can.MANAGE_ROLES,
    Can.VIEW_AS,
    Can.ANSWER_SUPPORT,
    Can.EDIT_SETTINGS,
    Can.REPLAY_EVENTS,
}
_CASHIER = frozenset(
    {
        Can.VIEW_PRODUCTS,
        Can.VIEW_STOCK,
        Can.VIEW_CUSTOMERS,
        Can.VIEW_ORDERS,
        Can.SELL,
        Can.DISCOUNT,
        Can.REFUND,
        Can.VOID,
        Can.OPEN_SHIFT,
        Can.CLOSE_SHIFT,
        Can.MOVE_CASH,
    }
)
_CLERK = frozenset(
    {
        Can.VIEW_PRODUCTS,
        Can.EDIT_PRODUCTS,
        Can.IMPORT_PRODUCTS,
        Can.USE_IMPORTS,
        Can.VIEW_COSTS,
        Can.VIEW_STOCK,
        Can.ADJUST_STOCK,
        Can.RECEIVE_STOCK,
        Can.VIEW_SUPPLIERS,
        Can.EDIT_SUPPLIERS,
        Can.VIEW_PURCHASES,
        Can.ORDER_GOODS,
        Can.VIEW_PROPOSALS,
        Can.ORDER_PROPOSED,
        Can.COUNT_STOCK,
        Can.PRINT_LABELS,
        Can.VIEW_INTELLIGENCE,
        Can.EXPORT,
    }
)

_SALES = frozenset(
    {
        Can.VIEW_PRODUCTS,
        Can.VIEW_STOCK,
        Can.VIEW_CUSTOMERS,
        Can.EDIT_CUSTOMERS,
        Can.VIEW_ORDERS,
        Can.VIEW_SCORES,
    }
)

ROLES: dict[str, frozenset[Can]] = {
    "owner": _EVERYTHING,
    "manager": _MANAGER,
    "cashier": _CASHIER,
    "clerk": _CLERK,
    "sales-rep": _SALES,
    "telecaller": _SALES - {Can.VIEW_STOCK, Can.VIEW_SCORES},
    "bookkeeper": frozenset(
        {
            Can.VIEW_JOURNAL,
            Can.VIEW_COSTS,
            Can.VIEW_STOCK,
            Can.VIEW_SUPPLIERS,
            Can.VIEW_PURCHASES,
            Can.VIEW_PROPOSALS,
            Can.VIEW_BILLS,
            Can.ENTER_BILLS,
            Can.APPROVE_BILLS,
            Can.VIEW_ORDERS,
            Can.VIEW_REPORTS,
            Can.VIEW_DASHBOARD,
            Can.EXPORT,
            Can.VIEW_CUSTOMERS,
        }
    ),
    "read-only": frozenset(can for can in Can if can.value.endswith(":view")),
}
"""The roles every tenant begins with: name to permissions. A tenant may copy and change them."""

LARGEST_DISCOUNT_PERCENT: dict[str, int] = {"owner": 100, "manager": 50, "cashier": 10}
"""How far a role may lower the price on its own; the limit is stored with the role and can be changed there."""
LARGEST_GIVEN_BACK: dict[str, int] = {"cashier": 0}
"""What a role may give back (refund, void) on its own; a role that is not named has no such limit. Cashiers do it with
a manager's PIN, until the shop gives them an amount."""
LARGEST_PURCHASE: dict[str, int] = {"clerk": 500, "manager": 10_000}
"""What a role may order and approve on its own, in the shop's currency; a role that is not named has no such limit."""
LARGEST_ADJUSTMENT: dict[str, int] = {"clerk": 500}
"""What a role may correct of stock on its own, in worth at cost, by hand or by booking a count; a role that is not
named has no such limit."""
BY_PIN: frozenset[Can] = frozenset(
    {
        Can.VIEW_PRODUCTS,
        Can.VIEW_STOCK,
        Can.VIEW_CUSTOMERS,
        Can.EDIT_CUSTOMERS,
        Can.VIEW_ORDERS,
        *(can for can in Can if can.value.startswith("till:")),
    }
)
"""What may be done by somebody who proved only their PIN: the work at a till. All else needs their password."""
OF_THE_WHOLE: frozenset[Can] = frozenset(
    {
        Can.IMPORT_PRODUCTS,
        Can.IMPORT_CUSTOMERS,
        Can.VIEW_JOURNAL,
        Can.MANAGE_ROLES,
        Can.VIEW_AS,
        Can.ANSWER_SUPPORT,
        Can.USE_IMPORTS,
        Can.VIEW_INTELLIGENCE,
        Can.VIEW_SCORES,
        Can.SEE_DELIVERIES,
        Can.VIEW_PROPOSALS,
        Can.ORDER_PROPOSED,
        Can.VIEW_SETTINGS,
        Can.EDIT_SETTINGS,
        *(can for can in Can if can.value.startswith("operations:")),
    }
)
"""What concerns the business as a whole: books, settings, the audit, what was reckoned from all sales. Whoever works at
some locations only does not have it, whatever their role."""
