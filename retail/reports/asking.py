"""One question to a dataset, however it was put: by address, by command or by a ready-made report; and its answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _

from retail.core import datasets, export
from retail.core.errors import Refused

MOST_ROWS = 100_000
"""Rows a page or a file holds at most; one that holds fewer than there are says so."""


@dataclass(frozen=True)
class Question:
    """Measures of a dataset, broken down and limited. `first` and `last` are business dates, both included."""

    dataset: str
    measures: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    first: date | None = None
    last: date | None = None
    where: Mapping[str, Any] = field(default_factory=dict)
    order: str | None = None
    limit: int | None = None


@dataclass(frozen=True)
class Answer:
    """Rows of a question with the kinds and names of their columns, and the figures over everything asked about."""

    question: Question
    columns: list[export.Column]
    kinds: list[datasets.Kind]
    rows: list[dict[str, Any]]
    totals: dict[str, Any]
    is_cut: bool = False


def answer(question: Question, *, currency: str = "", totals: bool = False) -> Answer:
    """Ask the dataset; without measures its usual ones. Refused, naming what there is, when a name is unknown.

    `totals` asks once more without breakdown: a total of distinct customers is not the sum of its rows.
    """
    dataset = datasets.get(question.dataset)
    measures = question.measures or tuple(dataset.default_measures)
    if len(set(measures)) != len(measures) or len(set(question.by)) != len(question.by):
        raise Refused(_("Name each measure and each dimension once."), field="measures")
    if not measures:
        raise Refused(_("Choose at least one measure."), field="measures")
    if question.first and question.last and question.first > question.last:
        raise Refused(_("The first day lies after the last."), field="from")
    limits: dict[str, Any] = {"between": (question.first, question.last), "where": dict(question.where)}
    limit = question.limit or (MOST_ROWS + 1 if totals else None)
    rows = dataset.ask(measures, question.by, order=question.order, limit=limit, **limits)
    is_cut = limit == MOST_ROWS + 1 and len(rows) == limit
    if is_cut:
        rows.pop()
    described = [(name, dataset.dimension(name).label, dataset.dimension(name).kind) for name in question.by]
    described += [(name, dataset.measure(name).label, dataset.measure(name).kind) for name in measures]
    return Answer(
        question=question,
        columns=[
            export.Column(name, str(label), _exported(kind), currency if kind == "money" else "")
            for name, label, kind in described
        ],
        kinds=[kind for _name, _label, kind in described],
        rows=[{name: _plain(value) for name, value in row.items()} for row in rows],
        totals={name: _plain(value) for name, value in dataset.one(measures, **limits).items()} if totals else {},
        is_cut=is_cut,
    )


def _exported(kind: datasets.Kind) -> export.Kind:
    return "decimal" if kind == "quantity" else kind


def _plain(value: Any) -> Any:
    """Amounts without the zeros their column pads them with: 748957.0200 is 748957.02."""
    if not isinstance(value, Decimal) or not value.is_finite():
        return value
    text = f"{value:f}"
    return Decimal(text.rstrip("0").rstrip(".")) if "." in text else value


def summed(answered: Answer) -> Sequence[str]:
    """The measures whose rows add up to their total, for the totals line of a workbook."""
    return [
        name
        for name, total in answered.totals.items()
        if isinstance(total, int | Decimal) and sum((row[name] or 0 for row in answered.rows), 0) == total
    ]
