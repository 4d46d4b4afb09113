"""How kinds and states of documents, and ways to pay, are called and colored."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

KINDS: dict[str, Any] = {
    "sale": _l("Sale"),
    "return": _l("Return"),
    "void": _l("Void"),
    "adjustment": _l("Correction"),
    "write_off": _l("Write-off"),
}
STATES: dict[str, Any] = {
    "paid": _l("Paid"),
    "part_refunded": _l("Partly refunded"),
    "refunded": _l("Refunded"),
    "voided": _l("Voided"),
    "closed": _l("Closed"),
}
TONES = {"paid": "success", "part_refunded": "warning", "refunded": "danger", "voided": "danger", "closed": "neutral"}
CHANNELS: dict[str, Any] = {"pos": _l("Till"), "history": _l("Imported")}
METHODS: dict[str, Any] = {
    "cash": _l("Cash"),
    "card": _l("Card"),
    "account": _l("On account"),
    "store_credit": _l("Store credit"),
    "history": _l("Imported"),
}


def method(name: str) -> str:
    """What a way to pay is called; a name of another system stays as it is."""
    return str(METHODS.get(name, name))
