"""The list of shifts."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, func, select

from retail.core.module import can, person_or_none
from retail.core.tables import Column, Filter, Table, choices_of
from retail.identity.models import User
from retail.permissions import Can
from retail.tenancy.models import Location
from retail.till.models import Register, Shift

STATES = {"open": _l("Open"), "closed": _l("Closed")}


class Shifts(Table):
    """Shifts: everybody's to whoever may see them, else one's own."""

    name = "shifts"
    label = _l("Shifts")
    order = "-opened"
    needs = Can.SELL
    row_id = Shift.id
    columns = {
        "register": Column(
            _l("Register"),
            Register.name,
            search=True,
            sortable=False,
            link=lambda row: url_for("till.shift", shift_id=row.row_id),
        ),
        "location": Column(_l("Location"), Location.name, sortable=False),
        "cashier": Column(_l("Cashier"), User.name, search=True, sortable=False),
        "opened": Column(_l("Opened"), Shift.opened_at, "datetime"),
        "closed": Column(_l("Closed"), Shift.closed_at, "datetime"),
        "number": Column(_l("Z report"), func.coalesce(Shift.number, ""), sortable=False),
        "counted": Column(_l("Counted"), Shift.counted, "money"),
        "difference": Column(
            _l("Over or short"), Shift.difference, "money", tone=lambda value: "danger" if value else None
        ),
        "state": Column(
            _l("State"),
            Shift.state,
            show=lambda state: str(STATES.get(state, state)),
            tone=lambda state: "success" if state == "open" else None,
            sortable=False,
        ),
    }
    filters = {
        "state": Filter(_l("State"), lambda s, v: s.where(Shift.state == v), "choice", choices_of(*STATES.items())),
    }
    empty = {
        "title": _l("No shifts yet"),
        "text": _l("A shift begins when a register is opened with its float, and ends with a count."),
        "icon": "clock",
    }

    def source(self) -> Select[Any]:
        statement = (
            select(Shift)
            .join(Register, Register.id == Shift.register_id)
            .join(Location, Location.id == Shift.location_id)
            .join(User, User.id == Shift.user_id)
        )
        if can(Can.SEE_ALL_SHIFTS):
            return statement
        person = person_or_none()
        return statement.where(Shift.user_id == (person.id if person is not None else None))
