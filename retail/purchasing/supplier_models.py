"""Who the shop buys from, what each of them sells at which cost, and what was said."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from retail.core.audit import Audited
from retail.core.db import Model
from retail.core.money import ZERO, Amount, Quantity, Rate
from retail.core.tenancy import OfTenant

NOTE_KINDS = ("note", "call", "mail", "visit", "complaint")
"""What an entry of the log of a supplier may be."""


class Supplier(OfTenant, Audited, Model):
    """Somebody the shop buys from.

    Amounts are in the supplier's `currency`, `monthly_budget` in that of the shop. `lead_days` is what they say a
    delivery takes; what it takes is measured from receipts. Shares (0.02 is 2 %): `discount` for paying within
    `discount_days`, `over_tolerance` and `under_tolerance` of the quantity of a line, `price_tolerance` of its cost.
    `orders_itself`: the night sends what it proposes, up to `monthly_budget`.
    """

    __tablename__ = "suppliers"
    __table_args__ = (UniqueConstraint("tenant_id", "code"), Index(None, "tenant_id", "name"))

    code: Mapped[str]
    name: Mapped[str]
    contact: Mapped[str] = mapped_column(default="")
    email: Mapped[str] = mapped_column(default="")
    phone: Mapped[str] = mapped_column(default="")
    address: Mapped[str] = mapped_column(default="")
    country: Mapped[str] = mapped_column(default="")
    tax_id: Mapped[str] = mapped_column(default="")
    currency: Mapped[str]
    payment_days: Mapped[int] = mapped_column(default=30)
    discount: Mapped[Rate] = mapped_column(default=ZERO)
    discount_days: Mapped[int] = mapped_column(default=0)
    lead_days: Mapped[int] = mapped_column(default=7)
    review_days: Mapped[int] = mapped_column(default=7)
    minimum_order: Mapped[Amount] = mapped_column(default=ZERO)
    over_tolerance: Mapped[Rate] = mapped_column(default=ZERO)
    under_tolerance: Mapped[Rate] = mapped_column(default=ZERO)
    price_tolerance: Mapped[Rate] = mapped_column(default=ZERO)
    service_level: Mapped[Rate] = mapped_column(default=Decimal("0.95"))
    orders_itself: Mapped[bool] = mapped_column(default=False)
    monthly_budget: Mapped[Amount] = mapped_column(default=ZERO)
    note: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]


class SupplierItem(OfTenant, Audited, Model):
    """What a supplier calls a variant and asks for one of it, in their currency.

    It is ordered in packs of `pack_size`, at least `minimum`; one weighs `weight` kilograms. A variant has one
    `preferred` supplier: the one the night proposes to order from.
    """

    __tablename__ = "supplier_items"
    __table_args__ = (
        UniqueConstraint("tenant_id", "supplier_id", "variant_id"),
        Index(None, "tenant_id", "variant_id"),
    )

    supplier_id: Mapped[int] = mapped_column(ForeignKey("suppliers.id"))
    variant_id: Mapped[int] = mapped_column(ForeignKey("variants.id"))
    code: Mapped[str] = mapped_column(default="")
    cost: Mapped[Amount]
    pack_size: Mapped[Quantity] = mapped_column(default=Decimal(1))
    minimum: Mapped[Quantity] = mapped_column(default=ZERO)
    weight: Mapped[Quantity | None]
    preferred: Mapped[bool] = mapped_column(default=True)


class PriceBreak(OfTenant, Audited, Model):
    """What one costs when at least so many are ordered at once."""

    __tablename__ = "price_breaks"
    __table_args__ = (UniqueConstraint("tenant_id", "item_id", "from_quantity"),)

    item_id: Mapped[int] = mapped_column(ForeignKey("supplier_items.id"))
    from_quantity: Mapped[Quantity]
    cost: Mapped[Amount]


class SupplierNote(OfTenant, Model):
    """An entry in the log of a supplier: what was said, written or seen. Never changed."""

    __tablename__ = "supplier_notes"
    __table_args__ = (Index(None, "tenant_id", "supplier_id"),)

    supplier_id: Mapped[int] = mapped_column(ForeignKey("suppliers.id"))
    kind: Mapped[str] = mapped_column(default="note")
    text: Mapped[str]
    occurred_at: Mapped[datetime]
    user_id: Mapped[int | None]
    user_name: Mapped[str] = mapped_column(default="")
