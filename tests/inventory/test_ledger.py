"""The verbs of the ledger: moves, levels, worth, books and news always agree."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier

import pytest
from sqlalchemy import func, select, update

from retail.core import events
from retail.core.audit import AuditEntry
from retail.core.checks import run_checks
from retail.core.db import session, unit_of_work
from retail.core.errors import NotFound, Refused
from retail.core.events import Event
from retail.core.tenancy import inside
from retail.customers.models import Customer
from retail.customers.services import create_customer
from retail.finance.queries import balance
from retail.inventory import services as inventory
from retail.inventory.datasets import STOCK, STOCK_MOVES
from retail.inventory.models import StockDocument, StockLevel, StockMove
from retail.inventory.services import Movement
from retail.payments.services import Tender
from retail.tenancy.models import Location
from retail.till import services as till
from retail.till.services.cart_prices import Wanted
from tests import make


def receive(shop, variant, quantity, cost, place=None, **more):
    place = place or shop.location_id
    with unit_of_work():
        return inventory.receive(place, [Movement(variant.id, place, Decimal(quantity), Decimal(cost))], **more)


def adjust(shop, variant, quantity, reason="correction", **more):
    with unit_of_work():
        return inventory.adjust(shop.location_id, variant.id, Decimal(quantity), reason, **more)


def level(variant, place=None):
    statement = select(StockLevel.on_hand, StockLevel.value).where(StockLevel.variant_id == variant.id)
    return tuple(session.execute(statement.where(StockLevel.location_id == place) if place else statement).one())


def happened(kind):
    return [one.data for one in session.scalars(select(Event).where(Event.kind == kind).order_by(Event.id))]


def all_is_sound(shop):
    session.rollback()
    with make.within(shop):
        events.drain()
        assert not [(one.name, one.first) for one in run_checks([shop.tenant_id]) if one.faults]


def test_cost_is_the_moving_average_and_the_last_piece_takes_what_is_left(shop):
    tea = make.product("Tea")
    receive(shop, tea, 2, "1.00")
    receive(shop, tea, 1, "1.0001")
    assert level(tea) == (3, Decimal("3.0001"))
    adjust(shop, tea, -1, "lost")
    adjust(shop, tea, -2, "damaged")
    assert level(tea) == (0, 0)
    assert balance("5100") == Decimal("3.0001")
    assert balance("2100") == Decimal("-3.0001")
    all_is_sound(shop)


def test_what_left_below_nothing_is_put_right_by_the_cost_of_what_comes(shop):
    tea = make.product("Tea", cost="10")
    make.sale(shop, (tea, 3))
    assert level(tea) == (-3, -30)
    receive(shop, tea, 2, "1")
    assert level(tea) == (-1, -10)
    receive(shop, tea, 1, "1")
    assert level(tea) == (0, 0)
    make.sale(shop, (tea, 1))
    receive(shop, tea, 5, "2")
    assert level(tea) == (4, 8)
    all_is_sound(shop)


def test_what_is_found_where_fewer_than_none_were_is_worth_its_cost(shop):
    tea = make.product("Tea", cost="10")
    make.sale(shop, (tea, 2))
    receive(shop, tea, 1, "4")
    adjust(shop, tea, 3, "found")
    assert level(tea) == (2, 8)
    all_is_sound(shop)


def test_moves_that_cancel_each_other_still_keep_their_worth(shop):
    tea = make.product("Tea", stock=2, cost="1.00")
    with unit_of_work():
        paper = inventory.adjust(shop.location_id, tea.id, Decimal(1), "found")
        document = inventory.Document(
            "adjustment", "found", "exchange", paper.id, paper.business_date, paper.occurred_at
        )
        moved = inventory.move(
            [
                Movement(tea.id, shop.location_id, Decimal(-1)),
                Movement(tea.id, shop.location_id, Decimal(1), value=Decimal("0.40")),
            ],
            document,
        )
        inventory.post_stock("adjustment", moved, "exchange", paper.id, "exchange", paper.business_date)
    assert level(tea) == (3, Decimal("2.40"))
    all_is_sound(shop)


def test_papers_are_numbered_without_gaps_and_a_key_draws_up_one(shop):
    tea = make.product("Tea")
    first = receive(shop, tea, 1, 1, key="once")
    again = receive(shop, tea, 1, 1, key="once")
    with pytest.raises(Refused), unit_of_work():
        inventory.receive(shop.location_id, [Movement(tea.id, shop.location_id, Decimal(1), Decimal(-1))])
    second = receive(shop, tea, 1, 1)
    assert (first.number, again.id, second.number) == ("GR-1", first.id, "GR-2")
    assert level(tea)[0] == 2
    all_is_sound(shop)


def test_a_transfer_is_refused_or_happens_at_both_ends(shop):
    tea = make.product("Tea", stock=5, cost="1.10")
    with pytest.raises(NotFound), unit_of_work():
        inventory.transfer(shop.location_id, 999_999, [(tea.id, Decimal(1))])
    with pytest.raises(Refused, match="two different"), unit_of_work():
        inventory.transfer(shop.location_id, shop.location_id, [(tea.id, Decimal(1))])
    with unit_of_work():
        session.execute(update(Location).where(Location.id == shop.warehouse_id).values(active=False))
    with pytest.raises(Refused, match="is closed"), unit_of_work():
        inventory.transfer(shop.location_id, shop.warehouse_id, [(tea.id, Decimal(1))])
    with unit_of_work():
        session.execute(update(Location).where(Location.id == shop.warehouse_id).values(active=True))
        paper = inventory.transfer(shop.location_id, shop.warehouse_id, [(tea.id, Decimal(2))], "for the fair")
    assert (paper.number, paper.quantity, paper.value) == ("TR-1", 2, Decimal("2.20"))
    assert level(tea, shop.location_id) == (3, Decimal("3.30"))
    assert level(tea, shop.warehouse_id) == (2, Decimal("2.20"))
    assert balance("1200") == Decimal("5.50")
    assert happened("stock.transferred")[0]["number"] == "TR-1"
    all_is_sound(shop)


def test_what_is_not_kept_in_stock_has_no_level(shop):
    wrapping = make.product("Gift wrapping", is_stocked=False)
    with pytest.raises(Refused, match="not kept in stock"):
        receive(shop, wrapping, 1, 1)
    with pytest.raises(Refused, match="not kept in stock"):
        adjust(shop, wrapping, 1)
    assert session.scalar(select(func.count(StockLevel.id))) == 0


def test_goods_of_another_business_cannot_be_moved(shop, rival):
    with inside(rival.tenant_id):
        theirs = make.product("Theirs").id
    for attempt in (
        lambda: inventory.receive(shop.location_id, [Movement(theirs, shop.location_id, Decimal(1), Decimal(1))]),
        lambda: inventory.adjust(shop.location_id, theirs, Decimal(1), "found"),
        lambda: inventory.count(shop.location_id, theirs, Decimal(1), "found"),
        lambda: inventory.transfer(shop.location_id, shop.warehouse_id, [(theirs, Decimal(1))]),
        lambda: inventory.set_reorder_point(shop.location_id, theirs, Decimal(1)),
        lambda: inventory.adjust(rival.location_id, theirs, Decimal(1), "found"),
    ):
        with pytest.raises(NotFound), unit_of_work():
            attempt()


def test_a_reorder_point_at_what_is_on_hand_is_news_and_a_lower_one_ends_it(shop):
    tea = make.product("Tea", stock=4)

    def point(quantity):
        with unit_of_work():
            inventory.set_reorder_point(shop.location_id, tea.id, quantity)
        return len(happened("stock.low")), len(happened("stock.replenished"))

    assert point(Decimal(3)) == (0, 0)
    assert point(Decimal(4)) == (1, 0)
    assert point(Decimal(6)) == (1, 0)
    assert point(Decimal(2)) == (1, 1)
    assert point(Decimal(9)) == (2, 1)
    assert point(None) == (2, 2)
    assert happened("stock.low")[0] | {"variant_id": 0, "location_id": 0} == {
        "variant_id": 0,
        "location_id": 0,
        "sku": tea.sku,
        "name": "Tea",
        "on_hand": "4",
        "reorder_point": "4",
    }
    noted = session.scalars(
        select(AuditEntry).where(AuditEntry.subject == "stock_levels").order_by(AuditEntry.id)
    ).all()
    assert noted[1].changes == {"reorder_point": ["3", "4"]}


def test_selling_down_to_the_point_is_told_once_and_receiving_ends_it(shop):
    tea = make.product("Tea", stock=4)
    with unit_of_work():
        inventory.set_reorder_point(shop.location_id, tea.id, Decimal(2))
    for _ in range(3):
        make.sale(shop, (tea, 1))
    assert len(happened("stock.low")) == 1
    receive(shop, tea, 10, 1)
    assert len(happened("stock.replenished")) == 1


def test_datasets_say_what_lies_and_what_moved(shop):
    tea, jam = make.product("Tea", stock=4, cost="1.10"), make.product("Jam", stock=9, cost="0.50")
    with unit_of_work():
        inventory.set_reorder_point(shop.location_id, tea.id, Decimal(5))
        inventory.transfer(shop.location_id, shop.warehouse_id, [(jam.id, Decimal(3))])
    make.sale(shop, (tea, 1))
    assert STOCK.one(["on_hand", "value", "low"]) == {"on_hand": 12, "value": Decimal("7.80"), "low": 1}
    assert [(row["product"], row["on_hand"]) for row in STOCK.ask(["on_hand"], ["product"])] == [("Jam", 9), ("Tea", 3)]
    moved = {row["reason"]: row for row in STOCK_MOVES.ask(["quantity", "came_in", "left", "moves"], ["reason"])}
    assert moved["received"]["quantity"] == 13
    assert (moved["transferred"]["came_in"], moved["transferred"]["left"], moved["transferred"]["moves"]) == (3, 3, 2)
    assert STOCK_MOVES.one(["value"])["value"] == balance("1200")
    today = shop.tenant.today().isoformat()
    assert STOCK_MOVES.ask(["moves"], ["day"]) == [{"day": today, "moves": 5}]


def test_recount_makes_levels_what_their_moves_say_and_writes_it_down(app, shop):
    tea, jam, salt = (make.product(name, stock=4, cost="1.10", sku=name.upper()) for name in ("Tea", "Jam", "Salt"))
    runner = app.test_cli_runner()
    sound = runner.invoke(args=["inventory", "recount", "--tenant", shop.slug])
    assert (sound.exit_code, sound.output.strip()) == (0, "Every level is the sum of its moves.")
    with make.within(shop), unit_of_work():
        session.execute(update(StockLevel).where(StockLevel.variant_id == tea.id).values(on_hand=Decimal("4.5")))
        session.execute(update(StockLevel).where(StockLevel.variant_id == jam.id).values(value=Decimal(0)))
        session.delete(session.scalars(select(StockLevel).where(StockLevel.variant_id == salt.id)).one())
    answer = runner.invoke(args=["inventory", "recount", "--tenant", shop.slug, "--json"])
    assert answer.exit_code == 0, answer.output
    assert '"sku": "SALT"' in answer.output
    assert '"on_hand": [\n      4.5,\n      4\n    ]' in answer.output
    with make.within(shop):
        assert {level(one) for one in (tea, jam, salt)} == {(4, Decimal("4.40"))}
        noted = session.scalars(select(AuditEntry).where(AuditEntry.action == "recount")).all()
        assert {one.subject_label.split()[0] for one in noted} == {"TEA", "JAM", "SALT"}
        all_is_sound(shop)
    refused = runner.invoke(args=["inventory", "recount", "--tenant", "nobody"])
    assert refused.exit_code == 1


def test_a_series_that_only_proposes_codes_may_have_gaps(shop):
    with unit_of_work():
        create_customer("Ada Byron")
        create_customer("Grace Hopper", code="VIP")
        session.scalars(select(Customer).where(Customer.code == "C-1")).one().code = "ADA"
    all_is_sound(shop)


# -- many at once -----------------------------------------------------------------------------------------------------
def at_once(app, shop, verbs):
    """Run verbs in threads that begin together, each in a transaction of its own; returns what each came to."""
    barrier = Barrier(len(verbs))
    session.rollback()

    def run(verb):
        with app.app_context(), inside(shop.tenant_id):
            barrier.wait()
            try:
                with unit_of_work():
                    return verb()
            except Refused as no:
                return no.message
            finally:
                session.remove()

    with ThreadPoolExecutor(len(verbs)) as threads:
        return list(threads.map(run, verbs))


def test_the_last_pieces_are_sold_exactly_once_where_nothing_may_go_below_nothing(app, shop):
    tea = make.product("Tea", stock=5)
    tea_id = tea.id
    with unit_of_work():
        session.execute(update(Location).values(allows_negative_stock=False))

    station, due = make.open_till(shop), tea.price

    def sell(number):
        lines = [Wanted(tea_id, Decimal(1))]
        return lambda: (
            till.ring_up(
                shop.tenant, station, lines, [Tender("cash", due)], f"till-{number}", allowance=till.WITHOUT_LIMITS
            ).order_id
        )

    came_to = at_once(app, shop, [sell(number) for number in range(8)])

    assert sum(isinstance(one, int) for one in came_to) == 5
    assert {one for one in came_to if isinstance(one, str)} == {"None of Tea left at Main shop."}
    assert level(tea)[0] == 0
    all_is_sound(shop)


def test_a_delivery_sent_twice_at_the_same_moment_is_booked_once(app, shop):
    tea_id = make.product("Tea").id

    def take():
        return inventory.receive(
            shop.location_id, [Movement(tea_id, shop.location_id, Decimal(2), Decimal(1))], key="pressed twice"
        ).id

    came_to = at_once(app, shop, [take] * 4)

    assert len(set(came_to)) == 1
    assert session.scalar(select(func.count(StockDocument.id))) == 1
    assert session.scalar(select(func.sum(StockMove.quantity))) == 2
    all_is_sound(shop)


def test_a_first_level_made_by_several_at_once_is_one(app, shop):
    tea_id = make.product("Tea").id

    def find():
        inventory.move(
            [Movement(tea_id, shop.location_id, Decimal(1), value=Decimal(0))],
            inventory.Document("adjustment", "found", "test", None, shop.tenant.today(), make.now()),
        )
        return 1

    assert at_once(app, shop, [find] * 6) == [1] * 6
    assert session.execute(select(StockLevel.on_hand)).scalars().all() == [6]
    all_is_sound(shop)


def test_transfers_in_both_directions_do_not_wait_for_each_other_for_good(app, shop):
    one, two = make.product("One", stock=20), make.product("Two", stock=20)
    ids = [one.id, two.id]
    with unit_of_work():
        inventory.transfer(shop.location_id, shop.warehouse_id, [(each, Decimal(10)) for each in ids])

    def there():
        return inventory.transfer(shop.location_id, shop.warehouse_id, [(each, Decimal(1)) for each in ids]).id

    def back():
        return inventory.transfer(
            shop.warehouse_id, shop.location_id, [(each, Decimal(1)) for each in reversed(ids)]
        ).id

    assert len(set(at_once(app, shop, [there, back] * 4))) == 8
    assert level(one, shop.location_id)[0] == level(two, shop.warehouse_id)[0] == 10
    all_is_sound(shop)
