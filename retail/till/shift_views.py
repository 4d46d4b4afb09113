"""Shifts: what lies in the drawer, cash that moves, the blind count, the Z report."""

from __future__ import annotations

from decimal import Decimal

from flask import abort, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from retail.core import html
from retail.core.forms import refusals
from retail.core.module import can, person_or_none
from retail.core.tables import table_page
from retail.orders.labels import KINDS, method
from retail.permissions import Can
from retail.till import module, queries
from retail.till import services as till
from retail.till.forms import CashForm, CloseForm, read_counts
from retail.till.queries import ShiftDetail
from retail.till.services.drawer import denominations
from retail.till.tables import Shifts


@module.get("/shifts", needs=Can.SELL)
def shift_list() -> Response:
    """Shifts, the latest first."""
    whose = _("Everybody's shifts.") if can(Can.SEE_ALL_SHIFTS) else _("Your shifts.")
    answer: Response = table_page(Shifts(), "till/shifts.html", title=_("Shifts"), subtitle=whose)
    return answer


def _shift(shift_id: int) -> ShiftDetail:
    """A shift this person may see: their own, or the one at which they sell now, or any with the permission."""
    person = person_or_none()
    found = queries.shift_detail(shift_id)
    if found is None:
        abort(404)
    mine = found.shift.user_id == person.id or (
        found.shift.closed_at is None and found.shift.register_id == person.register_id
    )
    if not mine and not can(Can.SEE_ALL_SHIFTS):
        abort(404)
    return found


@module.get("/shifts/<int:shift_id>", needs=Can.SELL)
def shift(shift_id: int) -> Response:
    """A shift: while open its cash movements, and the X figures to whoever may see them; closed, its Z report."""
    return _shift_page(_shift(shift_id), CashForm())


def _shift_page(found: ShiftDetail, form: CashForm, status: int = 200) -> Response:
    open_now = found.shift.closed_at is None
    figures = not open_now or can(Can.SEE_EXPECTED_CASH)
    return html.page(
        "till/shift.html",
        fragment="shift",
        status=status,
        found=found,
        shift=found.shift,
        form=form,
        movements=queries.movements_of(found.shift.id),
        expected=till.expected_cash(found.shift) if open_now and figures else found.shift.expected,
        tenders=queries.tenders_of(found.shift.id) if figures else {},
        documents=queries.documents_of(found.shift.id) if figures else {},
        figures=figures,
        kinds=KINDS,
        method=method,
        breadcrumbs=_trail(found),
    )


@module.post("/shifts/<int:shift_id>/cash", needs=Can.MOVE_CASH)
def move_cash(shift_id: int) -> Response:
    """Cash put in, taken out or dropped to the safe, with its reason."""
    found, form = _shift(shift_id), CashForm()
    if form.validate_on_submit() and (amount := form.amount.data) is not None:
        with refusals(form):
            till.move_cash(shift_id, form.kind.data, amount, form.reason.data or "")
            return html.done(_("The cash is written down."), url_for("till.shift", shift_id=shift_id))
    html.settle(keep=False)
    found = _shift(shift_id)
    return _shift_page(found, form, 422)


@module.get("/shifts/<int:shift_id>/close", needs=Can.CLOSE_SHIFT)
def close_page(shift_id: int) -> Response:
    """The blind count: nothing on it says what is expected."""
    found = _shift(shift_id)
    if found.shift.closed_at is not None:
        return html.done("", url_for("till.shift", shift_id=shift_id))
    return _close_page(found, CloseForm())


def _close_page(found: ShiftDetail, form: CloseForm, status: int = 200) -> Response:
    return html.page(
        "till/close.html",
        fragment="count",
        status=status,
        found=found,
        shift=found.shift,
        form=form,
        faces=[(f"{face:f}", face) for face in denominations(person_or_none().tenant.currency)],
        counted={name: value for name, value in request.form.items() if name.startswith("count-")},
        breadcrumbs=[*_trail(found)[:-1], (found.register_name, _address(found)), (_("Count and close"), None)],
    )


@module.post("/shifts/<int:shift_id>/close", needs=Can.CLOSE_SHIFT)
def close(shift_id: int) -> Response:
    """Close by what was counted, and show the difference from then on."""
    found, form = _shift(shift_id), CloseForm()
    if form.validate_on_submit():
        with refusals(form):
            counts = read_counts(request.form, "count-")
            closed = till.close_shift(shift_id, _known_faces(counts), form.note.data or "")
            said = _("The shift is closed: %(number)s.", number=closed.number)
            return html.done(said, url_for("till.shift", shift_id=shift_id))
    html.settle(keep=False)
    found = _shift(shift_id)
    return _close_page(found, form, 422)


def _known_faces(counts: dict[str, int]) -> dict[str, int]:
    """Counts of faces that the currency has; another name in the form is none."""
    faces = {f"{face:f}" for face in denominations(person_or_none().tenant.currency)}
    return {face: pieces for face, pieces in counts.items() if face in faces}


@module.get("/shifts/<int:shift_id>/z", needs=Can.SELL)
def z_report(shift_id: int) -> Response:
    """The Z report on paper, of what was frozen at closing."""
    found = _shift(shift_id)
    if found.shift.closed_at is None:
        abort(404)
    summary = found.shift.summary or {}
    return html.page(
        "till/z.html",
        found=found,
        shift=found.shift,
        documents=[
            (KINDS.get(kind, kind), one["count"], Decimal(one["gross"]), Decimal(one["tax"]), Decimal(one["discount"]))
            for kind, one in summary.get("documents", {}).items()
        ],
        tenders=[(method(name), Decimal(amount)) for name, amount in summary.get("tenders", {}).items()],
        movements=queries.movements_of(shift_id),
        counts=sorted(((Decimal(face), n) for face, n in (found.shift.denominations or {}).items()), reverse=True),
    )


def _address(found: ShiftDetail) -> str:
    return url_for("till.shift", shift_id=found.shift.id)


def _trail(found: ShiftDetail) -> list[tuple[str, str | None]]:
    return [(_("Shifts"), url_for("till.shift_list")), (found.shift.number or found.register_name, None)]
