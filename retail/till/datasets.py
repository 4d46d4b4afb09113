"""The figures of shifts: one definition each."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, case, func, select

from retail.core.datasets import Dataset, Dimension, Measure
from retail.identity.models import User
from retail.permissions import Can
from retail.tenancy.models import Location
from retail.till.models import Register, Shift


def _shifts() -> Select[Any]:
    return (
        select()
        .select_from(Shift)
        .join(Register, Register.id == Shift.register_id)
        .join(Location, Location.id == Shift.location_id)
        .outerjoin(User, User.id == Shift.user_id)
    )


SHIFTS = Dataset(
    name="shifts",
    label=_l("Shifts"),
    about=_l("Every shift by the business day of its opening; counts and differences are those frozen at closing."),
    source=_shifts,
    at=Shift.business_date,
    needs=Can.SEE_ALL_SHIFTS,
    default_measures=("shifts", "difference"),
    measures={
        "shifts": Measure(_l("Shifts"), func.count(Shift.id)),
        "open": Measure(_l("Open"), func.sum(case((Shift.closed_at.is_(None), 1), else_=0))),
        "expected": Measure(_l("Expected cash"), func.sum(Shift.expected), "money"),
        "counted": Measure(_l("Counted cash"), func.sum(Shift.counted), "money"),
        "difference": Measure(_l("Over or short"), func.sum(Shift.difference), "money", _l("Counted less expected.")),
    },
    dimensions={
        "register": Dimension(_l("Register"), Register.name),
        "location": Dimension(_l("Location"), Location.name),
        "cashier": Dimension(_l("Cashier"), func.coalesce(User.name, "")),
        "state": Dimension(_l("State"), Shift.state),
        "shift": Dimension(_l("Number"), func.coalesce(Shift.number, "")),
    },
)
