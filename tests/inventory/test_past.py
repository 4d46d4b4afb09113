"""What lay where and what it was worth at any instant of the past, to the instant, as the books said then."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal

import pytest

from retail.core.clock import frozen, now
from retail.core.db import session, unit_of_work
from retail.inventory import services as inventory
from retail.inventory.past_queries import stock_as_of
from retail.inventory.services import Arrival, Movement
from retail.inventory.transfer_queries import transfer_numbered
from tests import make


@pytest.fixture
def history(shop):
    """The instant before each step, and what all stock was worth after it."""
    tea, start, steps = make.product("Tea", cost="1.00", sku="TEA").id, now() - timedelta(days=9), []
    session.rollback()

    def step(verb, worth, in_transit=0):
        with frozen(start + timedelta(days=len(steps))), unit_of_work():
            done = verb()
            kept = done.id if hasattr(done, "id") else done
        steps.append((start + timedelta(days=len(steps)), Decimal(worth), Decimal(in_transit)))
        return kept

    def move(quantity, cost):
        goods = [Movement(tea, shop.location_id, Decimal(quantity), Decimal(cost))]
        return lambda: inventory.receive(shop.location_id, goods)

    step(move(10, "1.00"), "10")
    step(move(10, "2.00"), "30")
    sent = step(lambda: inventory.send(shop.location_id, shop.warehouse_id, [(tea, Decimal(4))]), "30", "6")
    session.rollback()
    line = transfer_numbered(sent).lines[0].line.id
    session.rollback()
    step(lambda: inventory.receive_transfer(sent, {line: Arrival(Decimal(2), Decimal(1), Decimal(1))}), "28.5")
    step(lambda: inventory.adjust(shop.location_id, tea, Decimal(-6), "stolen"), "19.5")
    return steps


def test_every_instant_of_the_past_is_worth_what_it_was_and_the_books_agree(shop, history):
    assert not stock_as_of(history[0][0] - timedelta(seconds=1)).levels
    for instant, worth, in_transit in history:
        found = stock_as_of(instant + timedelta(hours=1))
        assert (found.total, found.in_transit_value, found.difference) == (worth, in_transit, 0)
        exactly = stock_as_of(instant)
        assert exactly.total == worth, "what happened at that instant has happened"
    last = stock_as_of(now())
    assert [(one.location, one.on_hand) for one in last.levels] == [("Corner Shop warehouse", 3), ("Main shop", 10)]


def test_a_sale_is_in_the_books_and_out_of_the_stock_at_the_same_instant(shop):
    tea = make.product("Tea", stock=10, cost="1.10")
    for _turn in range(3):
        make.sale(shop, (tea, 1))
    for back in range(40):
        assert stock_as_of(now() - timedelta(milliseconds=back * 20)).difference == 0


def test_the_command_and_the_page_tell_it(app, shop, history):
    instant = (history[2][0] + timedelta(hours=1)).isoformat()
    session.rollback()
    runner = app.test_cli_runner()
    answer = runner.invoke(args=["stock", "as-of", instant, "--tenant", shop.slug, "--json"])
    assert answer.exit_code == 0, answer.output
    told = json.loads(answer.output)
    assert (told["total"], told["in_transit_value"], told["journal"]["1210"], told["difference"]) == (30, 6, 6, 0)
    assert told["levels"][0]["sku"] == "TEA"
    assert "in all: 30 GBP" in runner.invoke(args=["stock", "as-of", instant, "--tenant", shop.slug]).output
    wrong = runner.invoke(args=["stock", "as-of", "soon", "--tenant", shop.slug])
    assert wrong.exit_code == 1
    assert "is no instant" in wrong.output
    page = make.client(app, shop, "clerk").get("/stock/as-of", query_string={"at": instant})
    assert "£30.00" in page.text
    assert "£6.00" in page.text
    assert make.client(app, shop, "clerk").get("/stock/as-of?at=2999-01-01").status_code == 422
    assert make.client(app, shop, "cashier").get("/stock/as-of").status_code == 403
