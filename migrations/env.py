"""Runs migrations on both databases. Models are imported only for `flask db migrate`, which compares them."""

from __future__ import annotations

from logging.config import dictConfig

from alembic import context
from flask import current_app
from sqlalchemy import Connection

from retail.core.db import Instant, Model
from retail.core.money import ScaledDecimal
from retail.core.tenancy import across_tenants
from retail.core.wall import raise_wall

dictConfig({"version": 1, "disable_existing_loggers": False})


def as_plain_type(kind: str, thing: object, _context: object) -> str | bool:
    """Types of our own are written as what they are in the database, so that migrations never import models."""
    if kind != "type":
        return False
    if isinstance(thing, ScaledDecimal):
        return "sa.BigInteger()"
    if isinstance(thing, Instant):
        return "sa.DateTime(timezone=True)"
    return False


def run(connection: Connection) -> None:
    context.configure(
        connection=connection, target_metadata=Model.metadata, render_as_batch=True, render_item=as_plain_type
    )
    with context.begin_transaction(), across_tenants():
        context.run_migrations()
        # Whatever a migration made: afterwards every table of a tenant has the second wall.
        raise_wall(connection)


def main() -> None:
    engine = current_app.extensions["migrate"].db.engine
    raw_sqlite = engine.dialect.name == "sqlite"
    with engine.connect() as connection:
        if raw_sqlite:
            # Outside a transaction: a re-created parent table would otherwise empty its children (ON DELETE).
            driver = connection.connection.dbapi_connection
            driver.execute("pragma foreign_keys=OFF")
        try:
            run(connection)
            if raw_sqlite and (broken := driver.execute("pragma foreign_key_check").fetchall()):
                raise RuntimeError(f"the migration broke foreign keys: {broken[:5]}")
            connection.commit()
        finally:
            if raw_sqlite:
                connection.rollback()
                driver.execute("pragma foreign_keys=ON")


main()
