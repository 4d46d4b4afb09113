"""Every query and every new row belongs to the tenant we are in. Nothing outside this file filters by tenant.

The fence is built of four parts: a criterion added to every ORM statement, a refusal of statements that cannot be so
limited, a stamp on every new row, and composite foreign keys, so that no row can point into another tenant. Whoever
enters a tenant also says within which of its places (`retail.core.places`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast
from weakref import WeakKeyDictionary

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    ForeignKeyConstraint,
    MetaData,
    Select,
    Table,
    UniqueConstraint,
    bindparam,
    event,
    exists,
    insert,
    literal,
    orm,
    select,
    update,
)
from sqlalchemy.orm import Mapped, ORMExecuteState, declared_attr, mapped_column
from sqlalchemy.orm.interfaces import ORMOption
from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import TextClause

from retail.core import places
from retail.core.db import BigId, Model, among, bulk_listeners, db, insert_returning, insert_rows, session, table_of
from retail.core.places import AtPlace, Places

EVERY_TENANT = -1
_tenant: ContextVar[int | None] = ContextVar("tenant", default=None)


class NoTenant(RuntimeError):
    """A tenant's data was touched without entering a tenant, or across two of them: a fault of the program."""


class OfTenant:
    """Mixin for rows owned by one tenant."""

    @declared_attr
    def tenant_id(cls) -> Mapped[int]:  # noqa: N805  a declared attribute receives the class
        return mapped_column(BigId, ForeignKey("tenants.id"), sort_order=-99)


def current_tenant_id() -> int:
    """The tenant we are in.

    Raises NoTenant outside of one, and when working across all of them.
    """
    tenant_id = _tenant.get()
    if tenant_id is None or tenant_id == EVERY_TENANT:
        raise NoTenant("no tenant has been entered")
    return tenant_id


def tenant_id_or_none() -> int | None:
    """The tenant we are in, or None."""
    tenant_id = _tenant.get()
    return None if tenant_id == EVERY_TENANT else tenant_id


def entered() -> int | None:
    """The tenant we are in, EVERY_TENANT when working across all of them, None in none."""
    return _tenant.get()


@contextmanager
def inside(tenant_id: int) -> Iterator[None]:
    """Work within one tenant, and at all of its places; for jobs, commands and tests. Whoever is inside of it already
    stays limited to their places."""
    before = _tenant.get()
    _forget_rows_of(before, tenant_id)
    entered_it = enter(tenant_id, places.present_places() if before == tenant_id else None)
    try:
        yield
    finally:
        leave(entered_it)
        _forget_rows_of(tenant_id, before)


@contextmanager
def across_tenants() -> Iterator[None]:
    """For platform work only: sign-in, the relay, the scheduler. A rule test lists every caller."""
    with inside(EVERY_TENANT):
        yield


def taken_anywhere(key: ColumnElement[str] | orm.InstrumentedAttribute[str], value: str) -> bool:
    """Whether a row of whichever tenant has this value, where it must be unique among all of them.

    Unlike in `across_tenants`, what is loaded stays, so it can be asked in the middle of a tenant's work; no row of
    another tenant is told.
    """
    session.flush()
    before = enter(EVERY_TENANT, None)
    try:
        return bool(session.scalar(select(exists().where(key == value))))
    finally:
        leave(before)


@dataclass(frozen=True)
class Entered:
    """Where somebody was before they entered a tenant."""

    tenant: Token[int | None]
    places: Token[Places]


def enter(tenant_id: int, at: Places) -> Entered:
    """For a request, which has a session of its own: enter a tenant, and within it some places or all of them. Give
    what this returns back to `leave`."""
    return Entered(_tenant.set(tenant_id), places.stand_at(at))


def leave(entered_it: Entered) -> None:
    """Go back to where `enter` was called."""
    places.step_back(entered_it.places)
    _tenant.reset(entered_it.tenant)


