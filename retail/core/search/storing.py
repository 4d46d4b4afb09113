"""Writing the texts of things where the search finds them: entries, places of words, words.

Whoever writes holds the row of the index until the transaction ends, so that slots are given out once and rows can be
read, changed and written back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, String, Table, delete, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from retail.core.db import Model, among, in_chunks, session, table_of
from retail.core.search.codes import MARK, pieces_of_code
from retail.core.search.declared import Searched, SearchText
from retail.core.search.folding import code_of, is_unspaced, parts_of_code, pieces_of, plain_words, words_in
from retail.core.search.models import (
    BLOCK,
    SearchEntry,
    SearchIndex,
    SearchPlace,
    SearchWords,
    letter_of,
)
from retail.core.tenancy import current_tenant_id, insert_owned, update_owned

CHUNK = 1000
LONGEST_TITLE = 80
SHORTEST_GUESSED = 3


@dataclass(frozen=True)
class Kept:
    """The texts of one thing as an entry has them."""

    group_id: int
    title: str
    words: str
    codes: str
    active: bool

    @classmethod
    def of(cls, text: SearchText) -> Kept:
        """As a thing says them."""
        named = plain_words(text.title)
        words = dict.fromkeys(pieces_of(named))
        if text.also:
            words |= dict.fromkeys(words_in(text.also))
        for code in text.codes:
            words |= dict.fromkeys(parts_of_code(code))
        codes = dict.fromkeys(code_of(code) for code in text.codes)
        codes.pop("", None)
        return cls(
            group_id=text.subject_id if text.group_id is None else text.group_id,
            title=" ".join(named)[:LONGEST_TITLE],
            words=f" {' '.join(words)} ",
            codes=" ".join(codes),
            active=text.active,
        )

    def values(self) -> dict[str, Any]:
        """As columns."""
        return {
            "group_id": self.group_id,
            "title": self.title,
            "words": self.words,
            "codes": self.codes,
            "active": self.active,
        }


@dataclass
class _Change:
    """What a chunk of things changes: letters to add and to take away by block and word."""

    new: list[dict[str, Any]] = field(default_factory=list)
    changed: dict[int, dict[str, Any]] = field(default_factory=dict)
    gone: list[int] = field(default_factory=list)
    added: dict[tuple[int, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    taken: dict[tuple[int, str], list[str]] = field(default_factory=lambda: defaultdict(list))

    def place(self, slot: int, before: Iterable[str], after: Iterable[str]) -> None:
        """Say which words come and go at a slot."""
        old, new = set(before), set(after)
        for word in new - old:
            self.added[slot // BLOCK, word].append(letter_of(slot))
        for word in old - new:
            self.taken[slot // BLOCK, word].append(letter_of(slot))


def places_of(words: str, codes: str) -> set[str]:
    """Under which words an entry stands: its own, and the pieces of its codes."""
    found = set(words.split())
    for code in codes.split():
        found.update(pieces_of_code(code))
    return found


def keep(one: Searched, subject_ids: Collection[int]) -> int:
    """Make the entries of some things say what these are called now; returns how many entries changed."""
    if not subject_ids:
        return 0
    index = locked_index(one.kind)
    return sum(_keep_chunk(one, index, chunk) for chunk in in_chunks(sorted(subject_ids), CHUNK))


def locked_index(kind: str) -> SearchIndex:
    """The row of an index, made if need be, held until the transaction ends."""
    statement = select(SearchIndex).where(SearchIndex.kind == kind)
    statement = statement.with_for_update().execution_options(populate_existing=True)
    found = session.scalar(statement)
    if found is None:
        row = {"tenant_id": current_tenant_id(), "kind": kind, "slots": 0}
        insert = sqlite.insert if session.connection().dialect.name == "sqlite" else postgresql.insert
        session.connection().execute(insert(table_of(SearchIndex)).values(**row).on_conflict_do_nothing())
        found = session.scalars(statement).one()
    return found


def _keep_chunk(one: Searched, index: SearchIndex, chunk: Sequence[int]) -> int:
    kept = {
        row.subject_id: row
        for row in session.execute(
            select(*(getattr(SearchEntry, name) for name in ("id", "subject_id", "slot", *FIELDS))).where(
                SearchEntry.kind == one.kind, among(SearchEntry.subject_id, chunk)
            )
        )
    }
    change = _Change()
    for text in one.texts(chunk):
        now, was = Kept.of(text), kept.pop(text.subject_id, None)
        if was is None:
            slot, index.slots = index.slots, index.slots + 1
            change.new.append({"kind": one.kind, "slot": slot, "subject_id": text.subject_id, **now.values()})
            added, block, letter = change.added, slot // BLOCK, letter_of(slot)
            for word in places_of(now.words, now.codes):
                added[block, word].append(letter)
        elif differing := {name: value for name, value in now.values().items() if getattr(was, name) != value}:
            change.changed[was.id] = differing
            change.place(was.slot, places_of(was.words, was.codes), places_of(now.words, now.codes))
    for was in kept.values():
        change.gone.append(was.id)
        change.place(was.slot, places_of(was.words, was.codes), ())
    _write(one.kind, change)
    return len(change.new) + len(change.changed) + len(change.gone)


FIELDS = ("group_id", "title", "words", "codes", "active")


def _write(kind: str, change: _Change) -> None:
    session.flush()
    insert_owned(SearchEntry, change.new)
    update_owned(SearchEntry, change.changed)
    for chunk in in_chunks(change.gone, CHUNK):
        session.execute(delete(SearchEntry).where(SearchEntry.id.in_(chunk)))
    _add_words(kind, {word for _block, word in change.added})
    rows = [
        {"block": block, "word": word, "text": "".join(letters)}
        for (block, word), letters in sorted(change.added.items())
    ]
    _append(SearchPlace, kind, ("block", "word"), "letters", rows)
    _take_away(kind, change.taken)


def is_guessed(word: str) -> bool:
    """Whether a word is one that a slip of the finger may be told from: letters, and enough of them."""
    if len(word) < SHORTEST_GUESSED or word[0] == MARK or is_unspaced(word):
        return False
    return not any(letter.isdigit() for letter in word)


def _add_words(kind: str, words: Iterable[str]) -> None:
    by_beginning: dict[str, list[str]] = defaultdict(list)
    for word in sorted(words):
        if is_guessed(word):
            by_beginning[word[:2]].append(word)
    if not by_beginning:
        return
    asked = select(SearchWords.beginning, SearchWords.words).where(
        SearchWords.kind == kind, among(SearchWords.beginning, list(by_beginning))
    )
    known = {row.beginning: row.words for row in session.execute(asked)}
    rows = []
    for beginning, some in by_beginning.items():
        page = known.get(beginning, "")
        fresh = [word for word in some if f"\n{word}\n" not in page]
        if fresh:
            rows.append({"beginning": beginning, "text": ("" if page else "\n") + "\n".join(fresh) + "\n"})
    _append(SearchWords, kind, ("beginning",), "words", rows)


def _take_away(kind: str, taken: Mapping[tuple[int, str], Sequence[str]]) -> None:
    changed: dict[int, dict[str, Any]] = {}
    empty: list[int] = []
    for chunk in in_chunks(sorted(taken), CHUNK):
        asked = select(SearchPlace.id, SearchPlace.block, SearchPlace.word, SearchPlace.letters).where(
            SearchPlace.kind == kind, _places(chunk)
        )
        for row in session.execute(asked):
            left = row.letters.translate(dict.fromkeys(map(ord, taken[row.block, row.word])))
            if left:
                changed[row.id] = {"letters": left}
            else:
                empty.append(row.id)
    update_owned(SearchPlace, changed)
    for some in in_chunks(empty, CHUNK):
        session.execute(delete(SearchPlace).where(SearchPlace.id.in_(some)))


def _places(keys: Sequence[tuple[int, str]]) -> ColumnElement[bool]:
    blocks = sorted({block for block, _word in keys})
    if len(blocks) == 1:
        return (SearchPlace.block == blocks[0]) & among(SearchPlace.word, [word for _block, word in keys])
    return tuple_(SearchPlace.block, SearchPlace.word).in_(keys)


def _append(model: type[Model], kind: str, key: tuple[str, ...], column: str, rows: Sequence[dict[str, Any]]) -> None:
    """Add text at the end of what rows have, or make the rows, in one statement."""
    if not rows:
        return
    connection, fixed = session.connection(), (current_tenant_id(), kind)
    dialect = connection.dialect.name
    statement = _appending(table_of(model), key, column, dialect)
    if dialect == "sqlite":
        each = [(*fixed, *(row[name] for name in key), row["text"]) for row in rows]
        connection.exec_driver_sql(statement, each)
    else:
        # One statement that takes lists: a statement for each row would be most of the time an import takes.
        lists = [[row[name] for row in rows] for name in (*key, "text")]
        connection.exec_driver_sql(statement, (*fixed, *lists))


@lru_cache
def _appending(table: Table, key: tuple[str, ...], column: str, dialect: str) -> str:
    unique = ", ".join(("tenant_id", "kind", *key))
    if dialect == "sqlite":
        given = f"VALUES ({', '.join('?' * (len(key) + 3))})"
    else:
        lists = [f"%s::{'text' if isinstance(table.c[name].type, String) else 'bigint'}[]" for name in (*key, column)]
        given = f"SELECT %s::bigint, %s::text, * FROM unnest({', '.join(lists)})"  # noqa: S608  as below
    return (
        f"INSERT INTO {table.name} ({unique}, {column}) {given} "
        f"ON CONFLICT ({unique}) DO UPDATE SET {column} = {table.name}.{column} || excluded.{column}"
    )
