"""Keeping rollups equal to the ledger."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, case, delete, func, select

from retail.core.db import session
from retail.core.money import AmountType
from retail.core.tenancy import insert_owned_from
from retail.inventory import services as inventory
from retail.orders.models import Order, OrderLine
from retail.reports.models import SalesDayProduct, SalesHour


def rebuild(first: date | None = None, last: date | None = None) -> None:
    """Make the rollups of these business dates again from the ledger; without limits all of them."""
    orders: list[ColumnElement[bool]] = []
    hours: list[ColumnElement[bool]] = []
    products: list[ColumnElement[bool]] = []
    for limits, column in (
        (orders, Order.business_date),
        (hours, SalesHour.business_date),
        (products, SalesDayProduct.business_date),
    ):
        if first is not None:
            limits.append(column >= first)
        if last is not None:
            limits.append(column <= last)
    _replace(SalesHour, hours, _by_hour(orders))
    _replace(SalesDayProduct, products, _by_product(orders))


def roll_up(order_ids: Collection[int]) -> None:
    """Make the buckets again that these documents fall into. Doing it twice, or late, changes nothing."""
    found = session.execute(
        select(Order.business_date, Order.hour, Order.location_id, Order.channel)
        .where(Order.id.in_(order_ids))
        .distinct()
    ).all()
    for day, hour, location_id, channel in found:
        _replace(
            SalesHour,
            [
                SalesHour.business_date == day,
                SalesHour.hour == hour,
                SalesHour.location_id == location_id,
                SalesHour.channel == channel,
            ],
            _by_hour(
                [
                    Order.business_date == day,
                    Order.hour == hour,
                    Order.location_id == location_id,
                    Order.channel == channel,
                ]
            ),
        )
    touched = session.execute(
        select(Order.business_date, Order.location_id, OrderLine.variant_id)
        .join(OrderLine, OrderLine.order_id == Order.id)
        .where(Order.id.in_(order_ids))
        .distinct()
    ).all()
    for day, location_id in sorted({(row.business_date, row.location_id) for row in touched}):
        variants = [row.variant_id for row in touched if (row.business_date, row.location_id) == (day, location_id)]
        _replace(
            SalesDayProduct,
            [
                SalesDayProduct.business_date == day,
                SalesDayProduct.location_id == location_id,
                SalesDayProduct.variant_id.in_(variants),
            ],
            _by_product(
                [Order.business_date == day, Order.location_id == location_id, OrderLine.variant_id.in_(variants)]
            ),
        )


def tell_revenue(first: date, until: date) -> None:
    """Tell the stock what its goods brought in each month from the first until the evening of a day."""
    month = func.period_of("month", SalesDayProduct.business_date)
    rows = session.execute(
        select(
            month,
            SalesDayProduct.variant_id,
            SalesDayProduct.location_id,
            func.sum(SalesDayProduct.net, type_=AmountType),
        )
        .where(SalesDayProduct.business_date >= first, SalesDayProduct.business_date <= until)
        .group_by(month, SalesDayProduct.variant_id, SalesDayProduct.location_id)
    )
    inventory.keep_revenue(
        first, {(date.fromisoformat(f"{row[0]}-01"), row[1], row[2]): row[3] for row in rows if row[3]}
    )


def _replace(
    model: type[SalesHour] | type[SalesDayProduct], limits: list[ColumnElement[bool]], source: Select[Any]
) -> None:
    session.execute(delete(model).where(*limits), execution_options={"synchronize_session": False})
    insert_owned_from(model, source)


def _by_hour(limits: list[ColumnElement[bool]]) -> Select[Any]:
    keys = (Order.business_date, Order.hour, Order.location_id, Order.channel)
    sale = case((Order.kind == "sale", Order.id))
    found = (
        select(
            *keys,
            func.count(Order.id.distinct()).label("documents"),
            func.count(sale.distinct()).label("sales"),
            func.count(OrderLine.id).label("lines"),
            func.sum(OrderLine.quantity).label("units"),
            func.sum(OrderLine.net).label("net"),
            func.sum(OrderLine.tax).label("tax"),
            func.sum(OrderLine.gross).label("gross"),
            (func.sum(OrderLine.line_discount) + func.sum(OrderLine.cart_discount)).label("discount"),
            func.sum(OrderLine.cost).label("cost"),
        )
        .join(OrderLine, OrderLine.order_id == Order.id)
        .where(*limits)
        .group_by(*keys)
    )
    return cast(Select[Any], found)


def _by_product(limits: list[ColumnElement[bool]]) -> Select[Any]:
    keys = (Order.business_date, Order.location_id, OrderLine.variant_id)
    found = (
        select(
            *keys,
            func.count(OrderLine.id).label("lines"),
            func.sum(OrderLine.quantity).label("units"),
            func.sum(OrderLine.net).label("net"),
            func.sum(OrderLine.gross).label("gross"),
            func.sum(OrderLine.cost).label("cost"),
        )
        .join(OrderLine, OrderLine.order_id == Order.id)
        .where(*limits)
        .group_by(*keys)
    )
    return cast(Select[Any], found)
