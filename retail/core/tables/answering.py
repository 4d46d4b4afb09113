"""Answering the request for a list: its rows by key, its state in words, addresses for every way to change it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Row, Select

from retail.core import html, shown
from retail.core.db import session
from retail.core.exports import is_made_later
from retail.core.links import link
from retail.core.module import can, person_or_none
from retail.core.saved_lists import NO_VIEW
from retail.core.table_files import FORMS
from retail.core.tables import filters, keys
from retail.core.tables.address import Address, Asked, of_request
from retail.core.tables.declared import COUNT_LIMIT, PAGE_SIZE, SORT_LIMIT, Table, counted
from retail.core.tables.drawn import (
    Cell,
    Chip,
    ColumnChoice,
    ListedColumn,
    ListedFilter,
    ListedJob,
    ListedRow,
    ListedView,
    Listing,
)
from retail.core.tables.exporting import export_of
from retail.core.tables.layout import Layout, keeper
from retail.permissions import Can

NOTHING_SAID = {"title": None, "text": None, "icon": None, "action_url": None, "action_label": None}


def cell_of(table: Table, key: str, row: Row[Any]) -> Cell:
    """One cell of a row, with the address at which it is changed if this person may."""
    column, value = table.columns[key], row._mapping[key]
    edit = column.edit
    editable = edit is not None and can(edit.needs) and edit.value(row) is not None
    # What is drawn needs no words, but for texts: they name the row to those who do not see it.
    needs_words = column.draw is None or column.kind == "text"
    words = (column.show(value) if column.show else shown.value(value, column.kind)) if needs_words else ""
    return Cell(
        text=words,
        href=(column.link(row) or None) if column.link else None,
        align=column.align,
        tone=column.tone(value) if column.tone else None,
        html=column.draw(row) if column.draw else None,
        key=key,
        edit_url=link("lists.cell", list_name=table.name, row=row.row_id, column=key) if editable else None,
    )


@dataclass(frozen=True)
class _Page:
    """The rows of one page, and whether there are rows before and behind it."""

    rows: Sequence[Row[Any]]
    before: bool
    behind: bool


def _fetched(table: Table, statement: Select[Any]) -> Sequence[Row[Any]]:
    if not table.in_two_steps:
        return session.execute(statement).all()
    row_id = type(table).row_id
    places = {number: at for at, number in enumerate(session.scalars(statement.with_only_columns(row_id)))}
    # The rows are known by now; search and filters would only be asked again for nothing.
    shown_rows = session.execute(table.whole().where(row_id.in_(places))).all() if places else ()
    return sorted(shown_rows, key=lambda row: places[row.row_id])


def _page_of(table: Table, statement: Select[Any], asked: Asked, sort: str) -> _Page:
    """The page the address names, or the first one where it names a place that is none."""
    column = table.columns[sort.lstrip("-")]
    if asked.before and (place := keys.unpack(asked.before, column)):
        found = _fetched(table, table.ordered(statement, sort, place, backwards=True).limit(PAGE_SIZE + 1))
        if len(found) >= PAGE_SIZE:
            return _Page([*reversed(found[:PAGE_SIZE])], before=len(found) > PAGE_SIZE, behind=True)
    place = keys.unpack(asked.after, column) if asked.after else None
    found = _fetched(table, table.ordered(statement, sort, place).limit(PAGE_SIZE + 1))
    return _Page(found[:PAGE_SIZE], before=place is not None, behind=len(found) > PAGE_SIZE)


def _order(table: Table, statement: Select[Any], sort: str) -> tuple[str, str | None]:
    """By what to sort. A list too long to be sorted as asked keeps its usual order, and says so."""
    column = table.columns[sort.lstrip("-")]
    if sort.lstrip("-") == table.order.lstrip("-") or keys.is_kept_in_order(column, type(table).row_id):
        return sort, None
    if counted(statement, SORT_LIMIT) <= SORT_LIMIT:
        return sort, None
    said = _(
        "Lists of up to %(n)s rows are sorted by “%(column)s”. Narrow this one by a search or filter first.",
        n=shown.quantity(SORT_LIMIT),
        column=column.label,
    )
    return table.order, str(said)


def listing(table: Table, layout: Layout | None = None) -> Listing:
    """Answer the present request's list: its rows, and addresses for every way to change it."""
    asked = of_request(table)
    layout = layout or Layout.of(table, asked)
    address = Address(table, asked)
    statement = table.narrowed(asked.q, asked.values)
    sort, note = _order(table, statement, asked.sort)
    page = _page_of(table, statement, asked, sort)
    key = sort.lstrip("-")
    total = len(page.rows) if not page.before and not page.behind else counted(statement, COUNT_LIMIT)

    def place(row: Row[Any]) -> str:
        return keys.pack(row._mapping[key], row.row_id, table.columns[key])

    def url_for_sort(by: str) -> str:
        turned = by == key and not sort.startswith("-")
        return address.but(sort=f"-{by}" if turned else by)

    jobs = table.jobs()
    return Listing(
        id=f"list-{table.name}",
        name=table.name,
        columns=[
            ListedColumn(name, str(one.label), one.align, one.sortable, one.kind in {"date", "datetime"})
            for name, one in layout.columns.items()
        ],
        rows=[ListedRow(row.row_id, [cell_of(table, name, row) for name in layout.columns]) for row in page.rows],
        sort=key,
        descending=sort.startswith("-"),
        q=asked.q,
        filters=[_filter(table, name, asked) for name in table.filters],
        total=total if total <= COUNT_LIMIT else None,
        counted_to=COUNT_LIMIT,
        next_cursor_url=address.but(after=place(page.rows[-1])) if page.behind and page.rows else None,
        previous_url=(address.but(before=place(page.rows[0])) if page.rows else address.but()) if page.before else None,
        export_urls={form: address.but(format=form) for form in FORMS} if can(Can.EXPORT) else {},
        exported_later=frozenset(one for one in FORMS if total > COUNT_LIMIT or is_made_later(total, one)),
        empty={**NOTHING_SAID, **table.empty},
        label=str(table.label),
        searchable=any(one.search for one in table.visible().values()),
        narrowed=asked.narrows(),
        url_for_sort=url_for_sort,
        chips=[
            Chip(
                str(one.label), "" if one.kind == "flag" else filters.in_words(one, value), address.but(**{name: None})
            )
            for name, one in table.filters.items()
            if (value := asked.values.get(name))
        ],
        note=note,
        bulk=[ListedJob(name, str(job.label), job.icon, job.danger) for name, job in jobs.items()],
        bulk_url=url_for("lists.choose_job", list_name=table.name) if jobs else None,
        kept=asked.arguments(table),
        others=address.others,
        clear_url=address.of({**address.others, **({"view": NO_VIEW} if layout.default_view_id else {})}),
        here=address.but(),
        column_choices=[
            ColumnChoice(name, str(one.label), name in layout.columns, at == 0)
            for at, (name, one) in enumerate(layout.offered.items())
        ],
        columns_usual=layout.is_usual,
        may_keep=keeper() is not None,
        **_views(table, asked, layout, address),
    )


