"""Reading where words stand: which slots of a kind have all the terms that were typed.

Statements are made once and kept: making one costs more than the database needs to answer it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sqlalchemy import Row, bindparam, select

from retail.core.db import among, among_bound, bound, session
from retail.core.search.codes import pieces_of_code, position_in, without_filling
from retail.core.search.folding import Term
from retail.core.search.models import BLOCK, SearchEntry, SearchIndex, SearchPlace, slot_of

LAST = "\U0010ffff"
SHORT = 2
LOOKED_THROUGH = 1000
"""So few candidates are compared with what was typed, one by one."""
FAR_MORE = 5
Lines = dict[int, list[tuple[str, str]]]
"""Words that were read, with their letters, by block."""


@dataclass
class Wanted:
    """What stands for a term: a word that begins so, or one of some whole words; and beside them words that must all be
    there. With `as_code` a code that holds it will do as well."""

    term: Term
    beginning: str = ""
    either: set[str] = field(default_factory=set)
    both: tuple[str, ...] = ()
    as_code: bool = False

    @property
    def is_short(self) -> bool:
        """Whether so many words begin so that they are better asked after all others."""
        return 0 < len(self.beginning) <= SHORT and not self.both and not self.either

    @property
    def pieces(self) -> tuple[str, ...]:
        """The pieces of a code that must all be there."""
        return tuple(pieces_of_code(self.term.code)) if self.as_code else ()

    def standing(self, words: Sequence[tuple[str, str]]) -> set[str]:
        """Where the term stands, of what was read of one block."""
        either: set[str] = set()
        exact: dict[str, str] = {}
        for word, letters in words:
            if word in self.either or (self.beginning and word.startswith(self.beginning)):
                either.update(letters)
            exact[word] = letters
        firm = _all_of(exact, self.both)
        if firm is not None:
            either = either & firm if self.beginning or self.either else firm
        return either | (_all_of(exact, self.pieces) or set())


def _all_of(exact: Mapping[str, str], words: Sequence[str]) -> set[str] | None:
    """Where all words stand; None for no words."""
    if not words:
        return None
    found = set(exact.get(words[0], ""))
    for word in words[1:]:
        found = found.intersection(exact.get(word, ""))
    return found


def wanted(term: Term) -> Wanted:
    """What stands for a term as it was typed. Of several words typed as one, such as “coca-cola”, the last may be cut
    short; pairs of letters of a script without spaces must be there as they are."""
    *firm, last = (*term.whole, *term.words)
    if term.whole and not term.words:
        return Wanted(term, both=(*firm, last))
    return Wanted(term, beginning=last, both=tuple(firm))


def with_codes(terms: Sequence[Term]) -> list[Wanted]:
    """Terms, of which those that look like pieces of codes are looked for there too."""
    asked = [wanted(one) for one in terms]
    for one in asked:
        one.as_code = one.term.may_be_code
    return asked


def has_all(row: Row[Any], asked: Sequence[Wanted]) -> bool:
    """Whether an entry has every term, as a word or within a code."""
    return all(not one.as_code or _has(row, one) for one in asked)


def _has(row: Row[Any], one: Wanted) -> bool:
    if without_filling(one.term.code) in row.codes:
        return True
    begun = f" {one.beginning}" in row.words if one.beginning else True
    return begun and all(f" {word} " in row.words for word in one.both)


class Reader:
    """Reads where words stand, within one kind; what was read of all blocks is kept for the next question."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._kept: dict[str, Lines] = {}
        self._blocks: list[int] | None = None

    @property
    def blocks(self) -> list[int]:
        """All blocks, the newest first."""
        if self._blocks is None:
            count = -(-(session.scalar(_SLOTS, {"kind": self.kind}) or 0) // BLOCK)
            self._blocks = list(range(count - 1, -1, -1))
        return self._blocks

    def slots(self, asked: Sequence[Wanted], most: int) -> list[int]:
        """The slots where all terms stand; those where they stand as whole words first. What begins with a letter or
        two stands in so many places that it is asked last, and no further than it takes to find `most`."""
        long = [one for one in asked if not one.is_short]
        short = [one for one in asked if one.is_short]
        # Of several short ones only the last is being typed still; those before it are words, if there are such.
        for firm in ([Wanted(one.term, either={one.beginning}) for one in short[:-1]], []):
            first, rest = [*long, *firm], short[-1:] if firm else short
            lines = self._read(self.blocks, first) if first else None
            found = self._narrowed(lines, first, rest, most)
            if found or not firm:
                return found
        return []

    def _narrowed(self, lines: Lines | None, first: Sequence[Wanted], short: Sequence[Wanted], most: int) -> list[int]:
        """The slots where the first terms (None: there are none) and the short ones stand."""
        if lines is not None and not short:
            return _common(first, lines, most)
        blocks: Sequence[int] = self.blocks
        if lines is not None:
            candidates = _common(first, lines, LOOKED_THROUGH)
            if len(candidates) < LOOKED_THROUGH:
                return self._looked_through(candidates, short)
            blocks = sorted(lines, reverse=True)
        found: list[int] = []
        for some in _turns(blocks):
            further = self._read(some, short)
            if lines is not None:
                further = {block: lines.get(block, []) + words for block, words in further.items()}
            found += _common([*first, *short], further, most)
            if len(found) >= most:
                break
        return found

    def _looked_through(self, slots: Sequence[int], short: Sequence[Wanted]) -> list[int]:
        """Those slots whose entries have words that begin so."""
        if not slots:
            return []
        asked = select(SearchEntry.slot).where(SearchEntry.kind == self.kind, among(SearchEntry.slot, slots))
        for one in short:
            asked = asked.where(position_in(SearchEntry.words, f" {one.beginning}", _dialect()) > 0)
        having = set(session.scalars(asked))
        return [slot for slot in slots if slot in having]

    def _read(self, blocks: Sequence[int], asked: Sequence[Wanted]) -> Lines:
        """All words that stand for some terms, where they stand. One statement for each beginning: of two at once
        SQLite would read the whole blocks."""
        found: Lines = {}
        values = {"kind": self.kind, "blocks": bound(blocks)}
        for word in sorted({one.beginning for one in asked if one.beginning}):
            self._take(found, blocks, word + LAST, _beginning, {**values, "low": word, "high": word + LAST})
        whole = sorted({word for one in asked for word in (*one.either, *one.both, *one.pieces)})
        if whole:
            self._take(found, blocks, "\n".join(whole), _whole, {**values, "whole": bound(whole)})
        return found

    def _take(
        self, found: Lines, blocks: Sequence[int], key: str, made: Callable[[str], Any], values: Mapping[str, Any]
    ) -> None:
        lines = self._kept.get(key)
        if lines is None:
            lines = {}
            for block, word, letters in session.execute(made(_dialect()), values) if blocks else ():
                lines.setdefault(block, []).append((word, letters))
            if len(blocks) == len(self.blocks):
                self._kept[key] = lines
        for block in blocks:
            if block in lines:
                found[block] = found.get(block, []) + lines[block]


def _turns(blocks: Sequence[int]) -> Iterator[Sequence[int]]:
    """More and more blocks at once: what begins with a letter or two is soon found often enough."""
    at, size = 0, 4
    while at < len(blocks):
        yield blocks[at : at + size]
        at, size = at + size, size * 3


def _common(asked: Sequence[Wanted], lines: Lines, most: int) -> list[int]:
    """The slots where all terms stand, those first where every term is a whole word; the newest of them when there are
    far more than `most`."""
    whole = {one.beginning for one in asked if one.beginning}
    first: list[int] = []
    rest: list[int] = []
    for block in sorted(lines, reverse=True):
        words = lines[block]
        here = asked[0].standing(words)
        for one in asked[1:]:
            here = here & one.standing(words) if here else here
        exact = here
        spelled = dict(words) if here else {}
        for word in whole:
            exact = exact.intersection(spelled.get(word, ""))
        first += [slot_of(block, letter) for letter in exact]
        rest += [slot_of(block, letter) for letter in here - exact]
        if len(first) >= most or len(rest) >= most * FAR_MORE:
            break
    return first + rest


def _dialect() -> str:
    return session.get_bind().dialect.name


_SLOTS = select(SearchIndex.slots).where(SearchIndex.kind == bindparam("kind"))


@lru_cache
def _places(dialect: str) -> Any:
    return select(SearchPlace.block, SearchPlace.word, SearchPlace.letters).where(
        SearchPlace.kind == bindparam("kind"), among_bound(SearchPlace.block, "blocks", dialect)
    )


@lru_cache
def _beginning(dialect: str) -> Any:
    return _places(dialect).where(SearchPlace.word >= bindparam("low"), SearchPlace.word < bindparam("high"))


@lru_cache
def _whole(dialect: str) -> Any:
    return _places(dialect).where(among_bound(SearchPlace.word, "whole", dialect))
