"""The figures of money taken: one definition each."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, case, func, select

from retail.core.datasets import Dataset, Dimension, Measure
from retail.identity.models import User
from retail.payments.models import Payment
from retail.permissions import Can
from retail.tenancy.models import Location


def _payments() -> Select[Any]:
    return (
        select()
        .select_from(Payment)
        .outerjoin(Location, Location.id == Payment.location_id)
        .outerjoin(User, User.id == Payment.user_id)
    )


TENDERS = Dataset(
    name="tenders",
    label=_l("Money taken"),
    about=_l("Every payment of every document; what was given back is below zero, change is left out."),
    source=_payments,
    at=Payment.business_date,
    needs=Can.VIEW_REPORTS,
    default_measures=("payments", "amount"),
    measures={
        "payments": Measure(_l("Payments"), func.count(Payment.id)),
        "amount": Measure(_l("Amount"), func.sum(Payment.amount), "money", _l("Taken less given back.")),
        "taken": Measure(_l("Taken"), func.sum(case((Payment.amount > 0, Payment.amount), else_=0)), "money"),
        "given_back": Measure(_l("Given back"), func.sum(case((Payment.amount < 0, Payment.amount), else_=0)), "money"),
    },
    dimensions={
        "method": Dimension(_l("Way to pay"), Payment.method),
        "location": Dimension(_l("Location"), func.coalesce(Location.name, "")),
        "cashier": Dimension(_l("Cashier"), func.coalesce(User.name, "")),
    },
)
