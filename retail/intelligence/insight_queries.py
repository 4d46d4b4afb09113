"""What the pages on scores and forecasts show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from retail.catalog.models import Variant
from retail.core import datasets
from retail.core.db import session
from retail.core.errors import NotFound
from retail.core.money import ZERO
from retail.intelligence.datasets import CUSTOMER_SCORES
from retail.intelligence.models import ProductForecast, ScoreRun
from retail.intelligence.rfm import Segment

SHADES = 5


@dataclass(frozen=True)
class HeatCell:
    """The customers of one recency and one frequency score; `shade` runs from 0 (nobody) to 5 (most)."""

    r: int
    f: int
    customers: int
    monetary: Decimal
    shade: int


def heat_cells() -> list[list[HeatCell]]:
    """Recency by frequency: rows from the best recency score down, columns from the least frequency score up."""
    found = {(row["r"], row["f"]): row for row in CUSTOMER_SCORES.ask(["customers", "monetary"], by=["r", "f"])}
    most = max((row["customers"] for row in found.values()), default=1)

    def cell(r: int, f: int) -> HeatCell:
        row = found.get((r, f))
        if row is None:
            return HeatCell(r, f, 0, ZERO, 0)
        # By the root: a few cells hold most customers, and the rest should still be told apart.
        shade = max(1, round(SHADES * (row["customers"] / most) ** 0.5))
        return HeatCell(r, f, row["customers"], row["monetary"], shade)

    return [[cell(r, f) for f in range(1, 6)] for r in range(5, 0, -1)]


@dataclass(frozen=True)
class SegmentShare:
    """One segment: how many customers, what they spent, and the share of each in the whole."""

    segment: Segment
    customers: int
    customer_share: float
    monetary: Decimal
    money_share: float

    @property
    def average(self) -> Decimal:
        """What one customer of it spent."""
        return self.monetary / self.customers if self.customers else ZERO


def segment_shares() -> list[SegmentShare]:
    """Every segment, the best first, also where nobody is in it."""
    found = {row["segment"]: row for row in CUSTOMER_SCORES.ask(["customers", "monetary"], by=["segment"])}
    customers = sum(row["customers"] for row in found.values()) or 1
    monetary = sum((row["monetary"] for row in found.values()), ZERO) or Decimal(1)
    nobody: Mapping[str, Any] = {"customers": 0, "monetary": ZERO}
    return [
        SegmentShare(
            one,
            (row := found.get(one.value, nobody))["customers"],
            row["customers"] / customers,
            row["monetary"],
            float(row["monetary"] / monetary),
        )
        for one in Segment
    ]


@dataclass(frozen=True)
class ScoreMeaning:
    """What one score stood for in a scoring: the ends of its ranges, None where a range is open. Ranges of days and
    purchases hold both ends; money is above `money_from`.
    """

    score: int
    days_from: int
    days_to: int | None
    purchases_from: int
    purchases_to: int | None
    money_from: Decimal | None
    money_to: Decimal | None


def score_meanings(run: ScoreRun) -> list[ScoreMeaning]:
    """What the scores from 5 down to 1 stood for in a scoring."""
    r, f, m = (run.limits[name] for name in ("r", "f", "m"))
    meanings = []
    for score in range(5, 0, -1):
        nearer = 5 - score
        low, high = score - 2, score - 1
        meanings.append(
            ScoreMeaning(
                score,
                1 if nearer == 0 else int(r[nearer - 1]) + 1,
                None if nearer == 4 else int(r[nearer]),
                1 if low < 0 else int(f[low]) + 1,
                None if high > 3 else int(f[high]),
                None if low < 0 else Decimal(str(m[low])),
                None if high > 3 else Decimal(str(m[high])),
            )
        )
    return meanings


def forecast_of(variant_id: int) -> ProductForecast:
    """The forecast of a variant, with the variant and its product; NotFound when there is none."""
    found = session.scalar(
        select(ProductForecast)
        .where(ProductForecast.variant_id == variant_id)
        .options(joinedload(ProductForecast.variant).joinedload(Variant.product))
    )
    if found is None:
        raise NotFound(_("There is no forecast of this product: it did not sell in the last half year, or is new."))
    return found


def on_hand_of(sku: str) -> list[tuple[str, Decimal]]:
    """What lies where of a SKU: location and quantity."""
    rows = datasets.get("stock").ask(["on_hand"], by=["location"], where={"sku": sku})
    return [(row["location"], row["on_hand"]) for row in rows]


def by_week(days: Sequence[float]) -> list[float]:
    """Sums of seven days, counted back from the last; what is left at the beginning is no whole week and falls away."""
    whole = list(days)[len(days) % 7 :]
    return [round(sum(whole[start : start + 7]), 3) for start in range(0, len(whole), 7)]
