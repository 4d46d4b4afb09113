"""What must be true before the first process is started."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import sqlite3
import time
from typing import TextIO

import config

_PAUSE = 0.1


class StartFailed(Exception):
    """The shop cannot be opened; the text is what to tell, in one line."""


def lock(settings: config.Config) -> tuple[TextIO, bool]:
    """Hold the instance for this process, and take away what the processes of the last holder counted; the flag says
    whether it was killed. Raises StartFailed."""
    directory = settings.instance_dir / "run"
    directory.mkdir(mode=0o700, exist_ok=True)
    file = (directory / "lock").open("a+", encoding="ascii")
    file.seek(0)
    before = file.read().strip()
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise StartFailed(
            f"INSTANCE_DIR: {settings.instance_dir} is open already (process {before}); stop that first"
        ) from None
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    shutil.rmtree(directory / "metrics", ignore_errors=True)
    return file, bool(before)


def claim_port(settings: config.Config, patience: float) -> None:
    """Make sure that the port can be had, waiting up to `patience` seconds for one. Raises StartFailed."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    deadline = time.monotonic() + patience
    while True:
        try:
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((settings.host, settings.port))
            return
        except OSError as problem:
            if time.monotonic() > deadline:
                reason = problem.strerror or str(problem)
                line = (
                    f"PORT: {settings.host}:{settings.port} cannot be had ({reason}); give another, such as PORT=8001"
                )
                raise StartFailed(line) from problem
            time.sleep(_PAUSE)


def check_sqlite() -> None:
    """Refuse a Python whose SQLite lacks what the program uses. Raises StartFailed."""
    with sqlite3.connect(":memory:") as connection:
        options = {row[0] for row in connection.execute("pragma compile_options")}
    connection.close()
    if sqlite3.sqlite_version_info < (3, 35) or "ENABLE_FTS5" not in options:
        line = (
            f"SQLite {sqlite3.sqlite_version} of this Python is too old or lacks FTS5; use another Python or PostgreSQL"
        )
        raise StartFailed(f"DATABASE_URL: {line}")
