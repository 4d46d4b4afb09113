"""What can be imported: a kind says which fields it takes, plans rows, and writes what it planned."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, Protocol, runtime_checkable

from flask_babel import gettext as _

from retail.core.errors import Refused
from retail.core.imports.models import Import
from retail.core.money import LIMIT
from retail.core.spreadsheets import CellError, Field, Row, Sheet, normalized, parse_decimal
from retail.permissions import Can

Action = Literal["create", "update", "unchanged", "reject"]
ACTIONS: tuple[Action, ...] = ("create", "update", "unchanged", "reject")
COUNTED = {"create": "created", "update": "updated", "unchanged": "unchanged", "reject": "rejected"}
"""The name under which each action is counted."""
BREAKS = re.compile(r"<(?:br|/p|/div|/li|/h[1-6]|/tr)\b[^>]*>", re.IGNORECASE)
TAGS = re.compile(r"<!--.*?-->|<(script|style)\b.*?</\1\s*>|</?[a-zA-Z][^<>]*>", re.IGNORECASE | re.DOTALL)


def one_line(text: str) -> str:
    """A name as it should be kept: entities written as letters, no tags, no control signs, single spaces."""
    return _cleaned(text, _one_line)


def several_lines(text: str) -> str:
    """A description without its HTML; paragraphs and line breaks become lines."""
    return _cleaned(text, _several_lines)


def _cleaned(text: str, clean: Callable[[str], str]) -> str:
    """`text` cleaned until nothing is left to clean, so that what was kept and comes again is the same: `&amp;lt;`."""
    while (cleaner := clean(text)) != text:
        text = cleaner
    return text


def _one_line(text: str) -> str:
    if "<" in text:
        text = TAGS.sub(" ", text)
    return " ".join(_printable(html.unescape(text)).split())


def _several_lines(text: str) -> str:
    if "<" in text:
        text = TAGS.sub("", BREAKS.sub("\n", text))
    lines = [" ".join(line.split()) for line in _printable(html.unescape(text)).splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(letter for letter in text if letter.isprintable() or letter.isspace())


@dataclass
class Given:
    """One row of a file by field. Reading a cell that makes no sense notes a problem, so that a row is told all of its
    faults at once; each names the column as the file calls it."""

    number: int
    cells: Mapping[str, str]
    headers: Mapping[str, str]
    commas: Mapping[str, bool]
    problems: list[str] = field(default_factory=list)

    def has_column(self, name: str) -> bool:
        """Whether the file has a column for a field."""
        return name in self.headers

    def refuse(self, name: str, why: object) -> None:
        """Note what is wrong with a field."""
        header = self.headers.get(name, "")
        self.problems.append(f"{header}: {why}" if header else str(why))

    def raw(self, name: str) -> str:
        """The cell without the spaces around it; nothing where the file has no such column."""
        return self.cells.get(name, "").strip()

    def text(self, name: str, longest: int = 200) -> str:
        """The cell as one clean line."""
        cell = self.cells.get(name, "")
        text = one_line(cell) if cell else ""
        if len(text) > longest:
            self.refuse(name, _("Longer than %(count)d letters; shorten it.", count=longest))
        return text

    def decimal(self, name: str, places: int, *, below_zero: bool = False) -> Decimal | None:
        """The number in the cell; None where it is blank or makes no sense."""
        cell = self.cells.get(name, "")
        if not cell.strip():
            return None
        try:
            number = parse_decimal(cell, self.commas.get(name, False))
        except CellError as problem:
            self.refuse(name, problem)
            return None
        if number < 0 and not below_zero:
            self.refuse(name, _("“%(text)s” is below zero; write nothing or more.", text=cell.strip()[:40]))
        elif round(number, places) != number:
            self.refuse(
                name,
                _("“%(text)s” has more than %(places)d decimal places.", text=cell.strip()[:40], places=places),
            )
        elif abs(number.scaleb(places)) > LIMIT // 1000:
            self.refuse(name, _("“%(text)s” is too large.", text=cell.strip()[:40]))
        else:
            return number
        return None


@dataclass
class Plan:
    """What is to be done with one row. `changes` is for people: field label to text before and after; `work` is what
    the kind itself needs to do it. `attaches` names what is to be put to the record once all rows are in."""

    number: int
    action: Action
    label: str
    changes: dict[str, tuple[str, str]] = field(default_factory=dict)
    reason: str = ""
    work: Any = None
    attaches: str = ""


@dataclass(frozen=True)
class Changed:
    """One record that was created or changed for a row; `before` and `after` are plain values by field."""

    row: int
    subject: str
    subject_id: int
    created: bool
    before: Mapping[str, Any]
    after: Mapping[str, Any]


Outcome = Literal["removed", "restored", "withdrawn", "kept", "needed", "gone"]
"""What undoing comes to for one record: removed (the import had made it), restored to what it was, withdrawn from use
because its history must stay, kept because somebody changed or used it since, needed by something that stays, gone
already."""


@dataclass
class Reversal:
    """What undoing comes to for one record. `kept` holds the fields that were changed since, by label: in words, what
    the import wrote and what stands there now; `work` is what the kind itself needs to do it."""

    change_id: int
    row: int
    outcome: Outcome
    label: str
    kept: dict[str, tuple[str, str]] = field(default_factory=dict)
    reason: str = ""
    work: Any = None


@dataclass(frozen=True, slots=True)
class Past:
    """One change an import made, as it was written down then."""

    id: int
    row: int
    subject: str
    subject_id: int
    created: bool
    before: Mapping[str, Any]
    after: Mapping[str, Any]


class Undoing(Protocol):
    """One pass over what an import changed, last change first. It may remember what went by."""

    def plan(self, changes: Sequence[Past]) -> list[Reversal]:
        """One reversal per change, in order; reads only."""

    def apply(self, changes: Sequence[Past], reversals: Sequence[Reversal]) -> None:
        """Do what `plan` found, in the same transaction."""


class Importing(Protocol):
    """One pass over one file. It is given the rows in order, in chunks, and may remember what went by."""

    def plan(self, rows: Sequence[Given]) -> list[Plan]:
        """One plan per row, in order; reads only."""

    def apply(self, plans: Sequence[Plan]) -> list[Changed]:
        """Write the plans to create or update of one chunk, made by `plan` in the same transaction."""


@runtime_checkable
class Attaching(Protocol):
    """A pass that, besides, puts something to records that costs too much time for a transaction: pictures."""

    @property
    def attaches(self) -> bool:
        """Whether anything came with this file that could be put to records."""

    def prepare(self, plan: Plan) -> Any:
        """What a plan with `attaches` wants, ready to be written; called outside any transaction. Raises Refused."""

    def attach(self, ready: Sequence[tuple[Plan, Any]]) -> list[Changed]:
        """Write what was prepared."""


@dataclass(frozen=True)
class Told:
    """What a row of another program's file says, by field of ours. `about` names what a row belongs to that says
    nothing by itself, such as a further picture; `problem` is why a row cannot be imported."""

    cells: Mapping[str, str]
    about: str | None = None
    problem: str = ""


class Reader(Protocol):
    """How the rows of one file are read."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The column by field."""

    def read(self, row: Row) -> Told:
        """What a row says; rows come in order."""


