"""Jobs for many deliveries: deliver again what was parked, or skip it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from retail.core import parked
from retail.core.db import session
from retail.core.errors import Refused
from retail.core.events import Delivery
from retail.core.tables import Bulk, BulkField, Changes
from retail.permissions import Can

DELIVERY_STATES = {
    "pending": _l("Waiting"),
    "parked": _l("Parked"),
    "skipped": _l("Skipped"),
    "done": _l("Delivered"),
}


def _states(ids: Sequence[int], *, lock: bool = False) -> Changes:
    found = select(Delivery).where(Delivery.id.in_(ids)).order_by(Delivery.id)
    rows = session.scalars(found.with_for_update() if lock else found)
    return {row.id: {"state": row.state, "reason": row.skipped_because or "", "error": row.error} for row in rows}


def _must_be_parked(state: Mapping[str, Any]) -> None:
    if state["state"] != "parked":
        raise Refused(_("It is not parked."))


def _delivered_again(state: dict[str, Any], _answers: Mapping[str, Any]) -> dict[str, Any]:
    _must_be_parked(state)
    return {**state, "state": "pending", "error": None}


def _skipped(state: dict[str, Any], answers: Mapping[str, Any]) -> dict[str, Any]:
    _must_be_parked(state)
    return {**state, "state": "skipped", "reason": str(answers["reason"])}


def _settle(changes: Changes) -> None:
    """Bring parked deliveries to what a job wants of them, or back to being parked when it is undone."""
    for delivery_id, wanted in changes.items():
        if wanted["state"] == "pending":
            parked.replay(delivery_id)
        elif wanted["state"] == "skipped":
            parked.skip(delivery_id, wanted["reason"])
        else:
            parked.park_again(delivery_id, wanted["error"])


def _in_words(state: dict[str, Any]) -> str:
    words = str(DELIVERY_STATES.get(state["state"], state["state"]))
    return f"{words}: {state['reason']}" if state["reason"] else words


JOBS = {
    "replay": Bulk(
        _l("Deliver again"),
        _l("%(n)s are delivered again now."),
        "refresh",
        Can.REPLAY_EVENTS,
        read=_states,
        change=_delivered_again,
        write=_settle,
        words=_in_words,
    ),
    "skip": Bulk(
        _l("Skip"),
        _l("%(n)s are skipped."),
        "x",
        Can.REPLAY_EVENTS,
        read=_states,
        change=_skipped,
        write=_settle,
        words=_in_words,
        fields={"reason": BulkField(_l("Why"), help=_l("Those it was meant for are never told; the audit keeps why."))},
        danger=True,
    ),
}
