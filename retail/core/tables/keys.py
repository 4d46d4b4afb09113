"""Paging by key: what a list is ordered by, and the place in that order as a word of the address."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, literal
from sqlalchemy.orm import InstrumentedAttribute

from retail.core.money import ScaledDecimal

if TYPE_CHECKING:
    from retail.core.tables.declared import Column


def _least(column: Column) -> Any:
    """What stands for nothing in an order: less than any value people enter."""
    least = {
        "text": "",
        "date": date(1, 1, 1),
        "datetime": datetime.fromisoformat("0001-01-02T00:00:00+00:00"),
        "boolean": False,
    }
    if column.kind in least:
        return least[column.kind]
    return Decimal(-(10**12)) if isinstance(column.expression.type, ScaledDecimal) else 1 - 2**31


def _is_own(column: Column, row_id: Any) -> bool:
    """Whether a column is one of the listed table, and never NULL."""
    plain = column.expression
    if not isinstance(plain, InstrumentedAttribute) or plain.parent is not row_id.parent:
        return False
    return not any(one.nullable for one in plain.property.columns)


def sortable(column: Column, row_id: Any) -> Any:
    """NULL sorts as the least value on every database, so that paging by key can compare.

    A column of the listed table that is never NULL stays as it is: then an index may serve the order.
    """
    if _is_own(column, row_id):
        return column.expression
    return func.coalesce(
        column.expression, literal(_least(column), column.expression.type), type_=column.expression.type
    )


def is_kept_in_order(column: Column, row_id: Any) -> bool:
    """Whether an index of the listed table, or a unique key, begins with the tenant and this column."""
    if not _is_own(column, row_id):
        return False
    (stored,) = column.expression.property.columns
    if stored.primary_key:
        return True
    indexes = [list(index.columns) for index in stored.table.indexes]
    indexes += [list(constraint.columns) for constraint in stored.table.constraints if hasattr(constraint, "columns")]
    return any([one.name for one in index[:2]] == ["tenant_id", stored.name] for index in indexes)


def pack(value: Any, row_id: int, column: Column) -> str:
    """The place of a row in the order by `column`, as a word for the address."""
    if value is None:
        value = _least(column)
    plain = value.isoformat() if isinstance(value, date) else str(value) if isinstance(value, Decimal) else value
    return base64.urlsafe_b64encode(json.dumps([plain, row_id]).encode()).decode().rstrip("=")


def unpack(text: str, column: Column) -> list[Any] | None:
    """The place a word of the address names: value and id; None for nonsense."""
    kind = column.kind
    try:
        value, row_id = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if kind == "datetime":
            value = datetime.fromisoformat(value)
        elif kind == "date":
            value = date.fromisoformat(value)
        elif isinstance(column.expression.type, ScaledDecimal):
            value = Decimal(str(value))
        elif kind == "text" and not isinstance(value, str):
            return None
        return [value, int(row_id)]
    except (ValueError, TypeError, ArithmeticError, binascii.Error):
        return None
