"""What happens at the till."""

from __future__ import annotations

from retail.core.events import Happening, event


class _OfOrder(Happening):
    order_id: int

    @property
    def aggregate(self) -> str:
        return f"order:{self.order_id}"


@event("sale.completed")
class SaleCompleted(_OfOrder):
    """A sale was paid. Amounts are decimal text in the tenant's currency; `business_date` is ISO."""

    order_id: int
    number: str
    location_id: int
    business_date: str
    hour: int
    total: str
    customer_id: int | None


@event("sale.reversed")
class SaleReversed(_OfOrder):
    """Some or all of a sale was given back: `by` is return or void; `order_id` is the reversing document."""

    order_id: int
    number: str
    reverses_id: int
    by: str
    location_id: int
    business_date: str
    hour: int
    total: str


@event("shift.opened")
class ShiftOpened(Happening):
    """A cashier opened a register."""

    shift_id: int
    register_id: int
    location_id: int


@event("shift.closed")
class ShiftClosed(Happening):
    """A register was counted and closed; `difference` is counted less expected."""

    shift_id: int
    register_id: int
    location_id: int
    number: str
    difference: str
