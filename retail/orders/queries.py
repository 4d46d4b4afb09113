"""Reads of orders."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from retail.core.db import session
from retail.orders.models import Order, OrderLine


def sold_as(key: str) -> Order | None:
    """The document a key already made, so that sending it twice sells once."""
    return session.scalar(select(Order).where(Order.key == key))


def order_with_lines(order_id: int, lock: bool = False) -> Order | None:
    """A document of the tenant we are in with its place and customer, or None."""
    statement = (
        select(Order).where(Order.id == order_id).options(joinedload(Order.location), joinedload(Order.customer))
    )
    if lock:
        statement = statement.with_for_update(of=Order)
    return session.scalar(statement)


def order_numbered(number: str) -> Order | None:
    """A document by its number, however it was typed."""
    return session.scalar(select(Order).where(Order.number == number.strip().upper()))


def lines_of(order_id: int) -> Sequence[OrderLine]:
    """The lines of a document, in order."""
    return session.scalars(select(OrderLine).where(OrderLine.order_id == order_id).order_by(OrderLine.position)).all()


def reversals_of(order_id: int) -> Sequence[Order]:
    """The returns and voids made against a document, oldest first."""
    return session.scalars(select(Order).where(Order.reverses_id == order_id).order_by(Order.id)).all()
