"""Finding what somebody typed: names that begin with it, then all its words in any order, codes that hold it, words
that hold it, and last words that differ by a slip of the finger.

Statements are made once and kept: making one costs more than the database needs to answer it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sqlalchemy import Row, bindparam, select

from retail.core.db import among_bound, bound, session
from retail.core.search.codes import codes_holding, is_same_code
from retail.core.search.folding import Term, code_of, is_unspaced, terms_of, title_of
from retail.core.search.guessing import guesses, words_with
from retail.core.search.models import BLOCK, SearchEntry, SearchIndex, SearchPlace, slot_of
from retail.core.search.storing import is_guessed

LAST = "\U0010ffff"
CANDIDATES = 200
"""Of so many things the best are chosen; more are not looked at, but for lists."""
FEW = 3
"""With fewer found, what was typed is also looked for within words."""
SHORT = 2
Letters = dict[int, set[str]]
"""Where something was found: letters of slots, by block."""
Lines = dict[int, list[tuple[str, str]]]
"""Words that were read, with their letters, by block."""


@dataclass(frozen=True)
class Hit:
    """One thing that was found; the smaller its rank, the better it fits."""

    subject_id: int
    group_id: int
    rank: int


@dataclass
class Wanted:
    """What stands for a term: a word that begins so, or one of some whole words, or a code that holds it; and beside
    them words that must all be there."""

    term: Term
    beginning: str = ""
    either: set[str] = field(default_factory=set)
    both: tuple[str, ...] = ()
    in_codes: bool = False

    @property
    def is_short(self) -> bool:
        """Whether so many words begin so that they are better asked after all others."""
        return 0 < len(self.beginning) <= SHORT and not self.both and not is_unspaced(self.beginning)

    def places(self, lines: Lines, codes: Letters) -> Letters:
        """Where the term stands, of what was read."""
        found: Letters = {}
        for block, words in lines.items():
            here: set[str] = set()
            needed: dict[str, set[str]] = {}
            for word, letters in words:
                if word in self.either or (self.beginning and word.startswith(self.beginning)):
                    here.update(letters)
                if word in self.both:
                    needed[word] = set(letters)
            if self.in_codes:
                here |= codes.get(block, set())
            if self.both and len(needed) == len(set(self.both)):
                firm = set.intersection(*needed.values())
                here = here & firm if self.beginning or self.either else firm
            elif self.both:
                here = codes.get(block, set()) if self.in_codes else set()
            if here:
                found[block] = here
        if self.in_codes:
            found |= {block: set(letters) for block, letters in codes.items() if block not in lines}
        return found


def wanted(term: Term) -> Wanted:
    """What stands for a term as it was typed. Of several words typed as one, such as “coca-cola”, the last may be cut
    short; pairs of letters of a script without spaces must be there as they are."""
    *firm, last = (*term.whole, *term.words)
    if term.whole and not term.words:
        return Wanted(term, both=(*firm, last))
    return Wanted(term, beginning=last, both=tuple(firm))


def within(kind: str, term: Term) -> Wanted:
    """A term with the words that hold it in their middle."""
    one = wanted(term)
    if len(one.beginning) > SHORT and not one.both:
        one.either |= set(words_with(kind, one.beginning))
    return one


def slipped(kind: str, term: Term) -> Wanted:
    """A term with the words that may have been meant."""
    one = wanted(term)
    if not one.both and is_guessed(one.beginning):
        one.either |= guesses(kind, one.beginning)
    return one


def find(kind: str, text: str, limit: int = 24, *, archived: bool = False) -> list[Hit]:
    """What a text means among the things of a kind, the likeliest first; what is archived only if that is wanted."""
    terms = terms_of(text)
    if not terms:
        return []
    search = _Search(kind, text, terms, limit, archived)
    search.titles()
    if len(search.found) < limit:
        search.words()
    if len(search.found) < limit and any(one.may_be_code for one in terms):
        search.codes()
    if len(search.found) < min(FEW, limit):
        search.inside()
    if not search.found:
        search.slips()
    return search.best()


class _Search:
    """One search on its way: what was found so far, with what decides about its place."""

    def __init__(self, kind: str, text: str, terms: Sequence[Term], limit: int, archived: bool) -> None:
        self.kind, self.terms, self.limit, self.archived = kind, terms, limit, archived
        self.title, self.code = title_of(text), code_of(text)
        self.found: dict[int, tuple[tuple[Any, ...], Row[Any]]] = {}
        self.spelled = [f" {word} " for term in terms for word in (*term.words, *term.whole)]

    def titles(self) -> None:
        """Names that begin with the whole text, in their order."""
        asked = {"kind": self.kind, "low": self.title, "high": self.title + LAST, "most": self.limit}
        self._add(1, session.execute(_titles(self.archived), asked))

    def words(self) -> None:
        """Every term as a word or the beginning of one, whole words first."""
        self._add_slots(2, slots_of(self.kind, [wanted(one) for one in self.terms], CANDIDATES))

    def codes(self) -> None:
        """Terms with digits within codes, the others as beginnings of words."""
        asked = [wanted(one) for one in self.terms]
        for one in asked:
            one.in_codes = one.term.may_be_code
        self._add_slots(3, slots_of(self.kind, asked, CANDIDATES))
        if len(self.terms) > 1 and self.code.isdecimal():
            self._add_slots(3, _numbered(codes_holding(self.kind, self.code)))

    def inside(self) -> None:
        """Terms within words."""
        self._add_slots(4, slots_of(self.kind, [within(self.kind, one) for one in self.terms], CANDIDATES))

    def slips(self) -> None:
        """Words that were perhaps meant."""
        self._add_slots(5, slots_of(self.kind, [slipped(self.kind, one) for one in self.terms], CANDIDATES))

    def best(self) -> list[Hit]:
        """What was found, in order."""
        ordered = sorted(self.found.values(), key=lambda one: one[0])
        return [Hit(row.subject_id, row.group_id, key[0]) for key, row in ordered[: self.limit]]

    def _add_slots(self, rank: int, slots: Sequence[int]) -> None:
        if slots:
            asked = {"kind": self.kind, "slots": bound(slots[:CANDIDATES])}
            self._add(rank, session.execute(_entries(_dialect(), self.archived), asked))

    def _add(self, rank: int, rows: Iterable[Row[Any]]) -> None:
        for row in rows:
            if row.subject_id in self.found:
                continue
            if self.code and any(is_same_code(self.code, one) for one in row.codes.split()):
                here = 0
            elif row.title.startswith(self.title) and self.title:
                here = 1
            else:
                here = rank
            missing = sum(word not in row.words for word in self.spelled)
            self.found[row.subject_id] = (here, missing, len(row.title), row.title, row.subject_id), row


def slots_of(kind: str, asked: Sequence[Wanted], most: int) -> list[int]:
    """The slots where all terms stand; those where they stand as whole words first. No more blocks are read than it
    takes to find `most`, but for words of some length, which are read at once."""
    count = -(-(session.scalar(_SLOTS, {"kind": kind}) or 0) // BLOCK)
    blocks = list(range(count - 1, -1, -1))
    long = [one for one in asked if not one.is_short]
    short = [one for one in asked if one.is_short]
    codes = {one.term.code: codes_holding(kind, one.term.code) for one in asked if one.in_codes}
    lines: Lines = {}
    candidates: Letters | None = None
    if long:
        lines = _read(kind, blocks, long)
        candidates = _common(long, lines, codes)
        blocks = sorted(candidates, reverse=True)
    if not short:
        return _ordered(asked, lines, candidates or {})
    found: list[int] = []
    for some in _turns(blocks):
        further = _read(kind, some, short)
        here = _common(short, further, codes)
        if candidates is not None:
            here = _meet(here, candidates)
            further = {block: lines.get(block, []) + words for block, words in further.items()}
        found += _ordered(asked, further, here)
        if len(found) >= most:
            break
    return found


def _turns(blocks: Sequence[int]) -> Iterator[Sequence[int]]:
    """More and more blocks at once: what begins with a letter or two is soon found often enough."""
    at, size = 0, 4
    while at < len(blocks):
        yield blocks[at : at + size]
        at, size = at + size, size * 3


def _common(asked: Sequence[Wanted], lines: Lines, codes: dict[str, Letters]) -> Letters:
    found: Letters | None = None
    for one in asked:
        here = one.places(lines, codes.get(one.term.code, {}))
        found = here if found is None else _meet(found, here)
    return found or {}


def _meet(one: Letters, other: Letters) -> Letters:
    return {block: both for block, letters in one.items() if (both := letters & other.get(block, set()))}


def _ordered(asked: Sequence[Wanted], lines: Lines, found: Letters) -> list[int]:
    """The slots of what was found, those first where every term is a whole word."""
    whole = {one.beginning for one in asked if one.beginning}
    first: list[int] = []
    rest: list[int] = []
    for block in sorted(found, reverse=True):
        exact = found[block]
        spelled = {word: letters for word, letters in lines.get(block, ()) if word in whole}
        for word in whole:
            exact = exact.intersection(spelled.get(word, ""))
        first += [slot_of(block, letter) for letter in exact]
        rest += [slot_of(block, letter) for letter in found[block] - exact]
    return first + rest


def _numbered(letters: Letters) -> list[int]:
    return [slot_of(block, letter) for block, some in letters.items() for letter in some]


def _read(kind: str, blocks: Sequence[int], asked: Sequence[Wanted]) -> Lines:
    """All words that stand for some terms, where they stand. One statement for each beginning: of two at once SQLite
    would read the whole blocks."""
    found: Lines = {}
    if not blocks:
        return found
    values = {"kind": kind, "blocks": bound(blocks)}
    for word in sorted({one.beginning for one in asked if one.beginning}):
        for block, held, letters in session.execute(
            _beginning(_dialect()), {**values, "low": word, "high": word + LAST}
        ):
            found.setdefault(block, []).append((held, letters))
    whole = {word for one in asked for word in (*one.either, *one.both)}
    if whole:
        for block, held, letters in session.execute(_whole(_dialect()), {**values, "whole": bound(sorted(whole))}):
            found.setdefault(block, []).append((held, letters))
    return found


def _dialect() -> str:
    return session.get_bind().dialect.name


_SLOTS = select(SearchIndex.slots).where(SearchIndex.kind == bindparam("kind"))
_SHOWN = (SearchEntry.subject_id, SearchEntry.group_id, SearchEntry.title, SearchEntry.words, SearchEntry.codes)


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


@lru_cache
def _entries(dialect: str, archived: bool) -> Any:
    statement = select(*_SHOWN).where(
        SearchEntry.kind == bindparam("kind"), among_bound(SearchEntry.slot, "slots", dialect)
    )
    return statement if archived else statement.where(SearchEntry.active)


@lru_cache
def _titles(archived: bool) -> Any:
    statement = select(*_SHOWN).where(
        SearchEntry.kind == bindparam("kind"),
        SearchEntry.title >= bindparam("low"),
        SearchEntry.title < bindparam("high"),
    )
    statement = statement.order_by(SearchEntry.title, SearchEntry.subject_id).limit(bindparam("most"))
    return statement if archived else statement.where(SearchEntry.active)
