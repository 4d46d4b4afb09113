"""All products as files that other programs read: Shopify's and WooCommerce's, which come back here as they went."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from retail.core import export
from retail.core.export import Row
from retail.integrations.product_export import Exported, all_variants, product_file

TAX_CLASSES = {"standard": "", "reduced": "reduced-rate", "zero": "zero-rate"}
SHOPIFY_COLUMNS = (
    "Handle", "Title", "Body (HTML)", "Vendor", "Type", "Tags", "Published", "Option1 Name", "Option1 Value",
    "Option2 Name", "Option2 Value", "Option3 Name", "Option3 Value", "Variant SKU", "Variant Inventory Tracker",
    "Variant Inventory Qty", "Variant Inventory Policy", "Variant Fulfillment Service", "Variant Price",
    "Variant Requires Shipping", "Variant Taxable", "Variant Barcode", "Gift Card", "Cost per item", "Status",
)  # fmt: skip
WOOCOMMERCE_COLUMNS = (
    "ID", "Type", "SKU", "GTIN, UPC, EAN, or ISBN", "Name", "Published", "Visibility in catalog", "Description",
    "Tax status", "Tax class", "In stock?", "Stock", "Low stock amount", "Backorders allowed?", "Regular price",
    "Categories", "Brands", "Parent", "Cost of goods",
    *(f"Attribute {place} {what}" for place in (1, 2, 3) for what in ("name", "value(s)", "visible", "global")),
)  # fmt: skip
AMOUNTS = frozenset(
    {"Variant Price", "Cost per item", "Variant Inventory Qty", "Regular price", "Stock", "Low stock amount",
     "Cost of goods"}
)  # fmt: skip
COSTS = frozenset({"Cost per item", "Cost of goods"})


@dataclass(frozen=True)
class Shape:
    """How another program wants its file: the columns, and the rows of one product's variants."""

    name: str
    label: str
    columns: tuple[str, ...]
    rows: Callable[[list[Exported]], Iterator[dict[str, object]]]


def shaped_file(shape: str, location_id: int, *, with_costs: bool) -> Iterator[bytes]:
    """The file in pieces, in a shape of `SHAPES`, or our own where `shape` is none of them; stock and reorder points
    are those of a location."""
    wanted = SHAPES.get(shape)
    if wanted is None:
        return product_file(location_id, with_costs=with_costs)
    columns = [
        export.Column(name, name, "decimal" if name in AMOUNTS else "text")
        for name in wanted.columns
        if with_costs or name not in COSTS
    ]
    return export.write_csv(columns, _rows(wanted, location_id))


def _rows(shape: Shape, location_id: int) -> Iterator[Row]:
    together: list[Exported] = []
    for one in all_variants(location_id):
        if one.first and together:
            yield from shape.rows(together)
            together = []
        together.append(one)
    if together:
        yield from shape.rows(together)


def _on_sale(variants: list[Exported]) -> list[Exported]:
    """The variants to be shown: these programs archive whole products only."""
    return [one for one in variants if one.variant.archived_at is None] or variants


def _shopify(variants: list[Exported]) -> Iterator[dict[str, object]]:
    for place, one in enumerate(_on_sale(variants)):
        product, variant = one.product, one.variant
        row: dict[str, object] = {
            "Handle": _slug(product.name, product.id),
            "Variant SKU": variant.sku,
            "Variant Inventory Tracker": "shopify" if product.is_stocked else "",
            "Variant Inventory Qty": _plain(one.on_hand) if product.is_stocked else None,
            "Variant Inventory Policy": "deny",
            "Variant Fulfillment Service": "manual",
            "Variant Price": variant.price,
            "Variant Requires Shipping": "true",
            "Variant Taxable": "true",
            "Variant Barcode": one.codes[0] if one.codes else "",
            "Cost per item": variant.cost,
        }
        options = [(name, variant.options.get(name, "")) for name in product.option_names[:3]]
        for number, (name, value) in enumerate(options or [("Title", "Default Title")], 1):
            row[f"Option{number} Value"] = value
            if place == 0:
                row[f"Option{number} Name"] = name
        if place == 0:
            row |= {
                "Title": product.name,
                "Body (HTML)": html.escape(product.description, quote=False).replace("\n", "<br>"),
                "Vendor": product.brand,
                "Type": one.category,
                "Published": "true",
                "Gift Card": "false",
                "Status": "archived" if variant.archived_at else "active",
            }
        yield row


def _slug(name: str, number: int) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return "-".join([*re.findall(r"[a-z0-9]+", plain)[:8], str(number)])


def _woocommerce(variants: list[Exported]) -> Iterator[dict[str, object]]:
    shown = _on_sale(variants)
    head = shown[0]
    names = head.product.option_names[:3]
    if not names:
        yield {**_woo_head(head), **_woo_sold(head), "Type": "simple", "ID": head.product.id}
        return
    choices: dict[str, object] = {}
    for place, name in enumerate(names, 1):
        values = list(dict.fromkeys(one.variant.options.get(name, "") for one in shown))
        choices |= {
            f"Attribute {place} name": name,
            f"Attribute {place} value(s)": ", ".join(value.replace(",", "\\,") for value in values),
            f"Attribute {place} visible": "1",
            f"Attribute {place} global": "1",
        }
    # Products and their variations share one series of numbers there: ours are told apart by their size.
    yield {**_woo_head(head), **choices, "Type": "variable", "ID": head.product.id}
    for one in shown:
        row = {**_woo_sold(one), "Type": "variation", "Parent": f"id:{one.product.id}"}
        row |= {"ID": 10_000_000 + one.variant.id, "Name": one.variant.name, "Published": "1"}
        for place, name in enumerate(names, 1):
            row |= {f"Attribute {place} name": name, f"Attribute {place} value(s)": one.variant.options.get(name, "")}
            row[f"Attribute {place} global"] = "1"
        yield row


def _woo_head(one: Exported) -> dict[str, object]:
    product = one.product
    return {
        "Name": product.name,
        "Published": "-1" if one.variant.archived_at else "1",
        "Visibility in catalog": "visible",
        "Description": product.description.replace("\n", "\\n"),
        "Tax status": "taxable",
        "Tax class": TAX_CLASSES.get(one.tax, one.tax),
        "Categories": one.category.replace(",", "\\,"),
        "Brands": product.brand,
    }


def _woo_sold(one: Exported) -> dict[str, object]:
    return {
        "SKU": one.variant.sku,
        "GTIN, UPC, EAN, or ISBN": one.codes[0] if one.codes else "",
        "Tax status": "taxable",
        "Tax class": TAX_CLASSES.get(one.tax, one.tax),
        "In stock?": "1" if one.on_hand > 0 else "0",
        "Stock": _plain(one.on_hand) if one.product.is_stocked else None,
        "Low stock amount": None if one.reorder_point is None else _plain(one.reorder_point),
        "Backorders allowed?": "0",
        "Regular price": one.variant.price,
        "Cost of goods": one.variant.cost,
    }


def _plain(quantity: Decimal) -> Decimal:
    """A quantity without needless zeros: these programs count pieces."""
    return quantity.to_integral_value() if quantity == quantity.to_integral_value() else quantity.normalize()


SHAPES = {
    one.name: one
    for one in (
        Shape("shopify", "Shopify", SHOPIFY_COLUMNS, _shopify),
        Shape("woocommerce", "WooCommerce", WOOCOMMERCE_COLUMNS, _woocommerce),
    )
}
