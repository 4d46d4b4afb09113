"""Counting what was printed, so that a second receipt says that it is one."""

from __future__ import annotations

from sqlalchemy import update

from retail.core.db import session
from retail.orders.models import Order


def note_printed(order_id: int) -> None:
    """Count a receipt that was printed or taken as a file."""
    session.execute(
        update(Order)
        .where(Order.id == order_id)
        .values(copies_printed=Order.copies_printed + 1)
        .execution_options(synchronize_session=False)
    )
