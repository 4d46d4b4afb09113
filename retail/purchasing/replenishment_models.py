"""What would be ordered again, by which rules, and how those rules would have done."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from retail.core.audit import Audited
from retail.core.db import Model
from retail.core.money import Amount, Quantity
from retail.core.tenancy import OfTenant


class ReplenishmentRule(OfTenant, Audited, Model):
    """How a variant is ordered again where the forecast alone shall not decide: `forecast` (with floor and ceiling),
    `min_max` (up to the maximum once it is at the minimum), `never`."""

    __tablename__ = "replenishment_rules"
    __table_args__ = (UniqueConstraint("tenant_id", "variant_id"),)

    variant_id: Mapped[int] = mapped_column(ForeignKey("variants.id"))
    kind: Mapped[str] = mapped_column(default="forecast")
    minimum: Mapped[Quantity | None]
    maximum: Mapped[Quantity | None]


class OrderProposal(OfTenant, Model):
    """What the night would order of a variant, made anew each night; `figures` are the numbers the reasons are made of.
    `cost` is in the supplier's currency. `order_id` is the draft it went into."""

    __tablename__ = "order_proposals"
    __table_args__ = (UniqueConstraint("tenant_id", "variant_id"), Index(None, "tenant_id", "supplier_id"))

    variant_id: Mapped[int] = mapped_column(ForeignKey("variants.id"))
    supplier_id: Mapped[int] = mapped_column(ForeignKey("suppliers.id"))
    as_of: Mapped[date]
    quantity: Mapped[Quantity]
    unit_cost: Mapped[Amount]
    cost: Mapped[Amount]
    on_hand: Mapped[Quantity]
    incoming: Mapped[Quantity]
    reorder_point: Mapped[Quantity]
    order_up_to: Mapped[Quantity]
    cover_days: Mapped[int | None]
    figures: Mapped[dict[str, Any]] = mapped_column(JSON)
    order_id: Mapped[int | None] = mapped_column(ForeignKey("purchase_orders.id"))


class ReplenishmentTrial(OfTenant, Model):
    """What the rules would have ordered on the history there is, against a plain minimum and maximum."""

    __tablename__ = "replenishment_trials"
    __table_args__ = (UniqueConstraint("tenant_id", "as_of"),)

    as_of: Mapped[date]
    computed_at: Mapped[datetime]
    result: Mapped[dict[str, Any]] = mapped_column(JSON)
