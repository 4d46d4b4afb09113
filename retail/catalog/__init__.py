"""What is sold. Words: product (described), variant (sold, stocked, scanned), category, barcode, SKU."""

from __future__ import annotations

from retail.core.module import Module

module = Module(__name__)
