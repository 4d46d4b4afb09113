"""Where the cashier sells. Words: register, shift, float, count, cart, receipt, tender."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from retail.core.module import MenuItem, Module

module = Module(
    __name__,
    url_prefix="/till",
    menu=[
        MenuItem(_l("Till"), "till.sell", "cash-register", _l("Sell"), order=10, shortcut="t", primary=True),
        MenuItem(_l("Shifts"), "till.shift_list", "clock", _l("Sell"), order=14),
    ],
)
