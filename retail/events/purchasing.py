"""What happens between the shop and its suppliers."""

from __future__ import annotations

from retail.core.events import Happening, event


@event("purchase.submitted")
class PurchaseSubmitted(Happening):
    """An order is beyond the limit of whoever made it and waits for somebody else's approval."""

    purchase_order_id: int
    location_id: int
    number: str
    supplier: str
    net: str
    currency: str
    user_id: int | None


@event("purchase.approved")
class PurchaseApproved(Happening):
    """Somebody with a higher limit approved an order."""

    purchase_order_id: int
    location_id: int
    number: str
    user_id: int | None


@event("purchase.sent")
class PurchaseSent(Happening):
    """An order went to its supplier."""

    purchase_order_id: int
    location_id: int
    number: str
    supplier: str
    revision: int


@event("purchase.received")
class PurchaseReceived(Happening):
    """Goods of an order came in; `complete` when no more are expected."""

    purchase_order_id: int
    location_id: int
    number: str
    receipt: str
    complete: bool


@event("purchase.cancelled")
class PurchaseCancelled(Happening):
    """An order will not come."""

    purchase_order_id: int
    location_id: int
    number: str
    reason: str


@event("bill.held")
class BillHeld(Happening):
    """A supplier's bill differs from what was ordered or received, and cannot be paid as it is."""

    supplier_bill_id: int
    location_id: int
    number: str
    supplier: str
    differences: int


@event("bill.approved")
class BillApproved(Happening):
    """A supplier's bill may be paid."""

    supplier_bill_id: int
    location_id: int
    number: str
    total: str
    currency: str
    due_on: str


@event("goods.returned")
class GoodsSentBack(Happening):
    """Goods went back to a supplier, with a debit note."""

    supplier_return_id: int
    location_id: int
    number: str
    supplier: str
    value: str


@event("replenishment.ordered")
class Replenished(Happening):
    """The night ordered by itself, within the budget of a supplier."""

    purchase_order_id: int
    location_id: int
    number: str
    supplier: str
    net: str
