"""Product files of other programs, understood as they are: which columns they have, and what their rows say."""

from __future__ import annotations

from retail.integrations.layouts.shopify import SHOPIFY
from retail.integrations.layouts.square import SQUARE
from retail.integrations.layouts.woocommerce import WOOCOMMERCE

LAYOUTS = (SHOPIFY, WOOCOMMERCE, SQUARE)

__all__ = ["LAYOUTS", "SHOPIFY", "SQUARE", "WOOCOMMERCE"]
