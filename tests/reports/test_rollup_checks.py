"""The integrity check finds rollups that differ from the ledger, and leaves those alone that are on their way."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlalchemy import delete, select, update

from retail.core import clock, events
from retail.core.checks import run_checks
from retail.core.db import session, unit_of_work
from retail.reports.models import SalesDayProduct, SalesHour
from tests import make
from tests.reports.support import SATURDAY, trade


def faults(shop):
    found = run_checks([shop.tenant_id], whole_database=False)
    return {one.name: one for one in found if one.name.startswith("rollups") and one.faults}


def test_rollups_that_are_right_pass(shop):
    trade(shop)
    events.drain()
    assert faults(shop) == {}


def test_a_wrong_bucket_is_found_and_named(shop):
    trade(shop)
    events.drain()
    session.rollback()
    with unit_of_work():
        session.execute(
            update(SalesHour)
            .where(SalesHour.business_date == date(2026, 11, 21), SalesHour.hour == 10)
            .values(gross=Decimal("7.21"))
        )
    (wrong,) = faults(shop).values()
    assert wrong.faults == 1
    assert "2026-11-21 10" in wrong.first


def test_a_missing_product_and_a_swapped_one_are_found(shop):
    trade(shop)
    events.drain()
    session.rollback()
    rows = session.scalars(select(SalesDayProduct).order_by(SalesDayProduct.id)).all()
    first, second = rows[0], rows[1]
    assert (first.business_date, second.business_date) == (date(2026, 11, 14),) * 2
    one, other = first.variant_id, second.variant_id
    ids = (first.id, second.id)
    session.rollback()
    with unit_of_work():
        spare = make.product("Spare").id
        session.rollback()
    with unit_of_work():
        for row_id, variant_id in zip((*ids, ids[0]), (spare, one, other), strict=True):
            session.execute(update(SalesDayProduct).where(SalesDayProduct.id == row_id).values(variant_id=variant_id))
    assert "2026-11-14" in faults(shop)["rollups by product"].first
    session.rollback()
    with unit_of_work():
        session.execute(delete(SalesDayProduct))
    assert faults(shop)["rollups by product"].faults == 2


def test_what_is_on_its_way_is_no_fault(shop):
    trade(shop)
    events.drain()
    session.rollback()
    coffee = make.product("Coffee", price="6.00", stock=3)
    with clock.frozen(SATURDAY.replace(hour=14)):
        make.sale(shop, (coffee, 1))
    assert faults(shop) == {}, "not relayed yet"
    session.rollback()
    events.relay()
    assert faults(shop) == {}, "relayed, not delivered yet"
    session.rollback()
    events.drain()
    assert faults(shop) == {}
