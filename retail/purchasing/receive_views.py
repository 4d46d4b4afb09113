"""A delivery is taken in against its order: scanned on a phone, or typed at a desk; and goods go back.

What came travels in the page until it is booked, so nothing typed is lost, with JavaScript and without.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from flask import request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from retail.catalog.queries import only_meant
from retail.core import html, shown, tables
from retail.core.errors import Refused
from retail.core.forms import add_problem, refusals
from retail.core.module import can, person_or_none
from retail.core.money import ZERO
from retail.inventory.lot_queries import ToldByCode, read_code
from retail.inventory.services import Named, named_in, numbers_in, tracking_of
from retail.permissions import Can
from retail.purchasing import module, queries, services
from retail.purchasing.costing import Charge
from retail.purchasing.forms import ArrivalForm, Figure, ReturnForm, read_figures
from retail.purchasing.labels import RETURN_REASONS
from retail.purchasing.models import OPEN_STATES, PurchaseLine, PurchaseOrder
from retail.purchasing.order_views import purchase_tabs
from retail.purchasing.services import Arrival
from retail.purchasing.tables import ReturnTable


@dataclass
class CameLine:
    """A line of the order, and what came of it as it was typed."""

    line: PurchaseLine
    good: Figure = field(default_factory=Figure)
    damaged: Figure = field(default_factory=Figure)
    no_more: bool = False
    tracking: str = "none"
    numbers: str = ""
    expires: str = ""

    def named(self) -> tuple[Named, ...]:
        """The lots or pieces that were typed. Refused where they are missing, or do not fit what came."""
        if not self.good.number or self.tracking == "none":
            return ()
        found = named_in(self.tracking, self.numbers, self.good.number, self.expires)
        if not found:
            said = (
                _("%(name)s: scan or type its lot.", name=self.line.description)
                if self.tracking == "lot"
                else _("%(name)s: scan or type the serial number of each piece.", name=self.line.description)
            )
            raise Refused(said, field="lines")
        return found

    def take(self, scanned: ToldByCode) -> None:
        """Keep what a code said of lot, expiry and serial number."""
        number = scanned.number_for(self.tracking)
        if self.tracking == "serial" and number and number not in numbers_in(self.numbers):
            self.numbers = ", ".join([*numbers_in(self.numbers), number])
        elif self.tracking == "lot" and number:
            self.numbers = number
        if scanned.expires_on is not None:
            self.expires = scanned.expires_on.isoformat()

    @property
    def problem(self) -> str:
        said = self.good.problem or self.damaged.problem
        return f"{self.line.description}: {said}" if said else ""

    @property
    def state(self) -> str:
        """Against what is still expected: `none`, `less`, `right` or `more`."""
        came = self.good.number + self.damaged.number
        if not came:
            return "none"
        expected = self.line.to_come
        return "right" if came == expected else "less" if came < expected else "more"


@dataclass
class Arrivals:
    """What the page of a delivery shows."""

    order: PurchaseOrder
    form: ArrivalForm
    lines: list[CameLine]
    fresh: int | None = None
    problem: str = ""
    status: int = 200
    trigger: str = ""

    @property
    def pieces(self) -> Decimal:
        """How many pieces came well."""
        return sum((one.good.number for one in self.lines), ZERO)


@module.route("/orders/<int:purchase_order_id>/receive", methods=["GET", "POST"], needs=Can.RECEIVE_STOCK)
def receive_order(purchase_order_id: int) -> Response:
    """Take in what came of an order."""
    post = request.method == "POST"
    books = post and request.form.get("do", "book") == "book"
    order = services.locked(purchase_order_id) if books else queries.order_numbered(purchase_order_id)
    if order.state not in OPEN_STATES and not books:
        html.settle(keep=False)
        return html.done(
            _("Nothing is expected of %(number)s.", number=order.number) if post else "",
            to=url_for("purchasing.order_page" if can(Can.VIEW_PURCHASES) else "inventory.levels", **_of(order)),
            level="info",
        )
    desk = _open(order)
    if post and not books:
        _change(desk)
    elif books:
        answer = _book(desk)
        if answer is not None:
            return answer
        html.settle(keep=False)
        desk.order = queries.order_numbered(purchase_order_id)
        lines = {line.id: line for line in desk.order.lines}
        for one in desk.lines:
            one.line = lines[one.line.id]
    return _desk_page(desk)


def _of(order: PurchaseOrder) -> dict[str, Any]:
    return {"purchase_order_id": order.id} if can(Can.VIEW_PURCHASES) else {}


def _open(order: PurchaseOrder) -> Arrivals:
    form = ArrivalForm()
    apart = tracking_of([line.variant_id for line in order.lines])
    if request.method == "GET":
        form.key.data, form.rate.data = services.new_key(), order.rate
        return Arrivals(
            order,
            form,
            [CameLine(line, tracking=apart.get(line.variant_id, "none")) for line in order.lines if line.to_come],
        )
    good, damaged = read_figures(request.form, "good"), read_figures(request.form, "damaged")
    return Arrivals(
        order,
        form,
        [
            CameLine(
                line,
                good.get(line.id, Figure()),
                damaged.get(line.id, Figure()),
                bool(request.form.get(f"lines-{line.id}-over")),
                apart.get(line.variant_id, "none"),
                request.form.get(f"lines-{line.id}-numbers", "")[:4000],
                request.form.get(f"lines-{line.id}-expires", "")[:10],
            )
            for line in order.lines
            if line.to_come or line.id in good
        ],
    )


def _change(desk: Arrivals) -> None:
    verb, _colon, argument = request.form.get("do", "").partition(":")
    number = int(argument) if argument.isascii() and argument.isdecimal() and len(argument) < 18 else 0
    if verb == "find":
        _find(desk, request.form.get("q", "").strip()[:100])
    elif verb == "add":
        _count(desk, next((one for one in desk.lines if one.line.variant_id == number), None), "")
    elif verb == "all":
        for one in desk.lines:
            left = max(one.line.to_come - one.damaged.number, ZERO)
            one.good = Figure(shown.input_quantity(left), left)
    elif verb in {"plus", "minus"}:
        line = next((one for one in desk.lines if one.line.id == number), None)
        if line is not None:
            _step(desk, line, 1 if verb == "plus" else -1)


def _find(desk: Arrivals, text: str) -> None:
    if not text:
        return
    scanned = read_code(text)
    meant = None if scanned else only_meant(text)
    wanted = {scanned.variant_id} if scanned else {meant.id} if meant is not None else set()
    words = text.casefold()
    likely = [
        one
        for one in desk.lines
        if one.line.variant_id in wanted
        or (one.line.supplier_code and one.line.supplier_code.casefold() == words)
        or (not wanted and words in one.line.description.casefold())
    ]
    _count(desk, likely[0] if len(likely) == 1 else None, text, several=len(likely) > 1)
    if scanned and len(likely) == 1:
        likely[0].take(scanned)


def _count(desk: Arrivals, line: CameLine | None, text: str, *, several: bool = False) -> None:
    if line is not None:
        _step(desk, line, 1)
        return
    desk.status, desk.trigger = 422, "goods-unknown"
    desk.problem = (
        _("“%(text)s” fits several articles of this order; scan the code.", text=text)
        if several
        else _("This is not on the order. Put it aside, or receive it without an order.")
    )


def _step(desk: Arrivals, line: CameLine, by: int) -> None:
    number = max(line.good.number + by, ZERO)
    line.good = Figure(shown.input_quantity(number) if number else "", number)
    desk.fresh = line.line.id


def _book(desk: Arrivals) -> Response | None:
    desk.status = 422
    form = desk.form
    desk.problem = " ".join(one.problem for one in desk.lines if one.problem)
    if not form.validate() or desk.problem:
        return None
    amounts = (("freight", form.freight.data), ("duty", form.duty.data), ("other", form.other.data))
    with refusals(form):
        receipt = services.receive_order(
            desk.order,
            [
                Arrival(one.line.id, one.good.number, one.damaged.number, no_more=one.no_more, named=one.named())
                for one in desk.lines
            ],
            charges=[Charge(kind, amount, form.spread.data) for kind, amount in amounts if amount],
            rate=form.rate.data,
            reference=form.reference.data or "",
            key=form.key.data or "",
        )
        said = (
            _("%(number)s: all of it has come.", number=receipt.number)
            if desk.order.state != "part_received"
            else _("%(number)s is booked; the rest stays on back order.", number=receipt.number)
        )
        to = (
            url_for("purchasing.order_page", purchase_order_id=desk.order.id)
            if can(Can.VIEW_PURCHASES)
            else url_for("inventory.levels")
        )
        return html.done(said, to=to)
    return None


def _desk_page(desk: Arrivals) -> Response:
    person = person_or_none()
    answer = html.page(
        "purchasing/receive.html",
        fragment="goods",
        status=desk.status,
        desk=desk,
        order=desk.order,
        form=desk.form,
        q="",
        found=[],
        foreign=desk.order.currency != person.tenant.currency,
        own=person.tenant.currency,
        picture_url=None,
        shows_costs=can(Can.VIEW_COSTS),
    )
    if desk.trigger:
        answer.headers["HX-Trigger"] = desk.trigger
    return answer


@module.get("/returns/", needs=Can.VIEW_PURCHASES)
def return_list() -> Any:
    """What went back to suppliers."""
    return tables.table_page(
        ReturnTable(), "purchasing/listed.html", title=_("Purchasing"), subtitle=None, tabs=purchase_tabs("return_list")
    )


@module.route("/orders/<int:purchase_order_id>/return", methods=["GET", "POST"], needs=Can.ENTER_BILLS)
def new_return(purchase_order_id: int) -> Response:
    """Send goods of an order back."""
    post = request.method == "POST"
    order = services.locked(purchase_order_id) if post else queries.order_numbered(purchase_order_id)
    form = ReturnForm()
    typed = read_figures(request.form, "quantity")
    if post:
        if wrong := next((one.problem for one in typed.values() if one.problem), ""):
            add_problem(form, wrong)
        elif form.validate():
            with refusals(form):
                back = services.send_goods_back(
                    order,
                    {line_id: one.number for line_id, one in typed.items()},
                    form.reason.data,
                    form.note.data or "",
                    key=form.key.data or "",
                )
                return html.done(
                    _("%(number)s is booked.", number=back.number),
                    to=url_for("purchasing.return_page", supplier_return_id=back.id),
                )
        html.settle(keep=False)
        order = queries.order_numbered(purchase_order_id)
    else:
        form.key.data = services.new_key()
    return html.page(
        "purchasing/new_return.html",
        status=422 if post else 200,
        order=order,
        form=form,
        typed=typed,
        receipts=queries.receipts_of(order.id),
        breadcrumbs=[
            (_("Purchasing"), url_for("purchasing.order_list")),
            (order.number, url_for("purchasing.order_page", purchase_order_id=order.id)),
            (_("Send goods back"), None),
        ],
    )


@module.get("/returns/<int:supplier_return_id>", needs=Can.VIEW_PURCHASES)
def return_page(supplier_return_id: int) -> Response:
    """One return with its debit note."""
    back, lines = queries.return_numbered(supplier_return_id)
    order = queries.order_numbered(back.order_id)
    return html.page(
        "purchasing/return.html",
        back=back,
        lines=lines,
        order=order,
        reasons=RETURN_REASONS,
        breadcrumbs=[
            (_("Purchasing"), url_for("purchasing.order_list")),
            (_("Returns"), url_for("purchasing.return_list")),
            (back.number, None),
        ],
    )
