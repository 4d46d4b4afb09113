"""What must be true of the rollups: they are the sums of the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from flask_babel import gettext as _
from sqlalchemy import Executable, and_, func, or_, select

from retail.core.checks import Fault, check
from retail.core.db import session
from retail.core.events import Delivery, Event
from retail.events.integrations import HistoryImported
from retail.events.till import SaleCompleted, SaleReversed
from retail.orders.models import Order, OrderLine
from retail.reports.models import SalesDayProduct, SalesHour

HANDLER = "reports.roll_up"
KINDS = (SaleCompleted.kind, SaleReversed.kind, HistoryImported.kind)


def _days_on_the_way() -> list[tuple[date, date]]:
    """Business dates whose buckets an event has yet to change: they may differ for a moment."""
    waiting = (
        select(Event.kind, Event.data)
        .outerjoin(Delivery, and_(Delivery.event_id == Event.id, Delivery.handler == HANDLER))
        .where(
            Event.kind.in_(KINDS),
            or_(Event.relayed_at.is_(None), Delivery.state == "pending"),
        )
    )
    found = []
    for kind, data in session.execute(waiting):
        first, last = (data["first"], data["last"]) if kind == HistoryImported.kind else (data["business_date"],) * 2
        found.append((date.fromisoformat(first), date.fromisoformat(last)))
    return found


def _settled(day: date, on_the_way: Iterable[tuple[date, date]]) -> bool:
    return not any(first <= day <= last for first, last in on_the_way)


def _compare(ledger: Executable, rollup: Executable, keys: int) -> list[Fault]:
    """Both sides by their first `keys` columns; every key at which they differ is a fault, the first is named."""
    on_the_way = _days_on_the_way()
    posted = {tuple(row[:keys]): tuple(row[keys:]) for row in session.execute(ledger)}
    kept = {tuple(row[:keys]): tuple(row[keys:]) for row in session.execute(rollup)}
    wrong = sorted(
        key for key in posted.keys() | kept.keys() if posted.get(key) != kept.get(key) and _settled(key[0], on_the_way)
    )
    if not wrong:
        return []
    said = " ".join(str(part) for part in wrong[0])
    return [Fault(len(wrong), _("the sums of %(bucket)s are not those of the ledger", bucket=said))]


@check("rollups", "The sums behind the dashboard are those of the documents, for every hour.")
def hours_are_the_ledger() -> list[Fault]:
    """Compare by day, hour and location; days with events still on their way are left out."""
    ledger = (
        select(
            Order.business_date,
            Order.hour,
            Order.location_id,
            func.count(OrderLine.id),
            func.sum(OrderLine.quantity),
            func.sum(OrderLine.net),
            func.sum(OrderLine.tax),
            func.sum(OrderLine.gross),
            func.sum(OrderLine.cost),
        )
        .join(OrderLine, OrderLine.order_id == Order.id)
        .group_by(Order.business_date, Order.hour, Order.location_id)
    )
    rollup = select(
        SalesHour.business_date,
        SalesHour.hour,
        SalesHour.location_id,
        func.sum(SalesHour.lines),
        func.sum(SalesHour.units),
        func.sum(SalesHour.net),
        func.sum(SalesHour.tax),
        func.sum(SalesHour.gross),
        func.sum(SalesHour.cost),
    ).group_by(SalesHour.business_date, SalesHour.hour, SalesHour.location_id)
    return _compare(ledger, rollup, keys=3)


@check("rollups by product", "The sums of best sellers are those of the lines, for every day.")
def products_are_the_ledger() -> list[Fault]:
    """Compare by day, with the sums of variant × units, so that amounts booked to another variant show as well."""
    ledger = (
        select(
            Order.business_date,
            func.count(OrderLine.id),
            func.sum(OrderLine.quantity),
            func.sum(OrderLine.gross),
            func.sum(OrderLine.cost),
            func.sum(OrderLine.quantity * OrderLine.variant_id),
        )
        .join(OrderLine, OrderLine.order_id == Order.id)
        .group_by(Order.business_date)
    )
    rollup = select(
        SalesDayProduct.business_date,
        func.sum(SalesDayProduct.lines),
        func.sum(SalesDayProduct.units),
        func.sum(SalesDayProduct.gross),
        func.sum(SalesDayProduct.cost),
        func.sum(SalesDayProduct.units * SalesDayProduct.variant_id),
    ).group_by(SalesDayProduct.business_date)
    return _compare(ledger, rollup, keys=1)
