"""What is reserved is not sold to others, by anybody, and comes free again: by hand, by handing out, by the clock."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, update

from retail.core import tasks
from retail.core.checks import run_checks
from retail.core.clock import frozen, now
from retail.core.db import session, unit_of_work
from retail.core.errors import Refused
from retail.inventory import queries
from retail.inventory import services as inventory
from retail.inventory.models import StockHold, StockLevel
from retail.inventory.services import Movement, Owner, Want
from retail.inventory.work import EXPIRING
from retail.tenancy.models import Location
from retail.till.queries import tiles_of
from tests import make
from tests.inventory.test_ledger import at_once


@pytest.fixture
def strict(shop):
    """The shop's locations may not go below nothing."""
    with unit_of_work():
        session.execute(update(Location).values(allows_negative_stock=False))
    return shop


def level(variant):
    session.rollback()
    return session.scalars(select(StockLevel).where(StockLevel.variant_id == variant.id)).one()


def reserve(shop, variant, quantity, owner=1, **more):
    with unit_of_work():
        return inventory.reserve(Owner("order", owner), [Want(variant.id, shop.location_id, Decimal(quantity))], **more)


def sound(shop):
    session.rollback()
    assert not [(one.name, one.first) for one in run_checks([shop.tenant_id]) if one.faults]


def test_what_is_reserved_can_be_neither_sold_nor_reserved_again(strict):
    tea = make.product("Tea", stock=5)
    reserve(strict, tea, 3)
    with pytest.raises(Refused, match="Only 2 of Tea are available"):
        reserve(strict, tea, 3, owner=2)
    with pytest.raises(Refused, match="Only 2 of Tea can be sold at Main shop; 3 more are reserved"):
        make.sale(strict, (tea, 3))
    make.sale(strict, (tea, 2))
    assert (level(tea).on_hand, level(tea).reserved, level(tea).available) == (3, 3, 0)
    sound(strict)


def test_every_place_that_tells_what_there_is_tells_the_same(shop):
    tea = make.product("Tea", stock=10)
    reserve(shop, tea, 3)
    with unit_of_work():
        inventory.set_aside(shop.location_id, tea.id, Decimal(2), "damaged", "wet box")
        inventory.set_safety_stock(shop.location_id, tea.id, Decimal(1))
        inventory.expect("purchase", 7, {(tea.id, shop.location_id): Decimal(6)})
    row = level(tea)
    (here,) = [one for one in queries.levels_of_variant(tea.id) if one.location_id == shop.location_id]
    assert (row.sellable, row.available, row.incoming) == (here.sellable, here.available, here.incoming) == (5, 4, 6)
    assert session.execute(select(StockLevel.sellable, StockLevel.available)).one() == (5, 4)
    (tile,) = tiles_of([tea.id], shop.location_id)
    assert tile.on_hand == queries.goods_of([tea.id], shop.location_id)[tea.id].on_hand == 5
    sound(shop)


def test_asking_again_holds_what_was_asked_for_last(shop):
    tea = make.product("Tea", stock=10)
    reserve(shop, tea, 3)
    reserve(shop, tea, 4)
    assert level(tea).reserved == 4
    with unit_of_work():
        assert inventory.release(Owner("order", 1)) == 1
    assert level(tea).reserved == 0
    assert session.scalars(select(StockHold.state).order_by(StockHold.id)).all() == ["released", "released"]
    sound(shop)


def test_goods_that_are_handed_out_are_held_no_longer(strict):
    tea = make.product("Tea", stock=5)
    reserve(strict, tea, 5, kind="committed")
    key = tea.id, strict.location_id
    with unit_of_work():
        inventory.fulfil(Owner("order", 1), {key: Decimal(2)})
        inventory.move(
            [Movement(*key, Decimal(-2))],
            inventory.Document("adjustment", "lost", "test", None, strict.tenant.today(), now()),
        )
    assert (level(tea).on_hand, level(tea).committed) == (3, 3)
    with unit_of_work():
        inventory.fulfil(Owner("order", 1))
    assert session.scalars(select(StockHold.state)).all() == ["fulfilled"]


