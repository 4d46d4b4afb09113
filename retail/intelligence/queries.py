"""What scores and forecasts are made from, and what they say. Figures of sales come from the dataset `sales`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from retail.core import datasets
from retail.core.money import AMOUNT_PLACES, scaled
from retail.intelligence.rfm import RfmScores, score

CLEAN = {"clean": "yes"}


@dataclass(frozen=True)
class ScoredCustomers:
    """Every customer who bought before `as_of`, by code: what they spent, and their scores in the same order."""

    as_of: date
    codes: tuple[str, ...]
    monetary: tuple[Decimal, ...]
    scores: RfmScores


def scored_customers(as_of: date) -> ScoredCustomers:
    """Recency, frequency and money of every customer, from clean lines of the business dates before `as_of`.

    A line is clean when the customer is known, the document is no return, and quantity and price are above zero.
    """
    rows = datasets.get("sales").ask(
        ["last_day", "orders", "net_revenue"],
        by=["customer"],
        where=CLEAN,
        between=(None, as_of - timedelta(days=1)),
    )
    # By code point, whatever the database's collation.
    rows.sort(key=lambda row: str(row["customer"]))
    return ScoredCustomers(
        as_of,
        tuple(row["customer"] for row in rows),
        tuple(row["net_revenue"] for row in rows),
        score(
            [row["last_day"].toordinal() for row in rows],
            [row["orders"] for row in rows],
            [scaled(row["net_revenue"], AMOUNT_PLACES) for row in rows],
            reference_day=as_of.toordinal(),
        ),
    )
