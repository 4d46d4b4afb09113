"""On PostgreSQL the database itself keeps tenants apart: SQL that goes around the program's own fence gets nothing."""

from __future__ import annotations

import pytest
from flask_migrate import upgrade
from sqlalchemy.exc import ProgrammingError

from retail.core import db, wall
from retail.core.archive.rows import all_tables
from retail.core.db import reading, session, unit_of_work
from retail.core.tenancy import across_tenants, inside, taken_anywhere
from retail.identity.models import User
from tests import make
from tests.conftest import make_app, renew

pytestmark = pytest.mark.postgres


@pytest.fixture
def context(_postgresql_app):
    """Only PostgreSQL has such a wall."""
    app, database = _postgresql_app
    renew(app, database)
    with app.app_context():
        yield app
        session.remove()


@pytest.fixture
def walled(shop, rival):
    with inside(rival.tenant_id):
        make.product("Theirs", sku="THEIRS", stock=3)
    make.product("Ours", sku="OURS", stock=3)
    session.rollback()
    return shop


def raw(statement):
    """What the driver itself is answered: nothing of the program limits it."""
    return session.connection().exec_driver_sql(statement)


def skus():
    return {row[0] for row in raw("select sku from variants")}


def test_raw_sql_sees_one_tenant_all_or_none(walled, rival):
    with reading():
        assert skus() == {"OURS"}
    with inside(rival.tenant_id), reading():
        assert skus() == {"THEIRS"}
    with across_tenants(), reading():
        assert skus() == {"OURS", "THEIRS"}


def test_outside_of_tenants_there_is_nothing(context, walled):
    session.rollback()
    with db.db.engine.connect() as connection:
        # A connection of the pool that was last used in a tenant, and one that says nothing at all.
        assert connection.exec_driver_sql("select count(*) from variants").scalar() == 1
        raw_connection = connection.connection.dbapi_connection
        raw_connection.rollback()
        assert raw_connection.execute("select count(*) from variants").fetchone()[0] == 0
        raw_connection.rollback()


def test_raw_sql_cannot_write_into_another_tenant(walled, rival):
    with unit_of_work():
        assert raw("update variants set name = 'Taken'").rowcount == 1
        assert raw("delete from barcodes").rowcount == 0
    with pytest.raises(ProgrammingError, match="row-level security"), unit_of_work():
        raw(f"insert into customers (tenant_id, code, name, created_at) values ({rival.tenant_id}, 'X', 'X', now())")
    with pytest.raises(ProgrammingError, match="row-level security"), unit_of_work():
        raw(f"update number_series set tenant_id = {rival.tenant_id}")
    with inside(rival.tenant_id), reading():
        assert raw("select name from variants").scalars().all() == ["Theirs"]


def test_the_tenant_is_told_anew_when_a_transaction_goes_to_another(walled, rival):
    session.rollback()
    with across_tenants(), unit_of_work():
        assert skus() == {"OURS", "THEIRS"}
        with inside(rival.tenant_id):
            assert skus() == {"THEIRS"}
        assert skus() == {"OURS", "THEIRS"}


def test_a_key_of_all_is_looked_for_everywhere_amid_the_work_of_one_tenant(walled, rival):
    with unit_of_work():
        session.get(User, walled.users["clerk"]).name = "Changed before"
        assert taken_anywhere(User.email, "owner@rival.example")
        assert not taken_anywhere(User.email, "nobody@rival.example")
        assert skus() == {"OURS"}
    with reading():
        assert session.get(User, walled.users["clerk"]).name == "Changed before"


def test_every_table_of_a_tenant_is_walled_after_a_migration(tmp_path, postgresql):
    app = make_app(tmp_path, postgresql.create(f"walled_{tmp_path.name.replace('-', '_')}"[:60]))
    with app.app_context(), db.intent("write"):
        upgrade()
        with db.db.engine.connect() as connection:
            assert wall.unwalled(connection, all_tables()) == []
            assert "program" in {row[0] for row in connection.exec_driver_sql("select current_user")}
        db.db.engine.dispose()
