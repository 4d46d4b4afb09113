"""Codes of which any part is found: each is kept as its pieces of three letters, which stand among the words."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, func

MARK = "#"
"""What pieces of codes begin with, so that no word is like them."""
PIECE = 3
SHORTEST_NUMBER = 8


def without_filling(code: str) -> str:
    """A number of goods without the zeros in front, with which its several lengths are made alike."""
    return code.lstrip("0") if len(code) >= SHORTEST_NUMBER and code.isascii() and code.isdecimal() else code


def pieces_of_code(code: str) -> list[str]:
    """The pieces of a code, marked."""
    code = without_filling(code)
    return [MARK + code[at : at + PIECE] for at in range(len(code) - PIECE + 1)]


def position_in(column: Any, piece: Any, dialect: str) -> ColumnElement[int]:
    """Where a text first holds a piece, letter by letter; 0 where it does not."""
    find = func.instr if dialect == "sqlite" else func.strpos
    found: ColumnElement[int] = find(column, piece)
    return found


def is_same_code(typed: str, code: str) -> bool:
    """Whether a code is the one typed; numbers of goods are filled up with zeros in front."""
    return typed == code or (len(typed) >= SHORTEST_NUMBER and without_filling(typed) == without_filling(code))
