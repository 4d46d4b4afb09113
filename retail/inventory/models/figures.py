"""What the night reckons from the ledger, so that a report reads a row for each article and month, not every move.

They are caches: every row can be made again from the moves, and `flask check` compares the two.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from retail.core.audit import Audited
from retail.core.db import Model
from retail.core.money import ZERO, Amount, Quantity
from retail.core.places import AtPlace
from retail.core.tenancy import OfTenant

AGES: tuple[tuple[int, str], ...] = (
    (30, "000-030"),
    (60, "031-060"),
    (90, "061-090"),
    (180, "091-180"),
    (365, "181-365"),
)
"""Until which age in days goods are counted to which group; the names sort as the ages do."""
OLDEST = "366-"
"""The group of goods that came more than a year ago."""


class StockMonth(OfTenant, AtPlace, Model):
    """What one month did to a level: there is a row for each month in which something lay there, moved, or was missed.

    `opening` and `closing` are what lay there before the first and after the last of its days (`first_day` to
    `last_day`, as ordinals); `quantity_days` and `value_days` are the sums over those days of what lay there in the
    evening: divided by the days they are the average. `received` came from suppliers and opening balances, `sold` is
    less what customers gave back, `transferred` and `adjusted` count what came above zero. `days_out` are days on which
    a selling article was not there, `outs` how often it ran out, `lost` what would have been sold on those days. `net`
    is the revenue of what was sold, told by the sales.
    """

    __tablename__ = "stock_months"
    __table_args__ = (
        UniqueConstraint("tenant_id", "month", "variant_id", "location_id"),
        Index(None, "tenant_id", "variant_id", "location_id"),
    )

    month: Mapped[date]
    variant_id: Mapped[int] = mapped_column(ForeignKey("variants.id"))
    location_id: Mapped[int] = mapped_column(ForeignKey("locations.id"))
    first_day: Mapped[int]
    last_day: Mapped[int]
    opening: Mapped[Quantity]
    opening_value: Mapped[Amount]
    received: Mapped[Quantity] = mapped_column(default=ZERO)
    received_value: Mapped[Amount] = mapped_column(default=ZERO)
    sold: Mapped[Quantity] = mapped_column(default=ZERO)
    sold_cost: Mapped[Amount] = mapped_column(default=ZERO)
    net: Mapped[Amount] = mapped_column(default=ZERO)
    transferred: Mapped[Quantity] = mapped_column(default=ZERO)
    transferred_value: Mapped[Amount] = mapped_column(default=ZERO)
    adjusted: Mapped[Quantity] = mapped_column(default=ZERO)
    adjusted_value: Mapped[Amount] = mapped_column(default=ZERO)
    closing: Mapped[Quantity]
    closing_value: Mapped[Amount]
    moves: Mapped[int] = mapped_column(default=0)
    quantity_days: Mapped[Quantity] = mapped_column(default=ZERO)
    value_days: Mapped[Amount] = mapped_column(default=ZERO)
    carrying_cost: Mapped[Amount] = mapped_column(default=ZERO)
    days_out: Mapped[int] = mapped_column(default=0)
    outs: Mapped[int] = mapped_column(default=0)
    lost: Mapped[Quantity] = mapped_column(default=ZERO)
    first_at: Mapped[datetime | None]
    last_at: Mapped[datetime | None]


class StockStanding(OfTenant, AtPlace, Model):
    """How a level stood in the night before `as_of`: how it sells and what that says about it.

    `sold_28`, `sold_90` and `sold_365` are pieces less those given back, `cost_90` what those of ninety days cost.
    `daily` and `daily_cost` are what is sold on a day on which there is something to sell. `grade` is A, B or C by what
    was sold at cost, `steadiness` X, Y or Z by how much the weeks differ; both empty for what did not sell.
    Nothing was sold and nothing came in for `idle_days`.
    """

    __tablename__ = "stock_standings"
    __table_args__ = (
        UniqueConstraint("tenant_id", "variant_id", "location_id"),
        Index(None, "tenant_id", "location_id"),
    )

    variant_id: Mapped[int] = mapped_column(ForeignKey("variants.id"))
    location_id: Mapped[int] = mapped_column(ForeignKey("locations.id"))
    as_of: Mapped[date]
    on_hand: Mapped[Quantity]
    value: Mapped[Amount]
    sold_28: Mapped[Quantity]
    sold_90: Mapped[Quantity]
    sold_365: Mapped[Quantity]
    cost_90: Mapped[Amount]
    received_90: Mapped[Quantity]
    daily: Mapped[Quantity]
    daily_cost: Mapped[Amount]
    last_received_on: Mapped[date | None]
    last_sold_on: Mapped[date | None]
    idle_days: Mapped[int] = mapped_column(default=0)
    grade: Mapped[str] = mapped_column(default="")
    steadiness: Mapped[str] = mapped_column(default="")


class StockAge(OfTenant, AtPlace, Model):
    """How much of what lay at a location in the night came how long ago (`age` in days), taking it that what came first
    left first."""

    __tablename__ = "stock_ages"
    __table_args__ = (UniqueConstraint("tenant_id", "variant_id", "location_id", "age"),)

    variant_id: Mapped[int] = mapped_column(ForeignKey("variants.id"))
    location_id: Mapped[int] = mapped_column(ForeignKey("locations.id"))
    age: Mapped[str]
    quantity: Mapped[Quantity]
    value: Mapped[Amount]


class StockPolicy(OfTenant, Audited, Model):
    """What a business decides about its stock; without a row everything is as the defaults say.

    `carrying_percent` of its worth is what keeping goods for a year costs: money, room, insurance, what spoils.
    Expired goods are refused unless it `sells_expired`; that they will expire is told `expiry_days` before.
    """

    __tablename__ = "stock_policies"
    __table_args__ = (UniqueConstraint("tenant_id"),)

    carrying_percent: Mapped[int] = mapped_column(default=20)
    sells_expired: Mapped[bool] = mapped_column(default=False)
    expiry_days: Mapped[int] = mapped_column(default=14)
