"""What is sold. Words: product (described), variant (sold, stocked, scanned), category, barcode, SKU."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from retail.core.module import MenuItem, Module

module = Module(
    __name__,
    url_prefix="/products",
    menu=[
        MenuItem(_l("Products"), "catalog.product_list", "package", _l("Goods"), order=30, shortcut="p", primary=True),
        MenuItem(_l("Categories"), "catalog.categories", "category", _l("Goods"), order=36),
    ],
)
