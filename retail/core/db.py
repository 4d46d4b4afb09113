"""The database, and the only place in the program that commits.

SQLite and PostgreSQL are both first-class. On SQLite every write transaction starts with BEGIN IMMEDIATE (a deferred
transaction that upgrades fails at once under load) behind an in-process queue, so that writers are served in order;
reads use a deferred, query-only transaction, so that a write in a GET fails loudly.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Literal, TypeVar, cast

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import BigInteger, Connection, DateTime, Dialect, Engine, Integer, MetaData, Table, event, insert
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, scoped_session
from sqlalchemy.types import TypeDecorator

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


class FairLock:
    """A first-come, first-served lock: the longest-waiting writer is next, so no till starves behind another."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._held = False
        self._queue: deque[threading.Event] = deque()

    def acquire(self, timeout: float) -> bool:
        with self._mutex:
            if not self._held and not self._queue:
                self._held = True
                return True
            turn = threading.Event()
            self._queue.append(turn)
        if turn.wait(timeout):
            return True
        with self._mutex:
            if turn.is_set():
                return True
            self._queue.remove(turn)
        return False

    def release(self) -> None:
        with self._mutex:
            if self._queue:
                self._queue.popleft().set()
            else:
                self._held = False


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
    writers = FairLock()

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
    if connection.dialect.name == "postgresql" and _intent.get() == "read":
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")


def insert_rows(model: type[Model], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert many rows in one statement, as fast as the driver allows; audit and defaults of the session are bypassed.

    For ledgers and bulk work. Tenant-owned rows must go through `retail.core.tenancy.insert_owned`, which calls this.
    """
    if rows:
        session.flush()
        session.execute(insert(table_of(model)), [dict(row) for row in rows], execution_options={"stamped": True})


@contextmanager
def unit_of_work() -> Iterator[scoped_session[Session]]:
    """Commit what the block did, or nothing of it. For jobs and commands; a request gets the same from `finish`."""
    with intent("write"):
        session.rollback()
        try:
            yield session
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
