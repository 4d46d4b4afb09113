"""Reads of registers and shifts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import func, select

from retail.core.db import session
from retail.core.money import ZERO
from retail.payments.models import Payment
from retail.tenancy.models import Location
from retail.till.models import CashMovement, Register, Shift


@dataclass(frozen=True)
class Station:
    """An open register: where a sale is made."""

    register_id: int
    register_name: str
    location_id: int
    location_name: str
    shift_id: int
    opened_at: datetime
    user_id: int


def station_at(register_id: int) -> Station | None:
    """The open shift at a register, or None when it is closed."""
    row = session.execute(
        select(
            Register.id,
            Register.name,
            Register.location_id,
            Location.name.label("location_name"),
            Shift.id.label("shift_id"),
            Shift.opened_at,
            Shift.user_id,
        )
        .join(Shift, (Shift.register_id == Register.id) & Shift.closed_at.is_(None))
        .join(Location, Location.id == Register.location_id)
        .where(Register.id == register_id)
    ).one_or_none()
    if row is None:
        return None
    return Station(row.id, row.name, row.location_id, row.location_name, row.shift_id, row.opened_at, row.user_id)


def registers() -> Sequence[Register]:
    """The registers in use, by name."""
    return session.scalars(select(Register).where(Register.active).order_by(Register.name)).all()


def open_shifts() -> Sequence[Shift]:
    """The shifts that are open now, the oldest first."""
    return session.scalars(select(Shift).where(Shift.closed_at.is_(None)).order_by(Shift.opened_at)).all()


def cash_taken(shift_id: int) -> Decimal:
    """What sales and refunds of a shift put into its drawer."""
    total = session.scalar(
        select(func.sum(Payment.amount)).where(Payment.shift_id == shift_id, Payment.method == "cash")
    )
    return total or ZERO


def cash_moved(shift_id: int) -> Decimal:
    """What pay-ins, pay-outs and drops put into a shift's drawer."""
    return session.scalar(select(func.sum(CashMovement.amount)).where(CashMovement.shift_id == shift_id)) or ZERO


def movements_of(shift_id: int) -> Sequence[CashMovement]:
    """The cash put into and taken out of a shift's drawer, in that order."""
    return session.scalars(
        select(CashMovement).where(CashMovement.shift_id == shift_id).order_by(CashMovement.id)
    ).all()


def tenders_of(shift_id: int) -> dict[str, Decimal]:
    """What each method of payment came to in a shift."""
    rows = session.execute(
        select(Payment.method, func.sum(Payment.amount)).where(Payment.shift_id == shift_id).group_by(Payment.method)
    )
    return {method: amount for method, amount in rows if amount}
