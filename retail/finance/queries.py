"""Reads of the books."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import func, select

from retail.core.db import session
from retail.core.money import ZERO, AmountType
from retail.finance.models import Account, JournalEntry, JournalLine


def balance(code: str, until: datetime | None = None) -> Decimal:
    """What an account of the tenant we are in stands at: debits less credits of all time, or of what was posted up to
    an instant."""
    total = select(func.sum(JournalLine.amount, type_=AmountType)).join(Account, Account.id == JournalLine.account_id)
    if until is not None:
        total = total.join(JournalEntry, JournalEntry.id == JournalLine.entry_id).where(JournalEntry.posted_at <= until)
    return session.scalar(total.where(Account.code == code)) or ZERO
