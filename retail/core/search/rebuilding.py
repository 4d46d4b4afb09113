"""Making an index anew from the rows it is about, a block at a time; and proving that it says what the rows say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator

from sqlalchemy import delete, select

from retail.core.checks import Fault
from retail.core.db import among, in_chunks, session, unit_of_work
from retail.core.search.declared import Searched, SearchText
from retail.core.search.models import (
    BLOCK,
    SearchEntry,
    SearchIndex,
    SearchPlace,
    SearchWords,
    letter_of,
)
from retail.core.search.storing import FIELDS, Kept, is_guessed, keep, places_of

STEP = 2000
PARTS = (SearchPlace, SearchWords, SearchEntry)


def rebuild(one: Searched, step: Callable[[int], None] | None = None) -> int:
    """Make the index of a kind in the tenant we are in anew, in transactions of its own; returns how many things it
    holds. `step` is told how many are in. While it runs, what is not yet in again is not found."""
    with unit_of_work():
        for model in PARTS:
            session.execute(
                delete(model).where(model.kind == one.kind), execution_options={"synchronize_session": False}
            )
        session.execute(delete(SearchIndex).where(SearchIndex.kind == one.kind))
    last, done = 0, 0
    while True:
        with unit_of_work():
            ids = list(session.scalars(select(one.all_ids).where(one.all_ids > last).order_by(one.all_ids).limit(STEP)))
            keep(one, ids)
        if not ids:
            return done
        last, done = ids[-1], done + len(ids)
        if step is not None:
            step(done)


def faults(one: Searched) -> Iterator[Fault]:
    """Where an index differs from what the rows say: things, then words."""
    yield from _faults_of_entries(one)
    yield from _faults_of_blocks(one)


def _faults_of_entries(one: Searched) -> Iterator[Fault]:
    wrong: list[int] = []
    entries = select(*(getattr(SearchEntry, name) for name in ("subject_id", *FIELDS)))
    everything = session.scalars(select(one.all_ids).order_by(one.all_ids)).all()
    for ids in in_chunks(everything, STEP):
        asked = entries.where(SearchEntry.kind == one.kind, among(SearchEntry.subject_id, ids))
        known = {row.subject_id: row for row in session.execute(asked)}
        wrong += [text.subject_id for text in one.texts(ids) if not _says(known.get(text.subject_id), text)]
    stray = select(SearchEntry.subject_id).where(
        SearchEntry.kind == one.kind, SearchEntry.subject_id.not_in(select(one.all_ids))
    )
    wrong += session.scalars(stray)
    if wrong:
        yield Fault(len(wrong), f"{one.kind} {min(wrong)} is not found by what it is called")


def _says(row: object, text: SearchText) -> bool:
    return row is not None and all(getattr(row, name) == value for name, value in Kept.of(text).values().items())


def _faults_of_blocks(one: Searched) -> Iterator[Fault]:
    """Every place must have its letters, and no others; every word that may be guessed must be known."""
    slots = session.scalar(select(SearchIndex.slots).where(SearchIndex.kind == one.kind)) or 0
    wrong: list[str] = []
    words: set[str] = set()
    for block in range(-(-slots // BLOCK)):
        places: dict[str, set[str]] = defaultdict(set)
        first = block * BLOCK
        rows = session.execute(
            select(SearchEntry.slot, SearchEntry.words, SearchEntry.codes).where(
                SearchEntry.kind == one.kind, SearchEntry.slot >= first, SearchEntry.slot < first + BLOCK
            )
        )
        for row in rows:
            for word in places_of(row.words, row.codes):
                places[word].add(letter_of(row.slot))
        kept = select(SearchPlace.word, SearchPlace.letters).where(
            SearchPlace.kind == one.kind, SearchPlace.block == block
        )
        stored = {row.word: row.letters for row in session.execute(kept)}
        wrong += [word for word in {*places, *stored} if sorted(stored.get(word, "")) != sorted(places[word])]
        words |= {word for word in places if is_guessed(word)}
    if wrong:
        yield Fault(len(wrong), f"{one.kind}: “{min(wrong)}” stands elsewhere than the search says")
    pages_of_words = session.scalars(select(SearchWords.words).where(SearchWords.kind == one.kind))
    missing = words.difference(*(page.split("\n") for page in pages_of_words))
    if missing:
        yield Fault(len(missing), f"{one.kind}: the word “{min(missing)}” is not among those that are guessed")
