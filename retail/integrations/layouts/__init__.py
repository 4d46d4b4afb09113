"""Product files of other programs, understood as they are: which columns they have, and what their rows say."""

from __future__ import annotations

from retail.integrations.layouts.lists import GARMENTS, LABELS, STONES
from retail.integrations.layouts.odoo import ODOO_CONTACTS, ODOO_PRODUCTS
from retail.integrations.layouts.saleor import SALEOR
from retail.integrations.layouts.shopify import SHOPIFY
from retail.integrations.layouts.square import SQUARE
from retail.integrations.layouts.vendure import VENDURE
from retail.integrations.layouts.woocommerce import WOOCOMMERCE

LAYOUTS = (SHOPIFY, WOOCOMMERCE, SQUARE, SALEOR, VENDURE, ODOO_PRODUCTS, GARMENTS, STONES, LABELS)
CUSTOMER_LAYOUTS = (ODOO_CONTACTS,)

__all__ = ["CUSTOMER_LAYOUTS", "LAYOUTS", "SHOPIFY", "SQUARE", "WOOCOMMERCE"]
