"""What must be true of shifts."""

from __future__ import annotations

from flask_babel import gettext as _
from sqlalchemy import or_, select

from retail.core.checks import Fault, check, faults_in
from retail.till.models import Shift


@check("shifts", "A closed shift has a number and a count, and its difference is counted less expected.")
def closed_shifts_are_counted() -> list[Fault]:
    """Look at every closed shift."""
    statement = (
        select(Shift.id, Shift.number)
        .where(
            Shift.closed_at.is_not(None),
            or_(
                Shift.number.is_(None),
                Shift.counted.is_(None),
                Shift.expected.is_(None),
                Shift.difference.is_(None),
                Shift.counted - Shift.expected != Shift.difference,
            ),
        )
        .order_by(Shift.id)
    )
    return faults_in(statement, lambda row: _("shift %(id)s (%(number)s)", id=row[0], number=row[1] or "–"))
