"""What must always be true, proved from the database: `flask check` and the nightly task run every declared check.

A check is a function without arguments, run inside one tenant (or, for the whole database, in none) in a transaction
that only reads. It returns what it found wrong; nothing found means that what it promises is proved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Select

from retail.core.db import reading, session
from retail.core.tenancy import across_tenants, inside

Scope = Literal["tenant", "database"]


@dataclass(frozen=True)
class Fault:
    """Something is not as it must be: how many times, and in words the first document or row at fault."""

    count: int
    first: str


@dataclass(frozen=True)
class Check:
    """One promise: its name, what it proves, and the function that looks for faults."""

    name: str
    proves: str
    find: Callable[[], Iterable[Fault]]
    scope: Scope


@dataclass(frozen=True)
class Outcome:
    """What one check found in one tenant (0: in the database as a whole); `faults` is 0 when the promise holds."""

    name: str
    proves: str
    tenant_id: int
    faults: int
    first: str


CHECKS: dict[str, Check] = {}


def check(
    name: str, proves: str, *, scope: Scope = "tenant"
) -> Callable[[Callable[[], Iterable[Fault]]], Callable[[], Iterable[Fault]]]:
    """Declare a check under its public name, e.g. `stock levels`."""

    def declare(find: Callable[[], Iterable[Fault]]) -> Callable[[], Iterable[Fault]]:
        if name in CHECKS:
            raise ValueError(f"two checks are called {name}")
        CHECKS[name] = Check(name, proves, find, scope)
        return find

    return declare


def faults_in(statement: Select[*tuple[Any, ...]], tell: Callable[[Any], str]) -> list[Fault]:
    """Every row the statement finds is a fault; `tell` names the first of them."""
    count, first = 0, ""
    for row in session.execute(statement.execution_options(yield_per=1000)):
        first = first or tell(row)
        count += 1
    return [Fault(count, first)] if count else []


def rows_without_target() -> list[tuple[str, int]]:
    """Rows (table, id) whose foreign key points nowhere. PostgreSQL never lets one in; SQLite could be told to."""
    connection = session.connection()
    if connection.dialect.name != "sqlite":
        return []
    return [(str(row[0]), int(row[1] or 0)) for row in connection.exec_driver_sql("pragma foreign_key_check")]


def run_checks(tenant_ids: Sequence[int], *, whole_database: bool = True) -> list[Outcome]:
    """Run every check: those of the database once, those of tenants in each of these."""
    outcomes: list[Outcome] = []
    if whole_database:
        with across_tenants(), reading():
            outcomes += [_outcome(one, 0) for one in CHECKS.values() if one.scope == "database"]
    for tenant_id in tenant_ids:
        with inside(tenant_id), reading():
            outcomes += [_outcome(one, tenant_id) for one in CHECKS.values() if one.scope == "tenant"]
    return outcomes


def _outcome(one: Check, tenant_id: int) -> Outcome:
    faults = list(one.find())
    first = faults[0].first if faults else ""
    return Outcome(one.name, one.proves, tenant_id, sum(fault.count for fault in faults), first)
