"""The audit in plain words: for the audit page, and for the history on each record's own page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from flask import Flask
from flask_babel import format_datetime
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from retail.core.audit import AuditEntry, Chained
from retail.core.db import session
from retail.core.shown import quantity

ACTIONS: dict[str, tuple[Any, str, str]] = {
    "create": (_l("created"), "plus", "success"),
    "update": (_l("changed"), "pencil", "info"),
    "delete": (_l("deleted"), "trash", "danger"),
    "export": (_l("exported"), "download", "neutral"),
    "sign_in": (_l("signed in"), "login", "neutral"),
    "sign_in_failed": (_l("tried to sign in"), "alert-triangle", "warning"),
    "sign_out": (_l("signed out"), "logout", "neutral"),
    "second_factor_on": (_l("turned the second factor on"), "shield-check", "success"),
    "second_factor_off": (_l("turned the second factor off"), "lock-open", "warning"),
    "recovery_code_used": (_l("used a recovery code"), "key", "warning"),
    "recovery_codes_renewed": (_l("made new recovery codes"), "key", "info"),
    "password_link": (_l("sent a link to set a password"), "mail", "info"),
    "password_reset": (_l("got a new password from the command line"), "key", "warning"),
    "pin_set": (_l("set the PIN of"), "key", "info"),
    "pin_removed": (_l("removed the PIN of"), "key", "info"),
    "passkeys_removed": (_l("removed the passkeys of"), "fingerprint", "warning"),
    "approved": (_l("approved with a PIN for"), "shield-check", "success"),
    "done_with_approval": (_l("did with a colleague's approval"), "shield-check", "info"),
    "looked_as": (_l("looked at the program as"), "eye", "info"),
    "till_locked": (_l("locked a till"), "lock", "neutral"),
    "till_unlocked": (_l("unlocked a till"), "lock-open", "neutral"),
    "till_taken_over": (_l("took over a till"), "switch-horizontal", "neutral"),
    "role_given": (_l("gave another role to"), "id-badge-2", "warning"),
    "places_given": (_l("changed the locations of"), "map-pin", "warning"),
    "receive": (_l("received"), "truck-delivery", "success"),
    "adjust": (_l("corrected"), "adjustments", "info"),
    "count": (_l("counted"), "clipboard-list", "neutral"),
    "transfer": (_l("transferred"), "switch-horizontal", "info"),
    "note": (_l("noted something on"), "pencil", "neutral"),
    "submit": (_l("asked for approval of"), "send", "info"),
    "approve": (_l("approved"), "check", "success"),
    "hand_back": (_l("handed back"), "arrow-back-up", "warning"),
    "send": (_l("sent"), "send", "info"),
    "amend": (_l("amended"), "pencil", "warning"),
    "cancel": (_l("called off"), "circle-x", "danger"),
    "close_short": (_l("stopped waiting for the rest of"), "lock", "warning"),
    "close": (_l("closed"), "lock", "neutral"),
    "withdraw": (_l("withdrew"), "circle-x", "warning"),
    "send_back": (_l("sent goods back of"), "arrow-back-up", "warning"),
    "recount": (_l("recounted"), "calculator", "warning"),
    "session_ended": (_l("signed a device out"), "logout", "neutral"),
    "sessions_ended": (_l("signed devices out"), "logout", "neutral"),
    "sale": (_l("sold"), "receipt", "success"),
    "refund": (_l("refunded"), "receipt-refund", "warning"),
    "return": (_l("refunded"), "receipt-refund", "warning"),
    "void": (_l("voided"), "circle-x", "warning"),
    "replay": (_l("delivered again"), "refresh", "info"),
    "run": (_l("ran at once"), "player-play", "info"),
    "skip": (_l("skipped"), "player-pause", "warning"),
    "park": (_l("parked again"), "arrow-back-up", "neutral"),
    "backup": (_l("backed up"), "download", "neutral"),
    "restore": (_l("restored"), "upload", "warning"),
    "keys_rotated": (_l("changed the keys of"), "key", "info"),
    "support_looked": (_l("looked at"), "eye", "neutral"),
    "support_entered": (_l("opened"), "login", "warning"),
    "support_left": (_l("closed"), "logout", "neutral"),
    "released": (_l("let go on"), "player-play", "info"),
    "looked_across": (_l("looked at"), "eye", "neutral"),
    "suspend": (_l("suspended"), "player-pause", "danger"),
    "resume": (_l("put in force again"), "refresh", "success"),
    "arrive": (_l("brought in"), "download", "success"),
    "audit_cut": (_l("deleted old entries of the audit"), "trash", "danger"),
    "resolve": (_l("resolved"), "check", "success"),
    "reopen": (_l("opened again"), "refresh", "warning"),
    "try_again": (_l("tried again"), "refresh", "info"),
}
"""What an action is called, with its picture and tone; one that is missing shows its own name."""

SUBJECTS: dict[str, Any] = {
    "users": _l("person"),
    "roles": _l("role"),
    "passkeys": _l("passkey"),
    "tenants": _l("shop settings"),
    "locations": _l("location"),
    "tax_rates": _l("tax rate"),
    "customers": _l("customer"),
    "products": _l("product"),
    "variants": _l("variant"),
    "categories": _l("category"),
    "barcodes": _l("barcode"),
    "registers": _l("register"),
    "shifts": _l("shift"),
    "cash_movements": _l("cash movement"),
    "orders": _l("sale"),
    "schedules": _l("schedule"),
    "event_deliveries": _l("event for"),
    "tasks": _l("task"),
    "levels": _l("stock level"),
    "stock_levels": _l("stock level"),
    "stock_documents": _l("goods"),
    "people": _l("list of people"),
    "troubles": _l("error"),
    "exports": _l("export"),
    "administrators": _l("administrator"),
    "businesses": _l("business"),
    "support_accesses": _l("support access of"),
    "blocked_networks": _l("block of"),
    "sign_in_attempts": _l("address"),
    "limited_callers": _l("caller"),
    "suppliers": _l("supplier"),
    "supplier_items": _l("article of a supplier"),
    "price_breaks": _l("price break"),
    "purchase_orders": _l("purchase order"),
    "supplier_bills": _l("supplier's bill"),
    "replenishment_rules": _l("rule of ordering"),
    "chosen_limits": _l("limit"),
}
"""What the tables are called in sentences."""

DONE_TO_PEOPLE = frozenset(
    {
        "create",
        "update",
        "delete",
        "password_link",
        "role_given",
        "places_given",
        "pin_set",
        "pin_removed",
        "passkeys_removed",
        "approved",
        "looked_as",
    }
)
"""What is done to a person by another; all else about people they do themselves."""
LONGEST = 60


def action_word(action: str) -> str:
    """What was done, in a word or two."""
    known = ACTIONS.get(action)
    return str(known[0]) if known else action.replace("_", " ")


def subject_word(subject: str) -> str:
    """What kind of thing it was done to."""
    return str(SUBJECTS.get(subject) or subject.replace("_", " ").rstrip("s"))


def field_word(name: str) -> str:
    """A field's name as people would say it."""
    return name.removesuffix("_id").removesuffix("_at").replace("_", " ")


