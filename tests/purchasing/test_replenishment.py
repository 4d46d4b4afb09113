"""When and how much is ordered again: the arithmetic, what the night proposes and orders, and the trial."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest
from flask import g
from sqlalchemy import select

from retail.core.db import session, unit_of_work
from retail.core.errors import Refused
from retail.core.mail import Mail
from retail.core.tasks import run_due
from retail.intelligence.models import ProductForecast
from retail.inventory import services as inventory
from retail.purchasing import services as purchasing
from retail.purchasing.models import OrderProposal, PurchaseOrder, Supplier
from retail.purchasing.queries import candidates, lead_times, terms_of, waiting_proposals
from retail.purchasing.reasons import reasons
from retail.purchasing.replenishing import Demand, LeadTime, Terms, advise, safety_stock
from retail.purchasing.trials import Goods, run_trial
from tests import make

D = Decimal
STEADY = Demand([2.0] * 28, 0.25)
WEEK = LeadTime(7, 0)


def advice(position, terms, demand=STEADY, lead=WEEK):
    return advise(D(position), D(position), demand, lead, terms)


def test_an_order_is_due_at_the_reorder_point_and_lasts_until_the_next():
    terms = Terms(service_level=0.95, review_days=7)
    due = advice(10, terms)
    # Sixteen sell in eight days; the error of a quarter of 56 in four weeks is 9.4 in eight days, times 1.645.
    assert (due.sells_meanwhile, due.safety, due.reorder_point) == (D(16), D(16), D(32))
    assert due.order_up_to == D(52)
    assert due.quantity == D(42)
    assert due.cover_days == 5
    assert advice(33, terms).quantity == 0


def test_more_doubt_keeps_more_in_reserve():
    sure, unsure = Demand([2.0] * 28, 0.1), Demand([2.0] * 28, 0.5)
    late = LeadTime(7, 3)
    assert safety_stock(sure, WEEK, 8, 0.95) < safety_stock(unsure, WEEK, 8, 0.95) < safety_stock(unsure, late, 8, 0.95)
    assert safety_stock(sure, WEEK, 8, 0.9) < safety_stock(sure, WEEK, 8, 0.99)
    assert safety_stock(sure, WEEK, 8, 0.5) == 0


@pytest.mark.parametrize(
    ("terms", "quantity"),
    [
        (Terms(0.95, 7, pack=D(12)), 48),
        (Terms(0.95, 7, minimum=D(60)), 60),
        (Terms(0.95, 7, pack=D(12), ceiling=D(40)), 24),
        (Terms(0.95, 7, kind="min_max", floor=D(10), ceiling=D(25)), 15),
        (Terms(0.95, 7, kind="min_max", floor=D(9), ceiling=D(25)), 0),
        (Terms(0.95, 7, kind="never"), 0),
    ],
)
def test_packs_smallest_quantities_and_rules_are_respected(terms, quantity):
    assert advice(10, terms).quantity == quantity


@pytest.fixture
def mill(shop):
    """A supplier with an article that sells two a day, ten of which are there."""
    with make.within(shop):
        tea = make.product("Tea", stock=10)
        with unit_of_work():
            supplier = purchasing.create_supplier("Mill", "GBP", email="mill@mill.example")
            purchasing.set_item(supplier, tea.id, D(2), pack_size=D(6))
            forecast(tea.id)
        yield supplier.id, tea.id


def forecast(variant_id):
    two = {"daily": [2.0] * 28, "mean": [2.0] * 28, "recent": [2.0]}
    sums = dict.fromkeys(("expected_7", "expected_28", "mean_28", "needed_28", "sold_28"), D(56))
    session.add(
        ProductForecast(
            variant_id=variant_id,
            as_of=date(2026, 11, 1),
            horizon_days=28,
            method="x",
            blend={},
            baseline_kept=False,
            wape_total=0.25,
            **two,
            **sums,
        )
    )


def propose():
    with unit_of_work():
        return purchasing.keep_proposals(date(2026, 11, 22), candidates())


def test_the_night_proposes_with_the_reason_for_every_figure(app, shop, mill):
    assert propose() == 1
    (one,) = waiting_proposals()
    assert (one.quantity, one.cost) == (D(42), D(84))
    with app.test_request_context():
        g.person = None
        words = dict(reasons(one))
    assert words["There and coming"] == "10 are on hand; they last 5 days."
    assert "2 a day" in words["Forecast"]
    assert "25%" in words["Forecast"]
    assert "The supplier says 7 days" in words["Delivery"]
    assert "95%" in words["Safety stock"]


def test_what_is_on_its_way_is_not_ordered_twice(shop, mill):
    propose()
    with unit_of_work():
        (order,) = purchasing.drafts_from(waiting_proposals())
        purchasing.submit(order, None)
        with pytest.raises(Refused, match="become orders already"):
            purchasing.drafts_from(session.scalars(select(OrderProposal)).all())
    assert order.lines[0].quantity == D(42)
    assert propose() == 0


def test_a_supplier_is_ordered_from_at_night_within_the_budget_and_no_further(shop, mill):
    supplier_id, _tea = mill
    jam = make.product("Jam", stock=3)
    with unit_of_work():
        supplier = session.get_one(Supplier, supplier_id)
        purchasing.set_item(supplier, jam.id, D(2))
        forecast(jam.id)
        with pytest.raises(Refused):
            purchasing.change_supplier(supplier, orders_itself=True)
    with unit_of_work():
        supplier = session.get_one(Supplier, supplier_id)
        purchasing.change_supplier(supplier, orders_itself=True, monthly_budget=D(100))
    propose()
    with unit_of_work():
        order = purchasing.order_by_itself(session.get_one(Supplier, supplier_id))
        # Jam runs out first; tea, at 84, no longer fits.
        assert [line.variant_id for line in order.lines] == [jam.id]
        assert (order.state, order.source) == ("sent", "night")
    assert session.scalars(select(Mail)).one().to_address == "mill@mill.example"
    with unit_of_work():
        assert purchasing.order_by_itself(session.get_one(Supplier, supplier_id)) is None


def test_the_task_of_the_night_does_it_all_and_twice_changes_nothing(app, shop, mill):
    with unit_of_work():
        purchasing.ask_for_proposals()
    run_due()
    with make.within(shop):
        assert len(waiting_proposals()) == 1
        assert session.scalars(select(PurchaseOrder)).all() == []


def test_lead_times_are_measured_once_there_are_enough_deliveries(shop, mill):
    supplier_id, tea = mill
    assert lead_times()[supplier_id] == LeadTime(7.0, 1.75)
    for days in (3, 5, 4):
        with unit_of_work():
            order = purchasing.draw_up(supplier_id, shop.location_id, [purchasing.OrderedLine(tea, D(6))])
            order.business_date -= timedelta(days=days)
            purchasing.submit(order, None)
            purchasing.receive_order(order, [purchasing.Arrival(order.lines[0].id, D(6))])
    assert lead_times()[supplier_id] == LeadTime(4, 1.0, 3)


def test_a_level_somebody_set_is_a_floor(shop, mill):
    _supplier, tea = mill
    with unit_of_work():
        inventory.set_reorder_point(shop.location_id, tea, D(60))
    propose()
    (one,) = waiting_proposals()
    assert one.reorder_point == D(60)


def test_what_a_trial_needs_to_know_of_articles_with_and_without_a_supplier(shop, mill):
    _supplier, tea = mill
    odd = make.product("Odd", price="5.00", cost=None)
    assert terms_of([tea, odd.id]) == [(1.1, 7.0, 1.75, 7.0, 6.0, 0.95), (2.5, 7.0, 1.75, 7.0, 1.0, 0.95)]


def test_the_trial_knows_only_what_came_before_each_day():
    draw = np.random.default_rng(5)
    days, articles = 140, 12
    dates = [date(2026, 1, 1) + timedelta(days=number) for number in range(days)]
    demand = draw.poisson(3.0, (days, articles)).astype(float)
    column = np.ones(articles)
    goods = Goods(column * 2, column * 5, column, column * 7, column, column * 0.95)
    trial = run_trial(demand, dates, goods)
    assert trial.articles == articles
    assert trial.units == demand[-84:].sum()
    assert 0.97 < trial.ours.service <= 1
    assert trial.ours.stock_value == pytest.approx(trial.ours.stock_units * 2)
    services = [service for service, _stock in trial.frontier]
    assert services == sorted(services)
    changed = demand.copy()
    changed[-1] *= 50
    again = run_trial(changed, dates, goods)
    assert again.ours.daily_value[:-1] == trial.ours.daily_value[:-1]
    assert run_trial(demand[:60], dates[:60], goods) is None
