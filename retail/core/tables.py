"""Lists, declared: columns, filters, search, order, paging and export of exactly what is seen, from one statement.

The whole state of a list is its address, so a link to it can be sent and saved. Paging is by key, so page 1,000 costs
what page 1 costs.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any, ClassVar, Literal

from flask import Response, abort, current_app, request, url_for
from flask_babel import format_datetime
from markupsafe import Markup
from sqlalchemy import ColumnElement, Row, Select, and_, func, literal, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from retail.core import audit, export, html, shown
from retail.core.db import session
from retail.core.module import can
from retail.core.money import ScaledDecimal
from retail.permissions import Can

Kind = Literal["text", "integer", "decimal", "money", "quantity", "date", "datetime", "boolean", "percent"]
PAGE_SIZE = 50
NOTHING_SAID = {"title": None, "text": None, "icon": None, "action_url": None, "action_label": None}
COUNT_LIMIT = 10_000


@dataclass(frozen=True)
class Column:
    """One column: what it is called, what it is in SQL, how it is shown.

    `link` makes an address from the row; `show` overrides how the value is written; `draw` makes markup of the row for
    the page, which exports do without; `tone` colors it; `needs` hides the column, also from exports, from those who
    lack a permission; `search` includes it in the text search.
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


@dataclass(frozen=True)
class Filter:
    """One filter: `apply` narrows the statement; `choices` offers values, else it is a flag, a text or a date."""

    label: Any
    apply: Callable[[Select[Any], str], Select[Any]]
    kind: Literal["choice", "flag", "text", "date", "number"] = "flag"
    choices: Callable[[], Sequence[tuple[str, Any]]] | None = None


@dataclass(frozen=True)
class Cell:
    """One cell, ready to be drawn."""

    text: str | Markup
    href: str | None
    align: str
    tone: str | None
    html: Markup | None = None


@dataclass(frozen=True)
class ListedRow:
    """One row, ready to be drawn."""

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
    """A filter and its present value."""

    name: str
    label: str
    kind: str
    choices: list[tuple[str, str]]
    value: str


@dataclass
class Listing:
    """What the list template needs, ready to be drawn."""

    id: str
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
    bulk: list[dict[str, Any]] = field(default_factory=list)
    bulk_url: str | None = None
    url: str | None = None
    clear_url: str | None = None
    label: str = ""

    def url_for_sort(self, key: str) -> str:
        turned = key == self.sort and not self.descending
        return _address(sort=f"-{key}" if turned else key, after=None)


class Table:
    """Base of every list. Subclasses give `name`, `label`, `columns`, `order`, `row_id` and `source`.

    `also` are values the rows carry for `link` and `draw` without being columns; `also_searched` are texts in which the
    search looks beside the columns that say so. `in_two_steps` first finds which rows a page has and then what they
    show: for columns that are dear, such as sums over other tables, and only wanted for the rows that are seen.
    """

    name: ClassVar[str]
    label: ClassVar[Any]
    order: ClassVar[str]
    columns: ClassVar[Mapping[str, Column]]
    filters: ClassVar[Mapping[str, Filter]] = {}
    also: ClassVar[Mapping[str, Any]] = {}
    also_searched: ClassVar[Sequence[Any]] = ()
    empty: ClassVar[Mapping[str, Any]] = {}
    row_id: ClassVar[Any]
    needs: ClassVar[Can]
    in_two_steps: ClassVar[bool] = False

    def __init_subclass__(cls) -> None:
        TABLES[cls.name] = cls

    def source(self) -> Select[Any]:
        """The rows to list, before search and filters; its columns are replaced by the declared ones."""
        raise TypeError(f"{type(self).__name__} has no source")

    def visible(self) -> dict[str, Column]:
        return {key: column for key, column in self.columns.items() if column.needs is None or can(column.needs)}

    def narrowed(self, q: str, values: Mapping[str, str]) -> Select[Any]:
        """The statement with search and filters applied, and the declared columns selected."""
        shown_columns: list[ColumnElement[Any]] = [column.expression.label(key) for key, column in self.columns.items()]
        shown_columns += [expression.label(key) for key, expression in self.also.items()]
        statement = self.source().with_only_columns(type(self).row_id.label("row_id"), *shown_columns)
        searched = [column.expression for column in self.visible().values() if column.search] + [*self.also_searched]
        for word in q.split()[:6]:
            pattern = "%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
            statement = statement.where(or_(*(part.ilike(pattern, escape="\\") for part in searched)))
        for name, value in values.items():
            if value and name in self.filters:
                statement = self.filters[name].apply(statement, value)
        return statement

    def ordered(self, statement: Select[Any], sort: str, after: list[Any] | None = None) -> Select[Any]:
        key, descending = sort.lstrip("-"), sort.startswith("-")
        expression = _sortable(self.columns[key], type(self).row_id)
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


