"""What the words of the ledger are called on screens."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

REASONS = {
    "found": _l("Found"),
    "lost": _l("Lost"),
    "damaged": _l("Damaged"),
    "stolen": _l("Stolen"),
    "expired": _l("Expired"),
    "own use": _l("Used in the shop"),
    "correction": _l("Count or correction"),
}
"""Why a level is adjusted."""

MOVE_REASONS = {
    "sold": _l("Sold"),
    "returned": _l("Returned"),
    "voided": _l("Sale voided"),
    "received": _l("Received"),
    "transferred": _l("Transferred"),
    "returned to supplier": _l("Returned to supplier"),
    "opening stock": _l("Opening stock"),
    "counted": _l("Counted"),
    "sent": _l("Sent"),
    "arrived": _l("Arrived"),
    "sent back": _l("Called back"),
    "lost in transit": _l("Lost in transit"),
    "cost corrected": _l("Cost corrected"),
    "written off": _l("Written off"),
    "numbered": _l("Given a number"),
    **REASONS,
}
"""Why goods moved, by `StockMove.reason`."""

SOURCES = {
    "order": _l("Sale"),
    "receipt": _l("Goods received"),
    "adjustment": _l("Adjustment"),
    "transfer": _l("Transfer"),
    "dispatch": _l("Dispatch"),
    "arrival": _l("Arrival"),
    "count": _l("Count"),
    "import": _l("Import"),
    "product": _l("New variants"),
    "supplier_bill": _l("Supplier's bill"),
    "supplier_return": _l("Return to supplier"),
}
"""The documents goods move for, by `StockMove.source`."""

LOT_STATES = {
    "there": (_l("In stock"), "success"),
    "soon": (_l("Expires soon"), "warning"),
    "expired": (_l("Expired"), "danger"),
    "gone": (_l("None left"), "neutral"),
}
"""How a lot or piece stands."""

TRACKINGS = {
    "none": _l("Not at all"),
    "lot": _l("By lot, with an expiry"),
    "serial": _l("Each piece by its serial number"),
}
"""How goods are told apart."""

KINDS = {
    "receipt": (_l("Goods received"), "truck-delivery", "success"),
    "adjustment": (_l("Adjustment"), "adjustments", "warning"),
    "transfer": (_l("Transfer"), "switch-horizontal", "info"),
    "dispatch": (_l("Dispatch"), "truck-delivery", "info"),
    "arrival": (_l("Arrival"), "truck-delivery", "success"),
    "count": (_l("Count"), "clipboard-list", "warning"),
}
"""The stock documents, with their picture and tone."""

STATES = {
    "below": (_l("Below zero"), "danger"),
    "over": (_l("More held than there is"), "danger"),
    "out": (_l("None left"), "danger"),
    "none": (_l("None here"), "neutral"),
    "low": (_l("Low"), "warning"),
    "fine": (_l("In stock"), "success"),
}
"""How a level stands, with its tone; see `queries.state_of`."""

HOLDS = {
    "reserved": (_l("Reserved"), "info"),
    "committed": (_l("Promised"), "accent"),
    "damaged": (_l("Damaged"), "danger"),
    "quality_control": (_l("Quality control"), "warning"),
}
"""Why goods on hand are not for sale, with its tone."""

OWNERS = {"cart": _l("Cart"), "order": _l("Order"), "person": _l("Person"), "transfer": _l("Transfer")}
"""What goods are held for, by `StockHold.owner`."""

QUANTITY_WORDS = {
    "on_hand": _l("On hand"),
    "reserved": _l("Reserved"),
    "committed": _l("Promised"),
    "damaged": _l("Damaged"),
    "quality_control": _l("Quality control"),
    "safety_stock": _l("Safety stock"),
    "on_order": _l("On order"),
    "in_transit": _l("In transit"),
}
"""The quantities of a level, by the name of their column."""

HOLD_STATES = {
    "active": (_l("Held"), "info"),
    "fulfilled": (_l("Handed out"), "success"),
    "released": (_l("Released"), "neutral"),
    "expired": (_l("Expired"), "neutral"),
}
"""How a hold stands, with its tone."""

TRANSFER_STATES = {
    "requested": (_l("Requested"), "neutral"),
    "shipped": (_l("On its way"), "info"),
    "partly received": (_l("Partly received"), "warning"),
    "received": (_l("Received"), "success"),
    "cancelled": (_l("Cancelled"), "neutral"),
}
"""How a transfer stands, with its tone."""

COUNT_KINDS = {
    "full": _l("Everything"),
    "category": _l("A category"),
    "cyclic": _l("Whose turn it is"),
}
"""What a count covers."""

COUNT_STATES = {
    "open": (_l("Being counted"), "info"),
    "review": (_l("To be looked at"), "warning"),
    "posted": (_l("Booked"), "success"),
    "cancelled": (_l("Cancelled"), "neutral"),
}
"""How a count stands, with its tone."""
