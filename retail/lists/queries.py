"""Reads of jobs for many rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flask_babel import gettext as _
from sqlalchemy import select

from retail.core.db import session
from retail.core.errors import NotFound
from retail.lists.models import BulkChange, BulkRun

TELLING = ("refused", "kept")
"""The states of a row that somebody should look at."""


def run_numbered(bulk_run_id: int, *, lock: bool = False) -> BulkRun:
    """A run of this business; NotFound when there is none. With `lock` nobody else moves it until the transaction
    ends."""
    found = session.get(BulkRun, bulk_run_id, with_for_update=lock)
    if found is None:
        raise NotFound(_("There is no such change of many rows."))
    return found


def rows_to_look_at(run: BulkRun, limit: int) -> Sequence[BulkChange]:
    """The rows a job refused or its undoing left, in the order of the list."""
    return session.scalars(
        select(BulkChange)
        .where(BulkChange.bulk_run_id == run.id, BulkChange.state.in_(TELLING))
        .order_by(BulkChange.id)
        .limit(limit)
    ).all()


def first_changed(run: BulkRun, limit: int) -> Sequence[BulkChange]:
    """Some rows that a job changed, as examples of what it did."""
    return session.scalars(
        select(BulkChange)
        .where(BulkChange.bulk_run_id == run.id, BulkChange.state.in_(("changed", "restored")))
        .order_by(BulkChange.id)
        .limit(limit)
    ).all()


def all_rows(run: BulkRun) -> Iterator[BulkChange]:
    """Every row of a run, read in parts."""
    statement = select(BulkChange).where(BulkChange.bulk_run_id == run.id).order_by(BulkChange.id)
    yield from session.scalars(statement.execution_options(yield_per=1000))