TABLES: dict[str, type[Table]] = {}


def _least(column: Column) -> Any:
    """What stands for nothing in an order: less than any value people enter."""
    least = {
        "text": "",
        "date": date(1, 1, 1),
        "datetime": datetime.fromisoformat("0001-01-02T00:00:00+00:00"),
        "boolean": False,
    }
    if column.kind in least:
        return least[column.kind]
    return Decimal(-(10**12)) if isinstance(column.expression.type, ScaledDecimal) else 1 - 2**31


def _may_be_null(column: InstrumentedAttribute[Any]) -> bool:
    return any(one.nullable for one in column.property.columns)


def _sortable(column: Column, row_id: Any) -> Any:
    """NULL sorts as the least value on every database, so that paging by key can compare.

    A column of the listed table that is never NULL stays as it is: then an index may serve the order.
    """
    plain = column.expression
    if isinstance(plain, InstrumentedAttribute) and plain.parent is row_id.parent and not _may_be_null(plain):
        return plain
    return func.coalesce(
        column.expression, literal(_least(column), column.expression.type), type_=column.expression.type
    )


def _pack(value: Any, row_id: int, column: Column) -> str:
    if value is None:
        value = _least(column)
    plain = value.isoformat() if isinstance(value, date) else str(value) if isinstance(value, Decimal) else value
    return base64.urlsafe_b64encode(json.dumps([plain, row_id]).encode()).decode().rstrip("=")


def _unpack(text: str, column: Column) -> list[Any] | None:
    kind = column.kind
    try:
        value, row_id = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if kind == "datetime":
            value = datetime.fromisoformat(value)
        elif kind == "date":
            value = date.fromisoformat(value)
        elif isinstance(column.expression.type, ScaledDecimal):
            value = Decimal(str(value))
        return [value, int(row_id)]
    except (ValueError, TypeError, ArithmeticError, binascii.Error):
        return None


def _address(**changes: Any) -> str:
    arguments = {**request.args.to_dict(), **(request.view_args or {})}
    for key, value in changes.items():
        if value is None:
            arguments.pop(key, None)
        else:
            arguments[key] = value
    assert request.endpoint is not None
    return url_for(request.endpoint, **arguments)


def _cell(column: Column, value: Any, row: Row[Any]) -> Cell:
    text = column.show(value) if column.show else shown.value(value, column.kind)
    return Cell(
        text=text,
        href=column.link(row) if column.link else None,
        align="end" if column.kind in {"integer", "decimal", "money", "quantity", "percent"} else "start",
        tone=column.tone(value) if column.tone else None,
        html=column.draw(row) if column.draw else None,
    )


