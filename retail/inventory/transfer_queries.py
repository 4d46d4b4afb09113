"""Reads of transfers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from retail.catalog.models import Product, Variant
from retail.core.db import session
from retail.core.errors import NotFound
from retail.core.money import ZERO
from retail.identity.models import User
from retail.inventory.models import StockDocument, StockLevel, StockTransfer, StockTransferLine
from retail.tenancy.models import Location


@dataclass(frozen=True)
class LineShown:
    """A line of a transfer with what it is of; `there` is what may leave the sending location now."""

    line: StockTransferLine
    variant_id: int
    name: str
    sku: str
    unit: str
    there: Decimal
    picture: int | None
    tracking: str

    @property
    def in_transit(self) -> Decimal:
        """See `StockTransferLine.in_transit`."""
        return self.line.in_transit


@dataclass(frozen=True)
class TransferShown:
    """A transfer with all its page shows."""

    transfer: StockTransfer
    location_name: str
    to_location_name: str
    requested_by: str
    shipped_by: str
    lines: Sequence[LineShown]
    papers: Sequence[StockDocument]

    @property
    def on_the_way(self) -> Decimal:
        """How many pieces are in transit."""
        return sum((one.in_transit for one in self.lines), ZERO)

    @property
    def value(self) -> Decimal:
        """What the pieces in transit are worth."""
        return sum((one.line.value_left for one in self.lines), ZERO)


def transfer_numbered(transfer_id: int) -> TransferShown:
    """A transfer with its lines and papers; NotFound when there is none."""
    there, asker, shipper = aliased(Location), aliased(User), aliased(User)
    row = session.execute(
        select(
            StockTransfer,
            Location.name,
            there.name,
            func.coalesce(asker.name, ""),
            func.coalesce(shipper.name, ""),
        )
        .join(Location, Location.id == StockTransfer.location_id)
        .join(there, there.id == StockTransfer.to_location_id)
        .outerjoin(asker, asker.id == StockTransfer.requested_by_id)
        .outerjoin(shipper, shipper.id == StockTransfer.shipped_by_id)
        .where(StockTransfer.id == transfer_id)
    ).one_or_none()
    if row is None:
        raise NotFound(_("There is no such transfer."))
    lines = session.execute(
        select(
            StockTransferLine,
            Variant.id,
            Variant.name,
            Variant.sku,
            Variant.unit,
            func.coalesce(StockLevel.sellable, ZERO, type_=StockLevel.on_hand.type),
            Product.image_file_id,
            Product.tracking,
        )
        .join(Variant, Variant.id == StockTransferLine.variant_id)
        .join(Product, Product.id == Variant.product_id)
        .outerjoin(StockLevel, (StockLevel.variant_id == Variant.id) & (StockLevel.location_id == row[0].location_id))
        .where(StockTransferLine.transfer_id == transfer_id)
        .order_by(StockTransferLine.id)
    )
    papers = session.scalars(
        select(StockDocument).where(StockDocument.transfer_id == transfer_id).order_by(StockDocument.id)
    ).all()
    return TransferShown(*row, [LineShown(*one) for one in lines], papers)