def _plain(value: Any) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    if isinstance(value, int | float):
        return quantity(Decimal(str(value)))
    if isinstance(value, Mapping):
        parts = [f"{name}: {_plain(one)}" for name, one in value.items()]
        value = "; ".join(parts) or "–"
    elif isinstance(value, list):
        value = ", ".join(map(_plain, value)) or "–"
    text = str(value)
    if len(text) >= 19 and text[4] == text[7] == "-" and text[13] == ":":
        try:
            return str(format_datetime(datetime.fromisoformat(text), "medium"))
        except ValueError:
            return text
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _change(name: str, before: Any, after: Any) -> str:
    label = field_word(name)
    if name == "state":
        before, after = (one.replace("_", " ") if isinstance(one, str) else one for one in (before, after))
    if isinstance(after, list) or isinstance(before, list):
        old, new = set(map(str, before or ())), set(map(str, after or ()))
        parts = [f"+ {one}" for one in sorted(new - old)] + [f"− {one}" for one in sorted(old - new)]
        return f"{label}: {', '.join(parts[:12])}{' …' if len(parts) > 12 else ''}"
    if before is None:
        return f"{label}: {_plain(after)}"
    return f"{label}: {_plain(before)} → {_plain(after)}"


def changes_in_words(changes: Mapping[str, Any]) -> str:
    """What changed, field by field: `price: 2.4 → 2.6`."""
    parts = []
    for name, change in changes.items():
        # A new record's keys to others say nothing to people; a person's new role is told by an entry of its own.
        if name.endswith("_id") and (name == "role_id" or (isinstance(change, list) and change[0] is None)):
            continue
        if isinstance(change, list) and len(change) == 2:
            parts.append(_change(name, change[0], change[1]))
        else:
            parts.append(f"{field_word(name)}: {_plain(change)}")
    return " · ".join(parts)


def sentence(action: str, subject: str, label: str) -> str:
    """What was done to what: `changed product Green tea`. People who sign in do it to nobody else."""
    if subject == "users" and action not in DONE_TO_PEOPLE:
        return action_word(action)
    return " ".join(part for part in (action_word(action), subject_word(subject), label) if part)


def history_of(subject: str, subject_id: int, limit: int = 12) -> list[dict[str, Any]]:
    """What happened to one record, newest first, as items of `ui.timeline`. `subject` is the table's name."""
    entries: Sequence[AuditEntry] = session.scalars(
        select(AuditEntry)
        .where(AuditEntry.subject == subject, AuditEntry.subject_id == subject_id)
        .order_by(AuditEntry.id.desc())
        .limit(limit)
    ).all()
    return as_timeline(entries)


def as_timeline(entries: Sequence[Chained]) -> list[dict[str, Any]]:
    """Entries of an audit as items of `ui.timeline`."""
    return [
        {
            "title": action_word(entry.action).capitalize(),
            "text": changes_in_words(entry.changes) if entry.action != "create" else None,
            "when": format_datetime(entry.occurred_at, "short"),
            "icon": ACTIONS.get(entry.action, ("", "circle-dot", "neutral"))[1],
            "tone": ACTIONS.get(entry.action, ("", "circle-dot", "neutral"))[2],
            "href": None,
            "actor": entry.user_name,
        }
        for entry in entries
    ]


def init_app(app: Flask) -> None:
    """Let templates ask for the history of a record."""
    app.jinja_env.globals["history_of"] = history_of
