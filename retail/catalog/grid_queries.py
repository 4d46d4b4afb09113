"""Reads of the grid: one page of a product's combinations, and what a style may still come in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import product as combinations
from math import ceil, prod
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select

from retail.catalog.models import Barcode, Product, Variant, combination_of
from retail.core.db import in_chunks, session
from retail.core.errors import NotFound

ROWS, COLUMNS = 20, 16
"""Cells of one page of the grid."""
LOOKED_UP = 500


@dataclass(frozen=True)
class View:
    """Which page of the grid is looked at: which options lie along rows and columns, which value of the third, and
    how far down and across."""

    rows: int = 0
    columns: int = 1
    fixed: int = 0
    page: int = 1
    across: int = 1


@dataclass(frozen=True)
class Cell:
    """A combination; the id is None when nobody made it a variant."""

    row: int
    column: int
    label: str
    options: Mapping[str, str]
    id: int | None = None
    sku: str = ""
    price: Decimal | None = None
    cost: Decimal | None = None
    is_archived: bool = False
    codes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What the fields of this cell are called."""
        return f"{self.row}-{self.column}"

    @property
    def is_sold(self) -> bool:
        return self.id is not None and not self.is_archived


@dataclass(frozen=True)
class Row:
    """A line of the grid with the price that most of it has."""

    at: int
    label: str
    cells: tuple[Cell, ...]
    price: Decimal


@dataclass(frozen=True)
class Grid:
    """One page of a product's combinations. `mark` changes when its options do."""

    product: Product
    view: View
    names: tuple[str, ...]
    rows: tuple[Row, ...]
    columns: tuple[tuple[int, str], ...]
    third: tuple[str, ...]
    pages: int
    pages_across: int
    sold: int
    possible: int
    mark: str

    def cells(self) -> list[Cell]:
        """Every cell of the page."""
        return [cell for row in self.rows for cell in row.cells]


def product_numbered(product_id: int) -> Product:
    """A product without its variants; NotFound when there is none."""
    found = session.get(Product, product_id)
    if found is None:
        raise NotFound(_("There is no such product."))
    return found


def possible_of(product: Product) -> int:
    """How many combinations a product's options allow; 1 without options."""
    return prod(len(product.option_values.get(name, ())) for name in product.option_names)


def mark_of(product: Product) -> str:
    """A few letters that change when the options do, so that a page knows that it is old."""
    values = [[name, product.option_values.get(name, [])] for name in product.option_names]
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()[:16]


def grid_of(product_id: int, view: View, *, with_codes: bool = False) -> Grid:
    """One page of the grid, with three statements (four with barcodes) however many variants there are."""
    product = product_numbered(product_id)
    names = product.option_names
    values = [product.option_values.get(name, []) for name in names]
    view = _within(view, values)
    down = values[view.rows] if names else []
    along = values[view.columns] if len(names) > 1 else [""]
    others = [at for at in range(len(names)) if at not in (view.rows, view.columns)]
    third = values[others[0]] if others else []
    first_row, first_column = (view.page - 1) * ROWS, (view.across - 1) * COLUMNS
    shown_rows = list(enumerate(down))[first_row : first_row + ROWS]
    shown_columns = list(enumerate(along))[first_column : first_column + COLUMNS]
    wanted: dict[tuple[int, int], dict[str, str]] = {}
    for (row, down_value), (column, along_value) in combinations(shown_rows, shown_columns):
        chosen = {view.rows: down_value, view.columns: along_value}
        chosen |= {at: values[at][view.fixed] for at in others}
        wanted[row, column] = {name: chosen[at] for at, name in enumerate(names)}
    found = _made(product_id, [combination_of(one.values()) for one in wanted.values()], with_codes)
    counts = session.execute(
        select(func.count(), func.min(Variant.price)).where(
            Variant.product_id == product_id, Variant.archived_at.is_(None)
        )
    ).one()
    rows = []
    for row, label in shown_rows:
        cells = tuple(
            _cell(row, column, wanted[row, column], found.get(combination_of(wanted[row, column].values())))
            for column, _value in shown_columns
        )
        prices = [cell.price for cell in cells if cell.price is not None]
        usual = max(prices, key=prices.count) if prices else counts[1] or Decimal(0)
        rows.append(Row(row, label, cells, usual))
    return Grid(
        product=product,
        view=view,
        names=tuple(names),
        rows=tuple(rows),
        columns=tuple(shown_columns),
        third=tuple(third),
        pages=max(ceil(len(down) / ROWS), 1),
        pages_across=max(ceil(len(along) / COLUMNS), 1),
        sold=counts[0],
        possible=possible_of(product),
        mark=mark_of(product),
    )


