"""From a row of a report to the list of what it was summed up from."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from datetime import date
from typing import Any

from retail.catalog.queries import category_choices
from retail.core.links import link
from retail.core.tables import RANGE
from retail.reports.asking import Answer
from retail.tenancy.queries import locations

LISTS = {
    "stock": "inventory.levels",
    "stock_moves": "inventory.moves",
    "stock_months": "inventory.moves",
    "stock_standings": "inventory.moves",
    "stock_ages": "inventory.levels",
}
"""The list in which the rows of a dataset can be looked up one by one."""
TOLD = frozenset({"product", "sku", "category", "location", "day", "month", "year"})
"""Dimensions by which such a list can be narrowed."""


class Drill:
    """The addresses of the lists behind the rows of one answer."""

    def __init__(self, answered: Answer) -> None:
        question = answered.question
        self.endpoint = LISTS.get(question.dataset)
        self.first, self.last = question.first, question.last
        self.kept = {name: values[0] for name, values in question.where.items() if name in TOLD and len(values) == 1}
        self.leads_there = self.endpoint is not None and bool(TOLD & set(question.by))
        self.categories = {path: str(one) for one, path in category_choices()} if self.leads_there else {}
        self.places = {one.name: str(one.id) for one in locations()} if self.leads_there else {}

    def address(self, row: Mapping[str, Any]) -> str | None:
        """Where one row leads; None where there is no list of it, or not for this person."""
        if not self.leads_there or self.endpoint is None:
            return None
        said = {**self.kept, **{name: row[name] for name in TOLD if row.get(name)}}
        narrowed = {
            "article": said.get("sku") or said.get("product"),
            "category": self.categories.get(said.get("category", "")),
            "location": self.places.get(said.get("location", "")),
        }
        if self.endpoint == "inventory.moves":
            narrowed["day"] = self._days(said)
        return link(self.endpoint, **{name: value for name, value in narrowed.items() if value})

    def _days(self, said: Mapping[str, Any]) -> str:
        first, last = self.first, self.last
        if "day" in said:
            first = last = date.fromisoformat(str(said["day"]))
        elif "month" in said:
            first = date.fromisoformat(f"{said['month']}-01")
            last = first.replace(day=monthrange(first.year, first.month)[1])
        elif "year" in said:
            first, last = date(int(said["year"]), 1, 1), date(int(said["year"]), 12, 31)
        if first is None and last is None:
            return ""
        return f"{first.isoformat() if first else ''}{RANGE}{last.isoformat() if last else ''}"
