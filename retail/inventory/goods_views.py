"""Receive goods and send them to another location: papers whose lines are scanned or searched, and travel in the page.

Nothing is stored until the paper is booked. Every step posts all that was typed and gets it back, so nothing typed is
lost, with JavaScript and without.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from flask import request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from retail.catalog.grid_queries import style_wanted, styles_of
from retail.catalog.queries import only_meant, scanned
from retail.catalog.services import ensure_variant
from retail.core import db, html, shown
from retail.core.errors import NotFound, Refused
from retail.core.forms import refusals
from retail.core.links import link
from retail.core.module import can, person_or_none
from retail.core.money import ZERO, plain
from retail.inventory import module, queries, services
from retail.inventory.forms import ReceiveForm, TransferForm, TypedLine, read_lines, step, with_one_more
from retail.inventory.lot_queries import ToldByCode, read_code
from retail.inventory.queries import Goods
from retail.inventory.services import Movement, Named
from retail.permissions import Can


@dataclass
class Desk:
    """What a page of lines shows: what was typed, what it means, and what the last step did."""

    form: ReceiveForm | TransferForm
    lines: list[TypedLine]
    goods: dict[int, Goods] = field(default_factory=dict)
    q: str = ""
    found: list[Goods] = field(default_factory=list)
    fresh: int | None = None
    problem: str = ""
    status: int = 200
    trigger: str = ""

    @property
    def rows(self) -> list[tuple[int, TypedLine, Goods]]:
        """The lines with their goods, by place."""
        return [
            (at, line, self.goods[line.variant_id])
            for at, line in enumerate(self.lines)
            if line.variant_id in self.goods
        ]

    @property
    def pieces(self) -> Decimal:
        """How many pieces all lines come to, as far as they can be read."""
        return sum((_amount(line) for line in self.lines), ZERO)

    @property
    def total(self) -> Decimal:
        """What all lines cost, as far as they can be read."""
        return sum((worth_of(line) for line in self.lines), ZERO)


def _amount(line: TypedLine) -> Decimal:
    try:
        return line.amount()
    except Refused:
        return ZERO


def worth_of(line: TypedLine) -> Decimal:
    """What a line costs; nothing when it cannot be read."""
    try:
        return line.amount() * line.unit_cost()
    except Refused:
        return ZERO


@module.route("/receive", methods=["GET", "POST"], needs=Can.RECEIVE_STOCK)
def receive() -> Response:
    """Take a delivery in: scan or search adds lines."""
    desk = _open_desk(ReceiveForm)
    if _wants_to_book():
        with_costs = can(Can.VIEW_COSTS)
        if _is_sound(desk, with_costs, comes_in=True) and desk.form.validate():
            with refusals(desk.form):
                paper = services.receive(
                    desk.form.location.data,
                    [
                        Movement(
                            line.variant_id,
                            0,
                            line.amount(),
                            unit_cost=_cost_of(line, desk, with_costs),
                            named=line.named(desk.goods[line.variant_id].tracking),
                        )
                        for line in desk.lines
                    ],
                    desk.form.reference.data or "",
                    key=desk.form.key.data or "",
                )
                said = ngettext("%(num)s line received.", "%(num)s lines received.", paper.lines)
                return html.done(said, to=url_for("inventory.document_page", document_id=paper.id))
        _refuse(desk)
    return _desk_page("inventory/receive.html", desk)


@module.route("/transfer", methods=["GET", "POST"], needs=Can.ADJUST_STOCK)
def transfer() -> Response:
    """Send goods to another location."""
    desk = _open_desk(TransferForm)
    form = desk.form
    if _wants_to_book() and isinstance(form, TransferForm):
        if _is_sound(desk, with_costs=False) and form.validate():
            with refusals(form):
                lines = [(line.variant_id, line.amount()) for line in desk.lines]
                places, note, key = (
                    (form.location.data, form.to_location.data),
                    form.reference.data or "",
                    form.key.data,
                )
                if form.how.data in {"send", "request"}:
                    row = (
                        services.send(*places, lines, note, key=key or "", numbers=_numbers(desk))
                        if form.how.data == "send"
                        else services.request_transfer(*places, lines, note, key=key or "")
                    )
                    said = _("%(number)s is on its way.") if row.state == "shipped" else _("%(number)s is asked for.")
                    return html.done(
                        said % {"number": row.number}, to=url_for("inventory.transfer_page", transfer_id=row.id)
                    )
                paper = services.transfer(*places, lines, note, key=key or "", numbers=_numbers(desk))
                said = ngettext("%(num)s line transferred.", "%(num)s lines transferred.", paper.lines)
                return html.done(said, to=url_for("inventory.document_page", document_id=paper.id))
        _refuse(desk)
    return _desk_page("inventory/transfer.html", desk)


@module.get("/find", needs=Can.VIEW_STOCK)
def find() -> Response:
    """What a text may mean, to be put on a paper by touching it."""
    q = request.args.get("q", "").strip()[:100]
    found = queries.find_goods(q, request.args.get("location", type=int))
    return html.page(
        "inventory/found.html",
        fragment="found",
        q=q,
        found=found,
        styles=styles_of([one.variant_id for one in found]) if can(Can.RECEIVE_STOCK) else [],
        picture_url=picture_url,
    )


def picture_url(file_id: int | None) -> str | None:
    """The small picture of goods."""
    return link("catalog.thumbnail", file_id=file_id) if file_id else None


def _wants_to_book() -> bool:
    return request.method == "POST" and request.form.get("do", "book") == "book"


def _open_desk(kind: type[ReceiveForm] | type[TransferForm]) -> Desk:
    """The paper as the page carries it, changed by what the pressed button says."""
    made_id = None
    if wanted := style_wanted(request.form):
        made_id = ensure_variant(*wanted).id
        html.settle(keep=True)
    with db.reading():
        form = kind()
        if request.method == "GET":
            form.key.data = services.new_key()
            form.location.data = here = _here(form)
            if isinstance(form, TransferForm):
                form.how.data = "send"
                form.to_location.data = next((one.value for one in form.location.choices if one.value != here), here)
            desk = Desk(form, [])
            if variant_id := request.args.get("variant", type=int):
                desk.lines = [TypedLine(queries.goods_numbered(variant_id).variant_id)]
        else:
            desk = Desk(form, read_lines(request.form))
        _look_up(desk)
        if request.method == "POST" and not _wants_to_book():
            _change(desk, made_id)
        elif request.method == "GET":
            for line in desk.lines:
                line.cost = _usual_cost(desk.goods[line.variant_id])
    return desk


def _here(form: ReceiveForm | TransferForm) -> int | None:
    places = [choice.value for choice in form.location.choices]
    asked = request.args.get("location", type=int)
    here = asked if asked is not None else person_or_none().location_id
    return here if here in places else places[0] if places else None


def _look_up(desk: Desk) -> None:
    desk.goods = queries.goods_of((line.variant_id for line in desk.lines), desk.form.location.data)


def _usual_cost(goods: Goods) -> str:
    return shown.input_amount(goods.cost) if goods.cost is not None else ""


def _change(desk: Desk, made_id: int | None) -> None:
    """Do what the pressed button says; nothing is stored."""
    desk.lines = [line for line in desk.lines if line.variant_id in desk.goods]
    verb, _colon, argument = request.form.get("do", "").partition(":")
    number = int(argument) if argument.isascii() and argument.isdecimal() and len(argument) < 18 else -1
    try:
        if made_id is not None:
            _add(desk, queries.goods_numbered(made_id))
        elif verb == "find":
            _find(desk, request.form.get("q", "").strip()[:100])
        elif verb == "add":
            _add(desk, queries.goods_numbered(number))
        elif verb in {"plus", "minus"} and 0 <= number < len(desk.lines):
            desk.fresh = step(desk.lines, number, 1 if verb == "plus" else -1)
        elif verb == "remove" and 0 <= number < len(desk.lines):
            del desk.lines[number]
    except Refused as no:
        desk.problem, desk.status = no.message, 422


def _find(desk: Desk, text: str) -> None:
    """Add what a code or a text names; else show what it may mean, or say that nothing is called so."""
    if not text:
        return
    place = desk.form.location.data
    found = scanned(text)
    if found is None and (told := read_code(text)):
        _add(desk, queries.goods_numbered(told.variant_id), told=told)
        return
    variant = found.variant if found else only_meant(text)
    likely = list(queries.goods_of([variant.id], place).values()) if variant else queries.find_goods(text, place)
    if variant and likely:
        _add(desk, likely[0], found.quantity if found else Decimal(1))
    elif likely:
        desk.q, desk.found, desk.trigger = text, likely, "goods-choose"
    else:
        desk.q, desk.status, desk.trigger = text, 422, "goods-unknown"
        desk.problem = _("Nothing in stock has the code or name “%(text)s”. The lines are unchanged.", text=text)


def _add(desk: Desk, goods: Goods, quantity: Decimal = Decimal(1), told: ToldByCode | None = None) -> None:
    before = len(desk.lines)
    number = told.number_for(goods.tracking) if told else ""
    expires = told.expires_on.isoformat() if told and told.expires_on else ""
    desk.fresh = with_one_more(
        desk.lines, goods.variant_id, _usual_cost(goods), number, expires, is_piece=goods.tracking == "serial"
    )
    if len(desk.lines) > before and quantity != 1:
        desk.lines[desk.fresh].quantity = plain(quantity)
    elif quantity > 1:
        step(desk.lines, desk.fresh, quantity - 1)
    _look_up(desk)


def _numbers(desk: Desk) -> dict[int, list[Named]]:
    """The lots and pieces that were named, by variant; a lot named on two lines is one."""
    found: dict[int, dict[str, Decimal]] = {}
    for line in desk.lines:
        for one in line.named(desk.goods[line.variant_id].tracking):
            sums = found.setdefault(line.variant_id, {})
            sums[one.number] = sums.get(one.number, ZERO) + one.quantity
    return {
        variant_id: [Named(number, quantity) for number, quantity in sums.items()] for variant_id, sums in found.items()
    }


def _cost_of(line: TypedLine, desk: Desk, with_costs: bool) -> Decimal:
    """What was typed; for somebody who may not see costs the last one known."""
    return line.unit_cost() if with_costs else desk.goods[line.variant_id].cost or ZERO


def _is_sound(desk: Desk, with_costs: bool, *, comes_in: bool = False) -> bool:
    """Whether every line can be booked; what is wrong is put beside its line."""
    if any(line.variant_id not in desk.goods for line in desk.lines):
        raise NotFound(_("There is no such article in stock."))
    for line in desk.lines:
        try:
            line.amount()
            if with_costs:
                line.unit_cost()
            tracking = desk.goods[line.variant_id].tracking
            if not line.named(tracking) and tracking != "none" and comes_in:
                raise Refused(
                    _("Scan or type its lot.")
                    if tracking == "lot"
                    else _("Scan or type the serial number of each piece.")
                )
        except Refused as no:
            line.problem = f"{desk.goods[line.variant_id].name}: {no.message}"
    wrong = [line.problem for line in desk.lines if line.problem]
    desk.problem = " ".join(wrong[:3])
    return not wrong


def _refuse(desk: Desk) -> None:
    desk.status = 422
    html.settle(keep=False)


def _desk_page(template: str, desk: Desk) -> Response:
    response = html.page(
        template,
        fragment="goods",
        status=desk.status,
        desk=desk,
        form=desk.form,
        q=desk.q,
        found=desk.found,
        styles=styles_of([one.variant_id for one in desk.found]),
        worth_of=worth_of,
        picture_url=picture_url,
        shows_costs=can(Can.VIEW_COSTS),
    )
    if desk.trigger:
        response.headers["HX-Trigger"] = desk.trigger
    return response
