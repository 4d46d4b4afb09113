"""Buying. Words: supplier, item, order, approval, revision, receipt, back order, landed cost, bill, match, proposal."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from retail.core.module import MenuItem, Module

module = Module(
    __name__,
    url_prefix="/purchasing",
    menu=[
        MenuItem(_l("Purchasing"), "purchasing.order_list", "clipboard-list", _l("Goods"), order=35, shortcut="b"),
        MenuItem(_l("Suppliers"), "purchasing.supplier_list", "building-warehouse", _l("Goods"), order=36),
    ],
)