def _within(view: View, values: Sequence[Sequence[str]]) -> View:
    """The page that is there: what the address says beyond it is brought back."""
    most = max(len(values) - 1, 0)
    rows = min(max(view.rows, 0), most)
    columns = min(max(view.columns, 0), most)
    if columns == rows and most:
        columns = 0 if rows else 1
    others = [at for at in range(len(values)) if at not in (rows, columns)]
    third = len(values[others[0]]) if others else 1
    down = len(values[rows]) if values else 1
    along = len(values[columns]) if most else 1
    return View(
        rows,
        columns if most else 1,
        min(max(view.fixed, 0), max(third - 1, 0)),
        min(max(view.page, 1), max(ceil(down / ROWS), 1)),
        min(max(view.across, 1), max(ceil(along / COLUMNS), 1)),
    )


def _made(product_id: int, keys: Sequence[str], with_codes: bool) -> dict[str, tuple[Any, tuple[str, ...]]]:
    rows: list[Any] = []
    for chunk in in_chunks(keys, LOOKED_UP):
        rows += session.execute(
            select(
                Variant.id, Variant.combination, Variant.sku, Variant.price, Variant.cost, Variant.archived_at
            ).where(Variant.product_id == product_id, Variant.combination.in_(chunk))
        )
    codes: dict[int, list[str]] = {}
    if with_codes:
        for chunk in in_chunks([row.id for row in rows], LOOKED_UP):
            for variant_id, code in session.execute(
                select(Barcode.variant_id, Barcode.code).where(Barcode.variant_id.in_(chunk)).order_by(Barcode.id)
            ):
                codes.setdefault(variant_id, []).append(code)
    return {row.combination: (row, tuple(codes.get(row.id, ()))) for row in rows}


def _cell(row: int, column: int, options: Mapping[str, str], made: tuple[Any, tuple[str, ...]] | None) -> Cell:
    label = " / ".join(options.values())
    if made is None:
        return Cell(row, column, label, options)
    one, codes = made
    return Cell(row, column, label, options, one.id, one.sku, one.price, one.cost, one.archived_at is not None, codes)


@dataclass(frozen=True)
class Style:
    """A product of which more combinations are possible than are variants."""

    id: int
    name: str
    options: Mapping[str, Sequence[str]]


def style_wanted(sent: Mapping[str, str]) -> tuple[int, dict[str, str]] | None:
    """The style and the combination that somebody chose where it was first needed, as `ui.choose_options` sends them;
    None when another button was pressed."""
    verb, _colon, argument = sent.get("do", "").partition(":")
    if verb != "make" or not argument.isascii() or not argument.isdecimal() or len(argument) > 17:
        return None
    product_id = int(argument)
    names = product_numbered(product_id).option_names
    return product_id, {name: sent.get(f"make-{product_id}-{at}", "") for at, name in enumerate(names)}


def styles_of(variant_ids: Sequence[int], most: int = 3) -> list[Style]:
    """The products on sale of these variants, the likeliest first, of which not every combination is a variant yet, so
    that a missing one can be made where it is first needed."""
    if not variant_ids:
        return []
    rows = session.execute(select(Variant.id, Variant.product_id).where(Variant.id.in_(variant_ids[:LOOKED_UP])))
    owners = {row.id: row.product_id for row in rows}
    ids = list(dict.fromkeys(owners[one] for one in variant_ids if one in owners))
    made = select(func.count()).where(Variant.product_id == Product.id).correlate(Product).scalar_subquery()
    found = {
        one.id: (one, count)
        for one, count in session.execute(
            select(Product, made).where(Product.id.in_(ids), Product.archived_at.is_(None))
        )
    }
    return [
        Style(one.id, one.name, {name: one.option_values.get(name, []) for name in one.option_names})
        for one, count in (found[number] for number in ids if number in found)
        if one.option_names and possible_of(one) > count
    ][:most]
