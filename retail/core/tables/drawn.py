"""A list, ready to be drawn: what `templates/core/_listing.html` needs and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup


@dataclass(frozen=True)
class Cell:
    """One cell. `edit_url` is where it is changed, when this person may change it in this row."""

    text: str | Markup
    href: str | None
    align: str
    tone: str | None
    html: Markup | None = None
    key: str = ""
    edit_url: str | None = None


@dataclass(frozen=True)
class ListedRow:
    """One row."""

    id: int
    cells: list[Cell]


@dataclass(frozen=True)
class ListedColumn:
    """A heading. `whole` keeps what stands below it on one line, as a date."""

    key: str
    label: str
    align: str
    sortable: bool
    whole: bool


@dataclass(frozen=True)
class ListedFilter:
    """A filter and its present value; `low` and `high` are the ends of a range as an input writes them."""

    name: str
    label: str
    kind: str
    choices: list[tuple[str, str]]
    value: str
    low: str = ""
    high: str = ""


@dataclass(frozen=True)
class Chip:
    """A filter that is in force, in words, and the address without it."""

    label: str
    value: str
    url: str


@dataclass(frozen=True)
class ListedView:
    """A saved view as a tab."""

    id: int
    name: str
    url: str
    active: bool
    is_shared: bool
    is_own: bool
    is_default: bool


@dataclass(frozen=True)
class ColumnChoice:
    """A column in the menu that chooses them; the first names the rows and stays."""

    key: str
    label: str
    chosen: bool
    fixed: bool


@dataclass(frozen=True)
class ListedJob:
    """A bulk job as a button."""

    name: str
    label: str
    icon: str
    danger: bool


@dataclass
class Listing:
    """All of a list."""

    id: str
    name: str
    columns: list[ListedColumn]
    rows: list[ListedRow]
    sort: str
    descending: bool
    q: str
    filters: list[ListedFilter]
    total: int | None
    next_cursor_url: str | None
    previous_url: str | None
    export_urls: dict[str, str]
    empty: dict[str, Any]
    searchable: bool
    narrowed: bool
    url_for_sort: Callable[[str], str]
    chips: list[Chip] = field(default_factory=list)
    counted_to: int = 0
    note: str | None = None
    bulk: list[ListedJob] = field(default_factory=list)
    bulk_url: str | None = None
    views: list[ListedView] = field(default_factory=list)
    view: ListedView | None = None
    view_changed: bool = False
    may_keep: bool = False
    all_url: str = ""
    here: str = ""
    column_choices: list[ColumnChoice] = field(default_factory=list)
    columns_usual: bool = True
    kept: dict[str, str] = field(default_factory=dict)
    others: dict[str, str] = field(default_factory=dict)
    url: str | None = None
    clear_url: str | None = None
    label: str = ""
    exported_later: frozenset[str] = frozenset()

    @property
    def filters_on(self) -> int:
        """How many filters are in force."""
        return len(self.chips)
