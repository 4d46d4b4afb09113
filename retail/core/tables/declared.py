"""What a list consists of: its columns, filters and statement, and the registry of all lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from markupsafe import Markup
from sqlalchemy import ColumnElement, Row, Select, and_, func, literal, or_, select

from retail.core.db import session
from retail.core.module import can
from retail.core.search import match
from retail.core.tables import keys
from retail.core.tables.bulk import Bulk, Onward
from retail.permissions import Can, Need

Kind = Literal["text", "integer", "decimal", "money", "quantity", "date", "datetime", "boolean", "percent"]
FilterKind = Literal["choice", "flag", "text", "date", "number", "days", "numbers"]
PAGE_SIZE = 50
COUNT_LIMIT = 10_000
"""Rows are counted so far; a longer list says “more than”. Counting a million on every page would cost more than it."""
SORT_LIMIT = 100_000
"""Longer lists are only sorted by columns whose order an index keeps."""


@dataclass(frozen=True)
class Edit:
    """How a cell is changed where it stands.

    `save` is a service that takes the row's id and the value, and raises Refused; `value` is what stands in the input,
    None for a row in which the cell cannot be changed; `kind` is read from the input as the forms read it.
    """

    needs: Can
    save: Callable[[int, Any], object]
    value: Callable[[Row[Any]], Any]
    kind: Literal["text", "money", "quantity"] = "text"
    longest: int = 200


@dataclass(frozen=True)
class Column:
    """One column: what it is called, what it is in SQL, how it is shown.

    `link` makes an address from the row; `show` overrides how the value is written; `draw` makes markup of the row for
    the page, which exports do without; `tone` colors it; `needs` hides the column, also from exports, from those who
    lack a permission; `search` includes it in the text search; `hidden` leaves it out until somebody chooses it.
    """

    label: Any
    expression: Any
    kind: Kind = "text"
    link: Callable[[Row[Any]], str] | None = None
    show: Callable[[Any], str | Markup] | None = None
    draw: Callable[[Row[Any]], Markup] | None = None
    tone: Callable[[Any], str | None] | None = None
    search: bool = False
    sortable: bool = True
    needs: Can | None = None
    hidden: bool = False
    edit: Edit | None = None

    @property
    def align(self) -> str:
        """On which side its values stand: numbers at the end, so that digits line up."""
        return "end" if self.kind in {"integer", "decimal", "money", "quantity", "percent"} else "start"


@dataclass(frozen=True)
class Filter:
    """One filter: `apply` narrows the statement by what the address says; a value that means nothing narrows nothing.

    A `choice` offers `choices`, a `flag` is on or off, `text`, `date` and `number` take one value, `days` and `numbers`
    a range written `from..to` (see `filters`), either end open; `days` also names of periods such as `this-month`.
    """

    label: Any
    apply: Callable[[Select[Any], str], Select[Any]]
    kind: FilterKind = "flag"
    choices: Callable[[], Sequence[tuple[str, Any]]] | None = None


@dataclass(frozen=True)
class FoundBy:
    """Lets the text search of the core (`retail.core.search`) answer a list's search box.

    `column` holds ids of things of this `kind`, or with `by="group_id"` of what these belong to.
    """

    kind: str
    column: Any
    by: Literal["subject_id", "group_id"] = "subject_id"


class Table:
    """Base of every list. Subclasses give `name`, `label`, `columns`, `order`, `row_id` and `source`.

    `found_by` lets the text search find the rows; without it every row is compared with what was typed. `also` are
    values the rows carry for `link` and `draw` without being columns. `in_two_steps` first finds which rows a page has
    and then what they show: for columns that are dear, such as sums over other tables, and only wanted for the rows
    that are seen. `bulk` are jobs for many chosen rows, `onward` pages they are
    taken to.
    """

    name: ClassVar[str]
    label: ClassVar[Any]
    order: ClassVar[str]
    columns: ClassVar[Mapping[str, Column]]
    filters: ClassVar[Mapping[str, Filter]] = {}
    also: ClassVar[Mapping[str, Any]] = {}
    found_by: ClassVar[FoundBy | None] = None
    bulk: ClassVar[Mapping[str, Bulk]] = {}
    onward: ClassVar[Mapping[str, Onward]] = {}
    empty: ClassVar[Mapping[str, Any]] = {}
    row_id: ClassVar[Any]
    needs: ClassVar[Need]
    in_two_steps: ClassVar[bool] = False

    def __init_subclass__(cls) -> None:
        TABLES[cls.name] = cls

    def source(self) -> Select[Any]:
        """The rows to list, before search and filters; its columns are replaced by the declared ones."""
        raise TypeError(f"{type(self).__name__} has no source")

    def visible(self) -> dict[str, Column]:
        """The columns this person may see."""
        return {key: column for key, column in self.columns.items() if column.needs is None or can(column.needs)}

    def jobs(self) -> dict[str, Bulk | Onward]:
        """What this person may do with many rows."""
        offered: dict[str, Bulk | Onward] = {**self.onward, **self.bulk}
        return {key: job for key, job in offered.items() if can(job.needs)}

    def whole(self) -> Select[Any]:
        """Every row there is, also those that the list leaves out until a filter asks for them."""
        shown_columns: list[ColumnElement[Any]] = [column.expression.label(key) for key, column in self.columns.items()]
        shown_columns += [expression.label(key) for key, expression in self.also.items()]
        return self.source().with_only_columns(type(self).row_id.label("row_id"), *shown_columns)

    def narrowed(self, q: str, values: Mapping[str, str]) -> Select[Any]:
        """The statement with search and filters applied, and the declared columns selected."""
        statement = self._searched(self.whole(), q)
        for name, value in values.items():
            if value and name in self.filters:
                statement = self.filters[name].apply(statement, value)
        return statement

    def _searched(self, statement: Select[Any], q: str) -> Select[Any]:
        if self.found_by is not None:
            found = match(self.found_by.kind, q, self.found_by.column, by=self.found_by.by)
            return statement if found is None else statement.where(found.condition)
        searched = [column.expression for column in self.visible().values() if column.search]
        for word in q.split()[:6]:
            statement = statement.where(or_(*(part.icontains(word, autoescape=True) for part in searched)))
        return statement

    def ordered(
        self, statement: Select[Any], sort: str, after: list[Any] | None = None, *, backwards: bool = False
    ) -> Select[Any]:
        """The statement in the order of `sort`, beginning behind the key `after`; `backwards` runs to the start."""
        key, descending = sort.lstrip("-"), sort.startswith("-") != backwards
        expression = keys.sortable(self.columns[key], type(self).row_id)
        if after is not None:
            value = literal(after[0], expression.type)
            beyond = expression < value if descending else expression > value
            beyond_id = type(self).row_id < after[1] if descending else type(self).row_id > after[1]
            # Said twice, because a database finds its place in an index by the plain comparison only.
            at_most = expression <= value if descending else expression >= value
            statement = statement.where(at_most, or_(beyond, and_(expression == value, beyond_id)))
        if descending:
            return statement.order_by(expression.desc(), type(self).row_id.desc())
        return statement.order_by(expression.asc(), type(self).row_id.asc())

    def may_sort(self, sort: str) -> bool:
        """Whether `sort` names a column that this person sees and that has an order."""
        column = self.visible().get(sort.removeprefix("-"))
        return column is not None and column.sortable


TABLES: dict[str, type[Table]] = {}


def choices_of(*pairs: tuple[str, Any]) -> Callable[[], Sequence[tuple[str, Any]]]:
    """Fixed choices of a filter."""
    return lambda: pairs


def counted(statement: Select[Any], limit: int) -> int:
    """How many rows a statement finds, counting no further than `limit` and one."""
    one = statement.order_by(None).with_only_columns(literal(1)).limit(limit + 1).subquery()
    return session.scalar(select(func.count()).select_from(one)) or 0
