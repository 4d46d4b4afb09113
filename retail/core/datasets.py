"""One definition of every number: a dataset has measures and dimensions, and everything that shows a figure asks it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from flask_babel import gettext as _
from sqlalchemy import Column, ColumnElement, Select, SQLColumnExpression, Table, func
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql import visitors
from sqlalchemy.sql.functions import GenericFunction
from sqlalchemy.types import Integer, String

from retail.core.db import Model, session, table_of
from retail.core.errors import Refused
from retail.permissions import Can

Kind = Literal["money", "quantity", "integer", "percent", "text", "date", "decimal"]
Expression = ColumnElement[Any] | InstrumentedAttribute[Any]
PERIODS = ("day", "week", "month", "quarter", "year", "weekday")
OF_MONTHS = ("month", "quarter", "year")
"""The periods of what is known by whole months only."""


class period_of(GenericFunction[str]):  # noqa: N801  a SQL function is written in lower case
    """`period_of('month', date)` → text: 2011-08-31, 2011-W35 (ISO), 2011-08, 2011-Q3, 2011; weekday 1 is Monday."""

    type = String()
    inherit_cache = True
    name = "period_of"


def _unit(element: Any) -> tuple[str, Any]:
    unit, column = list(element.clauses)
    return str(unit.value), column


@compiles(period_of, "sqlite")
def _period_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    unit, column = _unit(element)
    col = compiler.process(column, **kw)
    return {
        "day": f"strftime('%Y-%m-%d', {col})",
        # The Thursday of an ISO week decides its year and number.
        "week": f"(strftime('%Y', {col}, '-3 days', 'weekday 4') || '-W' || "
        f"printf('%02d', (strftime('%j', {col}, '-3 days', 'weekday 4') - 1) / 7 + 1))",
        "month": f"strftime('%Y-%m', {col})",
        "quarter": f"(strftime('%Y', {col}) || '-Q' || ((strftime('%m', {col}) + 2) / 3))",
        "year": f"strftime('%Y', {col})",
        "weekday": f"CAST((strftime('%w', {col}) + 6) % 7 + 1 AS TEXT)",
    }[unit]


@compiles(period_of, "postgresql")
def _period_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    unit, column = _unit(element)
    col = compiler.process(column, **kw)
    pattern = {
        "day": "YYYY-MM-DD",
        "week": 'IYYY-"W"IW',
        "month": "YYYY-MM",
        "quarter": 'YYYY-"Q"Q',
        "year": "YYYY",
        "weekday": "ID",
    }[unit]
    return f"to_char({col}, '{pattern}')"


@dataclass(frozen=True)
class Measure:
    """A figure: its SQL aggregate, what it is called, how it is shown, and what it means in one sentence. `needs`
    hides it on pages from those who lack a permission, as costs from a cashier."""

    label: Any
    expression: SQLColumnExpression[Any]
    kind: Kind = "integer"
    about: Any = ""
    needs: Can | None = None


@dataclass(frozen=True)
class Dimension:
    """What a figure may be broken down or limited by."""

    label: Any
    expression: Expression
    kind: Kind = "text"


@dataclass(frozen=True)
class Lookup:
    """A table that tells more about a row of the source and holds at most one row for it: where nothing that is asked
    for comes from it, it is left out, which changes no figure and spares reading it."""

    model: type[Model]
    on: ColumnElement[bool]


@dataclass
class Dataset:
    """Measures and dimensions over one source. `at` is the business date and gives day, week, month, quarter, year.
    A lookup may build upon those before it. What is `monthly` has the first of a month for a date: a period that begins
    within a month takes all of it. `choices` gives the values of dimensions that people choose from a list."""

    name: str
    label: Any
    about: Any
    source: Callable[[], Select[Any]]
    measures: Mapping[str, Measure]
    dimensions: Mapping[str, Dimension]
    needs: Can
    at: Expression | None = None
    default_measures: Sequence[str] = ()
    lookups: Sequence[Lookup] = ()
    monthly: bool = False
    choices: Mapping[str, Callable[[], Sequence[str]]] = field(default_factory=dict)
    all_dimensions: dict[str, Dimension] = field(init=False)

    def __post_init__(self) -> None:
        periods = {
            period: Dimension(period.capitalize(), func.period_of(period, self.at), "text")
            for period in (() if self.at is None else OF_MONTHS if self.monthly else PERIODS)
        }
        self.all_dimensions = {**periods, **self.dimensions}
        if self.name in DATASETS:
            raise ValueError(f"two datasets are called {self.name}")
        DATASETS[self.name] = self

    def measure(self, name: str) -> Measure:
        if name not in self.measures:
            known = ", ".join(self.measures)
            raise Refused(
                _(
                    "%(dataset)s has no measure “%(name)s”; it has %(known)s.",
                    dataset=self.name,
                    name=name,
                    known=known,
                ),
                field="measures",
            )
        return self.measures[name]

    def dimension(self, name: str) -> Dimension:
        if name not in self.all_dimensions:
            known = ", ".join(self.all_dimensions)
            text = _(
                "%(dataset)s has no dimension “%(name)s”; it has %(known)s.", dataset=self.name, name=name, known=known
            )
            raise Refused(text, field="by")
        return self.all_dimensions[name]

    def statement(
        self,
        measures: Sequence[str],
        by: Sequence[str] = (),
        *,
        between: tuple[date | None, date | None] = (None, None),
        where: Mapping[str, Any] | None = None,
        order: str | None = None,
        limit: int | None = None,
    ) -> Select[Any]:
        """The SELECT that answers; `where` maps dimensions to a value or a list of values; `order` is a column name,
        with a leading minus for descending."""
        columns = [self.dimension(name).expression.label(name) for name in by]
        columns += [self.measure(name).expression.label(name) for name in measures]
        source = self._looked_up([*columns, *(self.dimension(name).expression for name in where or {})])
        statement: Select[Any] = source.with_only_columns(*columns)
        if between != (None, None):
            if self.at is None:
                raise Refused(_("%(dataset)s has no date to limit.", dataset=self.name), field="between")
            first, last = between
            if first is not None:
                statement = statement.where(self.at >= (first.replace(day=1) if self.monthly else first))
            if last is not None:
                statement = statement.where(self.at <= last)
        for name, value in (where or {}).items():
            expression = self.dimension(name).expression
            values = list(value) if isinstance(value, list | tuple | set | frozenset) else [value]
            statement = statement.where(expression.in_([_as_stored(self.dimension(name), one) for one in values]))
        if by:
            statement = statement.group_by(*(self.dimension(name).expression for name in by))
        if order:
            name, descending = order.lstrip("-"), order.startswith("-")
            known = next((column for column in columns if column.name == name), None)
            if known is None:
                raise Refused(_("Order by one of the columns asked for, not “%(name)s”.", name=name), field="order")
            ordered: list[Any] = [known.desc() if descending else known.asc()]
            ordered += [column for column in columns[: len(by)] if column is not known]
            statement = statement.order_by(*ordered)
        elif by:
            statement = statement.order_by(*columns[: len(by)])
        return statement.limit(limit) if limit else statement

    def _looked_up(self, expressions: Sequence[Any]) -> Select[Any]:
        """The source, and of the lookups those that the expressions read."""
        read = {name for one in expressions for name in _tables_of(one)}
        needed: list[Lookup] = []
        for lookup in reversed(self.lookups):
            if table_of(lookup.model).name in read:
                needed.insert(0, lookup)
                read |= _tables_of(lookup.on)
        statement = self.source()
        for lookup in needed:
            statement = statement.outerjoin(lookup.model, lookup.on)
        return statement

    def ask(self, measures: Sequence[str], by: Sequence[str] = (), **limits: Any) -> list[dict[str, Any]]:
        """Rows as dictionaries; money and quantities as Decimal, sums of nothing as zero."""
        rows = session.execute(self.statement(measures, by, **limits)).mappings()
        names = [(name, self.measures[name].kind) for name in measures]
        answer = []
        for row in rows:
            found = dict(row)
            for name, kind in names:
                if found[name] is None and kind in {"money", "quantity", "integer", "decimal"}:
                    found[name] = 0 if kind == "integer" else Decimal(0)
            answer.append(found)
        return answer

    def one(self, measures: Sequence[str], **limits: Any) -> dict[str, Any]:
        """The figures over everything within the limits."""
        return self.ask(measures, **limits)[0]


DATASETS: dict[str, Dataset] = {}


def _tables_of(expression: Any) -> set[str]:
    """The names of the tables whose columns an expression reads."""
    clause = expression.__clause_element__() if hasattr(expression, "__clause_element__") else expression
    return {
        part.table.name
        for part in visitors.iterate(clause)
        if isinstance(part, Column) and isinstance(part.table, Table)
    }


def _as_stored(dimension: Dimension, value: Any) -> Any:
    if dimension.kind == "integer" or isinstance(dimension.expression.type, Integer):
        try:
            return int(value)
        except (TypeError, ValueError):
            raise Refused(_("“%(value)s” is not a whole number.", value=value), field="where") from None
    return value


def get(name: str) -> Dataset:
    """A dataset by name: the one sanctioned look-up by string, for layers below or beside the module that declares
    it.
    """
    if name not in DATASETS:
        known = ", ".join(sorted(DATASETS))
        raise Refused(
            _("There is no dataset “%(name)s”; there are %(known)s.", name=name, known=known), field="dataset"
        )
    return DATASETS[name]


def read_conditions(conditions: Sequence[str]) -> dict[str, Any]:
    """`name=value` texts as a mapping; a name given twice takes either value."""
    found: dict[str, Any] = {}
    for condition in conditions:
        name, equals, value = condition.partition("=")
        if not equals or not re.fullmatch(r"[a-z_]+", name):
            raise Refused(_("“%(text)s” is not of the form name=value.", text=condition), field="where")
        found[name] = [*found.get(name, []), value]
    return found
