"""The list of products."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup, escape
from sqlalchemy import Row, ScalarSelect, Select, case, func, or_, select

from retail.catalog import services
from retail.catalog.jobs import JOBS
from retail.catalog.models import Category, Product, Variant
from retail.catalog.queries import category_choices, within_category
from retail.core import html, shown
from retail.core.tables import Column, Edit, Filter, FoundBy, Table, among_instants, among_numbers
from retail.permissions import Can


def _of_variants(what: Any) -> ScalarSelect[Any]:
    """A figure over the variants of a product that are on sale; over all of them when the product is not."""
    return (
        select(what)
        .where(
            Variant.product_id == Product.id,
            or_(Variant.archived_at.is_(None), Product.archived_at.is_not(None)),
        )
        .correlate(Product)
        .scalar_subquery()
    )


_count = _of_variants(func.count())
STATUS = {"active": (_l("On sale"), "success"), "archived": (_l("Archived"), "neutral")}


def _name(row: Row[Any]) -> Markup:
    picture = url_for("catalog.thumbnail", file_id=row.picture) if row.picture else None
    return html.drawn("thing", row.name, src=picture, note=row.brand)


def _sku(row: Row[Any]) -> Markup:
    if row.variants == 1:
        return escape(row.sku)
    return Markup('<span class="muted">{}</span>').format(_("%(n)s variants", n=row.variants))


def _price(row: Row[Any]) -> Markup:
    low = shown.money(row.price)
    return escape(low if row.highest == row.price else f"{low} – {shown.money(row.highest)}")


def _status(row: Row[Any]) -> Markup:
    label, tone = STATUS[row.status]
    return html.drawn("badge", label, tone)


def _categories() -> Sequence[tuple[str, Any]]:
    return [("0", _("Without a category")), *((str(number), path) for number, path in category_choices())]


def _in_category(statement: Select[Any], value: str) -> Select[Any]:
    if not value.isdecimal() or len(value) > 18:
        return statement
    return statement.where(within_category(int(value)) if int(value) else Product.category_id.is_(None))


_priced_between = among_numbers(Variant.price)


def _priced(statement: Select[Any], value: str) -> Select[Any]:
    # Asked row by row along the order of the list, which is left after one page; a set would be made of all first.
    variants = select(Variant.id).where(Variant.product_id == Product.id, Variant.archived_at.is_(None))
    return statement.where(_priced_between(variants, value).correlate(Product).exists())


def _of_brand(statement: Select[Any], value: str) -> Select[Any]:
    return statement.where(Product.brand.icontains(value, autoescape=True))


class ProductTable(Table):
    """Everything that is or was sold; what is archived only when it is asked for."""

    name = "products"
    label = _l("Products")
    order = "name"
    needs = Can.VIEW_PRODUCTS
    in_two_steps = True
    row_id = Product.id
    columns: Mapping[str, Column] = {  # type: ignore[misc]  # the layers above add theirs
        "name": Column(
            _l("Product"),
            Product.name,
            link=lambda row: url_for("catalog.product_page", product_id=row.row_id),
            draw=_name,
            search=True,
            edit=Edit(Can.EDIT_PRODUCTS, services.rename_product, lambda row: row.name),
        ),
        "category": Column(_l("Category"), func.coalesce(Category.path, "")),
        "sku": Column(_l("SKU"), _of_variants(func.aggregate_strings(Variant.sku, ", ")), draw=_sku),
        "price": Column(
            _l("Price"),
            _of_variants(func.min(Variant.price)),
            "money",
            draw=_price,
            edit=Edit(
                Can.EDIT_PRODUCTS,
                services.price_product,
                lambda row: row.price if row.variants == 1 else None,
                "money",
            ),
        ),
        "status": Column(
            _l("Status"),
            case((Product.archived_at.is_(None), "active"), else_="archived"),
            show=lambda value: str(STATUS[value][0]),
            draw=_status,
        ),
        "brand": Column(_l("Brand"), Product.brand, hidden=True),
        "added": Column(_l("Added"), Product.created_at, "datetime", hidden=True),
    }
    also = {
        "highest": _of_variants(func.max(Variant.price)),
        "variants": _count,
        "picture": Product.image_file_id,
    }
    filters: Mapping[str, Filter] = {  # type: ignore[misc]  # the layers above add theirs
        "category": Filter(_l("Category"), _in_category, "choice", choices=_categories),
        "status": Filter(
            _l("Status"),
            lambda statement, value: (
                statement.where(Product.archived_at.is_not(None)) if value == "archived" else statement
            ),
            "choice",
            choices=lambda: (("archived", _("Archived")), ("all", _("On sale and archived"))),
        ),
        "price": Filter(_l("Price"), _priced, "numbers"),
        "brand": Filter(_l("Brand"), _of_brand, "text"),
        "added": Filter(_l("Added"), among_instants(Product.created_at), "days"),
    }

    bulk = JOBS
    found_by = FoundBy("variants", Product.id, "group_id")

    def source(self) -> Select[Any]:
        return select(Product).outerjoin(Category, Category.id == Product.category_id)

    def narrowed(self, q: str, values: Mapping[str, str]) -> Select[Any]:
        statement = super().narrowed(q, values)
        return statement if values.get("status") else statement.where(Product.archived_at.is_(None))


def show_beside_price(name: str, column: Column, filters: Mapping[str, Filter] | None = None) -> None:
    """For modules above, which know more of a product: show a column of theirs in the product list, and let people
    narrow the list by it. The column's expression is a scalar subquery correlated to `Product`."""
    columns: dict[str, Column] = {}
    for key, one in ProductTable.columns.items():
        columns |= {key: one, name: column} if key == "price" else {key: one}
    ProductTable.columns = columns
    ProductTable.filters = {**ProductTable.filters, **(filters or {})}
