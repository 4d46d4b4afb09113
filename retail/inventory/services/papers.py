"""What the stock verbs that people use share: a paper that is drawn up once, and goods that may be moved at all."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from decimal import Decimal

from flask_babel import gettext as _
from sqlalchemy import select

from retail.catalog.models import Product, Variant
from retail.core.audit import current_actor
from retail.core.clock import now
from retail.core.db import session
from retail.core.errors import NotFound, Refused
from retail.core.numbers import next_number
from retail.core.places import is_here
from retail.inventory.models import StockDocument
from retail.inventory.services.ledger import Document
from retail.tenancy.models import Location
from retail.tenancy.queries import current_tenant

PREFIXES = {
    "receipt": "GR-",
    "adjustment": "ADJ-",
    "transfer": "TR-",
    "dispatch": "DN-",
    "arrival": "AR-",
    "count": "CT-",
}
"""What the numbers of each kind of stock document begin with."""
LONGEST_TEXT = 200


def new_key() -> str:
    """A key for one change to come; a form carries it, so that sending it twice changes stock once."""
    return secrets.token_urlsafe(12)


def paper_of(key: str, location_id: int) -> StockDocument | None:
    """The paper that a key has been used for, or None; then nobody else can use it until this transaction ends.

    Locks the location against other papers, not against sales. NotFound for a location that is not there.
    """
    check_place(location_id, lock=True)
    return session.scalar(select(StockDocument).where(StockDocument.key == key)) if key else None


def check_place(location_id: int, field: str = "location", *, lock: bool = False) -> None:
    """NotFound for a location that is not there, Refused for one that is closed. A paper locks one location only, so
    that two papers never wait for each other."""
    statement = select(Location).where(Location.id == location_id)
    if lock:
        statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    location = session.scalar(statement)
    if location is None or not is_here(location_id):
        raise NotFound(_("There is no such location."), field=field)
    if not location.active:
        raise Refused(_("%(name)s is closed; choose another location.", name=location.name), field=field)


def draw_up(
    kind: str,
    location_id: int,
    key: str,
    *,
    to_location_id: int | None = None,
    transfer_id: int | None = None,
    reference: str = "",
    reason: str = "",
) -> StockDocument:
    """A new paper with the next number of its kind."""
    instant = now()
    paper = StockDocument(
        kind=kind,
        number=next_number(kind, PREFIXES[kind]),
        key=key or new_key(),
        location_id=location_id,
        to_location_id=to_location_id,
        transfer_id=transfer_id,
        reference=" ".join(reference.split())[:LONGEST_TEXT],
        reason=reason,
        business_date=current_tenant().business_date(instant),
        occurred_at=instant,
        user_id=current_actor().user_id,
    )
    session.add(paper)
    session.flush()
    return paper


def document_of(paper: StockDocument, counterpart: str, reason: str) -> Document:
    """A paper as the ledger needs to know it."""
    return Document(counterpart, reason, paper.kind, paper.id, paper.business_date, paper.occurred_at)


def check_goods(variant_ids: Iterable[int]) -> None:
    """NotFound for a variant that is not there, Refused for one that is not kept in stock."""
    wanted = set(variant_ids)
    rows = session.execute(
        select(Variant.id, Variant.name, Product.is_stocked)
        .join(Product, Product.id == Variant.product_id)
        .where(Variant.id.in_(wanted))
    ).all()
    if lost := wanted - {row.id for row in rows}:
        raise NotFound(_("There is no product variant %(id)s.", id=min(lost)), field="lines")
    for row in rows:
        if not row.is_stocked:
            raise Refused(
                _("%(name)s is not kept in stock, so it has no level to change.", name=row.name), field="lines"
            )


def check_quantity(quantity: Decimal) -> None:
    """Refused unless there is something to move."""
    if quantity <= 0:
        raise Refused(_("Every line needs a quantity of more than nothing."), field="lines")
