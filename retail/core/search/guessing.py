"""Words that were perhaps meant: such as hold what was typed, and such as differ from it by one slip or two."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import bindparam, select

from retail.core.db import among_bound, bound, session
from retail.core.search.codes import position_in
from retail.core.search.models import SearchWords

MOST = 16
LONG = 7
"""From so many letters on two slips are forgiven."""
SCRIPTS = ((0x61, 0x7A), (0x3B1, 0x3C9), (0x430, 0x45F), (0x5D0, 0x5EA), (0x621, 0x64A), (0x904, 0x94D))
"""Letters that one finger may take for another: Latin, Greek, Cyrillic, Hebrew, Arabic, Devanagari."""


def words_with(kind: str, piece: str) -> list[str]:
    """Words that hold a piece, the shortest first."""
    pages = session.scalars(_holding(_dialect()), {"kind": kind, "piece": piece})
    words = [word for page in pages for word in page.split("\n") if piece in word]
    return sorted(words, key=lambda word: (len(word), word))[:MOST]


def guesses(kind: str, typed: str) -> set[str]:
    """Words that differ from what was typed by as few slips as any: a letter too many, too few, another, or two in the
    wrong order. Two slips are found behind the first two letters only. Where there are none, words that begin so but
    for one slip."""
    slips = 2 if len(typed) >= LONG else 1
    others = set(_slips_in_front(typed))
    asked = {"kind": kind, "beginnings": bound(sorted({typed[:2], *(one[:2] for one in others)}))}
    near: dict[int, list[str]] = {}
    cut: list[str] = []
    own: list[str] = []
    for beginning, page in session.execute(_beginning(_dialect()), asked):
        if beginning == typed[:2]:
            own = page.split()
            _compare(typed, own, slips, near)
        for other in others:
            if other[:2] == beginning and (at := page.find(f"\n{other}")) >= 0:
                whole = page.startswith("\n", at + len(other) + 1)
                if whole:
                    near.setdefault(1, []).append(other)
                else:
                    cut.append(page[at + 1 : page.index("\n", at + 1)])
    if not near:
        letters = _mask(typed)
        longer = (word for word in own if len(word) > len(typed))
        alike = (word for word in longer if (letters & ~_mask(word[: len(typed) + 1])).bit_count() <= 1)
        cut += [word for word in alike if begins_nearly(typed, word)]
    nearest = near[min(near)] if near else cut
    return set(sorted(nearest, key=lambda word: (len(word), word))[:MOST])


def _compare(typed: str, words: Sequence[str], slips: int, near: dict[int, list[str]]) -> None:
    """Look through words that begin with the same letters."""
    letters, least, most = _mask(typed), len(typed) - slips, len(typed) + slips
    for word in words:
        if not least <= len(word) <= most:
            continue
        # Each slip brings at most one letter that was not there and loses one: nearly all words end here.
        others = _mask(word)
        if (letters & ~others).bit_count() > slips or (others & ~letters).bit_count() > slips:
            continue
        away = distance(typed, word, slips)
        if away <= slips:
            near.setdefault(away, []).append(word)


def _dialect() -> str:
    return session.get_bind().dialect.name


@lru_cache
def _holding(dialect: str) -> Any:
    held = position_in(SearchWords.words, bindparam("piece"), dialect) > 0
    return select(SearchWords.words).where(SearchWords.kind == bindparam("kind"), held)


@lru_cache
def _beginning(dialect: str) -> Any:
    return select(SearchWords.beginning, SearchWords.words).where(
        SearchWords.kind == bindparam("kind"), among_bound(SearchWords.beginning, "beginnings", dialect)
    )


def _mask(word: str) -> int:
    mask = 0
    for letter in word:
        mask |= 1 << (ord(letter) & 63)
    return mask


def _slips_in_front(typed: str) -> Iterator[str]:
    """What may have been meant, were the slip in the first two letters."""
    first, second, rest = typed[0], typed[1], typed[2:]
    low, high = next(((low, high) for low, high in SCRIPTS if low <= ord(first) <= high), (ord(first), ord(first)))
    yield second + first + rest
    yield second + rest
    yield first + rest
    if rest:
        yield first + rest[0] + second + rest[1:]
    for letter in map(chr, range(low, high + 1)):
        yield letter + second + rest
        yield first + letter + rest
        yield letter + typed
        yield first + letter + second + rest


def _rows(typed: str, word: str, most: int) -> list[list[int]]:
    """The table of distances between the beginnings of two words, two letters in the wrong order being one slip; its
    rows end with the first that is all beyond `most`."""
    rows = [list(range(len(word) + 1))]
    for at, letter in enumerate(typed, 1):
        before, row = rows[-1], [at]
        for to, other in enumerate(word, 1):
            least = min(before[to] + 1, row[to - 1] + 1, before[to - 1] + (letter != other))
            if at > 1 and to > 1 and letter == word[to - 2] and typed[at - 2] == other:
                least = min(least, rows[-2][to - 2] + 1)
            row.append(least)
        rows.append(row)
        if min(row) > most:
            break
    return rows


def distance(typed: str, word: str, most: int) -> int:
    """How many slips lie between two words; more than `most` is told as one more than that."""
    rows = _rows(typed, word, most)
    return min(rows[-1][-1], most + 1) if len(rows) == len(typed) + 1 else most + 1


def begins_nearly(typed: str, word: str) -> bool:
    """Whether a word begins with what was typed but for one slip."""
    rows = _rows(typed, word[: len(typed) + 1], 1)
    return len(rows) == len(typed) + 1 and min(rows[-1]) <= 1
