"""The lived-in town on both databases, made once a process, and put back after tests that write."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from retail.core import db, remembered, tenancy
from retail.core.db import session
from retail.identity.models import User
from retail.permissions import ROLES
from tests import make
from tests.conftest import fill, keep, make_app
from tests.rules import scenario
from tests.rules.walking import Walk
from tests.support.postgres import PostgresServer


@dataclass
class Town:
    """Both businesses with something of everything. `put_back` undoes whatever a test wrote."""

    app: Flask
    put_back: Callable[[], None]
    addresses: dict[tuple[str, str, str], list[str]] = field(default_factory=dict)
    casts: dict[str, make.Cast] = field(default_factory=dict)

    def cast(self, slug: str = "corner-shop") -> make.Cast:
        if slug not in self.casts:
            self.casts[slug] = self._cast(slug)
        return self.casts[slug]

    def _cast(self, slug: str) -> make.Cast:
        with self.app.app_context():
            found = make.found(slug)
            with tenancy.inside(found.tenant_id):
                found.users.update({user.email.partition("@")[0]: user.id for user in session.scalars(select(User))})
            session.rollback()
        return found

    def client(self, role: str, slug: str = "corner-shop") -> FlaskClient:
        if role == "administrator":
            return make.administrator(self.app)
        return make.client(self.app, self.cast(slug), role)


def _build(app: Flask) -> None:
    fill(app)
    remembered.forget(app)
    with app.app_context():
        scenario.build()
        db.db.engine.dispose()


def _leave(app: Flask) -> None:
    with app.app_context():
        session.remove()
        db.db.engine.dispose()
    tenancy.forget()
    db.set_intent("write")


@pytest.fixture(scope="session")
def _sqlite_town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    folder = tmp_path_factory.mktemp("town")
    live, kept = folder / "town.db", folder / "kept.db"
    app = make_app(folder, f"sqlite:///{live}")
    _build(app)
    keep(live, kept)

    def put_back() -> None:
        _leave(app)
        for leftover in ("-wal", "-shm"):
            Path(f"{live}{leftover}").unlink(missing_ok=True)
        shutil.copy(kept, live)

    return Town(app, put_back)


@pytest.fixture(scope="session")
def _postgresql_town(tmp_path_factory: pytest.TempPathFactory, postgresql: PostgresServer) -> Town:
    name = f"town_{os.environ.get('PYTEST_XDIST_WORKER', 'one')}"
    app = make_app(tmp_path_factory.mktemp("town"), postgresql.create(name))
    _build(app)
    postgresql.create(f"{name}_kept", name)

    def put_back() -> None:
        _leave(app)
        postgresql.drop(postgresql.url(name))
        postgresql.create(name, f"{name}_kept")

    return Town(app, put_back)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def town(request: pytest.FixtureRequest) -> Iterator[Town]:
    """The town on both databases, for tests that only read."""
    found: Town = request.getfixturevalue(f"_{request.param}_town")
    yield found
    _leave(found.app)


@pytest.fixture
def touched(town: Town) -> Iterator[Town]:
    """The town on both databases, for tests that write."""
    yield town
    town.put_back()


@pytest.fixture
def quick_town(_sqlite_town: Town) -> Iterator[Town]:
    """The town on SQLite alone: for what is the same on any database."""
    yield _sqlite_town
    _leave(_sqlite_town.app)


@pytest.fixture
def quick_touched(quick_town: Town) -> Iterator[Town]:
    """The town on SQLite alone, for tests that write."""
    yield quick_town
    quick_town.put_back()


@pytest.fixture(scope="session")
def owner_walk(_sqlite_town: Town) -> Walk:
    """Every page as the owner sees it."""
    found = Walk()
    found.go(_sqlite_town, ["owner"])
    _leave(_sqlite_town.app)
    return found


@pytest.fixture(scope="session")
def walk(_sqlite_town: Town, owner_walk: Walk) -> Walk:
    """Every page as every role sees it, asked for once: see `tests.rules.walking`."""
    found = Walk(owner_walk.routes, [*owner_walk.seen], {**owner_walk.changed})
    found.go(_sqlite_town, [*sorted(ROLES.keys() - {"owner"}), "administrator"])
    _leave(_sqlite_town.app)
    return found
