"""The stock ledger. Words: move, level, on hand, reorder point, receive, adjust, count, transfer, counterpart."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from retail.core.module import MenuItem, Module

module = Module(
    __name__,
    url_prefix="/stock",
    menu=[
        MenuItem(_l("Stock"), "inventory.levels", "packages", _l("Goods"), order=32, shortcut="s", primary=True),
        MenuItem(_l("Receive goods"), "inventory.receive", "truck-delivery", _l("Goods"), order=34, shortcut="g"),
    ],
)
