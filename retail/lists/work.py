"""Jobs for many rows, done and undone by a worker in parts, so that tills sell meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement

from retail.core.db import unit_of_work
from retail.core.retention import passes
from retail.core.tasks import task
from retail.lists import queries, services
from retail.lists.models import KEPT_DAYS, BulkChange, BulkRun


def _in_parts(
    bulk_run_id: int, progress: Callable[..., None], do: Callable[[BulkRun, int], int], state: str, whole_of: str
) -> BulkRun:
    while True:
        with unit_of_work():
            run = queries.run_numbered(bulk_run_id, lock=True)
            whole = getattr(run, whole_of)
            left = do(run, services.PART) if run.state == state else 0
        progress(whole - left, whole)
        if not left:
            return run


@task("lists.carry_out", _l("Change of many rows"), queue="default", timeout=3600, retry_seconds=(5, 60))
def carry_out(progress: Callable[..., None], bulk_run_id: int) -> dict[str, Any]:
    """Do what is left of a job."""
    run = _in_parts(bulk_run_id, progress, services.carry_out, "running", "rows")
    return {"changed": run.changed, "unchanged": run.unchanged, "refused": run.refused, "bulk_run_id": bulk_run_id}


@task("lists.take_back", _l("Undoing a change of many rows"), queue="default", timeout=3600, retry_seconds=(5, 60))
def take_back(progress: Callable[..., None], bulk_run_id: int) -> dict[str, Any]:
    """Undo what is left of a job."""
    run = _in_parts(bulk_run_id, progress, services.give_back, "undoing", "changed")
    return {"restored": run.restored, "kept": run.kept, "bulk_run_id": bulk_run_id}


@passes("bulk_changes", BulkChange, days=KEPT_DAYS)
def changed_before(instant: datetime) -> ColumnElement[bool]:
    """What is needed to undo jobs of long ago; that they were done stays."""
    return BulkChange.created_at < instant
