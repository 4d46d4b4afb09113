"""One order for all channels: what was sold, returned, corrected or written off, and at what price."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from retail.catalog.models import Variant
from retail.core.db import Model
from retail.core.money import ZERO, Amount, Quantity, Rate
from retail.core.places import AtPlace
from retail.core.states import Flow
from retail.core.tenancy import OfTenant
from retail.customers.models import Customer
from retail.tenancy.models import Location

KINDS = ("sale", "return", "void", "adjustment", "write_off")
"""`return` and `void` reverse a sale; `adjustment` corrects money; `write_off` takes goods out at no price."""

FLOW = Flow(
    "order",
    start="paid",
    ends=("refunded", "voided", "closed"),
    steps={
        "paid": ("part_refunded", "refunded", "voided", "closed"),
        "part_refunded": ("part_refunded", "refunded"),
        "refunded": (),
        "voided": (),
        "closed": (),
    },
)


class Order(OfTenant, AtPlace, Model):
    """A posted document. Totals are exact sums of the lines; `total` is what was paid, and `rounding` the difference:
    total = gross + rounding. Amounts of returns and voids are below zero.

    `key` comes from whoever sends the order and makes sending it twice harmless. `origin` names the document of another
    system that this one, or several, was taken over from.
    """

    __tablename__ = "orders"
    __table_args__ = (
        UniqueConstraint("tenant_id", "key"),
        UniqueConstraint("tenant_id", "number"),
        CheckConstraint("gross = net + tax", name="net_and_tax_are_gross"),
        CheckConstraint("total = gross + rounding", name="total_is_gross_and_rounding"),
        Index(None, "tenant_id", "business_date", "hour"),
        Index(None, "tenant_id", "occurred_at"),
        Index(None, "tenant_id", "customer_id"),
        Index(None, "tenant_id", "shift_id"),
        Index(None, "tenant_id", "reverses_id"),
        Index(
            "ix_orders_origin",
            "tenant_id",
            "origin",
            sqlite_where=text("origin <> ''"),
            postgresql_where=text("origin <> ''"),
        ),
    )

    number: Mapped[str]
    key: Mapped[str]
    kind: Mapped[str]
    channel: Mapped[str]
    state: Mapped[str] = mapped_column(default=FLOW.start)
    location_id: Mapped[int] = mapped_column(ForeignKey("locations.id"))
    register_id: Mapped[int | None]
    shift_id: Mapped[int | None]
    user_id: Mapped[int | None]
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id"))
    country: Mapped[str] = mapped_column(default="")
    currency: Mapped[str]
    business_date: Mapped[date]
    hour: Mapped[int]
    occurred_at: Mapped[datetime]
    received_at: Mapped[datetime]
    discount: Mapped[Amount] = mapped_column(default=ZERO)
    net: Mapped[Amount]
    tax: Mapped[Amount]
    gross: Mapped[Amount]
    rounding: Mapped[Amount] = mapped_column(default=ZERO)
    total: Mapped[Amount]
    reverses_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id"))
    reason: Mapped[str] = mapped_column(default="")
    note: Mapped[str] = mapped_column(default="")
    origin: Mapped[str] = mapped_column(default="")
    copies_printed: Mapped[int] = mapped_column(default=0)

    lines: Mapped[list[OrderLine]] = relationship(lazy="raise_on_sql", viewonly=True, order_by="OrderLine.position")
    customer: Mapped[Customer | None] = relationship(lazy="raise_on_sql", viewonly=True)
    location: Mapped[Location] = relationship(lazy="raise_on_sql", viewonly=True)


class OrderLine(OfTenant, AtPlace, Model):
    """What was sold and for how much. `list_price` is the price before discounts, per unit; `line_discount` and
    `cart_discount` are this line's own and its stored share of the cart's; gross = quantity × list price − discounts
    where prices include tax. Refunds copy these shares and never compute them again. `working` is how a price that
    follows a metal's rate was reckoned.
    """

    __tablename__ = "order_lines"
    within = "order_id"
    __table_args__ = (
        CheckConstraint("gross = net + tax", name="net_and_tax_are_gross"),
        Index(None, "tenant_id", "order_id"),
        Index(None, "tenant_id", "variant_id"),
        Index(None, "tenant_id", "reverses_id"),
    )

    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    position: Mapped[int]
    variant_id: Mapped[int] = mapped_column(ForeignKey("variants.id"))
    sku: Mapped[str]
    description: Mapped[str]
    quantity: Mapped[Quantity]
    list_price: Mapped[Amount]
    line_discount: Mapped[Amount] = mapped_column(default=ZERO)
    cart_discount: Mapped[Amount] = mapped_column(default=ZERO)
    discount_reason: Mapped[str] = mapped_column(default="")
    tax_code: Mapped[str] = mapped_column(default="")
    tax_rate: Mapped[Rate] = mapped_column(default=ZERO)
    net: Mapped[Amount]
    tax: Mapped[Amount]
    gross: Mapped[Amount]
    cost: Mapped[Amount] = mapped_column(default=ZERO)
    working: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    reverses_id: Mapped[int | None] = mapped_column(ForeignKey("order_lines.id"))
    returned: Mapped[Quantity] = mapped_column(default=ZERO)

    order: Mapped[Order] = relationship(lazy="raise_on_sql", viewonly=True)
    variant: Mapped[Variant] = relationship(lazy="raise_on_sql", viewonly=True)
