"""A database that is as it was filled again before every test, without being copied for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

from tests.support.postgres import PostgresServer

_STRUCTURE = """
    select md5(string_agg(found, ',' order by found)) from (
        select 'c' || oid || '.' || xmin from pg_class where relnamespace = 'public'::regnamespace
        union all select 'a' || attrelid || '.' || attnum || '.' || xmin from pg_attribute where attrelid >= 16384
        union all select 'r' || oid || '.' || xmin from pg_constraint
        union all select 'l' || oid || '.' || xmin from pg_policy
        union all select 't' || oid || '.' || xmin from pg_trigger
        union all select 'p' || oid || '.' || xmin from pg_proc where oid >= 16384
        union all select 'n' || oid || '.' || xmin from pg_namespace
        union all select 's' || starelid || '.' || xmin from pg_statistic where starelid >= 16384
    ) as everything(found)"""
"""What a database is built of, and what it knows of its tables for planning: any change gives another answer."""
_ALL_QUIET = """
    select not exists (
        select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle'
    ) and not exists (
        select from pg_locks where locktype = 'advisory'
        and database = (select oid from pg_database where datname = current_database())
    )"""
_WRITES_BEFORE_A_COPY = 25
"""Rows that were taken out still lie in the files and slow reading down; now and then a copy is cheaper."""


class FreshDatabase:
    """A database with what it holds when this is made, put back by `renew`.

    A copy takes the server 0.05 processor seconds, and all connections to it are new; taking out what a test wrote
    takes a tenth of that. A copy is still made when that would not be the same: when a test changed how tables are
    built or counted, or left a transaction or a lock behind.
    """

    def __init__(self, server: PostgresServer, name: str) -> None:
        self.server, self.name = server, name
        self._connection: psycopg.Connection[Any] | None = None
        self._uses = 0
        with self._asking() as connection:
            tables = [
                row[0] for row in connection.execute("select tablename from pg_tables where schemaname = 'public'")
            ]
            held = [name for name in tables if self._holds_rows(connection, name)]
            connection.execute("create schema kept")
            for table in held:
                names = {"kept": sql.Identifier("kept", table), "live": sql.Identifier("public", table)}
                connection.execute(sql.SQL("create table {kept} as table {live}").format(**names))
            places = connection.execute(
                "select sequencename, coalesce(last_value, start_value), last_value is not null from pg_sequences"
            ).fetchall()
            self._structure = connection.execute(_STRUCTURE).fetchone()
        # No foreign key and no trigger looks at what is put back: it was whole when it was kept.
        steps = [sql.SQL("begin; set local lock_timeout = '2s'; set local session_replication_role = replica")]
        steps += [sql.SQL("delete from {}").format(sql.Identifier("public", table)) for table in tables]
        for table in held:
            names = {"kept": sql.Identifier("kept", table), "live": sql.Identifier("public", table)}
            steps.append(sql.SQL("insert into {live} select * from {kept}").format(**names))
        for sequence, value, is_called in places:
            step = sql.SQL("select setval({}, {}, {})")
            steps.append(step.format(sql.Literal(f"public.{sequence}"), sql.Literal(value), sql.Literal(is_called)))
        self._undo = sql.SQL("; ").join([*steps, sql.SQL("commit")])
        self.leave()
        server.create(self._template, name)

    @property
    def _template(self) -> str:
        return f"{self.name}_template"

    def renew(self) -> bool:
        """Bring back what was there at first; return whether connections to the database live on."""
        self._uses += 1
        if self._uses % _WRITES_BEFORE_A_COPY and self._could_be_undone():
            return True
        self.replace(self._template)
        return False

    def replace(self, source: str) -> None:
        """Make the database a copy of another, whoever is still connected."""
        self.leave()
        self.server.drop(self.server.url(self.name))
        self.server.create(self.name, source)

    def keep(self, name: str) -> None:
        """Keep a copy, to give to `replace`."""
        self.leave()
        self.server.drop(self.server.url(name))
        self.server.create(name, self.name)

    def leave(self) -> None:
        """Close the connection by which rows are put back; another is made when it is needed."""
        if self._connection is not None:
            self._connection.close()

    def _could_be_undone(self) -> bool:
        try:
            with self._asking() as connection:
                if connection.execute(_ALL_QUIET).fetchone() != (True,):
                    return False
                if connection.execute(_STRUCTURE).fetchone() != self._structure:
                    return False
                connection.execute(self._undo)
        except psycopg.Error:
            # Somebody else replaced the database, or holds on to it.
            return False
        return True

    @contextmanager
    def _asking(self) -> Iterator[psycopg.Connection[Any]]:
        if self._connection is None or self._connection.closed:
            about = f"host={self.server.sockets} user=postgres dbname={self.name}"
            self._connection = psycopg.connect(about, autocommit=True)
        yield self._connection

    @staticmethod
    def _holds_rows(connection: psycopg.Connection[Any], table: str) -> bool:
        asked = sql.SQL("select exists (select from {})").format(sql.Identifier("public", table))
        return connection.execute(asked).fetchone() == (True,)
