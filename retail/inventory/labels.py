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
    "sent back": _l("Sent back"),
    "opening stock": _l("Opening stock"),
    "cost corrected": _l("Cost corrected"),
    "written off": _l("Written off"),
    **REASONS,
}
"""Why goods moved, by `StockMove.reason`."""

SOURCES = {
    "order": _l("Sale"),
    "receipt": _l("Goods received"),
    "adjustment": _l("Adjustment"),
    "transfer": _l("Transfer"),
    "import": _l("Import"),
    "supplier_bill": _l("Supplier's bill"),
    "supplier_return": _l("Return to supplier"),
}
"""The documents goods move for, by `StockMove.source`."""

KINDS = {
    "receipt": (_l("Goods received"), "truck-delivery", "success"),
    "adjustment": (_l("Adjustment"), "adjustments", "warning"),
    "transfer": (_l("Transfer"), "switch-horizontal", "info"),
}
"""The stock documents, with their picture and tone."""

STATES = {
    "below": (_l("Below zero"), "danger"),
    "out": (_l("None left"), "danger"),
    "none": (_l("None here"), "neutral"),
    "low": (_l("Low"), "warning"),
    "fine": (_l("In stock"), "success"),
}
"""How a level stands, with its tone; see `queries.state_of`."""
