"""Opening and closing registers, and cash that moves for other reasons than a sale."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from retail.core.audit import current_actor
from retail.core.clock import now
from retail.core.db import session
from retail.core.errors import NotFound, Refused
from retail.core.events import emit
from retail.core.money import ZERO
from retail.core.numbers import next_number
from retail.events.till import ShiftClosed, ShiftOpened
from retail.finance import services as finance
from retail.finance.services import Posting
from retail.orders.models import Order
from retail.tenancy.queries import current_tenant
from retail.till.models import SHIFT_FLOW, CashMovement, Register, Shift
from retail.till.queries import cash_moved, cash_taken, station_at, tenders_of

CASH_KINDS = {"pay_in": 1, "pay_out": -1, "drop": -1}
"""Why cash moves, and which way: a drop takes it to the safe."""


def open_shift(register_id: int, opening_float: Decimal, user_id: int) -> Shift:
    """Open a register with what lies in its drawer. The float is taken from and goes back to the safe in the books."""
    register = session.get(Register, register_id)
    if register is None or not register.active:
        raise NotFound(_("There is no such register."), field="register")
    if opening_float < 0:
        raise Refused(_("A float cannot be below zero."), field="opening_float")
    if station_at(register_id):
        raise Refused(_("%(register)s is open already; close it first.", register=register.name), field="register")
    shift = Shift(
        register_id=register_id,
        location_id=register.location_id,
        user_id=user_id,
        business_date=current_tenant().today(),
        opened_at=now(),
        opening_float=opening_float,
    )
    session.add(shift)
    try:
        session.flush()
    except IntegrityError:
        raise Refused(_("%(register)s was opened by somebody else just now.", register=register.name)) from None
    finance.post(
        Posting(
            "shift",
            shift.id,
            _("Float for %(register)s", register=register.name),
            current_tenant().today(),
            {"1000": opening_float, "1050": -opening_float},
        )
    )
    emit(ShiftOpened(shift_id=shift.id, register_id=register_id, location_id=shift.location_id))
    return shift


def move_cash(shift_id: int, kind: str, amount: Decimal, reason: str) -> CashMovement:
    """Put cash into or take it out of the drawer, with a reason."""
    shift = _open(shift_id)
    if kind not in CASH_KINDS:
        raise Refused(_("Choose pay in, pay out or drop."), field="kind")
    if amount <= 0:
        raise Refused(_("The amount must be more than nothing."), field="amount")
    if not reason.strip():
        raise Refused(_("Say what the cash is for."), field="reason")
    signed = amount * CASH_KINDS[kind]
    movement = CashMovement(
        shift_id=shift.id,
        kind=kind,
        amount=signed,
        reason=reason.strip(),
        occurred_at=now(),
        user_id=current_actor().user_id,
    )
    session.add(movement)
    session.flush()
    against = "1050" if kind == "drop" else "5300"
    finance.post(
        Posting(
            "cash_movement", movement.id, reason.strip(), current_tenant().today(), {"1000": signed, against: -signed}
        )
    )
    return movement


def expected_cash(shift: Shift) -> Decimal:
    """What the drawer should hold: float, cash sales less cash refunds, and cash moved."""
    return shift.opening_float + cash_taken(shift.id) + cash_moved(shift.id)


def count_of(denominations: Mapping[str, int]) -> Decimal:
    """What a count by denomination comes to; Refused for what is no coin or no whole number of them."""
    total = ZERO
    for face, pieces in denominations.items():
        try:
            value = Decimal(face)
        except InvalidOperation:
            raise Refused(_("“%(face)s” is no coin or note.", face=face), field="denominations") from None
        if pieces < 0:
            raise Refused(_("%(face)s: a count cannot be below zero.", face=face), field="denominations")
        total += value * pieces
    return total


def close_shift(shift_id: int, denominations: Mapping[str, int], note: str = "") -> Shift:
    """Close a shift by a blind count. Expected, counted and difference are frozen here and never computed again; the
    difference is posted, and what was counted goes to the safe."""
    shift = _open(shift_id)
    counted, expected = count_of(denominations), expected_cash(shift)
    difference = counted - expected
    shift.denominations = {face: pieces for face, pieces in denominations.items() if pieces}
    shift.counted, shift.expected, shift.difference = counted, expected, difference
    shift.number = next_number("z", "Z-")
    shift.closed_at, shift.closed_by_id, shift.note = now(), current_actor().user_id, note.strip()
    shift.summary = _summary(shift)
    SHIFT_FLOW.move(shift, "closed")
    session.flush()
    finance.post(
        Posting(
            "shift",
            shift.id,
            _("Close %(number)s", number=shift.number),
            current_tenant().today(),
            {"1000": -expected, "1050": counted, "5200": -difference},
        )
    )
    emit(
        ShiftClosed(
            shift_id=shift.id,
            register_id=shift.register_id,
            location_id=shift.location_id,
            number=shift.number,
            difference=str(difference),
        )
    )
    return shift


def _summary(shift: Shift) -> dict[str, object]:
    """The figures of the Z report, as text, frozen with the shift."""
    documents = {
        kind: {"count": count, "gross": str(gross), "tax": str(tax), "discount": str(discount)}
        for kind, count, gross, tax, discount in session.execute(
            select(Order.kind, func.count(), func.sum(Order.gross), func.sum(Order.tax), func.sum(Order.discount))
            .where(Order.shift_id == shift.id)
            .group_by(Order.kind)
        )
    }
    return {
        "documents": documents,
        "tenders": {method: str(amount) for method, amount in tenders_of(shift.id).items()},
        "cash_moved": str(cash_moved(shift.id)),
    }


def _open(shift_id: int) -> Shift:
    shift = session.scalar(select(Shift).where(Shift.id == shift_id).with_for_update())
    if shift is None:
        raise NotFound(_("There is no such shift."))
    if shift.closed_at is not None:
        raise Refused(_("This shift is closed."))
    return shift
