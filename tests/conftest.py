"""What every test stands on: the application on SQLite and on PostgreSQL, each test with a database of its own."""

from __future__ import annotations

import gc
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import create_engine, event

import config
from retail.app import create_app
from retail.core import db, rate_limits, remembered, tenancy, wall
from retail.identity import services
from tests import make
from tests.rules import scenario
from tests.support import measuring, postgres, sharing
from tests.support.fresh import FreshDatabase
from tests.support.postgres import PostgresServer, postgres_server


@pytest.fixture(scope="session", autouse=True)
def _quick_hashes() -> Iterator[None]:
    """Passwords and PINs are hashed as cheaply as can be: what a hash costs is not what tests are about."""
    usual, services.hasher = services.hasher, PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    yield
    services.hasher = usual


@pytest.fixture(scope="session")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for all state of the tests of this process."""
    return tmp_path_factory.mktemp("instance")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresServer]:
    """A PostgreSQL server of this test process."""
    if reason := postgres.unavailable_reason():
        pytest.fail(f"not run here: {reason}")
    with postgres_server() as server:
        yield server


KEY = secrets.token_hex(32)
"""One key for all applications of this process: a process has one ring of keys."""


def make_app(instance: Path, url: str, *, key: str = KEY, **overrides: Any) -> Flask:
    environ = {"INSTANCE_DIR": str(instance), "DATABASE_URL": url, "DEMO": "0", "LOG_LEVEL": "ERROR"}
    # A busy machine is slow; what is noted of that would be more statements than a test counts on.
    environ |= {"SECRET_KEY": key, "SLOW_REQUEST_MS": "600000", "SLOW_QUERY_MS": "600000"}
    # Tests ask more than people do; and they count statements, so the list of blocks is read only when it changes.
    environ |= {"RATE_LIMIT_USER": "0", "RATE_LIMIT_ADDRESS": "0"}
    counted = {"RATELIMIT_STORAGE_URI": "memory://", "REMEMBERED_SECONDS": 86_400}
    settings = config.load(environ)
    return create_app(settings, TESTING=True, PROPAGATE_EXCEPTIONS=False, **counted, **overrides)


def fill(app: Flask) -> None:
    """Make the tables and the cast in an empty database. A request that was tested before may have left this thread
    reading."""
    with app.app_context(), db.intent("write"):
        tenancy.pair_tenant_keys(db.Model.metadata)
        db.Model.metadata.create_all(db.db.engine)
        with db.db.engine.begin() as connection:
            wall.raise_wall(connection)
        make.cast()
        db.session.remove()
        db.db.engine.dispose()


def keep(live: Path, copy: Path) -> None:
    """Copy a SQLite database that nobody writes; what stands in its log goes into it first."""
    engine = create_engine(f"sqlite:///{live}")
    with engine.connect() as connection:
        connection.exec_driver_sql("pragma wal_checkpoint(truncate)")
    engine.dispose()
    shutil.copy(live, copy)


@pytest.fixture(scope="session")
def _sqlite_app(instance: Path) -> tuple[Flask, Path, Path]:
    live, template = instance / "test.db", instance / "template.db"
    app = make_app(instance, f"sqlite:///{live}")
    fill(app)
    keep(live, template)
    return app, live, template


@pytest.fixture(scope="session")
def _postgresql_app(instance: Path, postgresql: PostgresServer) -> Iterator[tuple[Flask, FreshDatabase]]:
    name = f"live_{os.environ.get('PYTEST_XDIST_WORKER', 'one')}"
    app = make_app(instance, postgresql.create(name))
    fill(app)
    database = FreshDatabase(postgresql, name)
    yield app, database
    database.leave()
    with app.app_context():
        db.db.engine.dispose()


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(measuring)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    sharing.slowest_first(items)


def pytest_collection_finish() -> None:
    """What is loaded by now stays to the end: there is no garbage in it to look for."""
    gc.collect()
    gc.freeze()


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> sharing.ByFile:
    return sharing.ByFile(config, log)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every test that uses the application runs on both databases, unless it is marked `sqlite_only`."""
    if "app" in metafunc.fixturenames:
        kinds: list[Any] = ["sqlite"]
        if metafunc.definition.get_closest_marker("sqlite_only") is None:
            kinds.append(pytest.param("postgresql", marks=pytest.mark.postgres))
        metafunc.parametrize("app", kinds, indirect=True)


