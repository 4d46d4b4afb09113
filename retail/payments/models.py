"""Tenders: how a sale was paid, and how a refund was paid back."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from retail.core.db import Model
from retail.core.money import Amount
from retail.core.places import AtPlace
from retail.core.tenancy import OfTenant

METHODS = ("cash", "card", "account", "store_credit")


class Payment(OfTenant, AtPlace, Model):
    """Money taken (above zero) or given back (below zero) for a document. For cash, `tendered` less `amount` is change.

    `document_id` is the order's id; orders stand above payments, so there is no foreign key, and the integrity check
    proves that none is orphaned.
    """

    __tablename__ = "payments"
    __table_args__ = (
        Index(None, "tenant_id", "document_id"),
        Index(None, "tenant_id", "shift_id"),
        Index(None, "tenant_id", "business_date"),
    )

    document_id: Mapped[int]
    shift_id: Mapped[int | None]
    location_id: Mapped[int] = mapped_column(ForeignKey("locations.id"))
    method: Mapped[str]
    amount: Mapped[Amount]
    tendered: Mapped[Amount | None]
    reference: Mapped[str] = mapped_column(default="")
    business_date: Mapped[date]
    occurred_at: Mapped[datetime]
    user_id: Mapped[int | None]
