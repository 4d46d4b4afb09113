"""Reads of the books."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import func, select

from retail.core.db import session
from retail.core.money import ZERO, AmountType
from retail.finance.models import Account, JournalLine


def balance(code: str) -> Decimal:
    """What an account of the tenant we are in stands at: debits less credits of all time."""
    total = select(func.sum(JournalLine.amount, type_=AmountType)).join(Account, Account.id == JournalLine.account_id)
    return session.scalar(total.where(Account.code == code)) or ZERO
