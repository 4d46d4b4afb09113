"""One order for all channels. Words: order, line, sale, return, void, reversal, rounding."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from retail.core.module import MenuItem, Module

module = Module(
    __name__,
    url_prefix="/orders",
    menu=[MenuItem(_l("Sales"), "orders.order_list", "receipt", _l("Sell"), order=12, shortcut="o")],
)
