"""Gapless document numbers: one row per tenant and series, raised inside the transaction that uses the number."""

from __future__ import annotations

from sqlalchemy import UniqueConstraint, bindparam, insert, update
from sqlalchemy.orm import Mapped, mapped_column

from retail.core.db import BigId, Model, session
from retail.core.tenancy import OfTenant, current_tenant_id


class NumberSeries(OfTenant, Model):
    """The last number given out in a series; rolled back with the document, so no number is ever missing."""

    __tablename__ = "number_series"
    __table_args__ = (UniqueConstraint("tenant_id", "name"),)

    name: Mapped[str]
    prefix: Mapped[str] = mapped_column(default="")
    last: Mapped[int] = mapped_column(default=0)


_RAISE = (
    update(NumberSeries)
    .where(NumberSeries.name == bindparam("series"))
    .values(last=NumberSeries.last + bindparam("count", type_=BigId))
    .returning(NumberSeries.last, NumberSeries.prefix)
    .execution_options(synchronize_session=False)
)


def next_number(series: str, prefix: str = "") -> str:
    """The next number of a series, e.g. `S-1042`; the series begins when first used. Locks the series' row."""
    return reserve_numbers(series, 1, prefix)[0]


def reserve_numbers(series: str, count: int, prefix: str = "") -> list[str]:
    """`count` consecutive numbers at once, for bulk work."""
    raised = session.execute(_RAISE, {"series": series, "count": count}).one_or_none()
    if raised is None:
        session.execute(
            insert(NumberSeries).values(tenant_id=current_tenant_id(), name=series, prefix=prefix, last=count)
        )
        last, shown = count, prefix
    else:
        last, shown = raised
    return [f"{shown}{number}" for number in range(last - count + 1, last + 1)]
