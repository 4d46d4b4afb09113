"""Accounts, the journal, tax rates. Debits are above zero, credits below; an entry sums to nothing."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from retail.core.audit import Audited
from retail.core.db import Model
from retail.core.money import Amount, Rate
from retail.core.tenancy import OfTenant


class Account(OfTenant, Audited, Model):
    """Where money is, is owed, comes from or goes to."""

    __tablename__ = "accounts"
    __table_args__ = (UniqueConstraint("tenant_id", "code"),)

    code: Mapped[str]
    name: Mapped[str]
    kind: Mapped[str]


class TaxRate(OfTenant, Audited, Model):
    """A rate of tax under the code by which products name it."""

    __tablename__ = "tax_rates"
    __table_args__ = (UniqueConstraint("tenant_id", "code"),)

    code: Mapped[str]
    name: Mapped[str]
    rate: Mapped[Rate]


class JournalEntry(OfTenant, Model):
    """One posting; never changed and never deleted, only reversed. `source` names the document, e.g. order 17."""

    __tablename__ = "journal_entries"
    __table_args__ = (Index(None, "tenant_id", "business_date"), Index(None, "tenant_id", "source", "source_id"))

    business_date: Mapped[date]
    posted_at: Mapped[datetime]
    memo: Mapped[str]
    source: Mapped[str]
    source_id: Mapped[int]
    user_id: Mapped[int | None]


class JournalLine(OfTenant, Model):
    """One account's share of an entry."""

    __tablename__ = "journal_lines"
    __table_args__ = (Index(None, "tenant_id", "entry_id"), Index(None, "tenant_id", "account_id"))

    entry_id: Mapped[int] = mapped_column(ForeignKey("journal_entries.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    amount: Mapped[Amount]
