"""The desk where a draft is written by scan and search; every step is kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from flask import request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from retail.catalog.queries import find_by_code, only_meant
from retail.core import html, shown
from retail.core.errors import Refused
from retail.core.forms import refusals
from retail.core.links import link
from retail.core.module import person_or_none
from retail.core.money import ZERO
from retail.inventory.queries import Goods, find_goods, goods_numbered, goods_of
from retail.permissions import Can
from retail.purchasing import module, queries, services
from retail.purchasing.forms import Figure, OrderForm, read_figures
from retail.purchasing.models import PurchaseOrder
from retail.purchasing.services import OrderedLine


def picture_url(file_id: int | None) -> str | None:
    """The small picture of an article."""
    return link("catalog.thumbnail", file_id=file_id) if file_id else None


@dataclass
class DraftLine:
    """A line of a draft as it was typed."""

    goods: Goods
    quantity: Figure
    cost: Figure

    @property
    def problem(self) -> str:
        said = self.quantity.problem or self.cost.problem
        return f"{self.goods.name}: {said}" if said else ""

    @property
    def total(self) -> Decimal:
        return self.quantity.number * self.cost.number


@dataclass
class Draft:
    """What the desk of a draft shows: what was typed, and what the last step did."""

    order: PurchaseOrder
    form: OrderForm
    lines: list[DraftLine] = field(default_factory=list)
    q: str = ""
    found: list[Goods] = field(default_factory=list)
    fresh: int | None = None
    problem: str = ""
    status: int = 200
    trigger: str = ""

    @property
    def total(self) -> Decimal:
        """What all lines come to, in the order's currency."""
        return sum((one.total for one in self.lines), ZERO)


@module.route("/orders/<int:purchase_order_id>/edit", methods=["GET", "POST"], needs=Can.ORDER_GOODS)
def edit_order(purchase_order_id: int) -> Response:
    """Write a draft: scan or search adds lines, every step is kept."""
    post = request.method == "POST"
    order = services.locked(purchase_order_id) if post else queries.order_numbered(purchase_order_id)
    if order.state != "draft":
        return html.done(
            _("%(number)s is no draft any more.", number=order.number) if post else "",
            to=url_for("purchasing.order_page", purchase_order_id=order.id),
            level="info",
        )
    if not post:
        return _desk_page(_as_it_is(order))
    draft = _as_typed(order)
    _change(draft)
    if not draft.form.validate():
        draft.status = 422
    if any(one.problem for one in draft.lines):
        draft.problem = " ".join(one.problem for one in draft.lines if one.problem)
        draft.status = 422
    elif draft.form.validate():
        with refusals(draft.form):
            _save(draft)
            if request.form.get("do") == "book":
                return _submitted(draft)
        if draft.form.errors:
            draft.status = 422
    return _desk_page(draft)


def _save(draft: Draft) -> None:
    form, order = draft.form, draft.order
    services.set_head(
        order,
        location_id=form.location.data,
        expected_on=form.expected_on.data,
        rate=form.rate.data or order.rate,
        reference=form.reference.data or "",
        note=form.note.data or "",
    )
    services.write_lines(
        order, [OrderedLine(one.goods.variant_id, one.quantity.number, one.cost.number) for one in draft.lines]
    )


def _submitted(draft: Draft) -> Response:
    order = draft.order
    stands = services.submit(order, person_or_none().limits.purchase)
    said = (
        _("%(number)s is approved. Now send it.", number=order.number)
        if stands
        else _("%(number)s waits for approval by somebody with a higher limit.", number=order.number)
    )
    return html.done(
        said,
        to=url_for("purchasing.order_page", purchase_order_id=order.id),
        level="success" if stands else "info",
    )


def _as_it_is(order: PurchaseOrder) -> Draft:
    form = OrderForm(formdata=None, obj=order, location=order.location_id)
    goods = goods_of([line.variant_id for line in order.lines], order.location_id)
    lines = [
        DraftLine(
            goods[line.variant_id],
            Figure(shown.input_quantity(line.quantity), line.quantity),
            Figure(shown.input_amount(line.unit_cost, order.currency), line.unit_cost),
        )
        for line in order.lines
        if line.variant_id in goods
    ]
    return Draft(order, form, lines)


