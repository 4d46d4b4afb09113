"""How the rows of a business find their way: which ids stand where, and what does not travel with it."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from sqlalchemy import Table, select

from retail.core.archive.businesses import Travel
from retail.core.archive.rows import NewIds
from retail.core.clock import now
from retail.core.db import session, table_of
from retail.core.events import ENDED, Delivery
from retail.core.tasks import ENDS
from retail.identity.models import User

NAMED = {
    "account_id": "accounts",
    "acting_for": "users",
    "approved_by_id": "users",
    "approver_id": "users",
    "category_id": "categories",
    "closed_by_id": "users",
    "count_id": "stock_counts",
    "customer_id": "customers",
    "default_view_id": "saved_views",
    "delivery_id": "notification_deliveries",
    "document_id": "orders",
    "ended_by_id": "users",
    "entry_id": "journal_entries",
    "event_id": "events",
    "file_id": "stored_files",
    "from_location_id": "locations",
    "hold_id": "stock_holds",
    "lot_id": "stock_lots",
    "purity_id": "purities",
    "image_file_id": "stored_files",
    "import_id": "imports",
    "location_id": "locations",
    "mail_id": "mails",
    "mails": "mails",
    "notification_id": "notifications",
    "opened_by_id": "users",
    "order_id": "orders",
    "parent_id": "categories",
    "product_id": "products",
    "purchase_order_id": "purchase_orders",
    "register_id": "registers",
    "requested_by_id": "users",
    "requester_id": "users",
    "reverses_id": "orders",
    "role_id": "roles",
    "run_id": "score_runs",
    "schedule_id": "schedules",
    "shift_id": "shifts",
    "shipped_by_id": "users",
    "started_by_id": "users",
    "supplier_bill_id": "supplier_bills",
    "supplier_return_id": "supplier_returns",
    "task_id": "tasks",
    "tax_rate_id": "tax_rates",
    "to_location_id": "locations",
    "transfer_id": "stock_transfers",
    "user_id": "users",
    "variant_id": "variants",
}
"""Of which table an id is, by the name of the column without a foreign key, or of the field of JSON, that holds it."""
NO_IDS = {"tax_id", "message_id", "content_id", "credential_id", "access_id", "support_access_id", "owner_id"}
"""Names that end like ids of ours and are none, or of what stays behind; `owner_id` in what was told of a hold, which
only the hold itself (see KINDS) knows to be of an order, a person or a transfer."""

PAPERS = {
    "order": "orders",
    "shift": "shifts",
    "import": "imports",
    "purchase_order": "purchase_orders",
    "supplier_bill": "supplier_bills",
    "supplier_return": "supplier_returns",
    **dict.fromkeys(
        ("receipt", "adjustment", "count", "transfer", "dispatch", "arrival", "opening", "recount"), "stock_documents"
    ),
}
HOLDERS = {"order": "orders", "person": "users", "transfer": "stock_transfers"}
KINDS: dict[str, tuple[str, dict[str, str] | None]] = {
    "journal_entries.source_id": ("source", PAPERS),
    "stock_moves.source_id": ("source", PAPERS),
    "stock_expectations.source_id": ("source", PAPERS),
    "stock_holds.owner_id": ("owner", HOLDERS),
    "audit_entries.subject_id": ("subject", None),
    "import_changes.subject_id": ("subject", None),
}
"""Columns whose table another column of the row names: by a word of its own, or as it is called."""

LAST = (
    "tasks",
    "events",
    "event_deliveries",
    "notifications",
    "notification_deliveries",
    "import_changes",
    "audit_entries",
)
"""What speaks of rows of every kind in its JSON."""

PROOFS = {"user_sessions", "recovery_codes", "passkeys", "approvals", "support_accesses"}
"""What lets a person in here, and proves nothing elsewhere."""
KEPT_SECRET = {"push_keys", "push_subscriptions", "sms_accounts"}
"""What is sealed with the keys of this installation, or belongs to its address: it is entered anew there."""
UNDONE_HERE = {"bulk_runs", "bulk_changes"}
"""What a bulk change did, row by row, so that it can be undone where it was done."""
TAKEN_HERE = {"exports"}
"""Files that somebody asked for; they are made anew where they are wanted."""
MADE_THERE = {"search_indexes", "search_entries", "search_places", "search_words"}
"""What is made anew of the rows that came in."""
STAYS = frozenset(PROOFS | KEPT_SECRET | UNDONE_HERE | TAKEN_HERE | MADE_THERE)
SIGN_IN = {"totp_secret": None, "totp_confirmed_at": None, "last_totp_step": None}
"""The second factor is sealed for this row and these keys; whoever has one sets it up anew."""

AGGREGATES = {"order": ("orders",), "level": ("variants", "locations")}


def _undelivered(table: Table) -> Any:
    """What was delivered or skipped is over; what was not goes on there."""
    return table.c.state.not_in(ENDED)


def _user(row: dict[str, Any], _ids: NewIds, slug: str) -> None:
    """An address signs in to one business only: where it is taken, the person signs in as name+slug@…"""
    row.update({name: value for name, value in SIGN_IN.items() if name in row})
    users = table_of(User)
    local, _at, domain = row["email"].partition("@")
    wanted, attempt = row["email"], 0
    while session.connection().execute(select(users.c.id).where(users.c.email == wanted)).first():
        attempt += 1
        wanted = f"{local}+{slug}{attempt if attempt > 1 else ''}@{domain}"
    row["email"] = wanted


def _task(row: dict[str, Any], ids: NewIds, _slug: str) -> None:
    """What had not ended there is not done again here: a letter would be sent twice."""
    if row["state"] not in ENDS:
        row["state"], row["ended_at"] = "cancelled", now().isoformat()
    if row["key"] and row["key"].isdecimal():
        # Such a key is the id of what the task is about, which has become another.
        about = [NAMED[name] for name in row["arguments"] if name in NAMED]
        new = ids.get(about[0], int(row["key"])) if about else None
        row["key"] = row["key"] if new is None else str(new)


def _delivery(row: dict[str, Any], _ids: NewIds, _slug: str) -> None:
    """What was on its way to a person goes there, not from here as well."""
    if row["ended_at"] is None:
        row["state"], row["ended_at"], row["due_at"] = "dropped", now().isoformat(), None


def _aggregate(row: dict[str, Any], ids: NewIds, _slug: str) -> None:
    kind, *parts = row["aggregate"].split(":")
    tables = AGGREGATES.get(kind)
    if tables and len(tables) == len(parts):
        news = [ids.get(table, int(part)) for table, part in zip(tables, parts, strict=True)]
        row["aggregate"] = ":".join([kind, *map(str, news)])


@lru_cache(maxsize=1)
def travel() -> Travel:
    """All of it, for `export_business` and `import_business`."""
    changed: dict[str, Callable[[dict[str, Any], NewIds, str], None]] = {
        "users": _user,
        "tasks": _task,
        "notification_deliveries": _delivery,
        "events": _aggregate,
        "event_deliveries": _aggregate,
    }
    return Travel(NAMED, KINDS, LAST, STAYS, {str(Delivery.__tablename__): _undelivered}, changed)


def holds_an_id(name: str) -> bool:
    """Whether a column of this name holds the id of a row, as names go here."""
    return bool(re.search(r"(^|_)id$|^acting_for$", name)) and name not in NO_IDS and name != "id"
