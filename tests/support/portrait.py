"""What a business is, apart from the ids its rows happen to have: to compare a business with a copy of it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, select

from retail.core import datasets
from retail.core.archive.businesses import tables_of_a_business
from retail.core.archive.rows import points_to
from retail.core.db import reading, session
from retail.core.tenancy import inside
from retail.operations.travel import travel


def figures(tenant_id: int) -> dict[str, Any]:
    """What every dataset answers, every measure by every dimension."""
    with inside(tenant_id), reading():
        return {
            f"{name} by {dimension}": one.ask(tuple(one.measures), (dimension,))
            for name, one in datasets.DATASETS.items()
            for dimension in one.all_dimensions
        }


def portrait(tenant_id: int, *, without: frozenset[str] = frozenset()) -> dict[str, list[dict[str, Any]]]:
    """All rows, by table, in which every id is the number of its row within the business."""
    rules = travel()
    tables = {one.name: one for one in tables_of_a_business(rules)}
    with inside(tenant_id), reading():
        connection = session.connection()
        rows = {
            name: [
                dict(row._mapping)
                for row in connection.execute(select(table).where(table.c.tenant_id == tenant_id).order_by(table.c.id))
            ]
            for name, table in tables.items()
        }
    ranks = {name: {row["id"]: at for at, row in enumerate(found)} for name, found in rows.items()}

    def named(name: str, value: Any) -> Any:
        target = rules.named.get(name)
        if target and isinstance(value, int):
            return f"{target} {ranks[target].get(value)}"
        if target and isinstance(value, list):
            return [named(name, one) if isinstance(one, int) else one for one in value]
        return plain(value)

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: named(name, one) for name, one in value.items()}
        return [plain(one) for one in value] if isinstance(value, list) else value

    def drawn(name: str, row: dict[str, Any]) -> dict[str, Any]:
        table, keys = tables[name], points_to(tables[name])
        found = {}
        for column, value in row.items():
            kind = rules.kinds.get(f"{name}.{column}")
            if column in {"id", "tenant_id", "digest", "aggregate"} or value is None:
                continue
            if column in keys:
                found[column] = ranks[keys[column]][value]
            elif kind is not None:
                target = row[kind[0]] if kind[1] is None else kind[1].get(row[kind[0]], "")
                found[column] = ranks.get(target, {}).get(value)
            elif isinstance(table.c[column].type, JSON):
                found[column] = plain(value)
            else:
                found[column] = named(column, value)
        return found

    return {name: [drawn(name, row) for row in found] for name, found in rows.items() if name not in without}
