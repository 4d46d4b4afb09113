"""The database, and the only place in the program that commits.

SQLite and PostgreSQL are both first-class. On SQLite every write transaction starts with BEGIN IMMEDIATE (a deferred
transaction that upgrades fails at once under load) behind a queue (`writers`), so that writers are served in order;
reads use a deferred, query-only transaction, so that a write in a GET fails loudly.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    ARRAY,
    URL,
    BigInteger,
    ColumnElement,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    any_,
    bindparam,
    event,
    func,
    insert,
    select,
)
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, scoped_session
from sqlalchemy.types import TypeDecorator

from retail.core.inserting import BulkInsert
from retail.core.writers import Writers

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
T = TypeVar("T")
Intent = Literal["read", "write"]
_intent: ContextVar[Intent] = ContextVar("intent", default="write")
WRITER_PATIENCE_SECONDS = 15.0


class Instant(TypeDecorator[datetime]):
    """An instant, stored in UTC and always returned with its zone; a naive value is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


BigId = BigInteger().with_variant(Integer(), "sqlite")


class Model(DeclarativeBase):
    """Base of every stored noun."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: Instant(), int: BigId}

    id: Mapped[int] = mapped_column(BigId, primary_key=True, sort_order=-100)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.__dict__.get('id')}>"


# The extension keeps engines and the scoped session; models have the base above, which a type checker understands.
db = SQLAlchemy(session_options={"expire_on_commit": False})
session = cast("scoped_session[Session]", db.session)


def table_of(model: type[Model]) -> Table:
    """The table of a model, typed."""
    return cast(Table, model.__table__)


@contextmanager
def intent(value: Intent) -> Iterator[None]:
    """Say what transactions begun in this block are for; `read` makes a write fail."""
    token = _intent.set(value)
    try:
        yield
    finally:
        _intent.reset(token)


def set_intent(value: Intent) -> None:
    """For the request guard, which opens and closes with the request rather than with a block."""
    _intent.set(value)


_writers: dict[URL, Writers] = {}


def give_way() -> None:
    """Between two transactions of work that nobody waits for: leave room to the tills. See `Writers.rest`; on
    PostgreSQL nobody is in the way."""
    writers = _writers.get(db.engine.url)
    if writers is not None:
        writers.rest()


def _prepare_sqlite(engine: Engine) -> None:
    if sqlite3.sqlite_version_info < (3, 35):
        raise RuntimeError(f"SQLite {sqlite3.sqlite_version} is too old; 3.35 or newer is needed")
    writers = _writers[engine.url] = Writers(Path(str(engine.url.database)))

    @event.listens_for(engine, "connect")
    def _connect(raw: sqlite3.Connection, _record: object) -> None:
        raw.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            # FULL: a sale that printed its receipt survives a power cut, not only a killed process.
            "synchronous=FULL",
            "busy_timeout=10000",
            "foreign_keys=ON",
            "temp_store=MEMORY",
            "cache_size=-32000",
        ):
            raw.execute("pragma " + pragma)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        info = connection.connection.info
        raw = cast(sqlite3.Connection, connection.connection.dbapi_connection)
        assert info is not None
        if _intent.get() == "read":
            if info.get("query_only") is not True:
                raw.execute("pragma query_only=1")
                info["query_only"] = True
            raw.execute("BEGIN")
            return
        if not writers.acquire(WRITER_PATIENCE_SECONDS):
            raise OperationalError("BEGIN IMMEDIATE", None, TimeoutError("the database is busy with another write"))
        try:
            if info.get("query_only") is not False:
                raw.execute("pragma query_only=0")
                info["query_only"] = False
            raw.execute("BEGIN IMMEDIATE")
        except BaseException:
            writers.release()
            raise
        info["writer"] = True

    @event.listens_for(engine, "checkin")
    def _checkin(_raw: object, record: Any) -> None:
        if record.info.pop("writer", False):
            writers.release()


@event.listens_for(Engine, "begin")
def _begin_postgresql(connection: Connection) -> None:
    """Reading sees one moment of the database, as on SQLite: what is compared (the end of a chain and its entries, a
    ledger and its sums) must not be read from two."""
    if connection.dialect.name == "postgresql" and _intent.get() == "read":
        # Past the listeners of statements: it must be the first of the transaction.
        raw = cast(Any, connection.connection.dbapi_connection)
        with raw.cursor() as first:
            first.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


_bulk_inserts: dict[tuple[str, tuple[str, ...], str], BulkInsert] = {}


def _prepared(connection: Connection, table: Table, names: tuple[str, ...]) -> BulkInsert:
    key = table.name, names, connection.dialect.name
    if key not in _bulk_inserts:
        _bulk_inserts[key] = BulkInsert(table, names, connection.dialect)
    return _bulk_inserts[key]


@dataclass(frozen=True)
class BulkListener:
    """Who is told of rows that bulk statements wrote, past the session: the rows, and which columns of them changed
    (None for new rows). With `needs_ids` new rows have their ids."""

    hear: Callable[[type[Model], Sequence[Mapping[str, Any]], Collection[str] | None], None]
    needs_ids: bool


bulk_listeners: dict[type[Model], BulkListener] = {}


def insert_rows(model: type[Model], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert many rows with the same keys, as fast as the driver allows; the session's audit is bypassed.

    For ledgers and bulk work. Tenant-owned rows must go through `retail.core.tenancy.insert_owned`, which calls this.
    """
    if not rows:
        return
    listener = bulk_listeners.get(model)
    if listener is not None and listener.needs_ids and "id" not in rows[0]:
        insert_returning(model, rows)
        return
    _insert(model, rows)
    if listener is not None:
        listener.hear(model, rows, None)