@dataclass(frozen=True)
class Layout:
    """The files of another program, understood without anybody matching columns. A file is one of them when it has all
    columns of one of the sets in `columns` (as `normalized`). `left_out` tells what such files hold that is not
    taken. Of a program that is not `priced` files may lack prices: then whoever takes one in is asked for one."""

    name: str
    label: object
    columns: tuple[frozenset[str], ...]
    open: Callable[[Sheet], Reader]
    left_out: object = ""
    priced: bool = True

    def knows(self, headers: Sequence[str]) -> bool:
        """Whether a file with these columns is one of them."""
        found = {normalized(header) for header in headers}
        return any(one <= found for one in self.columns)

    def has_price(self, headers: Sequence[str]) -> bool:
        """Whether a file with these columns says what things cost."""
        return self.priced or "price" in {normalized(header) for header in headers}


@dataclass(frozen=True)
class Kind:
    """Something that can be imported. `begin` starts a pass; `finish` is called within the last transaction of a run,
    to say what happened, as `undone` is within that of an undo. A file must have one of the fields `known_by`, or no
    row could be told from another. Whoever imports or undoes needs `needs`. `hints` are words on fields. `options`
    are what an import needs besides its file, when nobody says."""

    name: str
    label: Any
    needs: Can
    fields: tuple[Field, ...]
    begin: Callable[[Import], Importing]
    undo: Callable[[Import], Undoing]
    finish: Callable[[Import], None]
    undone: Callable[[Import], None]
    options: Callable[[], dict[str, Any]] = dict
    known_by: tuple[str, ...] = ()
    hints: Mapping[str, object] = field(default_factory=dict)
    layouts: tuple[Layout, ...] = ()

    def layout_called(self, name: str) -> Layout | None:
        """A layout by its name; None when there is none."""
        return next((one for one in self.layouts if one.name == name), None)

    def layout_of(self, headers: Sequence[str]) -> Layout | None:
        """The program whose file has these columns; None for any other file."""
        return next((one for one in self.layouts if one.knows(headers)), None)


KINDS: dict[str, Kind] = {}


def declare(kind: Kind) -> Kind:
    """Make a kind known by its name."""
    if kind.name in KINDS:
        raise ValueError(f"two kinds of import are called {kind.name}")
    KINDS[kind.name] = kind
    return kind


def kind_called(name: str) -> Kind:
    """A kind by name; Refused when there is none."""
    if name not in KINDS:
        raise Refused(_("“%(name)s” cannot be imported.", name=name))
    return KINDS[name]
