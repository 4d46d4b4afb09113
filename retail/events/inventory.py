"""What happens to stock."""

from __future__ import annotations

from retail.core.events import Happening, event


@event("stock.low")
class StockRanLow(Happening):
    """A variant fell to its reorder point at a location, having been above it; `on_hand` is what is left to sell."""

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


@event("stock.expires")
class StockExpires(Happening):
    """A lot that lies in the shop expires soon."""

    lot_id: int
    number: str
    name: str
    expires_on: str
    on_hand: str

    @property
    def aggregate(self) -> str:
        return f"lot:{self.lot_id}"


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


@event("stock.counted")
class StockCounted(Happening):
    """A count was booked: so many lines were counted, so many of them differed."""

    count_id: int
    number: str
    location_id: int
    lines: int
    differences: int

    @property
    def aggregate(self) -> str:
        return f"count:{self.count_id}"


@event("stock.sent")
class TransferSent(Happening):
    """Goods left a location for another and are in transit."""

    transfer_id: int
    number: str
    from_location_id: int
    to_location_id: int
    lines: int

    @property
    def aggregate(self) -> str:
        return f"transfer:{self.transfer_id}"


@event("stock.arrived")
class TransferArrived(Happening):
    """Goods of a transfer arrived, all or some; `state` is the transfer's afterwards, `missing` and `damaged` how many
    did not come as they were sent."""

    transfer_id: int
    number: str
    from_location_id: int
    to_location_id: int
    state: str
    missing: str
    damaged: str

    @property
    def aggregate(self) -> str:
        return f"transfer:{self.transfer_id}"


@event("stock.transfer_cancelled")
class TransferCancelled(Happening):
    """A transfer was given up before anything of it arrived."""

    transfer_id: int
    number: str
    from_location_id: int
    to_location_id: int

    @property
    def aggregate(self) -> str:
        return f"transfer:{self.transfer_id}"


@event("stock.held")
class StockHeld(Happening):
    """Goods were reserved for somebody, or set aside: `hold_kind` is reserved, committed, damaged or
    quality_control."""

    hold_id: int
    variant_id: int
    location_id: int
    hold_kind: str
    quantity: str
    owner: str
    owner_id: int | None

    @property
    def aggregate(self) -> str:
        return f"hold:{self.hold_id}"


@event("stock.hold_ended")
class HoldEnded(Happening):
    """A hold on goods ended: `by` is fulfilled, released or expired."""

    hold_id: int
    variant_id: int
    location_id: int
    owner: str
    owner_id: int | None
    by: str

    @property
    def aggregate(self) -> str:
        return f"hold:{self.hold_id}"
