"""Finding what somebody typed: names that begin with it, then all its words in any order, codes that hold it, words
that hold it, and last words that differ by a slip of the finger.

Statements are made once and kept: making one costs more than the database needs to answer it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Row, bindparam, select

from retail.core.db import among_bound, bound, session
from retail.core.search.codes import is_same_code
from retail.core.search.folding import Term, code_of, terms_of, title_of
from retail.core.search.guessing import guesses, words_with
from retail.core.search.models import SearchEntry
from retail.core.search.reading import LAST, SHORT, Reader, Wanted, has_all, wanted, with_codes
from retail.core.search.storing import is_guessed

CANDIDATES = 200
"""Of so many things the best are chosen; more are not looked at, but for lists."""
FEW = 3
"""With fewer found, what was typed is also looked for within words."""


@dataclass(frozen=True)
class Hit:
    """One thing that was found; the smaller its rank, the better it fits."""

    subject_id: int
    group_id: int
    rank: int


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
        self.reader = Reader(kind)
        self.spelled = [f" {word} " for term in terms for word in (*term.words, *term.whole)]

    def titles(self) -> None:
        """Names that begin with the whole text, in their order."""
        asked = {"kind": self.kind, "low": self.title, "high": self.title + LAST, "most": self.limit}
        self._add(1, session.execute(_titles(self.archived), asked))

    def words(self) -> None:
        """Every term as a word or the beginning of one, whole words first."""
        self._add_slots(2, self.reader.slots([wanted(one) for one in self.terms], CANDIDATES))

    def codes(self) -> None:
        """Terms with digits within codes, the others as beginnings of words."""
        asked = with_codes(self.terms)
        rows = self._rows(self.reader.slots(asked, CANDIDATES))
        # The pieces of a code may stand in another order there.
        self._add(3, [row for row in rows if has_all(row, asked)])

    def inside(self) -> None:
        """Terms within words."""
        self._add_slots(4, self.reader.slots([within(self.kind, one) for one in self.terms], CANDIDATES))

    def slips(self) -> None:
        """Words that were perhaps meant."""
        self._add_slots(5, self.reader.slots([slipped(self.kind, one) for one in self.terms], CANDIDATES))

    def best(self) -> list[Hit]:
        """What was found, in order."""
        ordered = sorted(self.found.values(), key=lambda one: one[0])
        return [Hit(row.subject_id, row.group_id, key[0]) for key, row in ordered[: self.limit]]

    def _add_slots(self, rank: int, slots: Sequence[int]) -> None:
        self._add(rank, self._rows(slots))

    def _rows(self, slots: Sequence[int]) -> Sequence[Row[Any]]:
        if not slots:
            return []
        asked = {"kind": self.kind, "slots": bound(slots[:CANDIDATES])}
        return session.execute(_entries(_dialect(), self.archived), asked).all()

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


def _dialect() -> str:
    return session.get_bind().dialect.name


_SHOWN = (SearchEntry.subject_id, SearchEntry.group_id, SearchEntry.title, SearchEntry.words, SearchEntry.codes)


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
