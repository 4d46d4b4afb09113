"""What suppliers are found by: name, code, contact, mail address, telephone number."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sqlalchemy import select

from retail.core.db import among, session
from retail.core.search import Searched, SearchText, Watch, searched
from retail.purchasing.models import Supplier


def texts(supplier_ids: Collection[int]) -> Iterator[SearchText]:
    """The texts of suppliers."""
    rows = session.scalars(select(Supplier).where(among(Supplier.id, supplier_ids)).order_by(Supplier.id))
    for row in rows:
        yield SearchText(
            row.id,
            f"{row.name} {row.contact}".strip(),
            codes=(row.code, row.email, row.phone),
            active=row.archived_at is None,
        )


SUPPLIERS = searched(
    Searched(
        "suppliers",
        texts,
        {Supplier: Watch("id", frozenset({"name", "contact", "code", "email", "phone", "archived_at"}))},
        Supplier.id,
    )
)
