"""Every table: owned by a tenant, keyed by it, pointing only within it; amounts whole; migrations that say the same."""

from __future__ import annotations

import re
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask_migrate import downgrade, upgrade
from sqlalchemy import Column, DateTime, Float, Integer, MetaData, Numeric, String, Table, UniqueConstraint, inspect

from retail.core import db
from retail.core.db import Instant, Model
from retail.core.money import ScaledDecimal
from retail.core.tenancy import OfTenant, pair_tenant_keys
from tests.conftest import make_app
from tests.rules.sources import none

WHOLE_PLATFORM = {
    "tenants",
    "sign_in_attempts",
    "audit_heads",
    "platform_entries",
    "administrators",
    "administrator_devices",
    "limited_callers",
    "blocked_networks",
    "chosen_limits",
}
"""Tables of no one tenant: the tenants themselves, tries to sign in before it is known to whom, the ends of the audit's
chains, the audit of what belongs to none, who keeps the platform, and whom it limits or blocks."""
KEYS_OF_ALL = {("users", "email"), ("user_sessions", "token_hash"), ("tenants", "slug"), ("passkeys", "credential_id")}
"""What is unique among all tenants, because it is looked up before the tenant is known."""
MONEY = re.compile(
    r"^(price|cost|amount|total|net|tax|gross|discount|rounding|value|balance|debit|credit|counted|expected|difference"
    r"|opening_float|monetary|unit_price|unit_cost)$"
)
STATISTICS = {"product_forecasts", "forecast_runs", "customer_scores", "score_runs", "demand_forecasts"}
"""Where measures of error and probability are kept, which are no amounts (nor is how far a task is)."""


@pytest.fixture(scope="module")
def tables(_sqlite_town) -> list[Table]:
    return list(Model.metadata.sorted_tables)


def unowned(table: Table) -> list[str]:
    if table.name in WHOLE_PLATFORM or "tenant_id" in table.c:
        return []
    return [f"{table.name}: belongs to no tenant; let its model inherit OfTenant"]


def not_keyed_by_tenant(table: Table) -> list[str]:
    if "tenant_id" not in table.c:
        return []
    keys = [constraint.columns.keys() for constraint in table.constraints if isinstance(constraint, UniqueConstraint)]
    keys += [index.columns.keys() for index in table.indexes if index.unique]
    return [
        f"{table.name}: unique ({', '.join(key)}) does not begin with tenant_id; two shops may have the same"
        for key in keys
        if key[0] != "tenant_id" and (table.name, key[0]) not in KEYS_OF_ALL
    ]


def points_out(table: Table) -> list[str]:
    found = []
    for constraint in table.foreign_key_constraints:
        other = constraint.elements[0].column.table
        if (
            "tenant_id" in table.c
            and "tenant_id" in other.c
            and "tenant_id" not in {one.name for one in constraint.columns}
        ):
            found.append(f"{table.name}: its key to {other.name} does not carry tenant_id; see pair_tenant_keys")
    return found


def loose_types(table: Table) -> list[str]:
    found = []
    for column in table.c:
        counted = table.name in STATISTICS or table.name == "tasks"
        if isinstance(column.type, Float | Numeric) and not counted:
            found.append(f"{table.name}.{column.name}: no float and no NUMERIC; use Amount, Quantity or Rate")
        if MONEY.match(column.name) and not counted and not isinstance(column.type, ScaledDecimal | String):
            found.append(f"{table.name}.{column.name}: an amount is an Amount, whole numbers in the database")
        if isinstance(column.type, DateTime):
            found.append(f"{table.name}.{column.name}: an instant is an Instant, in UTC")
    return found


BESIDE_OTHERS = {"stored_files"}
"""Rows that are only ever read by the id that another row holds."""


def without_index(table: Table) -> list[str]:
    """A key that no index begins with makes deleting and following it a walk through the whole table."""
    if "tenant_id" not in table.c:
        return []
    begun = [tuple(index.columns.keys()) for index in table.indexes]
    begun += [tuple(one.columns.keys()) for one in table.constraints if isinstance(one, UniqueConstraint)]
    if table.indexes or any(key[:1] == ("tenant_id",) for key in begun):
        return []
    return [] if table.name in BESIDE_OTHERS else [f"{table.name}: no index begins with tenant_id"]


RULES = (unowned, not_keyed_by_tenant, points_out, loose_types, without_index)


def test_every_table_is_of_one_tenant_and_keeps_whole_amounts(tables):
    none(line for table in tables for rule in RULES for line in rule(table))
    assert len(tables) > 30


def test_a_careless_table_is_found_out():
    metadata = MetaData()
    bad = Table(
        "bad",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("tenant_id", Integer),
        Column("code", String, unique=True),
        Column("price", Float),
        Column("at", DateTime),
    )
    assert len(unowned(Table("free", metadata, Column("id", Integer)))) == 1
    assert len(not_keyed_by_tenant(bad)) == 1
    assert len(loose_types(bad)) == 3
    assert len(without_index(bad)) == 1


def test_models_with_a_tenant_inherit_the_fence(tables):
    none(
        f"{mapper.class_.__name__}: has a tenant_id but not OfTenant; the fence would not see it"
        for mapper in Model.registry.mappers
        if "tenant_id" in mapper.columns and not issubclass(mapper.class_, OfTenant)
    )
    none(
        f"{table.name}.{column.name}: use Mapped[datetime], which is an Instant"
        for table in tables
        for column in table.c
        if "Time" in type(column.type).__name__ and not isinstance(column.type, Instant)
    )


# -- migrations -------------------------------------------------------------------------------------------------------
def differences(app: Any) -> list[str]:
    with app.app_context(), db.intent("write"), db.db.engine.connect() as connection:
        pair_tenant_keys(Model.metadata)
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return [str(one)[:160] for one in compare_metadata(context, Model.metadata)]


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_migrations_make_what_the_models_say_and_can_be_undone(kind, tmp_path, request):
    if kind == "sqlite":
        url = f"sqlite:///{tmp_path}/migrated.db"
    else:
        url = request.getfixturevalue("postgresql").create(f"migrated_{tmp_path.name.replace('-', '_')}"[:60])
    app = make_app(tmp_path, url)
    for _turn in range(2):
        with app.app_context(), db.intent("write"):
            upgrade()
        assert differences(app) == [], "models changed without a migration; run flask db migrate"
        with app.app_context(), db.intent("write"):
            downgrade(revision="base")
            left = set(inspect(db.db.engine).get_table_names()) - {"alembic_version"}
            db.db.engine.dispose()
        assert left == set(), "downgrade leaves tables behind"
