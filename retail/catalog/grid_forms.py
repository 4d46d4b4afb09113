"""What a page of the grid sends: the cells that were changed since they were shown, and the options of a product."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from retail.catalog.grid_queries import Cell, Grid, View
from retail.catalog.queries import shown_code
from retail.catalog.services import GridChanges, NewVariant
from retail.core.forms import read_decimal
from retail.core.money import ZERO
from retail.core.shown import input_amount

SHOWN: dict[str, Any] = {
    "sold": _l("What is sold"),
    "price": _l("Prices"),
    "cost": _l("Costs"),
    "sku": _l("SKUs"),
    "code": _l("Barcodes"),
}
"""What the cells of the grid can show."""


@dataclass
class Typed:
    """What somebody typed into a page of the grid, and what is wrong with it, by the name of the field."""

    changes: GridChanges
    values: dict[str, str] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)


def read_view(sent: Mapping[str, str]) -> View:
    """Which page of the grid an address or a form means; what is no number is passed over."""

    def whole(name: str, usual: int) -> int:
        text = sent.get(name, "")
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else usual

    return View(whole("rows", 0), whole("columns", 1), whole("fixed", 0), whole("page", 1), whole("across", 1))


def address_of(view: View, **changed: Any) -> dict[str, Any]:
    """The page of the grid as the parts of an address, some of them changed."""
    usual = View()
    parts = {name: getattr(view, name) for name in ("rows", "columns", "fixed", "page", "across")} | changed
    return {name: value for name, value in parts.items() if value != getattr(usual, name, None)}


def shown_value(cell: Cell, show: str) -> str:
    """What stands in the field of a cell that is sold."""
    if show == "price":
        return input_amount(cell.price)
    if show == "cost":
        return input_amount(cell.cost)
    return cell.sku if show == "sku" else ""


def read_changes(grid: Grid, show: str, sent: Mapping[str, str]) -> Typed:
    """What was changed on the page: only fields whose text differs from what they showed, so that what somebody else
    changed meanwhile stays."""
    if show == "sold":
        return _read_ticks(grid, sent)
    typed = Typed(GridChanges())
    prices: dict[int, Decimal] = {}
    costs: dict[int, Decimal | None] = {}
    skus: dict[int, str] = {}
    codes: dict[int, list[str]] = {}
    for cell in grid.cells():
        name = f"cell-{cell.name}"
        text = sent.get(name, "").strip()
        if cell.id is None or name not in sent or text == sent.get(f"was-{cell.name}", ""):
            continue
        typed.values[name] = text
        if show == "sku":
            skus[cell.id] = text
        elif show == "code":
            codes[cell.id] = [code for code in text.replace(",", " ").split() if code]
        elif show == "cost" and not text:
            costs[cell.id] = None
        else:
            try:
                amount = read_decimal(text or "0", 4)
            except ValueError as no:
                typed.problems[name] = f"{cell.label}: {no}"
                continue
            if show == "cost":
                costs[cell.id] = amount
            else:
                prices[cell.id] = amount
    typed.changes = GridChanges(prices=prices, costs=costs, skus=skus, codes=codes)
    return typed


def _read_ticks(grid: Grid, sent: Mapping[str, str]) -> Typed:
    typed = Typed(GridChanges())
    new: list[NewVariant] = []
    stock: dict[int, Decimal] = {}
    put_back: list[int] = []
    taken_out: list[int] = []
    for row in grid.rows:
        price = _amount(typed, f"price-{row.at}", row.label, sent, row.price, 4)
        first = _amount(typed, f"stock-{row.at}", row.label, sent, ZERO, 3)
        for cell in row.cells:
            ticked, was = f"cell-{cell.name}" in sent, f"was-{cell.name}" in sent
            typed.values[f"cell-{cell.name}"] = "1" if ticked else ""
            if ticked and cell.id is None:
                if first:
                    stock[len(new)] = first
                new.append(NewVariant(price, options=cell.options))
            elif ticked and not was and cell.id is not None and cell.is_archived:
                put_back.append(cell.id)
            elif was and not ticked and cell.id is not None and cell.is_sold:
                taken_out.append(cell.id)
    typed.changes = GridChanges(new=new, stock=stock, put_back=put_back, taken_out=taken_out)
    return typed


def _amount(typed: Typed, name: str, label: str, sent: Mapping[str, str], usual: Decimal, places: int) -> Decimal:
    text = sent.get(name, "").strip()
    if name in sent:
        typed.values[name] = text
    if not text:
        return usual
    try:
        amount = read_decimal(text, places)
    except ValueError as no:
        typed.problems[name] = f"{label}: {no}"
        return usual
    if amount < 0:
        typed.problems[name] = _("%(what)s: it cannot be below zero.", what=label)
    return amount


def codes_of(cell: Cell) -> str:
    """The barcodes of a cell as they are printed."""
    return ", ".join(shown_code(code) for code in cell.codes)
