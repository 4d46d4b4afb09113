"""What must be true of the books."""

from __future__ import annotations

from flask_babel import gettext as _
from sqlalchemy import func, or_, select

from retail.core.checks import Fault, check, faults_in
from retail.core.money import AmountType
from retail.finance.models import JournalEntry, JournalLine


@check("journal", "Every entry has lines, and its debits equal its credits.")
def entries_balance() -> list[Fault]:
    """Sum the lines of every entry."""
    total = func.sum(JournalLine.amount, type_=AmountType)
    statement = (
        select(JournalEntry.id, JournalEntry.memo, total)
        .outerjoin(JournalLine, JournalLine.entry_id == JournalEntry.id)
        .group_by(JournalEntry.id, JournalEntry.memo)
        .having(or_(total != 0, total.is_(None)))
        .order_by(JournalEntry.id)
    )
    return faults_in(
        statement,
        lambda row: _(
            "entry %(id)s (%(memo)s) is off by %(by)s",
            id=row[0],
            memo=row[1],
            by=_("all its lines") if row[2] is None else f"{row[2]:f}",
        ),
    )
