"""Whatever is changed behind the program's back is found, named by its document, and put right by what is audited."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import delete, insert, select, update

from retail.core import events
from retail.core.audit import AuditEntry
from retail.core.checks import CHECKS
from retail.core.db import session, table_of, unit_of_work
from retail.finance.models import JournalEntry, JournalLine
from retail.finance.queries import balance
from retail.inventory import services as inventory
from retail.inventory.models import (
    StockCount,
    StockCountEntry,
    StockCountLine,
    StockDocument,
    StockExpectation,
    StockHold,
    StockLevel,
    StockMove,
    StockTransfer,
    StockTransferLine,
)
from retail.inventory.services import Arrival, Counted, Owner, Want
from retail.inventory.transfer_queries import transfer_numbered
from tests import make


@pytest.fixture
def lived(shop):
    """A shop with one of everything that stock knows."""
    tea = make.product("Tea", stock=20, cost="1.10", sku="TEA").id
    place = shop.location_id
    with unit_of_work():
        inventory.adjust(place, tea, Decimal(-1), "damaged")
        inventory.reserve(Owner("order", 7), [Want(tea, place, Decimal(2))])
        inventory.expect("purchase", 3, {(tea, place): Decimal(5)})
        sent = inventory.send(place, shop.warehouse_id, [(tea, Decimal(6))]).id
        line = transfer_numbered(sent).lines[0].line.id
        inventory.receive_transfer(sent, {line: Arrival(Decimal(2), Decimal(1), Decimal(1))})
        count = inventory.start_count(place, "full")
        inventory.enter_counts(count.id, [Counted("scan", tea, Decimal(12), count.started_at)])
        inventory.finish_count(count.id)
        inventory.post_count(count.id)
    session.rollback()
    events.drain()
    assert faults(shop) == {}
    return shop


def faults(shop):
    """What the checks of stock and books find; all checks there are, in the tests of the command."""
    session.rollback()
    looked = [one for one in CHECKS.values() if one.find.__module__.startswith(("retail.inventory", "retail.finance"))]
    with make.within(shop):
        found = {one.name: list(one.find()) for one in looked}
        return {name: wrong[0].first for name, wrong in found.items() if wrong}


def change(model, column, by, *which):
    """Change a column of the rows of a model behind everybody's back."""

    def damage():
        changed = session.execute(
            update(model).where(*which).values({column: by if isinstance(by, str) else getattr(model, column) + by}),
            execution_options={"synchronize_session": False},
        )
        assert changed.rowcount

    return damage


def lose(model, *which):
    def damage():
        assert session.execute(delete(model).where(*which)).rowcount

    return damage


def twice(reason):
    """A move that stands there twice."""

    def damage():
        table = table_of(StockMove)
        row = dict(session.execute(select(table).where(table.c.reason == reason).limit(1), **STAMPED).mappings().one())
        del row["id"]
        session.execute(insert(table).values(row), **STAMPED)

    return damage


STAMPED = {"execution_options": {"stamped": True}}


def lose_a_paper():
    session.execute(delete(StockDocument).where(StockDocument.kind == "adjustment"))


def lose_a_posting():
    entry = session.scalars(select(JournalEntry.id).where(JournalEntry.source == "receipt")).first()
    session.execute(delete(JournalLine).where(JournalLine.entry_id == entry))
    session.execute(delete(JournalEntry).where(JournalEntry.id == entry))


def post_other_figures():
    entry = session.scalars(select(JournalEntry.id).where(JournalEntry.source == "receipt")).first()
    session.execute(
        update(JournalLine).where(JournalLine.entry_id == entry).values(amount=JournalLine.amount * 2),
        execution_options={"synchronize_session": False},
    )


def forget_the_paper_of_a_count():
    session.execute(update(StockCount).values(document_id=None), execution_options={"synchronize_session": False})


