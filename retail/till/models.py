"""Registers (a cash drawer and printer at a location) and shifts (a cashier's session at one)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from retail.core.audit import Audited
from retail.core.db import Model
from retail.core.money import Amount
from retail.core.places import AtPlace
from retail.core.states import Flow
from retail.core.tenancy import OfTenant
from retail.tenancy.models import Location

SHIFT_FLOW = Flow("shift", start="open", ends=("closed",), steps={"open": ("closed",), "closed": ()})


class Register(OfTenant, AtPlace, Audited, Model):
    """A till: one drawer, one printer, at one location."""

    __tablename__ = "registers"
    __table_args__ = (UniqueConstraint("tenant_id", "name"),)

    name: Mapped[str]
    location_id: Mapped[int] = mapped_column(ForeignKey("locations.id"))
    active: Mapped[bool] = mapped_column(default=True)

    location: Mapped[Location] = relationship(lazy="raise_on_sql", viewonly=True)


class Shift(OfTenant, AtPlace, Audited, Model):
    """From opening with a float to closing with a count. What was expected, counted and the difference are frozen at
    closing and never computed again. At most one shift is open at a register. `business_date` is that of opening."""

    __tablename__ = "shifts"
    __table_args__ = (
        Index(
            "uq_shifts_one_open_per_register",
            "tenant_id",
            "register_id",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index(None, "tenant_id", "opened_at"),
        Index(None, "tenant_id", "business_date"),
    )

    register_id: Mapped[int] = mapped_column(ForeignKey("registers.id"))
    location_id: Mapped[int] = mapped_column(ForeignKey("locations.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    state: Mapped[str] = mapped_column(default=SHIFT_FLOW.start)
    business_date: Mapped[date]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    closed_by_id: Mapped[int | None]
    opening_float: Mapped[Amount]
    denominations: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    counted: Mapped[Amount | None]
    expected: Mapped[Amount | None]
    difference: Mapped[Amount | None]
    number: Mapped[str | None]
    summary: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    note: Mapped[str] = mapped_column(default="")

    register: Mapped[Register] = relationship(lazy="raise_on_sql", viewonly=True)


class CashMovement(OfTenant, AtPlace, Audited, Model):
    """Cash put into (above zero) or taken out of a drawer for another reason than a sale: pay-in, pay-out, drop."""

    __tablename__ = "cash_movements"
    within = "shift_id"
    __table_args__ = (Index(None, "tenant_id", "shift_id"),)

    shift_id: Mapped[int] = mapped_column(ForeignKey("shifts.id"))
    kind: Mapped[str]
    amount: Mapped[Amount]
    reason: Mapped[str]
    occurred_at: Mapped[datetime]
    user_id: Mapped[int | None]
