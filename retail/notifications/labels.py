"""What categories, severities, channels and states are called."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

CATEGORY_WORDS = {
    "sales": (_l("Sales"), _l("Refunds and voids."), "receipt"),
    "stock": (_l("Stock"), _l("Products that run low or expire."), "package"),
    "orders": (_l("Orders"), _l("Orders that need somebody."), "shopping-bag"),
    "customers": (_l("Customers"), _l("What customers ask for and do."), "users"),
    "staff": (_l("Staff"), _l("People, roles and rosters."), "id-badge-2"),
    "finance": (_l("Money"), _l("Drawers that do not tie, and the books."), "cash-register"),
    "support": (_l("Support"), _l("Questions that wait for an answer."), "headset"),
    "work": (_l("Your tasks"), _l("Imports, exports and reports you asked for."), "list-check"),
    "security": (_l("Security"), _l("Sign-ins on new devices, and changes to access."), "shield-check"),
    "system": (_l("System"), _l("Nightly work that failed, and the program itself."), "settings"),
}
SEVERITY_WORDS = {
    "danger": _l("Urgent"),
    "warning": _l("Needs attention"),
    "success": _l("Good news"),
    "info": _l("To know"),
}
CHANNEL_WORDS = {"in_app": _l("In app"), "email": _l("E-mail"), "sms": _l("SMS"), "push": _l("Browser")}
STATE_WORDS = {
    "waiting": _l("On its way"),
    "digest": _l("In the next digest"),
    "sent": _l("Sent"),
    "delivered": _l("Arrived"),
    "failed": _l("Failed"),
    "stopped": _l("Stopped"),
    "dropped": _l("Read before"),
}
STATE_TONES = {"sent": "success", "delivered": "success", "failed": "danger", "stopped": "warning"}
TEXT_STATES = {"queued": _l("On its way"), "sent": _l("Sent"), "delivered": _l("Arrived"), "failed": _l("Failed")}


def category_label(category: str) -> str:
    """What a category is called."""
    return str(CATEGORY_WORDS[category][0]) if category in CATEGORY_WORDS else category


def category_icon(category: str) -> str:
    """The picture of a category."""
    return CATEGORY_WORDS[category][2] if category in CATEGORY_WORDS else "bell"