def _insert(model: type[Model], rows: Sequence[Mapping[str, Any]]) -> None:
    session.flush()
    connection = session.connection()
    prepared = _prepared(connection, table_of(model), tuple(rows[0]))
    connection.exec_driver_sql(prepared.sql, prepared.parameters(rows))
    _filling.note(len(rows))


def insert_returning(model: type[Model], rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """`insert_rows`, and the id of each row in the order given."""
    if not rows:
        return []
    ids = _insert_returning(model, rows)
    if listener := bulk_listeners.get(model):
        told = [{**row, "id": row_id} for row, row_id in zip(rows, ids, strict=True)]
        listener.hear(model, told, None)
    return ids


def _insert_returning(model: type[Model], rows: Sequence[Mapping[str, Any]]) -> list[int]:
    session.flush()
    table = table_of(model)
    if len(rows) == 1:
        connection = session.connection()
        prepared = _prepared(connection, table, tuple(rows[0]))
        (values,) = prepared.parameters(rows)
        return [int(connection.exec_driver_sql(f"{prepared.sql} RETURNING id", values).scalar_one())]
    if session.connection().dialect.name == "sqlite":
        # SQLite would be asked once a row. Whoever writes is alone there, so the ids that come next are known.
        first = (session.scalar(select(func.max(table.c.id)), execution_options={"stamped": True}) or 0) + 1
        ids = list(range(first, first + len(rows)))
        _insert(model, [{**row, "id": row_id} for row, row_id in zip(rows, ids, strict=True)])
        return ids
    statement = insert(table).returning(table.c.id, sort_by_parameter_order=True)
    found = session.scalars(statement, [dict(row) for row in rows], execution_options={"stamped": True})
    _filling.note(len(rows))
    return list(found.all())


class _Filling:
    """Says when tables are so much fuller that PostgreSQL should count them anew: after so many rows of this process,
    then after twice as many. A sale's few rows at a time are not counted."""

    AT_ONCE, FIRST = 50, 5_000

    def __init__(self) -> None:
        self.rows, self.limit = 0, self.FIRST

    def note(self, rows: int) -> None:
        if rows >= self.AT_ONCE:
            self.rows += rows

    def is_due(self) -> bool:
        if self.rows < self.limit:
            return False
        self.limit = self.rows * 2
        return True


_filling = _Filling()


def count_anew() -> None:
    """Let PostgreSQL look at how full its tables are, within a second or so. Bulk work does by itself, see `_Filling`.

    It plans by what it last counted, which may be minutes old: a search planned for an empty table was a hundred times
    slower on the ten thousand products that had just come in. SQLite's plans do not depend on it.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.connection().exec_driver_sql("ANALYZE")


@contextmanager
def unit_of_work() -> Iterator[scoped_session[Session]]:
    """Commit what the block did, or nothing of it. For jobs and commands; a request gets the same from `finish`."""
    with intent("write"):
        session.rollback()
        try:
            yield session
            if _filling.is_due():
                count_anew()
            session.commit()
        except BaseException:
            session.rollback()
            raise


@contextmanager
def reading() -> Iterator[scoped_session[Session]]:
    """A read-only transaction of its own, ended with the block."""
    session.rollback()
    with intent("read"):
        try:
            yield session
        finally:
            session.rollback()


def finish(keep: bool) -> None:
    """End the request's transaction: commit it, or drop it. What is read afterwards is read-only."""
    if keep:
        session.commit()
    else:
        session.rollback()
    _intent.set("read")


def dispose_after_fork() -> None:
    """A child process must open connections of its own."""
    db.engine.dispose(close=False)


def init_app(app: Flask) -> None:
    """Connect the application to its database."""
    db.init_app(app)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            _prepare_sqlite(db.engine)


def among(column: Any, values: Collection[Any]) -> ColumnElement[bool]:
    """The condition that a column has one of many values, numbers or texts, which are sent as one."""
    dialect = session.get_bind().dialect.name
    return _one_of(column, bindparam(None, bound(values), _kind_of(column, dialect), unique=True), dialect)


def among_bound(column: Any, name: str, dialect: str) -> ColumnElement[bool]:
    """`among` for a statement that is kept: its values come as the parameter `name`, made by `bound`."""
    return _one_of(column, bindparam(name, type_=_kind_of(column, dialect)), dialect)


def bound(values: Collection[Any]) -> Any:
    """Many values as one parameter of a statement."""
    return json.dumps(list(values)) if session.get_bind().dialect.name == "sqlite" else list(values)


def _kind_of(column: Any, dialect: str) -> Any:
    if dialect == "sqlite":
        return Text()
    return ARRAY(Text if isinstance(column.type, String) else BigInteger)


def _one_of(column: Any, values: Any, dialect: str) -> ColumnElement[bool]:
    if dialect == "sqlite":
        return cast("ColumnElement[bool]", column.in_(select(func.json_each(values).table_valued("value").c.value)))
    return cast("ColumnElement[bool]", column == any_(values))


def in_chunks(rows: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of at most `size` items, in order."""
    iterator = iter(rows)
    while chunk := list(islice(iterator, size)):
        yield chunk
