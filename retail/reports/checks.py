"""What must be true of the rollups: they are the sums of the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from flask_babel import gettext as _
from sqlalchemy import Executable, and_, func, or_, select

from retail.core.checks import Fault, check
from retail.core.db import session
from retail.core.events import Delivery, Event
from retail.core.money import AmountType
from retail.events.integrations import HistoryImported
from retail.events.till import SaleCompleted, SaleReversed
from retail.inventory.models import StockMonth
from retail.orders.models import Order, OrderLine
from retail.reports.models import SalesDayProduct, SalesHour
from retail.tenancy.queries import current_tenant

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


@check("revenue of stock", "What the months of stock say was earned is what the sums of sales say.")
def revenue_is_the_sales() -> list[Fault]:
    """Compare by month, of the months that were over when sums of sales last changed."""
    over = current_tenant().today().replace(day=1)
    month = func.period_of("month", SalesDayProduct.business_date)
    sold = (
        select(month.label("month"), func.sum(SalesDayProduct.net, type_=AmountType))
        .join(
            StockMonth,
            and_(
                StockMonth.variant_id == SalesDayProduct.variant_id,
                StockMonth.location_id == SalesDayProduct.location_id,
                func.period_of("month", StockMonth.month) == month,
            ),
        )
        .where(SalesDayProduct.business_date < over)
        .group_by(month)
    )
    kept = (
        select(func.period_of("month", StockMonth.month), func.sum(StockMonth.net, type_=AmountType))
        .where(StockMonth.month < over)
        .group_by(StockMonth.month)
    )
    earned = {row[0]: row[1] for row in session.execute(sold)}
    wrong = sorted(row[0] for row in session.execute(kept) if row[1] != earned.get(row[0], 0))
    if not wrong or _days_on_the_way():
        return []
    return [Fault(len(wrong), _("%(month)s earned other than its sales say", month=wrong[0]))]


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