def _filter(table: Table, name: str, asked: Asked) -> ListedFilter:
    one, value = table.filters[name], asked.values.get(name, "")
    low, _dots, high = value.partition(filters.RANGE)
    has_ends = one.kind in {"days", "numbers"} and filters.RANGE in value
    choices = one.choices() if one.choices else filters.PERIODS.items() if one.kind == "days" else ()
    return ListedFilter(
        name,
        str(one.label),
        one.kind,
        [(str(key), str(label)) for key, label in choices],
        value,
        low if has_ends else "",
        high if has_ends else "",
    )


def _views(table: Table, asked: Asked, layout: Layout, address: Address) -> dict[str, Any]:
    """The saved views as tabs, and whether the present one has been changed."""
    person = person_or_none()
    views = [
        ListedView(
            id=one.id,
            name=one.name,
            url=address.of({**address.others, **one.query, "view": one.id}),
            active=layout.view is one,
            is_shared=one.is_shared,
            is_own=person is not None and one.user_id == person.id,
            is_default=one.id == layout.default_view_id,
        )
        for one in layout.views
    ]
    present = asked.saved(table)
    view = layout.view
    changed = view is not None and (
        present != dict(view.query) or asked.columns not in {None, tuple(view.columns or ())}
    )
    return {
        "views": views,
        "view": next((one for one in views if one.active), None),
        "view_changed": changed,
        "all_url": address.of({**address.others, **({"view": NO_VIEW} if layout.default_view_id else {})}),
    }


def _default_view(layout: Layout) -> Any:
    """To the view with which this person wants the list to open, when its address asks for nothing."""
    view = next((one for one in layout.views if one.id == layout.default_view_id), None)
    if view is None or request.args:
        return None
    assert request.endpoint is not None
    return redirect(url_for(request.endpoint, **{**view.query, "view": view.id, **(request.view_args or {})}))


def table_page(table: Table, template: str, **context: Any) -> Any:
    """The list as a page, its rows alone to htmx, or a file when the address says `format=csv` or `xlsx`."""
    form = request.args.get("format")
    if form:
        return export_of(table, form)
    layout = Layout.of(table, of_request(table))
    elsewhere = _default_view(layout)
    if elsewhere is not None:
        return elsewhere
    return html.page(template, fragment="listing", listing=listing(table, layout), table=table, **context)


def one_row(table: Table, row_id: int) -> Row[Any] | None:
    """A row of a list by its id, with all its columns; None when the list does not hold it."""
    return session.execute(table.whole().where(type(table).row_id == row_id)).one_or_none()


def label_of_row(table: Table, row: Any) -> str:
    """What people call a row: its first column."""
    key, column = next(iter(table.columns.items()))
    return str(column.show(row._mapping[key]) if column.show else shown.value(row._mapping[key], column.kind))