def renew(app: Flask, database: FreshDatabase) -> None:
    """Let a database on PostgreSQL hold nothing but the cast again."""
    if not database.renew():
        with app.app_context():
            db.db.engine.dispose()


@pytest.fixture
def app(request: pytest.FixtureRequest) -> Iterator[Flask]:
    """The application with a database that holds nothing but the cast (see `tests.make`)."""
    if request.param == "sqlite":
        app, live, template = request.getfixturevalue("_sqlite_app")
        for leftover in (live.with_name(live.name + "-wal"), live.with_name(live.name + "-shm")):
            leftover.unlink(missing_ok=True)
        shutil.copy(template, live)
        remembered.forget(app)
        yield app
    else:
        app, database = request.getfixturevalue("_postgresql_app")
        renew(app, database)
        remembered.forget(app)
        yield app
    with app.app_context():
        db.session.remove()
        if request.param == "sqlite":
            db.db.engine.dispose()
        # Attempts are counted by address, and every test comes from the same one.
        rate_limits.forget()
    tenancy.forget()


@pytest.fixture
def context(app: Flask) -> Iterator[Flask]:
    """The application with a context, in no tenant."""
    with app.app_context():
        yield app
        db.session.remove()


@pytest.fixture
def dry(_sqlite_app: tuple[Flask, Path, Path]) -> Iterator[Flask]:
    """The application with a context, for what asks no database and so is the same on any: asking one fails."""
    app, _live, _template = _sqlite_app

    def refuse(_connection: object) -> None:
        raise AssertionError("this test said that it asks no database")

    with app.app_context():
        event.listen(db.db.engine, "begin", refuse)
        try:
            yield app
        finally:
            event.remove(db.db.engine, "begin", refuse)
            db.session.remove()


@pytest.fixture(scope="session")
def _kept() -> dict[str, float]:
    """The databases of which a copy with something of everything was kept, and when on the machine's own clock."""
    return {}


@pytest.fixture
def lived_in(request: pytest.FixtureRequest, context: Flask, instance: Path, _kept: dict[str, float]) -> make.Cast:
    """Both businesses with something of everything, files included: made at most every two minutes and copied. What is
    older would have tasks in it that nobody did in time."""
    kind = request.node.callspec.params["app"]
    found = request.getfixturevalue(f"_{kind}_app")
    files, kept_files = instance / "files", instance / "kept-files"
    is_fresh = kind in _kept and time.monotonic() - _kept[kind] < 120
    if not is_fresh:
        _kept[kind] = time.monotonic()
        scenario.build()
        shutil.copytree(files, kept_files, dirs_exist_ok=True)
    _let_go()
    if kind == "sqlite":
        _app, live, template = found
        kept = template.with_name("lived-in.db")
        if is_fresh:
            shutil.copy(kept, live)
        else:
            keep(live, kept)
    else:
        _app, database = found
        kept = f"{database.name}_lived_in"
        if is_fresh:
            database.replace(kept)
        else:
            database.keep(kept)
    shutil.copytree(kept_files, files, dirs_exist_ok=True)
    return make.corner_shop()


def _let_go() -> None:
    db.session.remove()
    db.db.engine.dispose()


@pytest.fixture
def shop(context: Flask) -> Iterator[make.Cast]:
    """Inside the corner shop, with its people; write in `db.unit_of_work()`."""
    cast = make.corner_shop()
    with tenancy.inside(cast.tenant_id):
        yield cast
    tenancy.forget()


@pytest.fixture
def rival(context: Flask) -> make.Cast:
    """The other business on the same server, whose things must never be seen."""
    return make.rival()


@pytest.fixture(params=["sqlite", "postgresql"])
def two_databases(request: pytest.FixtureRequest, tmp_path: Path, postgresql: PostgresServer) -> tuple[Flask, Flask]:
    """An application on the one database and another on the other, each with the cast; a test of it is marked
    `postgres`."""
    url = postgresql.create(f"moved_{secrets.token_hex(4)}")
    urls = {"sqlite": f"sqlite:///{tmp_path}/moved.db", "postgresql": url}
    first, second = request.param, *(kind for kind in urls if kind != request.param)
    source, target = (make_app(tmp_path / kind, urls[kind]) for kind in (first, second))
    fill(source)
    fill(target)
    return source, target
