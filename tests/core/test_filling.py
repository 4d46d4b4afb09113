"""After many rows at once a database must not go on planning for empty tables."""

from __future__ import annotations

import pytest

from retail.catalog.services.bulk import insert_products
from retail.core import db
from retail.core.db import session, unit_of_work
from tests import make


def known_products():
    """How many products PostgreSQL plans for."""
    found = session.connection().exec_driver_sql("select reltuples from pg_class where relname = 'products'")
    return max(found.scalar_one(), 0)


@pytest.mark.parametrize(("rows", "noticed"), [(40, False), (400, True)])
def test_tables_are_counted_anew_after_many_rows_and_not_after_few(app, shop, monkeypatch, rows, noticed):
    filling = db._Filling()
    filling.limit = 300
    monkeypatch.setattr(db, "_filling", filling)
    with make.within(shop):
        with unit_of_work():
            insert_products([{"name": f"Goods {number}"} for number in range(rows)])
        assert filling.limit == (2 * rows if noticed else 300), "and next time after twice as many"
        if session.get_bind().dialect.name == "postgresql":
            assert (known_products() >= rows) == noticed
