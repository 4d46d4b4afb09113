"""What the words of buying are called on screens."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

ORDER_STATES = {
    "draft": (_l("Draft"), "neutral"),
    "to_approve": (_l("To approve"), "warning"),
    "approved": (_l("Approved"), "info"),
    "sent": (_l("Sent"), "accent"),
    "part_received": (_l("Partly received"), "warning"),
    "received": (_l("Received"), "success"),
    "billed": (_l("Billed"), "success"),
    "closed": (_l("Closed"), "neutral"),
    "cancelled": (_l("Called off"), "danger"),
}
"""States of an order: what each is called, and its tone."""
SOURCES = {
    "hand": _l("by hand"),
    "copy": _l("copied from an earlier order"),
    "proposal": _l("from the night's proposals"),
    "night": _l("ordered by itself at night"),
}
BILL_STATES = {
    "held": (_l("Held"), "warning"),
    "matched": (_l("Matched"), "info"),
    "approved": (_l("Approved"), "success"),
    "withdrawn": (_l("Withdrawn"), "neutral"),
}
NOTE_KINDS = {
    "note": (_l("Note"), "pencil"),
    "call": (_l("Call"), "phone"),
    "mail": (_l("Mail"), "mail"),
    "visit": (_l("Visit"), "user"),
    "complaint": (_l("Complaint"), "alert-triangle"),
}
"""What an entry of a supplier's log was, and its picture."""
CHARGES = {
    "freight": _l("Freight"),
    "duty": _l("Duty"),
    "insurance": _l("Insurance"),
    "other": _l("Other costs"),
}
SPREADS = {"value": _l("by value"), "quantity": _l("by quantity"), "weight": _l("by weight")}
RETURN_REASONS = {
    "damaged": _l("Damaged"),
    "wrong goods": _l("Wrong goods"),
    "too many": _l("Too many"),
    "faulty": _l("Faulty"),
    "recalled": _l("Recalled"),
    "other": _l("Another reason"),
}
DIFFERENCES = {
    "quantity": _l("More billed than came"),
    "price": _l("Another cost than agreed"),
    "charges": _l("More charges than expected"),
    "sum": _l("The bill does not add up"),
    "twice": _l("Here already"),
}
RULES = {
    "forecast": _l("By the forecast"),
    "min_max": _l("Between a smallest and a largest quantity"),
    "never": _l("Not by itself"),
}
