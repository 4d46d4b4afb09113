"""The second wall between tenants, on PostgreSQL: the database itself shows a transaction only the rows of its tenant.

The first wall (`tenancy`) limits every statement of the program. This one holds for any SQL, also for what somebody
writes by hand: each transaction says in which tenant it is (`app.tenant_id`, or `all` for platform work), and row-level
security compares. It does not hold for superusers of the database, so the program should not be one.
"""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import Connection, Engine, Table, event, inspect

from retail.core.tenancy import EVERY_TENANT, entered

SETTING = "app.tenant_id"
POLICY = "of_this_tenant"
_MINE = (
    f"current_setting('{SETTING}', true) = 'all' "
    f"or tenant_id = nullif(nullif(current_setting('{SETTING}', true), ''), 'all')::bigint"
)


def raise_wall(connection: Connection) -> None:
    """Put the policy on every table of a tenant that there is; what has it is left as it is. Nothing on SQLite."""
    if connection.dialect.name != "postgresql":
        return
    quote = connection.dialect.identifier_preparer.quote
    look = inspect(connection)
    walled = set(
        connection.exec_driver_sql(
            "select tablename from pg_policies where schemaname = current_schema() and policyname = %s", (POLICY,)
        ).scalars()
    )
    for name in look.get_table_names():
        if name in walled or "tenant_id" not in {column["name"] for column in look.get_columns(name)}:
            continue
        table = quote(name)
        connection.exec_driver_sql(f"alter table {table} enable row level security")
        # The owner of a table, as which the program usually works, is not excepted either.
        connection.exec_driver_sql(f"alter table {table} force row level security")
        connection.exec_driver_sql(f"create policy {POLICY} on {table} using ({_MINE}) with check ({_MINE})")


def unwalled(connection: Connection, tables: list[Table]) -> list[str]:
    """The tables of a tenant that lack the policy, by name; none on SQLite."""
    if connection.dialect.name != "postgresql":
        return []
    asked = (
        "select c.relname from pg_class c join pg_policy p on p.polrelid = c.oid "
        "where c.relrowsecurity and c.relforcerowsecurity and p.polname = %s"
    )
    walled = set(connection.exec_driver_sql(asked, (POLICY,)).scalars())
    return sorted(one.name for one in tables if "tenant_id" in one.c and one.name not in walled)


def _said() -> str:
    tenant_id = entered()
    if tenant_id is None:
        return ""
    return "all" if tenant_id == EVERY_TENANT else str(tenant_id)


@event.listens_for(Engine, "begin")
def _begin(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.info.pop("said_tenant", None)


@event.listens_for(Engine, "before_cursor_execute")
def _say_tenant(
    connection: Connection, _cursor: object, _statement: str, _parameters: object, _context: object, _many: bool
) -> None:
    """Tell the database in which tenant the transaction is, once, and again when it goes to another."""
    if connection.dialect.name != "postgresql" or not connection.in_transaction():
        return
    said = _said()
    if connection.info.get("said_tenant") != said:
        raw = cast(Any, connection.connection.dbapi_connection)
        with raw.cursor() as aside:
            aside.execute("select set_config(%s, %s, true)", (SETTING, said))
        connection.info["said_tenant"] = said


def init_app(_app: object) -> None:
    """The listeners above are for every engine; this is where they are asked for."""
