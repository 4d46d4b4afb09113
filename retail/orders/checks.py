"""What must be true of documents: their sums, what was given back, how they were paid, how they were posted."""

from __future__ import annotations

from decimal import Decimal

from flask_babel import gettext as _
from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import aliased

from retail.core.checks import Fault, check, faults_in
from retail.core.db import session
from retail.core.money import ZERO, AmountType, QuantityType
from retail.finance.queries import balance
from retail.inventory.models import StockMove
from retail.orders.models import Order, OrderLine
from retail.payments.models import Payment


@check("order totals", "Net, tax, gross and discount of a document are the sums of its lines; net and tax make gross.")
def orders_are_sums_of_lines() -> list[Fault]:
    """Compare the totals of every document with its lines."""
    summed = (
        select(
            OrderLine.order_id,
            func.sum(OrderLine.net, type_=AmountType).label("net"),
            func.sum(OrderLine.tax, type_=AmountType).label("tax"),
            func.sum(OrderLine.gross, type_=AmountType).label("gross"),
            func.sum(OrderLine.line_discount + OrderLine.cart_discount, type_=AmountType).label("discount"),
        )
        .group_by(OrderLine.order_id)
        .subquery()
    )
    statement = (
        select(Order.number, Order.gross, func.coalesce(summed.c.gross, ZERO))
        .outerjoin(summed, summed.c.order_id == Order.id)
        .where(
            or_(
                summed.c.order_id.is_(None),
                Order.net != summed.c.net,
                Order.tax != summed.c.tax,
                Order.gross != summed.c.gross,
                Order.discount != summed.c.discount,
                Order.net + Order.tax != Order.gross,
                Order.gross + Order.rounding != Order.total,
            )
        )
        .order_by(Order.id)
    )
    return faults_in(
        statement,
        lambda row: _(
            "%(number)s: gross %(gross)s, its lines make %(lines)s",
            number=row[0],
            gross=f"{row[1]:f}",
            lines=f"{row[2]:f}",
        ),
    )


@check("line totals", "Net and tax of a line make its gross.")
def lines_add_up() -> list[Fault]:
    """Look at every line."""
    statement = (
        select(Order.number, OrderLine.position)
        .join(Order, Order.id == OrderLine.order_id)
        .where(OrderLine.net + OrderLine.tax != OrderLine.gross)
        .order_by(OrderLine.id)
    )
    return faults_in(statement, lambda row: _("%(number)s, line %(line)s", number=row[0], line=row[1] + 1))


@check("returns", "What a line says was given back is what returns gave back of it, and never more than was sold.")
def returns_match_sales() -> list[Fault]:
    """Compare every line with the lines that reverse it."""
    back = aliased(OrderLine)
    given = (
        select(
            back.reverses_id.label("line_id"),
            func.sum(back.quantity, type_=QuantityType).label("quantity"),
            func.sum(back.gross, type_=AmountType).label("gross"),
        )
        .where(back.reverses_id.is_not(None))
        .group_by(back.reverses_id)
        .subquery()
    )
    statement = (
        select(Order.number, OrderLine.description, OrderLine.returned, OrderLine.quantity)
        .join(Order, Order.id == OrderLine.order_id)
        .outerjoin(given, given.c.line_id == OrderLine.id)
        .where(
            or_(
                OrderLine.returned != -func.coalesce(given.c.quantity, ZERO),
                and_(OrderLine.quantity > 0, OrderLine.returned > OrderLine.quantity),
                and_(OrderLine.gross >= 0, OrderLine.gross + func.coalesce(given.c.gross, ZERO) < 0),
            )
        )
        .order_by(OrderLine.id)
    )
    return faults_in(
        statement,
        lambda row: _(
            "%(number)s, %(what)s: %(returned)s of %(sold)s marked as given back",
            number=row[0],
            what=row[1],
            returned=f"{row[2]:f}",
            sold=f"{row[3]:f}",
        ),
    )


