"""People and companies who buy. Words: customer, code."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from retail.core.module import MenuItem, Module

module = Module(
    __name__,
    url_prefix="/customers",
    menu=[MenuItem(_l("Customers"), "customers.customer_list", "address-book", _l("Sell"), order=16, shortcut="c")],
)
