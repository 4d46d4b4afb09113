"""Where somebody works on a device."""

from __future__ import annotations

from sqlalchemy import update

from retail.core.db import session
from retail.identity.models import UserSession


def use_register(session_id: int, register_id: int | None, location_id: int | None) -> None:
    """Remember at which register somebody sells on this device, and where that stands; None forgets it."""
    session.execute(
        update(UserSession)
        .where(UserSession.id == session_id)
        .values(register_id=register_id, till_location_id=location_id),
        execution_options={"synchronize_session": False},
    )