def listing(table: Table) -> Listing:
    """Answer the present request's list: its rows, and addresses for every way to change it."""
    columns = table.visible()
    sort = request.args.get("sort", table.order)
    if sort.lstrip("-") not in columns or not columns[sort.lstrip("-")].sortable:
        sort = table.order
    q = request.args.get("q", "").strip()[:100]
    values = {name: request.args.get(name, "").strip()[:100] for name in table.filters}
    statement = table.narrowed(q, values)
    sorted_by = table.columns[sort.lstrip("-")]
    after = _unpack(request.args["after"], sorted_by) if "after" in request.args else None
    found = _page_of(table, statement, sort, after)
    rows, more = found[:PAGE_SIZE], len(found) > PAGE_SIZE
    if after is None and not more:
        total = len(rows)
    else:
        counted = statement.order_by(None).with_only_columns(literal(1)).limit(COUNT_LIMIT + 1).subquery()
        total = session.scalar(select(func.count()).select_from(counted)) or 0
    last = rows[-1] if rows else None
    return Listing(
        id=f"list-{table.name}",
        columns=[
            ListedColumn(
                key,
                str(column.label),
                "end" if column.kind in {"integer", "decimal", "money", "quantity", "percent"} else "start",
                column.sortable,
                column.kind in {"date", "datetime"},
            )
            for key, column in columns.items()
        ],
        rows=[
            ListedRow(row.row_id, [_cell(column, row._mapping[key], row) for key, column in columns.items()])
            for row in rows
        ],
        sort=sort.lstrip("-"),
        descending=sort.startswith("-"),
        q=q,
        filters=[
            ListedFilter(
                name,
                str(one.label),
                one.kind,
                [(value, str(label)) for value, label in (one.choices() if one.choices else ())],
                values[name],
            )
            for name, one in table.filters.items()
        ],
        total=total if total <= COUNT_LIMIT else None,
        next_cursor_url=_address(after=_pack(last._mapping[sort.lstrip("-")], last.row_id, sorted_by))
        if more and last is not None
        else None,
        previous_url=_address(after=None) if after is not None else None,
        export_urls={form: _address(format=form, after=None) for form in ("csv", "xlsx")} if can(Can.EXPORT) else {},
        empty={**NOTHING_SAID, **table.empty},
        label=str(table.label),
        searchable=any(column.search for column in columns.values()),
        narrowed=bool(q or any(values.values())),
    )


def _page_of(table: Table, statement: Select[Any], sort: str, after: list[Any] | None) -> Sequence[Row[Any]]:
    """The rows of one page and one more, if there is one."""
    if not table.in_two_steps:
        return session.execute(table.ordered(statement, sort, after).limit(PAGE_SIZE + 1)).all()
    row_id = type(table).row_id
    chosen = table.ordered(statement.with_only_columns(row_id), sort, after).limit(PAGE_SIZE + 1)
    places = {number: at for at, number in enumerate(session.scalars(chosen))}
    shown_rows = session.execute(table.narrowed("", {}).where(row_id.in_(places))).all()
    return sorted(shown_rows, key=lambda row: places[row.row_id])


def table_page(table: Table, template: str, **context: Any) -> Any:
    """The list as a page, its rows alone to htmx, or a file when the address says `format=csv` or `xlsx`."""
    form = request.args.get("format")
    if form:
        return export_of(table, form)
    return html.page(template, fragment="listing", listing=listing(table), table=table, **context)


def export_of(table: Table, form: str) -> Response:
    """Exactly what the list shows, all pages of it, as a file; leaves an audit entry."""
    if form not in {"csv", "xlsx"} or not can(Can.EXPORT):
        abort(403 if form in {"csv", "xlsx"} else 404)
    columns = table.visible()
    sort = request.args.get("sort", table.order)
    if sort.lstrip("-") not in columns:
        sort = table.order
    q = request.args.get("q", "").strip()[:100]
    values = {name: request.args.get(name, "").strip()[:100] for name in table.filters}
    statement = table.ordered(table.narrowed(q, values), sort)
    found = session.execute(statement.execution_options(yield_per=1000))
    rows = [[_written(column, row._mapping[key]) for key, column in columns.items()] for row in found]
    audit.record_apart("export", table.name, label=f"{len(rows)} rows as {form}")
    currency = shown.currency()
    heads = [
        export.Column(
            key=key,
            label=str(column.label),
            kind="decimal" if column.kind == "quantity" else column.kind,
            currency=currency if column.kind == "money" else "",
        )
        for key, column in columns.items()
    ]
    name = f"{table.name}-{format_datetime(format='yyyy-MM-dd')}.{form}"
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    if form == "csv":
        body = b"".join(export.write_csv(heads, rows))
        return current_app.response_class(body, mimetype="text/csv", headers=disposition)
    stream = BytesIO()
    export.write_xlsx(heads, rows, stream, title=str(table.label))
    return current_app.response_class(
        stream.getvalue(),
        mimetype="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        headers=disposition,
    )


def _written(column: Column, value: Any) -> Any:
    """A value for a file: figures and dates as such, texts in the words the list shows."""
    return str(column.show(value)) if column.show and column.kind == "text" and value is not None else value


def choices_of(*pairs: tuple[str, Any]) -> Callable[[], Sequence[tuple[str, Any]]]:
    """Fixed choices of a filter."""
    return lambda: pairs
