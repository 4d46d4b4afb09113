"""The search box of a list: which rows it leaves, as a condition that any order and any filter goes with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, false, or_, select

from retail.core.db import among, session
from retail.core.search.codes import position_in, without_filling
from retail.core.search.finding import FEW, slipped, within
from retail.core.search.folding import Term, terms_of
from retail.core.search.models import SearchEntry
from retail.core.search.reading import Reader, wanted, with_codes

BROAD = 20_000
"""A text that means more things than this is compared along the list instead: its first page is soon full."""


@dataclass(frozen=True)
class Match:
    """What a text leaves of a list: a condition, and how many things of the kind it means (None: more than `BROAD`)."""

    condition: ColumnElement[bool]
    things: int | None


def match(kind: str, text: str, column: Any, *, by: Literal["subject_id", "group_id"] = "subject_id") -> Match | None:
    """The condition that a column holds the id of something a text means; None for no text. Signs alone mean nothing.

    With `by="group_id"` the column holds ids of what the things belong to, such as products in place of variants.
    """
    terms = terms_of(text)
    if not terms:
        return Match(false(), 0) if text.strip() else None
    key = getattr(SearchEntry, by)
    reader = Reader(kind)
    asked = with_codes(terms)
    found = reader.slots(asked, BROAD)
    if len(found) >= BROAD:
        # Asked row by row along the order of the list, which is left after one page.
        entry = select(SearchEntry.id).where(SearchEntry.kind == kind, key == column, *map(_stands_in, terms))
        return Match(entry.correlate(column.class_).exists(), None)
    if found and any(one.as_code for one in asked):
        # The pieces of a code may stand in another order there, so what was found by them is compared.
        standing = select(SearchEntry.slot).where(SearchEntry.kind == kind, among(SearchEntry.slot, found))
        found = list(session.scalars(standing.where(*map(_stands_in, terms))))
    if len(found) < FEW:
        found += reader.slots([within(kind, one) for one in terms], BROAD)
    if not found:
        found = reader.slots([slipped(kind, one) for one in terms], BROAD)
    slots = set(found)
    ids = select(key).where(SearchEntry.kind == kind, among(SearchEntry.slot, slots))
    return Match(column.in_(ids), len(slots))


def _stands_in(term: Term) -> ColumnElement[bool]:
    """The condition that an entry has a term, compared with its words."""
    one, dialect = wanted(term), session.get_bind().dialect.name
    words = [f" {one.beginning}"] if one.beginning else []
    words += [f" {word} " for word in one.both]
    stands = and_(*(position_in(SearchEntry.words, word, dialect) > 0 for word in words))
    return (
        or_(stands, position_in(SearchEntry.codes, without_filling(term.code), dialect) > 0)
        if term.may_be_code
        else stands
    )