@check("goods of sales", "What a sale or return moved is what its lines say, in quantity and cost.")
def goods_are_those_of_lines() -> list[Fault]:
    """Compare the moves of every document with its lines; lines without goods have none."""
    moved = (
        select(
            StockMove.source_id,
            StockMove.variant_id,
            func.sum(StockMove.quantity, type_=QuantityType).label("quantity"),
            func.sum(StockMove.value, type_=AmountType).label("value"),
        )
        .where(StockMove.source == "order", StockMove.counterpart == "customer")
        .group_by(StockMove.source_id, StockMove.variant_id)
        .subquery()
    )
    sold = (
        select(
            OrderLine.order_id,
            OrderLine.variant_id,
            func.sum(OrderLine.quantity, type_=QuantityType).label("quantity"),
            func.sum(OrderLine.cost, type_=AmountType).label("cost"),
        )
        .group_by(OrderLine.order_id, OrderLine.variant_id)
        .subquery()
    )
    same = and_(moved.c.source_id == sold.c.order_id, moved.c.variant_id == sold.c.variant_id)
    unlike = (
        select(Order.number, moved.c.quantity, sold.c.quantity)
        .select_from(moved)
        .outerjoin(sold, same)
        .join(Order, Order.id == moved.c.source_id)
        .where(
            or_(
                sold.c.order_id.is_(None),
                moved.c.quantity + sold.c.quantity != 0,
                moved.c.value + sold.c.cost != 0,
            )
        )
        .order_by(Order.id)
    )
    unmoved = (
        select(Order.number, moved.c.quantity, sold.c.quantity)
        .select_from(sold)
        .outerjoin(moved, same)
        .join(Order, Order.id == sold.c.order_id)
        .where(moved.c.source_id.is_(None), sold.c.cost != 0)
        .order_by(Order.id)
    )
    return [
        *faults_in(
            unlike,
            lambda row: _(
                "%(number)s moved %(moved)s, its lines say %(lines)s",
                number=row[0],
                moved=f"{-row[1]:f}",
                lines=f"{row[2] or ZERO:f}",
            ),
        ),
        *faults_in(unmoved, lambda row: _("%(number)s has sold goods that never moved", number=row[0])),
    ]


@check("tenders", "What was paid for a document is its total: sales and rounding equal the tenders.")
def tenders_are_totals() -> list[Fault]:
    """Compare every document with its payments."""
    paid = (
        select(Payment.document_id, func.sum(Payment.amount, type_=AmountType).label("amount"))
        .group_by(Payment.document_id)
        .subquery()
    )
    amount = func.coalesce(paid.c.amount, ZERO)
    statement = (
        select(Order.number, Order.total, amount)
        .outerjoin(paid, paid.c.document_id == Order.id)
        .where(Order.total != amount)
        .order_by(Order.id)
    )
    return faults_in(
        statement,
        lambda row: _(
            "%(number)s: total %(total)s, paid %(paid)s", number=row[0], total=f"{row[1]:f}", paid=f"{row[2]:f}"
        ),
    )


@check("payments", "Every payment belongs to a document.")
def payments_have_documents() -> list[Fault]:
    """Look for payments whose document does not exist."""
    statement = (
        select(Payment.id, Payment.amount, Payment.document_id)
        .outerjoin(Order, Order.id == Payment.document_id)
        .where(Order.id.is_(None))
        .order_by(Payment.id)
    )
    return faults_in(
        statement,
        lambda row: _(
            "payment %(id)s of %(amount)s for document %(document)s, which does not exist",
            id=row[0],
            amount=f"{row[1]:f}",
            document=row[2],
        ),
    )


@check("sales in the books", "Sales, tax and rounding of all documents are what the books say.")
def books_hold_all_sales() -> list[Fault]:
    """Compare the sums of all documents with the accounts of sales, tax and rounding."""
    sums = session.execute(
        select(*(func.sum(column, type_=AmountType) for column in (Order.net, Order.tax, Order.rounding)))
    ).one()
    faults: list[Fault] = []
    for code, found in zip(("4000", "2200", "4900"), sums, strict=True):
        documents, booked = Decimal(found or ZERO), -balance(code)
        if documents != booked:
            text = _("account %(code)s: documents %(a)s, books %(b)s", code=code, a=f"{documents:f}", b=f"{booked:f}")
            faults.append(Fault(1, text))
    return faults