A_RECEIPT, A_DISPATCH, A_COUNT = (StockDocument.kind == kind for kind in ("receipt", "dispatch", "count"))
RECEIVED, SENT, ARRIVED = (StockMove.reason == reason for reason in ("received", "sent", "arrived"))
COUNTED, LOST = StockMove.reason == "counted", StockMove.reason == "lost in transit"
DAMAGE = {
    "a level has more": ("stock levels", "TEA", change(StockLevel, "on_hand", 1)),
    "a level is worth more": ("stock levels", "TEA", change(StockLevel, "value", 1)),
    "a level is gone": ("stock levels", "TEA", lose(StockLevel, StockLevel.on_hand > 5)),
    "a delivery moved more": ("stock papers", "GR-1", change(StockMove, "quantity", 1, RECEIVED)),
    "a delivery is worth more": ("stock papers", "GR-1", change(StockMove, "value", 1, RECEIVED)),
    "a move is gone": ("stock papers", "GR-1", lose(StockMove, RECEIVED)),
    "a move is there twice": ("stock papers", "GR-1", twice("received")),
    "a move has no paper": ("stock papers", "GR-1", change(StockMove, "source_id", 999, RECEIVED)),
    "a paper is gone": ("stock papers", "TEA was moved", lose_a_paper),
    "a paper says more": (
        "stock papers",
        "GR-1",
        change(StockDocument, "quantity", 1, StockDocument.kind == "receipt"),
    ),
    "a paper is worth more": (
        "stock papers",
        "DN-1",
        change(StockDocument, "value", 1, StockDocument.kind == "dispatch"),
    ),
    "a paper has more lines": (
        "stock papers",
        "CT-1",
        change(StockDocument, "lines", 1, StockDocument.kind == "count"),
    ),
    "a posting is gone": ("stock in the books", "Goods received 1", lose_a_posting),
    "a posting has other figures": ("stock in the books", "Goods received 1", post_other_figures),
    "a level reserves more": ("held stock", "TEA", change(StockLevel, "reserved", 1)),
    "a level breaks more": ("held stock", "TEA", change(StockLevel, "damaged", 1)),
    "a reservation holds more": ("held stock", "TEA", change(StockHold, "left", 1)),
    "a reservation ended silently": ("held stock", "TEA", change(StockHold, "state", "released")),
    "a reservation is gone": ("held stock", "TEA", lose(StockHold, StockHold.kind == "reserved")),
    "a level expects more": ("expected stock", "TEA", change(StockLevel, "on_order", 1)),
    "an expectation is gone": ("expected stock", "TEA", lose(StockExpectation)),
    "a level awaits more": ("stock in transit", "TEA", change(StockLevel, "in_transit", 1)),
    "a transfer sent more": ("stock in transit", "T-1: TEA", change(StockTransferLine, "shipped", 1)),
    "a transfer lost less": ("stock in transit", "T-1: TEA", change(StockTransferLine, "missing", -1)),
    "a transfer is worth more": ("stock in transit", "T-1: TEA", change(StockTransferLine, "value_left", 1)),
    "a transfer ended too early": ("stock in transit", "T-1: TEA", change(StockTransfer, "state", "received")),
    "a dispatch moved more": ("stock in transit", "T-1: TEA", change(StockMove, "quantity", -1, SENT)),
    "an arrival moved less": ("stock in transit", "T-1: TEA", change(StockMove, "quantity", -1, ARRIVED)),
    "a count says more": ("stock counts", "C-1: TEA", change(StockCountLine, "counted", 1)),
    "a scan says more": ("stock counts", "C-1: TEA", change(StockCountEntry, "quantity", 1)),
    "a count differed less": ("stock counts", "C-1: TEA", change(StockCountLine, "variance", 1)),
    "a count booked less": ("stock counts", "C-1: TEA", change(StockMove, "quantity", 1, COUNTED)),
    "a count lost its paper": ("stock counts", "C-1: TEA", forget_the_paper_of_a_count),
}


@pytest.mark.sqlite_only
@pytest.mark.parametrize("kind", DAMAGE, ids=lambda kind: kind.replace(" ", "-"))
def test_damage_is_found_named_and_put_right(lived, kind):
    name, first, damage = DAMAGE[kind]
    with unit_of_work():
        damage()
    found = faults(lived)
    assert name in found, found
    assert first in found[name]
    with unit_of_work():
        done = inventory.repair()
    assert done
    assert faults(lived) == {}
    assert session.scalars(select(AuditEntry).where(AuditEntry.action.in_(("repair", "recount")))).all()
    session.rollback()
    with unit_of_work():
        assert inventory.repair() == []


def test_much_damage_at_once_is_put_right_on_every_database(lived):
    several = (
        "a level has more",
        "a paper says more",
        "a posting is gone",
        "a reservation is gone",
        "a scan says more",
    )
    with unit_of_work():
        for kind in several:
            DAMAGE[kind][2]()
    assert {DAMAGE[kind][0] for kind in several} <= set(faults(lived))
    with unit_of_work():
        assert inventory.repair()
    assert faults(lived) == {}


def test_a_sound_shop_has_nothing_to_repair(app, lived):
    before = balance("1200")
    session.rollback()
    answer = app.test_cli_runner().invoke(args=["stock", "repair", "--tenant", lived.slug])
    assert answer.output == "Nothing had to be put right.\n"
    with make.within(lived):
        assert balance("1200") == before


def test_the_command_puts_right_and_tells_what(app, lived):
    with unit_of_work():
        change(StockLevel, "on_hand", 1)()
    session.rollback()
    answer = app.test_cli_runner().invoke(args=["stock", "repair", "--tenant", lived.slug, "--json"])
    assert answer.exit_code == 0, answer.output
    assert '"table": "stock_levels"' in answer.output
    assert faults(lived) == {}
