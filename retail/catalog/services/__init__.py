"""The verbs of the catalog; the only writer of its tables."""

from retail.catalog.services.barcodes import add_barcode, checked_code, make_barcode, remove_barcode
from retail.catalog.services.categories import (
    change_category,
    create_category,
    ensure_category,
    move_category,
    remove_category,
    rename_category,
)
from retail.catalog.services.history import PastProduct, ensure_past_products
from retail.catalog.services.pictures import remove_picture, show_picture, shrunk, take_picture, thumbnail
from retail.catalog.services.products import (
    Description,
    NewVariant,
    add_variants,
    archive_product,
    archive_variant,
    change_price,
    change_product,
    change_variant,
    create_product,
    give_options,
    matrix,
    next_sku,
    restore_product,
    restore_variant,
)

__all__ = [
    "Description",
    "NewVariant",
    "PastProduct",
    "add_barcode",
    "add_variants",
    "archive_product",
    "archive_variant",
    "change_category",
    "change_price",
    "change_product",
    "change_variant",
    "checked_code",
    "create_category",
    "create_product",
    "ensure_category",
    "ensure_past_products",
    "give_options",
    "make_barcode",
    "matrix",
    "move_category",
    "next_sku",
    "remove_barcode",
    "remove_category",
    "remove_picture",
    "rename_category",
    "restore_product",
    "restore_variant",
    "show_picture",
    "shrunk",
    "take_picture",
    "thumbnail",
]
