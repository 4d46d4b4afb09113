"""Jewelry: purities and their rates, what a piece weighs and is made of, and prices that were promised."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from retail.catalog.models import Variant
from retail.core.audit import Audited
from retail.core.db import Model
from retail.core.money import ZERO, Amount, Quantity, Rate
from retail.core.tenancy import OfTenant

MAKING_KINDS = ("per_gram", "fixed", "percent")
WASTAGE_KINDS = ("percent", "grams")
HOURS_OF_A_RATE, HOURS_OF_A_LOCK = 24, 48


class Purity(OfTenant, Audited, Model):
    """A metal in one purity, as it is traded: Gold 22K is 0.916 fine."""

    __tablename__ = "purities"
    __table_args__ = (
        UniqueConstraint("tenant_id", "metal", "name"),
        CheckConstraint("fineness > 0", name="fineness_above_nothing"),
    )

    metal: Mapped[str]
    name: Mapped[str]
    fineness: Mapped[Rate]

    @property
    def words(self) -> str:
        """What people call it: Gold 22K."""
        return f"{self.metal} {self.name}"

    @property
    def audit_label(self) -> str:
        return self.words


class MetalRate(OfTenant, Audited, Model):
    """What a gram of a purity costs from an instant on. Never changed: a wrong rate is followed by a right one."""

    __tablename__ = "metal_rates"
    __table_args__ = (
        Index(None, "tenant_id", "purity_id", "valid_from"),
        Index(None, "tenant_id", "valid_from"),
        CheckConstraint("rate > 0", name="rate_above_nothing"),
    )

    purity_id: Mapped[int] = mapped_column(ForeignKey("purities.id"))
    rate: Mapped[Amount]
    valid_from: Mapped[datetime]
    set_at: Mapped[datetime]
    set_by: Mapped[str] = mapped_column(default="")

    purity: Mapped[Purity] = relationship(lazy="raise_on_sql", viewonly=True)


class RateRule(OfTenant, Audited, Model):
    """The shop's rules: after how many hours a rate is too old to sell at, and for how many a price can be locked."""

    __tablename__ = "rate_rules"
    __table_args__ = (UniqueConstraint("tenant_id"),)

    rate_hours: Mapped[int] = mapped_column(default=HOURS_OF_A_RATE)
    lock_hours: Mapped[int] = mapped_column(default=HOURS_OF_A_LOCK)


class Jewel(OfTenant, Audited, Model):
    """What a variant is as a piece of jewelry, in grams; its price follows the rate of its purity. `stones` are kinds
    with count, carat and worth; `making` is money a gram, money, or percent, as its kind says; `wastage` is percent of
    the net weight or grams.
    """

    __tablename__ = "jewels"
    __table_args__ = (
        UniqueConstraint("tenant_id", "variant_id"),
        Index(None, "tenant_id", "purity_id"),
        Index(None, "tenant_id", "huid"),
        CheckConstraint("net_weight > 0", name="net_weight_above_nothing"),
        CheckConstraint("gross_weight >= net_weight", name="gross_holds_net"),
    )

    variant_id: Mapped[int] = mapped_column(ForeignKey("variants.id"))
    purity_id: Mapped[int] = mapped_column(ForeignKey("purities.id"))
    gross_weight: Mapped[Quantity]
    stone_weight: Mapped[Quantity] = mapped_column(default=ZERO)
    net_weight: Mapped[Quantity]
    making_kind: Mapped[str] = mapped_column(default=MAKING_KINDS[0])
    making: Mapped[Amount] = mapped_column(default=ZERO)
    wastage_kind: Mapped[str] = mapped_column(default=WASTAGE_KINDS[0])
    wastage: Mapped[Amount] = mapped_column(default=ZERO)
    stones: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    other_charges: Mapped[Amount] = mapped_column(default=ZERO)
    certificate_number: Mapped[str] = mapped_column(default="")
    certificate_file_id: Mapped[int | None] = mapped_column(ForeignKey("stored_files.id"))
    huid: Mapped[str] = mapped_column(default="")

    variant: Mapped[Variant] = relationship(lazy="raise_on_sql", viewonly=True)
    purity: Mapped[Purity] = relationship(lazy="raise_on_sql", viewonly=True)

    @property
    def audit_label(self) -> str:
        return self.certificate_number or self.huid

    @property
    def stones_worth(self) -> Decimal:
        """What all stones cost together."""
        return sum((Decimal(one["worth"]) for one in self.stones), ZERO)


class PriceLock(OfTenant, Audited, Model):
    """A price that was promised to somebody until an instant, with its working as it was. Its number at the till sells
    the piece at that price, once.
    """

    __tablename__ = "price_locks"
    __table_args__ = (UniqueConstraint("tenant_id", "number"), Index(None, "tenant_id", "variant_id"))

    number: Mapped[str]
    variant_id: Mapped[int] = mapped_column(ForeignKey("variants.id"))
    price: Mapped[Amount]
    working: Mapped[dict[str, Any]] = mapped_column(JSON)
    promised_to: Mapped[str] = mapped_column(default="")
    locked_at: Mapped[datetime]
    valid_until: Mapped[datetime]
    sold_at: Mapped[datetime | None]
