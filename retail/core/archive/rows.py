"""Rows as plain values, the same on either database, and back; and new ids for old ones.

Amounts are the whole numbers that are stored, instants ISO text in UTC, dates and times ISO text, bytes base64.
"""

from __future__ import annotations

from array import array
from base64 import b64decode, b64encode
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Date,
    LargeBinary,
    MetaData,
    Table,
    Time,
    bindparam,
    func,
    select,
    update,
)
from sqlalchemy.sql.schema import ScalarElementColumnDefault
from sqlalchemy.sql.type_api import TypeEngine

from retail.core.db import Instant, Model, reading, session
from retail.core.errors import Refused
from retail.core.inserting import BulkInsert
from retail.core.money import ScaledDecimal
from retail.core.tenancy import across_tenants

CHUNK = 2000
Convert = Callable[[Any], Any]
Condition = Callable[[Table], ColumnElement[bool]]


def tenants_table() -> Table:
    """The table of businesses, which the core knows by name only."""
    return Model.metadata.tables["tenants"]


def all_tables() -> list[Table]:
    """Every table, those that others point to first."""
    return list(Model.metadata.sorted_tables)


@lru_cache(maxsize=256)
def _plainly(table: Table) -> Table:
    """The table with amounts as the whole numbers they are stored as."""
    types: list[tuple[Column[Any], TypeEngine[Any]]] = [
        (one, BigInteger() if isinstance(one.type, ScaledDecimal) else one.type) for one in table.c
    ]
    return Table(
        table.name,
        MetaData(),
        *(Column(one.name, kind, primary_key=one.primary_key, default=_default(one)) for one, kind in types),
    )


def _default(column: Column[Any]) -> Any:
    return column.default.arg if isinstance(column.default, ScalarElementColumnDefault) else None


def _writer(kind: TypeEngine[Any]) -> Convert | None:
    if isinstance(kind, Instant):
        return lambda value: value.isoformat(timespec="microseconds")
    if isinstance(kind, Date | Time):
        return lambda value: value.isoformat()
    if isinstance(kind, LargeBinary):
        return lambda value: b64encode(value).decode()
    return None


def _reader(kind: TypeEngine[Any]) -> Convert | None:
    if isinstance(kind, Instant):
        return lambda value: datetime.fromisoformat(value).astimezone(UTC)
    if isinstance(kind, Date):
        return date.fromisoformat
    if isinstance(kind, Time):
        return time.fromisoformat
    if isinstance(kind, LargeBinary):
        return b64decode
    return None


def rows_of(
    connection: Connection, table: Table, columns: Sequence[str], *conditions: Condition
) -> Iterator[list[Any]]:
    """The rows of a table in the order of their ids, as plain values, read as a stream; each condition is told of which
    table."""
    plain = _plainly(table)
    writers = [(at, write) for at, name in enumerate(columns) if (write := _writer(plain.c[name].type))]
    asked = select(*(plain.c[name] for name in columns)).where(*(one(plain) for one in conditions)).order_by(plain.c.id)
    for found in connection.execute(asked, execution_options={"yield_per": CHUNK}):
        row = list(found)
        for at, write in writers:
            if row[at] is not None:
                row[at] = write(row[at])
        yield row


def fitting_columns(table: Table, given: Sequence[str]) -> None:
    """Refused when an archive has columns that this program does not know, or lacks one that it cannot do without."""
    if strange := set(given) - set(table.c.keys()):
        raise Refused(
            _("The archive was made by a newer version of the program (%(what)s).", what=f"{table.name}.{min(strange)}")
        )
    for column in table.c:
        if column.name not in given and not (column.nullable or column.default is not None):
            raise Refused(_("The archive was made by an older version of the program (no %(what)s).", what=str(column)))


class RowWriter:
    """Inserts plain rows of one table, as mappings."""

    def __init__(self, table: Table, columns: Sequence[str]) -> None:
        self.table, self.columns = _plainly(table), tuple(columns)
        self._readers = [(name, read) for name in columns if (read := _reader(self.table.c[name].type))]

    def write(self, connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
        """Insert these; their instants and the like are made what the driver takes."""
        if not rows:
            return
        for name, read in self._readers:
            for row in rows:
                if row[name] is not None:
                    row[name] = read(row[name])
        prepared = BulkInsert(self.table, self.columns, connection.dialect)
        connection.exec_driver_sql(prepared.sql, prepared.parameters(rows))

    def point(self, connection: Connection, later: Sequence[tuple[int, str, int]]) -> None:
        """Set columns (id, column, value) that pointed to rows that came after their own."""
        for name in {one[1] for one in later}:
            statement = update(self.table).where(self.table.c.id == bindparam("of")).values({name: bindparam("to")})
            connection.execute(statement, [{"of": row, "to": to} for row, column, to in later if column == name])


def points_to(table: Table) -> dict[str, str]:
    """The columns of a table by which its rows point to others, and to which table; the tenant's own left out."""
    found = {}
    for constraint in table.foreign_key_constraints:
        for element in constraint.elements:
            if element.parent.name != "tenant_id":
                found[element.parent.name] = element.column.table.name
    return found


def reserve_ids(connection: Connection, table: Table, count: int) -> list[int]:
    """Ids for new rows, ascending, which nobody else will be given; in the transaction that inserts them."""
    if connection.dialect.name == "postgresql":
        series = func.generate_series(1, count).table_valued("n")
        counter = func.pg_get_serial_sequence(table.name, "id")
        taken = connection.execute(select(func.nextval(counter)).select_from(series)).scalars()
        return sorted(taken)
    last = connection.execute(select(func.max(table.c.id))).scalar() or 0
    return list(range(last + 1, last + 1 + count))


def raise_counters(connection: Connection) -> None:
    """Let new rows get ids beyond those that were inserted by hand (PostgreSQL counts apart from its tables)."""
    if connection.dialect.name != "postgresql":
        return
    for table in all_tables():
        last = connection.execute(select(func.max(table.c.id))).scalar()
        counter = func.pg_get_serial_sequence(table.name, "id")
        connection.execute(select(func.setval(counter, last or 1, last is not None)))


class NewIds:
    """Which id a row of the archive has here. Kept as runs of consecutive ids, a few numbers for a whole table."""

    def __init__(self) -> None:
        self._starts: dict[str, array[int]] = {}
        self._runs: dict[str, list[tuple[int, int]]] = {}

    def add(self, table: str, old: Sequence[int], new: Sequence[int]) -> None:
        """Remember ids of a table; in ascending order."""
        starts = self._starts.setdefault(table, array("q"))
        runs = self._runs.setdefault(table, [])
        for before, now in zip(old, new, strict=True):
            if runs and before == starts[-1] + runs[-1][1] and now == runs[-1][0] + runs[-1][1]:
                runs[-1] = (runs[-1][0], runs[-1][1] + 1)
            else:
                starts.append(before)
                runs.append((now, 1))

    def get(self, table: str, old: Any) -> int | None:
        """The new id; None when the archive has no such row."""
        starts = self._starts.get(table)
        if starts is None or not isinstance(old, int):
            return None
        at = bisect_right(starts, old) - 1
        if at < 0:
            return None
        new, count = self._runs[table][at]
        beyond = old - starts[at]
        return new + beyond if beyond < count else None


@contextmanager
def snapshot() -> Iterator[Connection]:
    """A transaction that sees one moment of the whole database, while others go on writing."""
    with across_tenants(), reading():
        yield session.connection()
