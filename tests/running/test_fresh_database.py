"""Every test on PostgreSQL begins with the same database, whatever the one before did to it."""

from __future__ import annotations

import psycopg
import pytest

from tests.support.fresh import FreshDatabase

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def database(postgresql):
    postgresql.create("put_back")
    with psycopg.connect(f"host={postgresql.sockets} user=postgres dbname=put_back", autocommit=True) as connection:
        connection.execute("create table shops (id bigserial primary key, name text unique)")
        connection.execute("create table sales (id bigserial primary key, shop_id bigint references shops)")
        connection.execute("insert into shops (name) values ('Corner')")
    found = FreshDatabase(postgresql, "put_back")
    yield found
    found.leave()


def connected(database):
    return psycopg.connect(f"host={database.server.sockets} user=postgres dbname=put_back", autocommit=True)


def holds(database):
    with connected(database) as connection:
        shops = connection.execute("select * from shops").fetchall()
        sales = connection.execute("select count(*) from sales").fetchone()[0]
        new = connection.execute("insert into shops (name) values ('New') returning id").fetchone()[0]
        return shops, sales, new


@pytest.mark.parametrize(
    ("done", "lives_on"),
    [
        ("insert into sales (shop_id) values (1), (1)", True),
        ("update shops set name = 'Other'; insert into shops (name) values ('Corner')", True),
        ("delete from shops", True),
        ("select nextval('shops_id_seq'), nextval('sales_id_seq')", True),
        ("alter table sales add column note text", False),
        ("drop table sales", False),
        ("create index on sales (shop_id)", False),
        ("insert into sales (shop_id) select 1 from generate_series(1, 500); analyze", False),
    ],
)
def test_it_is_as_it_was(database, done, lives_on):
    with connected(database) as connection:
        connection.execute(done)
    assert database.renew() == lives_on
    assert holds(database) == ([(1, "Corner")], 0, 2)
    database.renew()


@pytest.mark.parametrize("left", ["begin; insert into shops (name) values ('Late')", "select pg_advisory_lock(7)"])
def test_nobody_from_before_is_still_there(database, left):
    late = connected(database)
    late.execute(left)
    assert not database.renew()
    with pytest.raises(psycopg.OperationalError):
        late.execute("select 1")
    late.close()
    assert holds(database) == ([(1, "Corner")], 0, 2)
    database.renew()
