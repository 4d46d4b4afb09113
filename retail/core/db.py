"""The database, and the only place in the program that commits.

SQLite and PostgreSQL are both first-class. On SQLite every write transaction starts with BEGIN IMMEDIATE (a deferred
transaction that upgrades fails at once under load) behind a queue (`writers`), so that writers are served in order;
reads use a deferred, query-only transaction, so that a write in a GET fails loudly.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from itertools import islice, repeat
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    JSON,
    BigInteger,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Integer,
    MetaData,
    Table,
    event,
    func,
    insert,
    select,
)
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, scoped_session
from sqlalchemy.sql.schema import ScalarElementColumnDefault
from sqlalchemy.types import TypeDecorator

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


def _prepare_sqlite(engine: Engine) -> None:
    if sqlite3.sqlite_version_info < (3, 35):
        raise RuntimeError(f"SQLite {sqlite3.sqlite_version} is too old; 3.35 or newer is needed")
    writers = Writers(Path(str(engine.url.database)))

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


class BulkInsert:
    """One INSERT for a set of columns, prepared once: its SQL, and what turns each column's values into the driver's.

    Equal values are converted once per call, for ledgers repeat themselves: the same date, the same price, zero.
    """

    def __init__(self, table: Table, names: Sequence[str], dialect: Dialect) -> None:
        columns = [table.c[name] for name in names]
        defaults = [one for one in table.c if one.name not in names and one.default is not None]
        if any(not isinstance(one.default, ScalarElementColumnDefault) for one in defaults):
            raise ValueError(f"{table.name}: only plain defaults can be left out of a bulk insert")
        self._names = names
        self._constants = [cast(ScalarElementColumnDefault, one.default).arg for one in defaults]
        self._convert = [one.type.dialect_impl(dialect).bind_processor(dialect) for one in (*columns, *defaults)]
        self._remember = [not isinstance(one.type, JSON) for one in (*columns, *defaults)]
        quote = dialect.identifier_preparer
        mark = "?" if dialect.paramstyle == "qmark" else "%s"
        self.sql = (
            f"INSERT INTO {quote.format_table(table)} "  # noqa: S608  names of our own columns, quoted
            f"({', '.join(quote.format_column(one) for one in (*columns, *defaults))}) "
            f"VALUES ({', '.join([mark] * len(self._convert))})"
        )

    def parameters(self, rows: Sequence[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
        """The rows as the driver takes them."""
        filled: list[Iterable[Any]] = [[row[name] for row in rows] for name in self._names]
        filled += [repeat(value, len(rows)) for value in self._constants]
        return list(zip(*map(self._converted, filled, self._convert, self._remember), strict=True))

    @staticmethod
    def _converted(values: Iterable[Any], convert: Callable[[Any], Any] | None, remember: bool) -> Iterable[Any]:
        if convert is None:
            return values
        if not remember:
            return map(convert, values)
        known: dict[Any, Any] = {}
        found = []
        for value in values:
            try:
                found.append(known[value])
            except KeyError:
                known[value] = convert(value)
                found.append(known[value])
        return found


_bulk_inserts: dict[tuple[str, tuple[str, ...], str], BulkInsert] = {}


def _prepared(connection: Connection, table: Table, names: tuple[str, ...]) -> BulkInsert:
    key = table.name, names, connection.dialect.name
    if key not in _bulk_inserts:
        _bulk_inserts[key] = BulkInsert(table, names, connection.dialect)
    return _bulk_inserts[key]


def insert_rows(model: type[Model], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert many rows with the same keys, as fast as the driver allows; the session's audit is bypassed.

    For ledgers and bulk work. Tenant-owned rows must go through `retail.core.tenancy.insert_owned`, which calls this.
    """
    if not rows:
        return
    session.flush()
    connection = session.connection()
    prepared = _prepared(connection, table_of(model), tuple(rows[0]))
    connection.exec_driver_sql(prepared.sql, prepared.parameters(rows))
    _filling.note(len(rows))


def insert_returning(model: type[Model], rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """`insert_rows`, and the id of each row in the order given."""
    if not rows:
        return []
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
        insert_rows(model, [{**row, "id": row_id} for row, row_id in zip(rows, ids, strict=True)])
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


def in_chunks(rows: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of at most `size` items, in order."""
    iterator = iter(rows)
    while chunk := list(islice(iterator, size)):
        yield chunk
