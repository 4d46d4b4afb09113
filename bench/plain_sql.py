"""The rows of one sale, written by plain SQL: what the database alone takes for it."""

import secrets
import sqlite3
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import psycopg

# Every table a sale writes to, the column that points at the sale, and what else chooses its rows.
PARTS = (
    ("order_lines", "order_id", ""),
    ("stock_moves", "source_id", " AND source = 'order'"),
    ("payments", "document_id", ""),
    ("audit_entries", "subject_id", " AND subject = 'orders' AND action = 'sale'"),
)


@dataclass
class Sample:
    """The rows of one sale as stored, by table, with their columns."""

    order: dict[str, Any]
    parts: dict[str, list[dict[str, Any]]]
    entry: dict[str, Any]
    entry_lines: list[dict[str, Any]]
    event: dict[str, Any]
    documents_before: int

    @property
    def rows(self) -> int:
        """How many rows are written or changed."""
        changed = len(self.parts["stock_moves"]) + 1
        return 3 + len(self.entry_lines) + sum(len(rows) for rows in self.parts.values()) + changed


class Connection:
    """SQLite or PostgreSQL, with the program's durability."""

    def __init__(self, url: str) -> None:
        self.is_sqlite = url.startswith("sqlite")
        self.mark = "?" if self.is_sqlite else "%s"
        if self.is_sqlite:
            self._raw: Any = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-32000"):
                self._raw.execute(f"pragma {pragma}")
        else:
            self._raw = psycopg.connect(urlsplit(url)._replace(scheme="postgresql").geturl(), autocommit=True)
        self._cursor = self._raw.cursor()

    def run(self, sql: str, values: tuple[Any, ...] = ()) -> Any:
        """Run one statement."""
        return self._cursor.execute(sql.replace("?", self.mark), values)

    def many(self, sql: str, values: list[tuple[Any, ...]]) -> None:
        """Run one statement for many rows."""
        self._cursor.executemany(sql.replace("?", self.mark), values)

    def rows(self, sql: str, values: tuple[Any, ...] = ()) -> list[dict[str, Any]]:
        """What a SELECT finds, by column."""
        self.run(sql, values)
        names = [column[0] for column in self._cursor.description]
        return [dict(zip(names, row, strict=True)) for row in self._cursor.fetchall()]

    def begin(self) -> None:
        """Begin to write."""
        self.run("BEGIN IMMEDIATE" if self.is_sqlite else "BEGIN")


def read_sample(url: str, tenant_id: int) -> Sample:
    """The rows of the last sale a till of this tenant made."""
    connection = Connection(url)
    (order,) = connection.rows(
        "SELECT * FROM orders WHERE tenant_id = ? AND channel = 'pos' ORDER BY id DESC LIMIT 1", (tenant_id,)
    )
    (documents,) = connection.rows("SELECT count(*) AS n FROM orders WHERE channel <> 'pos'")
    parts = {
        table: connection.rows(f"SELECT * FROM {table} WHERE {column} = ?{more}", (order["id"],))
        for table, column, more in PARTS
    }
    (entry,) = connection.rows("SELECT * FROM journal_entries WHERE source = 'order' AND source_id = ?", (order["id"],))
    entry_lines = connection.rows("SELECT * FROM journal_lines WHERE entry_id = ?", (entry["id"],))
    (event,) = connection.rows("SELECT * FROM events WHERE kind = 'sale.completed' ORDER BY id DESC LIMIT 1")
    return Sample(order, parts, entry, entry_lines, event, documents["n"])


def write_sales(url: str, sample: Sample, count: int) -> float:
    """Write the sample `count` times, a transaction each; returns the median seconds of one."""
    connection = Connection(url)
    took = []
    for _ in range(count):
        started = time.perf_counter()
        _write(connection, sample, secrets.token_hex(16))
        took.append(time.perf_counter() - started)
    return sorted(took)[len(took) // 2]


def _write(connection: Connection, sample: Sample, key: str) -> None:
    tenant_id = sample.order["tenant_id"]
    connection.begin()
    connection.run("UPDATE number_series SET last = last + 1 WHERE tenant_id = ? AND name = 'sale'", (tenant_id,))
    moves = sample.parts["stock_moves"]
    connection.many(
        "UPDATE stock_levels SET on_hand = on_hand + ?, value = value + ? "
        "WHERE tenant_id = ? AND variant_id = ? AND location_id = ?",
        [(one["quantity"], one["value"], tenant_id, one["variant_id"], one["location_id"]) for one in moves],
    )
    order_id = _insert(connection, "orders", [sample.order | {"key": key, "number": key}], returning=True)
    raised = "UPDATE audit_heads SET position = position + 1 WHERE chain = ? RETURNING position"
    position = int(connection.run(raised, (tenant_id,)).fetchone()[0])
    for table, column, _more in PARTS:
        chained = {"position": position} if table == "audit_entries" else {}
        _insert(connection, table, [one | {column: order_id} | chained for one in sample.parts[table]])
    entry_id = _insert(connection, "journal_entries", [sample.entry | {"source_id": order_id}], returning=True)
    _insert(connection, "journal_lines", [one | {"entry_id": entry_id} for one in sample.entry_lines])
    _insert(connection, "events", [sample.event])
    connection.run("COMMIT")


def _insert(connection: Connection, table: str, rows: list[dict[str, Any]], returning: bool = False) -> int | None:
    names = [name for name in rows[0] if name != "id"]
    quoted = ", ".join(f'"{name}"' for name in names)
    sql = f"INSERT INTO {table} ({quoted}) VALUES ({', '.join('?' * len(names))})"
    values = [tuple(_plain(one[name]) for name in names) for one in rows]
    if not returning:
        connection.many(sql, values)
        return None
    return int(connection.run(f"{sql} RETURNING id", values[0]).fetchone()[0])


def _plain(value: Any) -> Any:
    return psycopg.types.json.Jsonb(value) if isinstance(value, dict | list) else value