def forget() -> None:
    """Be in no tenant. A request starts so: a server thread may still carry what its last request left."""
    _tenant.set(None)
    places.stand_at(places.NOWHERE)


def _forget_rows_of(one: int | None, other: int | None) -> None:
    """Loaded rows answer without a query, so they may not outlive the tenant they came from."""
    if one != other and session.registry.has():
        if session.new or session.dirty or session.deleted:
            raise NoTenant("commit before going to another tenant")
        session.expunge_all()


def awake(tenant_id: Any) -> ColumnElement[bool]:
    """Of whose tenant this column tells, and whether it is in business: nothing is done for one that is suspended."""
    tenants = Model.metadata.tables["tenants"]
    resting = select(tenants.c.id).where(tenants.c.suspended_at.is_not(None))
    return cast("ColumnElement[bool]", tenant_id.not_in(resting))


def insert_owned(model: type[Model], rows: Sequence[Mapping[str, Any]]) -> None:
    """`insert_rows` for a tenant's table: each row is stamped with the tenant we are in."""
    tenant_id = current_tenant_id()
    places.refuse_elsewhere(model, rows)
    insert_rows(model, [{**row, "tenant_id": tenant_id} for row in rows])


def insert_owned_returning(model: type[Model], rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """`insert_owned`, and the id of each row in the order given."""
    tenant_id = current_tenant_id()
    places.refuse_elsewhere(model, rows)
    return insert_returning(model, [{**row, "tenant_id": tenant_id} for row in rows])


def update_owned(model: type[Model], changes: Mapping[int, Mapping[str, Any]]) -> None:
    """Change columns of many rows of a tenant's table by their ids, each its own, with one prepared statement for each
    set of columns; the session's audit is bypassed. Rows that are loaded are read anew when they are next looked at."""
    table, tenant_id = table_of(model), current_tenant_id()
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    # In the order of their ids, as others lock them: who writes the same rows waits, and not in a ring.
    for row_id, values in sorted(_those_here(model, changes).items()):
        if values:
            named = {f"new_{name}": value for name, value in values.items()}
            alike[tuple(sorted(values))].append({"the_id": row_id, **named})
    if not alike:
        return
    session.flush()
    for columns, rows in alike.items():
        session.connection().execute(
            update(table)
            .where(table.c.tenant_id == tenant_id, table.c.id == bindparam("the_id"))
            .values({name: bindparam(f"new_{name}", type_=table.c[name].type) for name in columns}),
            rows,
        )
        if listener := bulk_listeners.get(model):
            listener.hear(model, [{"id": row["the_id"]} for row in rows], columns)
    for loaded in list(session.identity_map.values()):
        if isinstance(loaded, model):
            session.expire(loaded)


def _those_here(model: type[Model], changes: Mapping[int, Mapping[str, Any]]) -> Mapping[int, Mapping[str, Any]]:
    """The changes to rows that lie at one of the present places, where that is asked."""
    if places.present_places() is None or not issubclass(model, AtPlace) or not changes:
        return changes
    here = session.scalars(select(model.id).where(among(model.id, list(changes))))
    return {row_id: changes[row_id] for row_id in here}


def insert_owned_from(model: type[Model], source: Select[Any]) -> None:
    """Fill a tenant's table with what a SELECT finds, within the database; its column labels name the columns filled.

    Every table the SELECT reads is limited to the tenant we are in; join them by inner joins. For work of the business
    itself: it is not limited to places, and refused where that would be needed.
    """
    if places.present_places() is not None:
        raise NoTenant("rows are not made out of others for somebody who works at some places only")
    tenant_id = current_tenant_id()
    tables = {part for part in visitors.iterate(source) if isinstance(part, Table) and "tenant_id" in part.c}
    limited = source.where(*(table.c.tenant_id == tenant_id for table in tables))
    names = [*limited.selected_columns.keys(), "tenant_id"]
    session.flush()
    session.execute(
        insert(table_of(model)).from_select(names, limited.add_columns(literal(tenant_id))),
        execution_options={"stamped": True},
    )


def _touches_a_tenant(statement: Any) -> bool:
    return isinstance(statement, TextClause) or any(
        "tenant_id" in part.c for part in visitors.iterate(statement) if isinstance(part, Table)
    )


@lru_cache(maxsize=4096)
def _rows_of(tenant_id: int) -> ORMOption:
    return orm.with_loader_criteria(OfTenant, lambda cls: cls.tenant_id == tenant_id, include_aliases=True)


# A statement kept by a module is limited once per tenant and places, so that SQLAlchemy finds its SQL at once.
_limited: WeakKeyDictionary[Any, dict[tuple[int, Places], Any]] = WeakKeyDictionary()


def _only_this_tenant(execute: ORMExecuteState) -> None:
    tenant_id = _tenant.get()
    if execute.is_column_load or tenant_id == EVERY_TENANT or execute.execution_options.get("stamped"):
        return
    if tenant_id is None or not execute.is_orm_statement:
        if _touches_a_tenant(execute.statement):
            raise NoTenant(f"enter a tenant, and ask through its models: {execute.statement}")
        return
    if execute.is_select or execute.is_update or execute.is_delete:
        at = places.present_places()
        limited = _limited.setdefault(execute.statement, {})
        if (tenant_id, at) not in limited:
            options = [_rows_of(tenant_id)] if at is None else [_rows_of(tenant_id), places.rows_at(at)]
            limited[tenant_id, at] = execute.statement.options(*options)
        execute.statement = limited[tenant_id, at]


def _stamp_new_rows(flushing: orm.Session, _context: object, _instances: object) -> None:
    for row in flushing.new:
        if isinstance(row, OfTenant):
            if row.__dict__.get("tenant_id") is None:
                row.tenant_id = current_tenant_id()
            elif _tenant.get() not in (EVERY_TENANT, row.tenant_id):
                raise NoTenant(f"{row!r} belongs to another tenant")


def pair_tenant_keys(metadata: MetaData) -> None:
    """Between two tables of a tenant, every foreign key carries the tenant too, so no row can point into another one.

    Each single-column key is replaced, not doubled: one look-up per insert, and the models stay plain. Migrations call
    this too. Running it twice changes nothing.
    """
    for table in metadata.tables.values():
        if "tenant_id" not in table.c:
            continue
        for constraint in list(table.foreign_key_constraints):
            columns = list(constraint.columns)
            if len(columns) != 1 or columns[0].name == "tenant_id":
                continue
            target = constraint.elements[0].column
            other = target.table
            if "tenant_id" not in other.c:
                continue
            if not any(
                isinstance(unique, UniqueConstraint) and unique.columns.keys() == ["tenant_id", target.name]
                for unique in other.constraints
            ):
                other.append_constraint(UniqueConstraint(other.c.tenant_id, target))
            table.constraints.discard(constraint)
            for element in constraint.elements:
                columns[0].foreign_keys.discard(element)
                table.foreign_keys.discard(element)
            table.append_constraint(
                ForeignKeyConstraint(
                    [table.c.tenant_id, columns[0]], [other.c.tenant_id, target], ondelete=constraint.ondelete
                )
            )


def init_app(_app: object) -> None:
    """Watch every statement and every new row."""
    event.listen(db.session, "do_orm_execute", _only_this_tenant)
    event.listen(db.session, "before_flush", _stamp_new_rows)
    event.listen(db.session, "before_flush", places.check_flush)


def owned_models() -> list[type[Model]]:
    """Every model whose rows belong to a tenant, by table name."""
    classes: list[type[Model]] = [one.class_ for one in Model.registry.mappers if "tenant_id" in one.columns]
    return sorted(classes, key=lambda cls: table_of(cls).name)
