"""Codes of which any part is found: each page of them is looked through."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, select

from retail.core.db import session
from retail.core.search.models import BLOCK, PAGE, SearchCodes

SHORTEST_NUMBER = 8


def position_in(column: Any, piece: Any, dialect: str) -> ColumnElement[int]:
    """Where a text first holds a piece, letter by letter; 0 where it does not."""
    find = func.instr if dialect == "sqlite" else func.strpos
    found: ColumnElement[int] = find(column, piece)
    return found


@lru_cache
def _holding(dialect: str) -> Any:
    return select(SearchCodes.page, SearchCodes.codes).where(
        SearchCodes.kind == bindparam("kind"), position_in(SearchCodes.codes, bindparam("piece"), dialect) > 0
    )


def codes_holding(kind: str, piece: str) -> dict[int, set[str]]:
    """Where a code holds a piece: letters of slots, by block."""
    found: dict[int, set[str]] = {}
    statement = _holding(session.get_bind().dialect.name)
    for page, codes in session.execute(statement, {"kind": kind, "piece": piece}):
        here = {line[0] for line in codes.splitlines() if piece in line[1:]}
        if here:
            found.setdefault(page * PAGE // BLOCK, set()).update(here)
    return found


def is_same_code(typed: str, code: str) -> bool:
    """Whether a code is the one typed; numbers of goods are filled up with zeros in front."""
    if typed == code:
        return True
    return len(typed) >= SHORTEST_NUMBER and typed.isdecimal() and typed.lstrip("0") == code.lstrip("0")
