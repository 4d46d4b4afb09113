"""Making an index anew from the rows it is about, a block at a time; and proving that it says what the rows say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator

from sqlalchemy import delete, func, select

from retail.core.checks import Fault
from retail.core.db import among, in_chunks, session, unit_of_work
from retail.core.search.declared import Searched, SearchText
from retail.core.search.models import (
    BLOCK,
    PAGE,
    SearchCodes,
    SearchEntry,
    SearchIndex,
    SearchPlace,
    SearchWords,
    letter_of,
)
from retail.core.search.storing import FIELDS, Kept, code_line, is_guessed, keep

STEP = 2000
PARTS = (SearchPlace, SearchCodes, SearchWords, SearchEntry)


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
    """Where an index differs from what the rows say: things, then words, then codes."""
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
    """Every place must have its letters, and no others; every page of codes its lines."""
    slots = session.scalar(select(SearchIndex.slots).where(SearchIndex.kind == one.kind)) or 0
    wrong_words: list[str] = []
    wrong_codes = 0
    words: set[str] = set()
    for block in range(-(-slots // BLOCK)):
        places: dict[str, set[str]] = defaultdict(set)
        lines: dict[int, set[str]] = defaultdict(set)
        first = block * BLOCK
        rows = session.execute(
            select(SearchEntry.slot, SearchEntry.words, SearchEntry.codes).where(
                SearchEntry.kind == one.kind, SearchEntry.slot >= first, SearchEntry.slot < first + BLOCK
            )
        )
        for row in rows:
            for word in row.words.split():
                places[word].add(letter_of(row.slot))
            if row.codes:
                lines[row.slot // PAGE].add(code_line(row.slot, row.codes))
        kept = select(SearchPlace.word, SearchPlace.letters).where(
            SearchPlace.kind == one.kind, SearchPlace.block == block
        )
        stored = {row.word: row.letters for row in session.execute(kept)}
        wrong_words += [word for word in {*places, *stored} if sorted(stored.get(word, "")) != sorted(places[word])]
        pages = select(SearchCodes.page, SearchCodes.codes).where(
            SearchCodes.kind == one.kind, SearchCodes.page >= first // PAGE, SearchCodes.page < (first + BLOCK) // PAGE
        )
        said = {row.page: sorted(row.codes.splitlines(keepends=True)) for row in session.execute(pages)}
        wrong_codes += sum(said.get(page, []) != sorted(lines[page]) for page in {*said, *lines})
        words |= {word for word in places if is_guessed(word)}
    if wrong_words:
        yield Fault(
            len(wrong_words), f"{one.kind}: the word “{min(wrong_words)}” stands elsewhere than the search says"
        )
    if wrong_codes:
        yield Fault(wrong_codes, f"{one.kind}: {wrong_codes} pages of codes differ from the things they are about")
    pages_of_words = session.scalars(select(SearchWords.words).where(SearchWords.kind == one.kind))
    missing = words.difference(*(page.split("\n") for page in pages_of_words))
    if missing:
        yield Fault(len(missing), f"{one.kind}: the word “{min(missing)}” is not among those that are guessed")


def entries_of(one: Searched) -> int:
    """How many things of a kind are found in the tenant we are in."""
    return session.scalar(select(func.count()).select_from(SearchEntry).where(SearchEntry.kind == one.kind)) or 0
