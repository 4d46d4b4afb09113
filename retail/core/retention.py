"""What is not kept forever: each module declares what it deletes, and after how many days; one nightly task does it.

Documents, ledgers, events, mail and the audit are kept; what is deleted are traces that nobody needs any more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, select

from retail.core import files
from retail.core.clock import now
from retail.core.db import Model, session, unit_of_work
from retail.core.tenancy import across_tenants, inside

CHUNK = 2000
"""Deleted in one transaction: a till that sells in the night waits for no longer than that takes."""


@dataclass(frozen=True)
class Passing:
    """Rows that go: those of `model` for which `over` holds, given the instant before which they ended; with the stored
    files that their column `file` names."""

    name: str
    model: type[Model]
    keep: timedelta
    over: Callable[[datetime], ColumnElement[bool]]
    file: Any = None


PASSING: dict[str, Passing] = {}


def passes(
    name: str, model: type[Any], *, days: int, file: Any = None
) -> Callable[[Callable[[datetime], ColumnElement[bool]]], Callable[[datetime], ColumnElement[bool]]]:
    """Declare that rows of a model go after so many days; the function says which, given an instant. `file` is a column
    of theirs with the id of a stored file that goes with them."""

    def declare(over: Callable[[datetime], ColumnElement[bool]]) -> Callable[[datetime], ColumnElement[bool]]:
        if name in PASSING:
            raise ValueError(f"{name} is declared twice")
        PASSING[name] = Passing(name, model, timedelta(days=days), over, file)
        return over

    return declare


def forget_past(tenant_id: int) -> dict[str, int]:
    """Delete what is over, in a tenant and in what belongs to none; returns how many rows of each."""
    instant = now()
    gone: dict[str, int] = {}
    for one in PASSING.values():
        gone[one.name] = count = _forget(one, tenant_id, instant)
        while count == CHUNK:
            count = _forget(one, tenant_id, instant)
            gone[one.name] += count
    return gone


def _forget(one: Passing, tenant_id: int, instant: datetime) -> int:
    """Delete one chunk."""
    fence = inside(tenant_id) if hasattr(one.model, "tenant_id") else across_tenants()
    with fence, unit_of_work():
        over = select(one.model.id).where(one.over(instant - one.keep)).order_by(one.model.id).limit(CHUNK)
        ids = session.scalars(over).all()
        named = select(one.file).where(one.model.id.in_(ids), one.file.is_not(None)) if one.file is not None else None
        with_them = session.scalars(named).all() if named is not None else ()
        session.execute(
            delete(one.model).where(one.model.id.in_(ids)), execution_options={"synchronize_session": False}
        )
        if with_them:
            files.discard(with_them)
        return len(ids)
