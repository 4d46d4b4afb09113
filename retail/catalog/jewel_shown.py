"""What a product's page shows of jewelry."""

from __future__ import annotations

from typing import Any

from flask_babel import format_datetime

from retail.catalog import jewel_queries
from retail.catalog.jewel_pricing import in_words
from retail.core.module import person_or_none

INDIA = ("IN", "INR")


def jewelry_of(product_id: int, variant_ids: list[int]) -> dict[str, Any]:
    """What a product's page shows of pieces of jewelry: facts, the working of the price, promises."""
    pieces = jewel_queries.jewels_of(product_id)
    if not pieces:
        return {"pieces": {}, "metals": jewel_queries.has_metals()}
    currency = person_or_none().tenant.currency
    worked = jewel_queries.workings(variant_ids, currency)
    return {
        "pieces": pieces,
        "metals": False,
        "workings": {number: in_words(one.stored(), currency) for number, one in worked.items()},
        "since": {number: format_datetime(one.rate.valid_from, "short") for number, one in worked.items()},
        "locks": jewel_queries.open_locks(variant_ids),
        "moment": lambda instant: format_datetime(instant, "short"),
        "in_india": is_in_india(),
    }


def is_in_india() -> bool:
    """Whether the shop trades in India, where pieces carry a HUID."""
    tenant = person_or_none().tenant
    return bool(tenant.currency == INDIA[1] or tenant.locale.endswith(INDIA[0]))
