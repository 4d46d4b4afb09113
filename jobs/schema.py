"""Is the database at the newest migration? Asked at each start, so it costs a fraction of loading the application.

`python -m jobs.schema` ends with 0 when it is, 1 when `flask db upgrade` has work to do, 2 when the database cannot be
reached (one line says why).
"""

from __future__ import annotations

import re
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import psycopg

import config

VERSIONS = config.ROOT / "migrations" / "versions"
CURRENT, BEHIND, UNREACHABLE = 0, 1, 2

_REVISION = re.compile(r"""^revision(?:: str)? *= *["']([^"']+)["']""", re.MULTILINE)
_DOWN_REVISION = re.compile(r"""^down_revision(?:: [^=]+)? *= *(.+)$""", re.MULTILINE)
_QUOTED = re.compile(r"""["']([^"']+)["']""")


def heads(versions: Path = VERSIONS) -> set[str]:
    """Return the newest revisions among the migration files: those that no other file follows."""
    revisions: set[str] = set()
    followed: set[str] = set()
    for file in versions.glob("*.py"):
        text = file.read_text(encoding="utf-8")
        revisions.update(_REVISION.findall(text))
        for down in _DOWN_REVISION.findall(text):
            followed.update(_QUOTED.findall(down))
    return revisions - followed


def applied(settings: config.Config) -> set[str]:
    """Return the revisions the database is at; none when it is new. Raises OSError when it cannot be reached."""
    question = "select version_num from alembic_version"
    file = settings.database_file
    if file is not None:
        if not file.exists():
            return set()
        try:
            with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=10)) as connection:
                return {str(row[0]) for row in connection.execute(question)}
        except sqlite3.OperationalError as problem:
            if "no such table" in str(problem):
                return set()
            raise OSError(f"{file}: {problem}") from problem
        except sqlite3.DatabaseError as problem:
            raise OSError(f"{file}: {problem}") from problem
    address = settings.database_url.replace("postgresql+psycopg://", "postgresql://", 1)
    try:
        with psycopg.connect(address, connect_timeout=10) as connection:
            return {str(row[0]) for row in connection.execute(question)}
    except psycopg.errors.UndefinedTable:
        return set()
    except psycopg.Error as problem:
        raise OSError(" ".join(str(problem).split())) from problem


def main() -> int:
    """Answer by the exit status; see the head of this file."""
    settings = config.load_or_exit()
    try:
        return CURRENT if applied(settings) == heads() else BEHIND
    except OSError as problem:
        sys.stderr.write(
            f"DATABASE_URL: the database cannot be used ({problem}); give one that runs and lets this user in\n"
        )
        return UNREACHABLE


if __name__ == "__main__":
    sys.exit(main())
