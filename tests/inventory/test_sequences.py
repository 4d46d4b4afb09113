"""Whatever is received, counted, sold, given back and sent about, in whatever order: everything ties."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import func, select

from retail.catalog.models import Variant as Goods
from retail.core import events
from retail.core.checks import run_checks
from retail.core.clock import now
from retail.core.db import session, unit_of_work
from retail.core.errors import Refused
from retail.core.money import ZERO
from retail.finance.queries import balance
from retail.inventory import services as inventory
from retail.inventory.models import StockLevel, StockMove
from retail.inventory.past_queries import stock_as_of
from retail.inventory.services import Movement
from retail.inventory.transfer_queries import transfer_numbered
from retail.orders.queries import lines_of
from retail.till import services as till
from tests import make

QUANTITIES = st.decimals("0.001", "40", places=3)
PIECES = st.integers(1, 6)
COSTS = st.decimals("0", "30", places=4)
WHICH = st.integers(0, 2)


def machine_in(shop, steps=12, examples=10):
    """Run the machine in a shop; each example begins with goods of its own."""

    class Stock(RuleBasedStateMachine):
        def __init__(self):
            super().__init__()
            self.goods = [make.product(cost=cost).id for cost in ("1.10", "0.3333", None)]
            session.rollback()
            with unit_of_work():
                inventory.set_tracking(session.get_one(Goods, self.goods[2]).product_id, "lot")
            self.places = (shop.location_id, shop.warehouse_id)
            self.expected = {}
            self.on_the_way = []
            self.counts = 0
            self.sold = []

        def change(self, variant_id, place, quantity):
            key = variant_id, place
            self.expected[key] = self.expected.get(key, ZERO) + quantity

        @rule(which=WHICH, there=st.booleans(), quantity=QUANTITIES, cost=COSTS)
        def receive(self, which, there, quantity, cost):
            place, variant_id = self.places[there], self.goods[which]
            with unit_of_work():
                day = now().date() + timedelta(days=int(quantity))
                named = (inventory.Named(f"L{quantity}", quantity, day),) if which == 2 and there else ()
                inventory.receive(place, [Movement(variant_id, place, quantity, cost, named=named)])
            self.change(variant_id, place, quantity)

        @rule(
            which=WHICH, quantity=QUANTITIES, sign=st.sampled_from((1, -1)), reason=st.sampled_from(inventory.REASONS)
        )
        def adjust(self, which, quantity, sign, reason):
            with unit_of_work():
                inventory.adjust(self.places[0], self.goods[which], sign * quantity, reason)
            self.change(self.goods[which], self.places[0], sign * quantity)

        @rule(which=WHICH, counted=QUANTITIES)
        def count(self, which, counted):
            with unit_of_work():
                inventory.count(self.places[0], self.goods[which], counted, "correction")
            self.expected[self.goods[which], self.places[0]] = counted

        @rule(which=WHICH, quantity=QUANTITIES, back=st.booleans())
        def transfer(self, which, quantity, back):
            start, end = reversed(self.places) if back else self.places
            with unit_of_work():
                inventory.transfer(start, end, [(self.goods[which], quantity)])
            self.change(self.goods[which], start, -quantity)
            self.change(self.goods[which], end, quantity)

        @rule(which=WHICH, quantity=QUANTITIES)
        def send(self, which, quantity):
            with unit_of_work():
                row = inventory.send(*self.places, [(self.goods[which], quantity)]).id
            self.change(self.goods[which], self.places[0], -quantity)
            self.expected.setdefault((self.goods[which], self.places[1]), ZERO)
            self.on_the_way.append((row, which))

        @precondition(lambda self: self.on_the_way)
        @rule(part=st.integers(0, 4), damaged=st.booleans(), missing=st.booleans())
        def take_in(self, part, damaged, missing):
            row, which = self.on_the_way[-1]
            (line,) = transfer_numbered(row).lines
            rest, line_id = line.in_transit, line.line.id
            session.rollback()
            share = (rest * part / 4).quantize(Decimal("0.001"))
            lost = (share / 3).quantize(Decimal("0.001")) if missing else ZERO
            broken = (share / 3).quantize(Decimal("0.001")) if damaged else ZERO
            if not share:
                return
            with unit_of_work():
                inventory.receive_transfer(row, {line_id: inventory.Arrival(share - lost - broken, broken, lost)})
            self.change(self.goods[which], self.places[1], share - lost)
            if share == rest:
                self.on_the_way.pop()

        @precondition(lambda self: self.on_the_way)
        @rule()
        def call_back(self):
            row, which = self.on_the_way.pop()
            (line,) = transfer_numbered(row).lines
            rest = line.in_transit
            session.rollback()
            with unit_of_work():
                inventory.call_back(row, "storm")
            self.change(self.goods[which], self.places[0], rest)

        @rule(which=WHICH, seen=QUANTITIES, meanwhile=PIECES)
        def count_while_selling(self, which, seen, meanwhile):
            variant_id, place = self.goods[which], self.places[0]
            self.counts += 1
            with unit_of_work():
                count = inventory.start_count(place, "full")
                count_id, instant = count.id, count.started_at
                key = f"{count.number}-{self.counts}"
            before = self.expected.get((variant_id, place), ZERO)
            make.sale(shop, (Variant(variant_id), meanwhile))
            self.change(variant_id, place, Decimal(-meanwhile))
            with unit_of_work():
                inventory.enter_counts(count_id, [inventory.Counted(key, variant_id, seen, instant)])
                inventory.finish_count(count_id)
            with unit_of_work():
                inventory.post_count(count_id)
            self.change(variant_id, place, seen - before)

        @rule(which=WHICH, owner=st.integers(1, 3), quantity=QUANTITIES, end=st.booleans())
        def reserve(self, which, owner, quantity, end):
            whose = inventory.Owner("order", owner)
            with unit_of_work():
                inventory.reserve(whose, [inventory.Want(self.goods[which], self.places[0], quantity)])
                if end:
                    inventory.release(whose)
            self.expected.setdefault((self.goods[which], self.places[0]), ZERO)

        @rule(which=WHICH, other=WHICH, pieces=PIECES)
        def sell(self, which, other, pieces):
            wanted = [(Variant(self.goods[which]), pieces)]
            if other != which:
                wanted.append((Variant(self.goods[other]), 1))
            self.sold.append(make.sale(shop, *wanted).order_id)
            for one, quantity in wanted:
                self.change(one.id, self.places[0], Decimal(-quantity))

        @precondition(lambda self: self.sold)
        @rule(pieces=PIECES)
        def give_back(self, pieces):
            order_id = self.sold[-1]
            station = make.open_till(shop)
            line = lines_of(order_id)[0]
            variant_id, key = line.variant_id, f"back-{order_id}-{pieces}-{line.returned}"
            session.rollback()
            try:
                with unit_of_work():
                    till.refund(
                        shop.tenant,
                        station,
                        order_id,
                        {line.id: Decimal(pieces)},
                        key,
                        "changed",
                        "cash",
                        allowance=till.WITHOUT_LIMITS,
                    )
            except Refused:
                return
            self.change(variant_id, self.places[0], Decimal(pieces))

        @invariant()
        def everything_ties(self):
            session.rollback()
            levels = {
                (row.variant_id, row.location_id): row.on_hand
                for row in session.execute(
                    select(StockLevel.variant_id, StockLevel.location_id, StockLevel.on_hand).where(
                        StockLevel.variant_id.in_(self.goods)
                    )
                )
            }
            assert levels == self.expected
            assert session.scalar(select(func.sum(StockLevel.value))) == session.scalar(
                select(func.sum(StockMove.value))
            )
            assert (session.scalar(select(func.sum(StockLevel.value))) or 0) == balance("1200")
            assert stock_as_of(now()).difference == 0
            session.rollback()

        def teardown(self):
            events.drain()
            with make.within(shop):
                assert not [(one.name, one.first) for one in run_checks([shop.tenant_id]) if one.faults]

    run_state_machine_as_test(
        Stock,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


class Variant:
    """A variant by its id alone, for selling."""

    def __init__(self, variant_id):
        self.id = variant_id


def test_every_sequence_leaves_levels_moves_worth_and_books_in_agreement(shop):
    machine_in(shop)
