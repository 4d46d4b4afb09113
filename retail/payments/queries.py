"""Reads of payments."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from retail.core.db import session
from retail.payments.models import Payment


def payments_of(document_id: int) -> Sequence[Payment]:
    """How a document was paid, in the order taken."""
    return session.scalars(select(Payment).where(Payment.document_id == document_id).order_by(Payment.id)).all()
