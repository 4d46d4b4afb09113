"""Taking and giving back money."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from flask_babel import gettext as _

from retail.core.audit import current_actor
from retail.core.errors import Refused
from retail.core.money import ZERO
from retail.core.tenancy import insert_owned
from retail.payments.models import METHODS, Payment


@dataclass(frozen=True)
class Tender:
    """One way of paying: for cash what was handed over, else the amount itself."""

    method: str
    amount: Decimal
    reference: str = ""


@dataclass(frozen=True)
class Taken:
    """What a tender comes to once the change is known; `change` is zero but for cash."""

    method: str
    amount: Decimal
    tendered: Decimal
    change: Decimal
    reference: str


def settle(total: Decimal, tenders: Sequence[Tender]) -> list[Taken]:
    """Match tenders to what is due. Cash may exceed it and gives change; other tenders may not.

    Refused when something is missing, a tender is not above zero, or a card would pay more than is due.
    """
    taken: list[Taken] = []
    for tender in tenders:
        if tender.method not in METHODS:
            raise Refused(_("“%(method)s” is no way to pay here.", method=tender.method), field="tenders")
        if tender.amount <= 0:
            raise Refused(_("A tender must be more than nothing."), field="tenders")
    due = total
    for tender in sorted(tenders, key=lambda one: one.method == "cash"):
        if tender.method != "cash" and tender.amount > due:
            raise Refused(_("Only %(due)s is due; only cash gives change.", due=f"{due:f}"), field="tenders")
        used = min(tender.amount, due)
        if used == ZERO and due == ZERO:
            raise Refused(_("The sale is paid already; take the last tender away."), field="tenders")
        taken.append(Taken(tender.method, used, tender.amount, tender.amount - used, tender.reference))
        due -= used
    if due:
        raise Refused(_("%(due)s is still to pay.", due=f"{due:f}"), field="tenders")
    return taken


def record(
    document_id: int,
    taken: Sequence[Taken],
    *,
    location_id: int,
    shift_id: int | None,
    business_date: date,
    occurred_at: datetime,
) -> None:
    """Write payments down; amounts below zero are given back."""
    user_id = current_actor().user_id
    insert_owned(
        Payment,
        [
            {
                "document_id": document_id,
                "shift_id": shift_id,
                "location_id": location_id,
                "method": one.method,
                "amount": one.amount,
                "tendered": one.tendered,
                "reference": one.reference,
                "business_date": business_date,
                "occurred_at": occurred_at,
                "user_id": user_id,
            }
            for one in taken
        ],
    )


PAST_METHOD = "history"
"""How documents of another system were paid is not known; they are posted to an account of their own."""


@dataclass(frozen=True, slots=True)
class PastPayment:
    """What a document of the past came to."""

    document_id: int
    amount: Decimal
    business_date: date
    occurred_at: datetime


def record_past(past: Sequence[PastPayment], *, location_id: int) -> None:
    """Write payments of the past down, in bulk."""
    user_id = current_actor().user_id
    insert_owned(
        Payment,
        [
            {
                "document_id": one.document_id,
                "location_id": location_id,
                "method": PAST_METHOD,
                "amount": one.amount,
                "tendered": one.amount,
                "reference": "",
                "business_date": one.business_date,
                "occurred_at": one.occurred_at,
                "user_id": user_id,
            }
            for one in past
        ],
    )