def test_a_reservation_whose_time_is_over_holds_nobody_up_and_is_cleared_by_the_clock(strict):
    tea = make.product("Tea", stock=2)
    reserve(strict, tea, 2, until=now() + timedelta(minutes=30))
    with frozen(now() + timedelta(minutes=31)):
        make.sale(strict, (tea, 1))
        reserve(strict, tea, 1, owner=2)
        assert level(tea).reserved == 1
        reserve(strict, tea, 1, owner=2, until=now() + timedelta(minutes=5))
    with frozen(now() + timedelta(minutes=60)):
        with unit_of_work():
            tasks.ask_for(EXPIRING)
        tasks.run_due()
    assert level(tea).reserved == 0
    sound(strict)


def test_a_count_finds_what_is_gone_whoever_it_was_kept_for(strict):
    tea = make.product("Tea", stock=5)
    reserve(strict, tea, 5)
    with unit_of_work():
        inventory.count(strict.location_id, tea.id, Decimal(2), "lost")
    here = queries.levels_of_variant(tea.id)[0]
    assert (here.on_hand, here.available, here.state) == (2, -3, "over")
    sound(strict)


def test_what_is_reserved_makes_the_rest_run_low(shop):
    tea = make.product("Tea", stock=10)
    with unit_of_work():
        inventory.set_reorder_point(shop.location_id, tea.id, Decimal(4))
    assert not level(tea).is_low
    reserve(shop, tea, 6)
    assert level(tea).is_low


def test_of_many_who_reserve_and_buy_at_once_nobody_gets_what_is_not_there(app, strict):
    tea = make.product("Tea", stock=6)
    tea_id, place = tea.id, strict.location_id
    due, station = tea.price, make.open_till(strict)

    def hold(owner):
        return lambda: inventory.reserve(Owner("cart", owner), [Want(tea_id, place, Decimal(2))])[0].id

    def sell(number):
        return lambda: (
            make.till.ring_up(
                strict.tenant,
                station,
                [make.Wanted(tea_id, Decimal(1))],
                [make.Tender("cash", due)],
                f"sold-{number}",
                allowance=make.till.WITHOUT_LIMITS,
            ).order_id
        )

    at_once(app, strict, [hold(1), sell(1), hold(2), sell(2), hold(3), sell(3), sell(4), sell(5)])
    found = level(tea)
    assert found.sellable in {0, 1}, "what is left is less than anybody who was refused asked for"
    sound(strict)


def test_somebody_keeps_goods_for_a_customer_on_the_page(app, shop):
    tea = make.product("Tea", stock=5)
    clerk, url = make.client(app, shop, "clerk"), f"/stock/articles/{tea.id}"
    form = {"location": shop.location_id, "kind": "reserved", "quantity": "2", "hold_note": "Mrs Byron"}
    assert make.post(clerk, f"{url}/hold", form).status_code == 303
    page = clerk.get(url).text
    assert "Mrs Byron" in page
    assert "3 available" in page
    assert "Mrs Byron" in clerk.get("/stock/held").text
    refused = make.post(clerk, f"{url}/hold", {**form, "quantity": "4"})
    assert refused.status_code == 422
    assert "Only 3 of Tea are available." in refused.text
    past = make.post(clerk, f"{url}/hold", {**form, "until": "2020-01-01"})
    assert "That is over already" in past.text
    with make.within(shop):
        hold_id = session.scalars(select(StockHold.id)).one()
    assert make.post(make.client(app, make.rival(), "clerk"), f"/stock/held/{hold_id}/release").status_code == 404
    assert make.post(clerk, f"/stock/held/{hold_id}/release").status_code == 303
    assert make.post(make.client(app, shop, "cashier"), f"/stock/held/{hold_id}/release").status_code == 403
    with make.within(shop):
        assert level(tea).reserved == 0
