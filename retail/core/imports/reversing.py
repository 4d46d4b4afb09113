"""What kinds of import share when they undo: what was imported against what stands there, and who refers to it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import cache
from typing import Any

from sqlalchemy import select

from retail.core.db import Model, session, table_of
from retail.core.imports.kinds import Past, Reversal
from retail.core.tenancy import owned_models

Words = Callable[[str, Any], str]
"""A field's value in words."""
Same = Callable[[str, Any, Any], bool]
"""Whether two values of a field are the same."""


def edits(imported: Mapping[str, Any], there: Mapping[str, Any], same: Same) -> dict[str, tuple[Any, Any]]:
    """The fields somebody changed since: what was imported, and what stands there now."""
    return {
        name: (value, there.get(name)) for name, value in imported.items() if not same(name, there.get(name), value)
    }


def restored(
    change: Past, label: str, there: Mapping[str, Any], same: Same, told: Callable[[str], str], words: Words
) -> Reversal:
    """The reversal of a changed record: each field goes back to what it was, unless somebody changed it since."""
    back: dict[str, Any] = {}
    kept: dict[str, tuple[str, str]] = {}
    for name, imported in change.after.items():
        before, now = change.before.get(name), there.get(name)
        if same(name, now, imported):
            back[name] = before
        elif not same(name, now, before):
            kept[told(name)] = words(name, imported), words(name, now)
    return Reversal(change.id, change.row, "kept" if kept else "restored", label, kept, work=back)


def referring(table: str, ids: Collection[int], carried: Collection[str] = ()) -> dict[str, set[int]]:
    """Which of these records rows of other tables refer to, by table: of every module there is, also of later ones.
    Tables in `carried` are passed over."""
    found: dict[str, set[int]] = {}
    for name, model, key in _references(table, frozenset(carried)) if ids else ():
        column = getattr(model, key)
        found[name] = set(session.scalars(select(column).where(column.in_(sorted(ids))).distinct()))
    return found


@cache
def _references(table: str, carried: frozenset[str]) -> list[tuple[str, type[Model], str]]:
    """The columns that refer to a table; the models do not change while the program runs."""
    found = []
    for model in owned_models():
        other = table_of(model)
        for column in other.columns:
            points_there = any(key.column.table.name == table for key in column.foreign_keys)
            if points_there and column.name != "tenant_id" and other.name not in carried:
                found.append((other.name, model, column.name))
    return found
