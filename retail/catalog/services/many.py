"""What jobs for many products read and write: plain values by product, so that they can be kept and put back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from retail.catalog.models import Product, Variant
from retail.catalog.services.products import archive_product, restore_product
from retail.core.db import session

States = dict[int, dict[str, Any]]


def plain_price(price: Decimal) -> str:
    """A price as a text that is the same for the same price: `2.4`, however many places the database keeps."""
    return f"{price.normalize():f}"


def prices_of(product_ids: Sequence[int], *, lock: bool = False) -> States:
    """The prices of the variants on sale, by product and by the variant's id."""
    found: States = {product_id: {} for product_id in _there(product_ids)}
    statement = (
        select(Variant.id, Variant.product_id, Variant.price)
        .where(Variant.product_id.in_(found), Variant.archived_at.is_(None))
        .order_by(Variant.id)
    )
    for row in session.execute(statement.with_for_update() if lock else statement):
        found[row.product_id][str(row.id)] = plain_price(row.price)
    return found


def set_prices(states: Mapping[int, Mapping[str, Any]]) -> None:
    """Sell variants for these prices from now on. The audit keeps each."""
    wanted = {int(number): Decimal(price) for state in states.values() for number, price in state.items()}
    statement = select(Variant).where(Variant.id.in_(wanted)).order_by(Variant.id)
    for variant in session.scalars(statement.with_for_update()):
        variant.price = wanted[variant.id]
    session.flush()


def categories_of(product_ids: Sequence[int], *, lock: bool = False) -> States:
    """The category of each product."""
    rows = _of_products(product_ids, (Product.category_id,), lock)
    return {product_id: {"category_id": category_id} for product_id, category_id in rows}


def set_categories(states: Mapping[int, Mapping[str, Any]]) -> None:
    """Put each product into a category, or into none."""
    statement = select(Product).where(Product.id.in_(states)).order_by(Product.id)
    for product in session.scalars(statement.with_for_update()):
        product.category_id = states[product.id]["category_id"]
    session.flush()


def described_of(product_ids: Sequence[int], *, lock: bool = False) -> States:
    """The tax rate and the brand of each product."""
    rows = _of_products(product_ids, (Product.tax_rate_id, Product.brand), lock)
    return {product_id: {"tax_rate_id": tax_rate_id, "brand": brand} for product_id, tax_rate_id, brand in rows}


def describe(states: Mapping[int, Mapping[str, Any]]) -> None:
    """Give each product its tax rate and its brand."""
    statement = select(Product).where(Product.id.in_(states)).order_by(Product.id)
    for product in session.scalars(statement.with_for_update()):
        product.tax_rate_id, product.brand = states[product.id]["tax_rate_id"], states[product.id]["brand"]
    session.flush()


def sale_states_of(product_ids: Sequence[int], *, lock: bool = False) -> States:
    """Whether each product is archived."""
    rows = _of_products(product_ids, (Product.archived_at,), lock)
    return {product_id: {"archived": archived_at is not None} for product_id, archived_at in rows}


def set_sale_states(states: Mapping[int, Mapping[str, Any]]) -> None:
    """Archive products, or put them on sale again."""
    for product_id, state in sorted(states.items()):
        if state["archived"]:
            archive_product(product_id)
        else:
            restore_product(product_id)


def _of_products(product_ids: Sequence[int], columns: Sequence[Any], lock: bool) -> Iterable[Any]:
    statement = select(Product.id, *columns).where(Product.id.in_(product_ids)).order_by(Product.id)
    return session.execute(statement.with_for_update() if lock else statement)


def _there(product_ids: Sequence[int]) -> Sequence[int]:
    return session.scalars(select(Product.id).where(Product.id.in_(product_ids))).all()
