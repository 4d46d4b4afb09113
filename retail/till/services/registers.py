"""The registers of a business."""

from __future__ import annotations

from flask_babel import gettext as _
from sqlalchemy import select

from retail.core.db import session
from retail.core.errors import Refused
from retail.till.models import Register


def add_register(name: str, location_id: int) -> Register:
    """A till at a location. Refused when another has its name."""
    name = " ".join(name.split())
    if session.scalar(select(Register.id).where(Register.name == name)) is not None:
        raise Refused(_("There is a register “%(name)s” already.", name=name), field="name")
    register = Register(name=name, location_id=location_id)
    session.add(register)
    session.flush()
    return register
