"""What the words of the books are called on screens."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

SOURCES = {
    "order": _l("Sale or return"),
    "shift": _l("Shift"),
    "cash_movement": _l("Cash movement"),
    "receipt": _l("Goods received"),
    "adjustment": _l("Stock adjustment"),
    "opening": _l("Opening stock"),
    "import": _l("Import"),
    "stock": _l("Stock"),
}
"""Where an entry came from, by `JournalEntry.source`."""

ACCOUNT_KINDS = {
    "asset": _l("Assets"),
    "liability": _l("Liabilities"),
    "equity": _l("Equity"),
    "income": _l("Income"),
    "expense": _l("Expenses"),
}
"""The kinds of accounts, in the order of a balance."""
