"""What an address asks of a list, and addresses that ask for something else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from flask import request, url_for
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from retail.core.errors import Refused
from retail.core.tables.declared import Table
from retail.core.tables.filters import RANGE, means_something

LONGEST = 100
LONGEST_STATE = 8_000
"""What a form tells of the list it was sent from: more than any address a browser and server would take."""
OWN = ("q", "sort", "after", "before", "view", "columns", "format")
"""The words of an address that belong to its list, beside the names of filters."""


@dataclass(frozen=True)
class Asked:
    """Search, order, filters, place, saved view and columns, as an address says them; what means nothing is left out.

    `columns` is None when the address names none; `view` is the id of a saved view, or `all` for none at all.
    """

    q: str
    sort: str
    values: Mapping[str, str]
    after: str = ""
    before: str = ""
    view: str = ""
    columns: tuple[str, ...] | None = None

    @classmethod
    def of(cls, table: Table, given: Mapping[str, str]) -> Asked:
        """Read what an address says of a table. A form sends a range as two inputs, `price-from` and `price-to`."""
        sort = given.get("sort", "")
        values = {}
        for name, one in table.filters.items():
            value = _value(given, name)[:LONGEST]
            if value and means_something(one, value):
                values[name] = value
        named = given.get("columns", "")
        return cls(
            q=given.get("q", "").strip()[:LONGEST],
            sort=sort if table.may_sort(sort) else table.order,
            values=values,
            after=given.get("after", ""),
            before=given.get("before", ""),
            view=given.get("view", "")[:20],
            columns=tuple(named.split(",")[:60]) if named else None,
        )

    @classmethod
    def told(cls, table: Table, state: str) -> Asked:
        """Read the state of a list as a form tells it, in the words of an address. Refused when it is too long: cut off
        it would lose filters, and mean rows nobody sees."""
        if len(state) > LONGEST_STATE:
            raise Refused(_("The filters of this list are too long to be passed on. Take some away and try again."))
        return cls.of(table, dict(parse_qsl(state)))

    @property
    def view_id(self) -> int | None:
        """The number of the saved view it names, if it names one."""
        return int(self.view) if self.view.isdecimal() and len(self.view) < 18 else None

    def narrows(self) -> bool:
        """Whether some rows are left out."""
        return bool(self.q or self.values)

    def saved(self, table: Table) -> dict[str, str]:
        """What a saved view keeps of it: search, filters and order, not the place."""
        kept = {"q": self.q, **self.values}
        if self.sort != table.order:
            kept["sort"] = self.sort
        return {name: value for name, value in kept.items() if value}

    def arguments(self, table: Table) -> dict[str, str]:
        """The shortest address that asks the same, without the place."""
        kept = self.saved(table)
        if self.view:
            kept["view"] = self.view
        if self.columns:
            kept["columns"] = ",".join(self.columns)
        return kept


def _value(given: Mapping[str, str], name: str) -> str:
    plain = given.get(name, "").strip()
    low, high = given.get(f"{name}-from", "").strip(), given.get(f"{name}-to", "").strip()
    return f"{low}{RANGE}{high}" if low or high else plain


class Address:
    """Makes addresses of the list that this request asks for."""

    def __init__(self, table: Table, asked: Asked) -> None:
        taken = {*OWN, *(name + end for name in table.filters for end in ("", "-from", "-to"))}
        self.others = {key: value for key, value in request.args.items() if key not in taken}
        self.table, self.asked = table, asked

    def but(self, **changes: Any) -> str:
        """The present list with these words changed, a None taking one away, from its first page."""
        arguments: dict[str, Any] = {**self.others, **self.asked.arguments(self.table), **changes}
        return self.of({key: value for key, value in arguments.items() if value is not None})

    def of(self, arguments: Mapping[str, Any]) -> str:
        """The list's own page with these arguments and nothing else."""
        assert request.endpoint is not None
        return url_for(request.endpoint, **{**arguments, **(request.view_args or {})})


def of_request(table: Table) -> Asked:
    """What the present request asks of a table."""
    return Asked.of(table, MultiDict(request.args).to_dict())
