"""Rollups say what the ledger says, whatever happened and in whatever order it was told."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from sqlalchemy import delete, func, select, update

from retail.core import clock, datasets, events, tenancy
from retail.core.db import session, unit_of_work
from retail.core.events import Delivery
from retail.events.integrations import HistoryImported
from retail.reports import services
from retail.reports.models import SalesDayProduct, SalesHour
from tests import make
from tests.reports.support import trade

SUMS = ("lines", "units", "net", "tax", "gross", "discount", "cost")
MEASURES = ("lines", "units", "net_revenue", "tax", "gross_revenue", "discount", "cost")


def rolled_up():
    columns = [func.coalesce(func.sum(getattr(SalesHour, name)), 0) for name in SUMS]
    found = session.execute(
        select(SalesHour.business_date, SalesHour.hour, *columns)
        .group_by(SalesHour.business_date, SalesHour.hour)
        .order_by(SalesHour.business_date, SalesHour.hour)
    )
    return [(row[0].isoformat(), *row[1:]) for row in found]


def in_the_ledger():
    rows = datasets.get("sales").ask(MEASURES, ("day", "hour"))
    return [(row["day"], row["hour"], *(row[name] for name in MEASURES)) for row in rows]


def test_rollups_equal_the_ledger_after_discounts_refunds_and_voids(shop):
    trade(shop)
    events.drain()

    assert rolled_up() == in_the_ledger()
    noon = [row for row in rolled_up() if row[:2] == ("2026-11-21", 12)]
    assert len(noon) == 1
    assert noon[0][6] < 0, "the refund; the void and its sale cancel out"
    tea = session.scalar(
        select(func.sum(SalesDayProduct.units)).where(SalesDayProduct.business_date == date(2026, 11, 21))
    )
    assert tea == Decimal(3 + 2 - 1 + 1)


def test_telling_every_event_twice_changes_nothing(shop):
    trade(shop)
    events.drain()
    before = rolled_up()
    session.rollback()
    with unit_of_work():
        session.execute(update(Delivery).values(state="pending", due_at=clock.now()))
    assert events.drain() > 0
    assert rolled_up() == before


def test_making_them_again_gives_the_same(shop):
    trade(shop)
    events.drain()
    before = rolled_up()
    session.rollback()
    with unit_of_work():
        session.execute(delete(SalesHour).where(SalesHour.business_date == date(2026, 11, 21)))
        session.execute(delete(SalesDayProduct))
    with unit_of_work():
        services.rebuild()
    assert rolled_up() == before
    sums = session.execute(select(func.sum(SalesDayProduct.gross), func.sum(SalesDayProduct.lines))).one()
    session.rollback()
    with unit_of_work():
        services.rebuild(date(2026, 11, 21), date(2026, 11, 21))
    assert rolled_up() == before
    assert session.execute(select(func.sum(SalesDayProduct.gross), func.sum(SalesDayProduct.lines))).one() == sums


def test_imported_history_reaches_the_dashboard(shop):
    trade(shop)
    with unit_of_work():
        session.execute(update(events.Event).values(relayed_at=clock.now()))
        events.emit(HistoryImported(first="2026-11-14", last="2026-11-14", documents=2, lines=2))
    events.drain()
    assert [row[0] for row in rolled_up()] == ["2026-11-14", "2026-11-14"]


def test_half_past_eleven_and_half_past_midnight_are_two_business_dates(shop):
    tea = make.product("Tea", price="2.40", stock=9)
    for instant in (datetime(2026, 6, 1, 22, 30, tzinfo=UTC), datetime(2026, 6, 1, 23, 30, tzinfo=UTC)):
        with clock.frozen(instant):  # 23:30 and 00:30 in a London summer
            make.sale(shop, (tea, 1))
    events.drain()
    assert [row[:2] for row in rolled_up()] == [("2026-06-01", 23), ("2026-06-02", 0)]


def test_the_hour_that_happens_twice_is_one_bucket(shop):
    tea = make.product("Tea", price="2.40", stock=9)
    for hour in (0, 1):  # 01:30 BST and 01:30 GMT
        with clock.frozen(datetime(2026, 10, 25, hour, 30, tzinfo=UTC)):
            make.sale(shop, (tea, 1))
    events.drain()
    assert [(row[0], row[1], row[2], row[6]) for row in rolled_up()] == [("2026-10-25", 1, 2, Decimal("4.80"))]


def test_another_business_is_not_counted(shop, rival):

    trade(shop)
    session.rollback()
    with tenancy.inside(rival.tenant_id):
        cake = make.product("Cake", price="9.99", stock=5)
        make.sale(rival, (cake, 1))
    events.drain()
    with unit_of_work():
        services.rebuild()
    assert rolled_up() == in_the_ledger()
    session.rollback()
    with tenancy.inside(rival.tenant_id):
        assert [row[6] for row in rolled_up()] == [Decimal("9.99")]
        session.rollback()
