"""What suppliers change about stock after a delivery: its cost, and goods that go back at the cost they came in at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from flask_babel import gettext as _
from sqlalchemy import select

from retail.catalog.models import Variant
from retail.core.db import session
from retail.core.errors import Refused
from retail.core.money import ZERO, round_to
from retail.inventory.services.announcing import plain
from retail.inventory.services.ledger import UNIT, Document, Level, Movement, lock_levels, move


@dataclass(frozen=True)
class Supplied:
    """A quantity of a variant as it was delivered, and an amount: what it came in for, or what its cost changed by."""

    variant_id: int
    quantity: Decimal
    amount: Decimal


def change_costs(location_id: int, goods: Sequence[Supplied], document: Document) -> list[Decimal]:
    """Let what still lies here bear a later change of its cost; returns what the stock took of each amount.

    What was sold in between took the earlier cost with it, so its share is the caller's to book. Stock never becomes
    worth less than nothing.
    """
    levels = lock_levels([Movement(one.variant_id, location_id, ZERO) for one in goods])
    taken: list[Decimal] = []
    for one in goods:
        level = levels[one.variant_id, location_id]
        there = min(max(level.on_hand, ZERO), one.quantity)
        share = round_to(one.amount * there / one.quantity, UNIT) if one.quantity else ZERO
        share = max(share, -max(level.value, ZERO))
        level.value += share
        taken.append(share)
    move(
        [
            Movement(one.variant_id, location_id, ZERO, value=share)
            for one, share in zip(goods, taken, strict=True)
            if share
        ],
        document,
    )
    return taken


def send_back(location_id: int, goods: Sequence[Supplied], document: Document) -> list[Decimal]:
    """Take goods out at what they came in for; returns what each really took out of the worth of the stock.

    The last piece takes what worth is left, and none leaves less than nothing behind: that difference is the caller's
    to book. Refused when there are not as many here.
    """
    levels = lock_levels([Movement(one.variant_id, location_id, ZERO) for one in goods])
    leaving: list[Movement] = []
    for one in goods:
        level = levels[one.variant_id, location_id]
        if one.quantity > level.on_hand:
            name = session.scalar(select(Variant.name).where(Variant.id == one.variant_id))
            left = plain(max(level.on_hand, ZERO))
            raise Refused(_("Only %(left)s of %(what)s are here to be sent back.", left=left, what=name), field="lines")
        worth = _worth_leaving(one, level)
        leaving.append(Movement(one.variant_id, location_id, -one.quantity, value=-worth))
        levels[one.variant_id, location_id] = replace(
            level, on_hand=level.on_hand - one.quantity, value=level.value - worth
        )
    return [-done.value for done in move(leaving, document)]


def _worth_leaving(one: Supplied, level: Level) -> Decimal:
    return level.value if one.quantity == level.on_hand else min(one.amount, level.value)
