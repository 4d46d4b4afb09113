"""What must be true of the figures the night reckons: they are what the moves say."""

from __future__ import annotations

from flask_babel import gettext as _
from sqlalchemy import func, or_, select

from retail.catalog.models import Variant
from retail.core.checks import Fault, check, faults_in
from retail.core.db import session, table_of
from retail.core.money import ZERO, AmountType, QuantityType
from retail.inventory.models import StockAge, StockMonth, StockStanding
from retail.inventory.services.reckoning import reckon_again

FIGURES = [
    column.name
    for column in table_of(StockMonth).columns
    if column.name not in {"id", "tenant_id", "carrying_cost", "net"}
]
"""What is compared. The revenue is told by the sales; a rate of carrying cost that was changed holds from then on."""


@check("stock months", "What reports say of each month of each article is what its moves say.")
def months_are_the_moves() -> list[Fault]:
    """Reckon every month again from the moves alone, and compare all of it; names the first level that differs."""
    wrong, first = 0, ""
    for month, reckoned in reckon_again():
        kept = {
            (row["variant_id"], row["location_id"]): row
            for row in session.execute(
                select(*(getattr(StockMonth, name) for name in FIGURES)).where(StockMonth.month == month)
            ).mappings()
        }
        for key in sorted(kept.keys() | reckoned.keys()):
            row, right = kept.get(key), reckoned.get(key)
            if row is None or right is None or any(row[name] != right[name] for name in FIGURES):
                wrong += 1
                sku = session.scalar(select(Variant.sku).where(Variant.id == key[0])) if not first else ""
                first = first or _(
                    "%(sku)s at location %(place)s in %(month)s is not what its moves say",
                    sku=sku,
                    place=key[1],
                    month=f"{month:%Y-%m}",
                )
    return [Fault(wrong, first)] if wrong else []


@check("age of stock", "The ages of what lies there add up to what lies there.")
def ages_are_the_standings() -> list[Fault]:
    """Compare the sum of the ages of each level with how it stood."""
    sums = (
        select(
            StockAge.variant_id,
            StockAge.location_id,
            func.sum(StockAge.quantity, type_=QuantityType).label("quantity"),
            func.sum(StockAge.value, type_=AmountType).label("value"),
        )
        .group_by(StockAge.variant_id, StockAge.location_id)
        .subquery()
    )
    wrong = (
        select(Variant.sku, StockStanding.location_id)
        .select_from(StockStanding)
        .join(Variant, Variant.id == StockStanding.variant_id)
        .outerjoin(
            sums,
            (sums.c.variant_id == StockStanding.variant_id) & (sums.c.location_id == StockStanding.location_id),
        )
        .where(
            StockStanding.on_hand > 0,
            or_(
                StockStanding.on_hand != func.coalesce(sums.c.quantity, ZERO, type_=QuantityType),
                StockStanding.value != func.coalesce(sums.c.value, ZERO, type_=AmountType),
            ),
        )
        .order_by(StockStanding.id)
    )
    return faults_in(wrong, lambda row: _("%(sku)s at location %(place)s is of other ages", sku=row[0], place=row[1]))
