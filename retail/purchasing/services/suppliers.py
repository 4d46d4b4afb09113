"""Suppliers, what they sell, and what was said."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from babel.core import UnknownLocaleError
from babel.numbers import get_currency_name
from flask_babel import gettext as _
from sqlalchemy import delete, select

from retail.catalog.models import Variant
from retail.core.audit import current_actor, record
from retail.core.clock import now
from retail.core.db import session
from retail.core.errors import NotFound, Refused
from retail.core.money import ZERO
from retail.core.numbers import next_number
from retail.purchasing.models import NOTE_KINDS, PriceBreak, Supplier, SupplierItem, SupplierNote

LONGEST = {"name": 160, "code": 40, "contact": 160, "email": 254, "phone": 40, "address": 400, "country": 60,
           "tax_id": 40, "note": 2000}  # fmt: skip
MAIL = re.compile(r"[^@\s<>,;:\"]+@[^@\s<>,;:\"]+\.[^@\s<>,;:\"]+")
CURRENCY = re.compile(r"[A-Z]{3}")
MOST_DAYS = 365
SHARES = ("discount", "over_tolerance", "under_tolerance", "price_tolerance")


def create_supplier(name: str, currency: str, *, code: str = "", **more: Any) -> Supplier:
    """A new supplier; without a code the next of the series V-1, V-2 … is given. Refused as in `change_supplier`."""
    row = Supplier(code="", name="", currency="", created_at=now())
    session.add(row)
    with session.no_autoflush:
        _fill(row, {"name": name, "currency": currency, "code": code or _next_code(), **more})
    session.flush()
    return row


def change_supplier(supplier: Supplier, **values: Any) -> None:
    """Change what is known of a supplier; an empty code leaves the present one.

    Refused without a name, with a code that is taken, for what is no mail address or currency, and for days, shares and
    amounts that cannot be; `field` says which.
    """
    if not values.get("code"):
        values.pop("code", None)
    with session.no_autoflush:
        _fill(supplier, values)
    session.flush()


def _next_code() -> str:
    code = next_number("suppliers", "V-")
    while session.scalar(select(Supplier.id).where(Supplier.code == code)) is not None:
        code = next_number("suppliers", "V-")
    return code


def _fill(supplier: Supplier, values: Mapping[str, Any]) -> None:
    for field, value in values.items():
        setattr(supplier, field, _checked(supplier, field, value))
    if supplier.orders_itself and not supplier.monthly_budget:
        raise Refused(
            _("Give what may be ordered in a month without anybody looking, or switch it off."), field="monthly_budget"
        )
    if supplier.orders_itself and not supplier.email:
        raise Refused(_("Orders that send themselves need a mail address to go to."), field="email")


def _checked(supplier: Supplier, field: str, value: Any) -> Any:
    if field in LONGEST:
        return _checked_text(supplier, field, str(value or "").strip())
    if field == "currency":
        return checked_currency(str(value or ""))
    if field.endswith("_days"):
        if value is None or not 0 <= value <= MOST_DAYS:
            raise Refused(_("Give a number of days between 0 and %(n)s.", n=MOST_DAYS), field=field)
    elif field in SHARES:
        if value is None or not 0 <= value < 1:
            raise Refused(_("Give a percentage from 0 to 99."), field=field)
    elif field == "service_level":
        if value is None or not Decimal("0.5") <= value <= Decimal("0.999"):
            raise Refused(_("Give a service level between 50 and 99.9 percent."), field=field)
    elif field in {"minimum_order", "monthly_budget"} and (value is None or value < 0):
        raise Refused(_("An amount is not below zero."), field=field)
    return value


def _checked_text(supplier: Supplier, field: str, text: str) -> str:
    if field not in {"address", "note"}:
        text = " ".join(text.split())
    if len(text) > LONGEST[field]:
        raise Refused(_("At most %(n)s characters, please.", n=LONGEST[field]), field=field)
    if field == "name" and not text:
        raise Refused(_("Give the supplier a name."), field="name")
    if field == "email" and text and not MAIL.fullmatch(text):
        raise Refused(_("“%(text)s” is no e-mail address; write it as name@example.com.", text=text[:80]), field=field)
    if field == "code" and text != supplier.code:
        taken = session.scalar(select(Supplier.name).where(Supplier.code == text))
        if taken is not None:
            raise Refused(_("“%(code)s” is the code of %(name)s already.", code=text, name=taken), field="code")
    return text


def checked_currency(text: str) -> str:
    """A currency by its three letters; Refused for what is none."""
    code = text.strip().upper()
    try:
        known = CURRENCY.fullmatch(code) and get_currency_name(code, locale="en") != code
    except UnknownLocaleError:
        known = None
    if not known:
        raise Refused(
            _("“%(text)s” is no currency; write three letters such as EUR.", text=text[:20]), field="currency"
        )
    return code


def archive_supplier(supplier: Supplier) -> None:
    """Take a supplier out of lists; what was ordered stays."""
    supplier.archived_at = now()
    supplier.orders_itself = False


def restore_supplier(supplier: Supplier) -> None:
    """Bring an archived supplier back."""
    supplier.archived_at = None


def note_down(supplier: Supplier, kind: str, text: str) -> SupplierNote:
    """Write into the log of a supplier. Refused without words."""
    text = text.strip()[: LONGEST["note"]]
    if not text:
        raise Refused(_("Write what was said."), field="text")
    if kind not in NOTE_KINDS:
        raise Refused(_("Choose what it was: a call, a mail, a visit."), field="kind")
    actor = current_actor()
    row = SupplierNote(
        supplier_id=supplier.id,
        kind=kind,
        text=text,
        occurred_at=now(),
        user_id=actor.user_id,
        user_name=actor.name,
    )
    session.add(row)
    session.flush()
    record("note", "suppliers", supplier.id, supplier.name, {"log": [None, text[:200]]})
    return row


def set_item(
    supplier: Supplier,
    variant_id: int,
    cost: Decimal,
    *,
    code: str = "",
    pack_size: Decimal = Decimal(1),
    minimum: Decimal = ZERO,
    weight: Decimal | None = None,
    preferred: bool = True,
    breaks: Sequence[tuple[Decimal, Decimal]] = (),
) -> SupplierItem:
    """Say what a supplier asks for a variant; `breaks` are (from how many, cost of one).

    The first supplier of a variant is its preferred one; a later one that is `preferred` takes the place of the other.
    Refused for a cost below zero, a pack of nothing, and breaks that do not rise in number and fall in cost.
    """
    if session.scalar(select(Variant.id).where(Variant.id == variant_id)) is None:
        raise NotFound(_("There is no such article."))
    if cost < 0:
        raise Refused(_("A cost is not below zero."), field="cost")
    if pack_size <= 0:
        raise Refused(_("A pack holds more than nothing."), field="pack_size")
    if minimum < 0:
        raise Refused(_("The smallest quantity is not below zero."), field="minimum")
    if weight is not None and weight <= 0:
        raise Refused(_("A weight is more than nothing; leave it empty when it is not known."), field="weight")
    ladder = sorted(breaks)
    for (fewer, dearer), (more, cheaper) in zip([(ZERO, cost), *ladder], ladder, strict=False):
        if more <= fewer or cheaper >= dearer:
            raise Refused(_("Each price break needs more pieces and a lower cost than the one before."), field="breaks")
    others = list(session.scalars(select(SupplierItem).where(SupplierItem.variant_id == variant_id)))
    row = next((one for one in others if one.supplier_id == supplier.id), None)
    if row is None:
        row = SupplierItem(supplier_id=supplier.id, variant_id=variant_id, cost=cost)
        session.add(row)
    row.code, row.cost, row.pack_size, row.minimum, row.weight = code.strip()[:60], cost, pack_size, minimum, weight
    row.preferred = preferred or not any(one.preferred for one in others if one is not row)
    if row.preferred:
        for one in others:
            if one is not row:
                one.preferred = False
    session.flush()
    session.execute(delete(PriceBreak).where(PriceBreak.item_id == row.id))
    session.add_all(PriceBreak(item_id=row.id, from_quantity=many, cost=lower) for many, lower in ladder)
    session.flush()
    return row


def remove_item(supplier: Supplier, item_id: int) -> None:
    """The supplier does not sell it any more; orders that name it stay. NotFound when there is no such item."""
    row = session.scalar(
        select(SupplierItem).where(SupplierItem.id == item_id, SupplierItem.supplier_id == supplier.id)
    )
    if row is None:
        raise NotFound(_("There is no such article of this supplier."))
    session.execute(delete(PriceBreak).where(PriceBreak.item_id == row.id))
    session.delete(row)
    session.flush()


def learn_cost(supplier_id: int, variant_id: int, cost: Decimal, code: str = "") -> None:
    """What was paid last is what a supplier asks until somebody says otherwise; a new article becomes one of theirs."""
    row = session.scalar(
        select(SupplierItem).where(SupplierItem.supplier_id == supplier_id, SupplierItem.variant_id == variant_id)
    )
    if row is None:
        taken = session.scalar(
            select(SupplierItem.id).where(SupplierItem.variant_id == variant_id, SupplierItem.preferred)
        )
        session.add(
            SupplierItem(supplier_id=supplier_id, variant_id=variant_id, cost=cost, code=code, preferred=taken is None)
        )
    elif row.cost != cost and not session.scalar(select(PriceBreak.id).where(PriceBreak.item_id == row.id).limit(1)):
        row.cost = cost
    session.flush()


def archived_states(supplier_ids: Sequence[int], *, lock: bool = False) -> dict[int, dict[str, Any]]:
    """Whether each supplier is archived."""
    statement = select(Supplier.id, Supplier.archived_at).where(Supplier.id.in_(supplier_ids)).order_by(Supplier.id)
    rows = session.execute(statement.with_for_update() if lock else statement)
    return {row.id: {"archived": row.archived_at is not None} for row in rows}


def set_archived_states(states: Mapping[int, Mapping[str, Any]]) -> None:
    """Archive suppliers, or bring them back."""
    for supplier in session.scalars(select(Supplier).where(Supplier.id.in_(states)).order_by(Supplier.id)):
        (archive_supplier if states[supplier.id]["archived"] else restore_supplier)(supplier)
    session.flush()