def _as_typed(order: PurchaseOrder) -> Draft:
    form = OrderForm()
    quantities, costs = read_figures(request.form, "quantity"), read_figures(request.form, "cost", 4)
    goods = goods_of(quantities, order.location_id)
    return Draft(
        order,
        form,
        [
            DraftLine(goods[variant_id], quantity, costs.get(variant_id, Figure()))
            for variant_id, quantity in quantities.items()
            if variant_id in goods
        ],
    )


def _change(draft: Draft) -> None:
    """Do what the pressed button says to the lines."""
    verb, _colon, argument = request.form.get("do", "").partition(":")
    number = int(argument) if argument.isascii() and argument.isdecimal() and len(argument) < 18 else 0
    line = next((one for one in draft.lines if one.goods.variant_id == number), None)
    try:
        if verb == "find":
            _find(draft, request.form.get("q", "").strip()[:100])
        elif verb == "add":
            _add(draft, goods_numbered(number))
        elif verb in {"plus", "minus"} and line is not None:
            _step(draft, line, 1 if verb == "plus" else -1)
        elif verb == "remove" and line is not None:
            draft.lines.remove(line)
    except Refused as no:
        draft.problem, draft.status = no.message, 422


def found_goods(text: str, location_id: int) -> tuple[Goods | None, list[Goods]]:
    """What a code or a text names, or what it may mean."""
    variant = find_by_code(text) or only_meant(text)
    named = list(goods_of([variant.id], location_id).values()) if variant else []
    return (named[0] if named else None), ([] if named else find_goods(text, location_id))


def _find(draft: Draft, text: str) -> None:
    if not text:
        return
    named, likely = found_goods(text, draft.order.location_id)
    if named is not None:
        _add(draft, named)
    elif likely:
        draft.q, draft.found, draft.trigger = text, likely, "goods-choose"
    else:
        draft.q, draft.status, draft.trigger = text, 422, "goods-unknown"
        draft.problem = _("Nothing in stock has the code or name “%(text)s”. The lines are unchanged.", text=text)


def _add(draft: Draft, goods: Goods) -> None:
    known = next((one for one in draft.lines if one.goods.variant_id == goods.variant_id), None)
    if known is not None:
        _step(draft, known, 1)
        return
    order = draft.order
    item = services.items_of(order.supplier_id, [goods.variant_id]).get(goods.variant_id)
    quantity = max(item[0].pack_size, item[0].minimum) if item else Decimal(1)
    cost = services.listed_cost(item, quantity, goods.cost, order.rate)
    draft.lines.append(
        DraftLine(
            goods,
            Figure(shown.input_quantity(quantity), quantity),
            Figure(shown.input_amount(cost, order.currency), cost),
        )
    )
    draft.fresh = goods.variant_id


def _step(draft: Draft, line: DraftLine, by: int) -> None:
    """One pack more or less; a line of less than one pack stays: only a person takes it out."""
    item = services.items_of(draft.order.supplier_id, [line.goods.variant_id]).get(line.goods.variant_id)
    pack = item[0].pack_size if item else Decimal(1)
    number = max(line.quantity.number + by * pack, pack)
    line.quantity = Figure(shown.input_quantity(number), number)
    draft.fresh = line.goods.variant_id


def _desk_page(draft: Draft) -> Response:
    answer = html.page(
        "purchasing/edit_order.html",
        fragment="goods",
        status=draft.status,
        draft=draft,
        order=draft.order,
        form=draft.form,
        q=draft.q,
        found=draft.found,
        foreign=draft.order.currency != person_or_none().tenant.currency,
        own=person_or_none().tenant.currency,
        limit=person_or_none().limits.purchase,
        picture_url=picture_url,
        breadcrumbs=[(_("Purchasing"), url_for("purchasing.order_list")), (draft.order.number, None)],
    )
    if draft.trigger:
        answer.headers["HX-Trigger"] = draft.trigger
    return answer
