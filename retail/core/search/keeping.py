"""Noticing what changes, whichever way it is written; its texts are kept as the last step of the same transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import event, inspect, select
from sqlalchemy.orm import ORMExecuteState, Session

from retail.core.db import BulkListener, Model, among, bulk_listeners, db, in_chunks, session
from retail.core.search.declared import SEARCHED, WATCHED, Watch
from retail.core.search.storing import keep
from retail.core.tenancy import EVERY_TENANT, enter, entered, leave

Touched = dict[tuple[int, str], set[int]]
RESOLVED = 5_000


def _mark(info: dict[Any, Any], tenant_id: int, kind: str, watch: Watch, values: Iterable[Any]) -> None:
    ids = {int(one) for one in values if one is not None}
    if not ids:
        return
    if watch.through is None:
        info.setdefault("search_touched", {}).setdefault((tenant_id, kind), set()).update(ids)
    else:
        through = info.setdefault("search_through", {}).setdefault((tenant_id, kind), {})
        through.setdefault(watch.through, set()).update(ids)


def _note_flushed(flushing: Session, _context: object) -> None:
    for row in flushing.new:
        for kind, watch in WATCHED.get(type(row), ()):
            _mark(flushing.info, row.tenant_id, kind, watch, [getattr(row, watch.subject)])
    for row in flushing.deleted:
        for kind, watch in WATCHED.get(type(row), ()):
            _mark(flushing.info, row.tenant_id, kind, watch, [getattr(row, watch.subject)])
    for row in flushing.dirty:
        for kind, watch in WATCHED.get(type(row), ()):
            state = inspect(row).attrs
            if any(state[name].history.has_changes() for name in watch.fields):
                before = state[watch.subject].history.deleted or ()
                _mark(flushing.info, row.tenant_id, kind, watch, [getattr(row, watch.subject), *before])


def _note_statement(execute: ORMExecuteState) -> None:
    """An UPDATE or DELETE of many rows: which ones is asked before it is done."""
    if not (execute.is_update or execute.is_delete) or execute.bind_mapper is None:
        return
    model = execute.bind_mapper.class_
    tenant_id = entered()
    if model not in WATCHED or tenant_id is None or tenant_id == EVERY_TENANT:
        return
    condition = execute.statement.whereclause  # type: ignore[attr-defined]  # UPDATE and DELETE have one
    for kind, watch in WATCHED[model]:
        statement = select(getattr(model, watch.subject))
        if condition is not None:
            statement = statement.where(condition)
        _mark(execute.session.info, tenant_id, kind, watch, execute.session.scalars(statement))


def _hear(model: type[Model], rows: Sequence[Mapping[str, Any]], changed: Collection[str] | None) -> None:
    """Rows that a bulk statement wrote: new ones with all their values, or changed ones with their ids."""
    tenant_id = entered()
    for kind, watch in WATCHED[model]:
        if changed is not None and not watch.fields.intersection(changed):
            continue
        if changed is None and watch.through is not None:
            continue
        if watch.subject in rows[0]:
            found: Iterable[Any] = [row[watch.subject] for row in rows]
        else:
            ids = [row["id"] for row in rows]
            found = session.scalars(select(getattr(model, watch.subject)).where(among(model.id, ids)))
        owner = rows[0].get("tenant_id", tenant_id)
        if owner is not None and owner != EVERY_TENANT:
            _mark(session.info, owner, kind, watch, found)


def touch(kind: str, subject_ids: Collection[int]) -> None:
    """Have the texts of some things read anew when this transaction ends."""
    tenant_id = entered()
    if tenant_id is not None and tenant_id != EVERY_TENANT:
        _mark(session.info, tenant_id, kind, Watch("id", frozenset()), subject_ids)


def _write_touched(committing: Session) -> None:
    committing.flush()
    touched: Touched = committing.info.pop("search_touched", {})
    through: dict[tuple[int, str], dict[Any, set[int]]] = committing.info.pop("search_through", {})
    for owner, kind in sorted({*touched, *through}):
        token = enter(owner, None)
        try:
            ids = touched.get((owner, kind), set())
            for key, row_ids in through.get((owner, kind), {}).items():
                for chunk in in_chunks(sorted(row_ids), RESOLVED):
                    ids.update(committing.scalars(select(SEARCHED[kind].all_ids).where(among(key, chunk))))
            keep(SEARCHED[kind], ids)
        finally:
            leave(token)


def _forget_touched(rolled_back: Session, transaction: Any) -> None:
    # What a savepoint drops is only read once for nothing; what surrounds it still counts.
    if not transaction.nested:
        rolled_back.info.pop("search_touched", None)
        rolled_back.info.pop("search_through", None)


LISTENERS = (
    ("after_flush", _note_flushed),
    ("do_orm_execute", _note_statement),
    ("before_commit", _write_touched),
    ("after_soft_rollback", _forget_touched),
)


def init_app(_app: object) -> None:
    """Listen to every transaction of the session; twice is once, so a process may make several applications."""
    for moment, listener in LISTENERS:
        if not event.contains(db.session, moment, listener):
            event.listen(db.session, moment, listener)
    for model, watches in WATCHED.items():
        named = any(watch.subject == "id" and watch.through is None for _kind, watch in watches)
        bulk_listeners[model] = BulkListener(_hear, needs_ids=named)
