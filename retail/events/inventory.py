"""What happens to stock."""

from __future__ import annotations

from retail.core.events import Happening, event


@event("stock.low")
class StockRanLow(Happening):
    """A variant fell to its reorder point at a location, having been above it."""

    variant_id: int
    location_id: int
    sku: str
    name: str
    on_hand: str
    reorder_point: str

    @property
    def aggregate(self) -> str:
        return f"level:{self.variant_id}:{self.location_id}"


@event("stock.replenished")
class StockReplenished(Happening):
    """A variant that was low rose above its reorder point."""

    variant_id: int
    location_id: int

    @property
    def aggregate(self) -> str:
        return f"level:{self.variant_id}:{self.location_id}"


@event("stock.received")
class StockReceived(Happening):
    """Goods came in from a supplier."""

    location_id: int
    lines: int
    reference: str


@event("stock.adjusted")
class StockAdjusted(Happening):
    """Somebody corrected a level, with a reason."""

    location_id: int
    variant_id: int
    quantity: str
    reason: str


@event("stock.transferred")
class StockTransferred(Happening):
    """Goods went from one location to another."""

    from_location_id: int
    to_location_id: int
    lines: int
    number: str
