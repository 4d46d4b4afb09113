"""Changing places at a till by PIN, locking it, and one's own PIN."""

from __future__ import annotations

from flask import g, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from retail.core import audit, db, html
from retail.core.errors import Refused
from retail.core.forms import choices_from, refusals
from retail.identity import module, pin_services, services, sessions
from retail.identity.approving import prove_pin
from retail.identity.forms import OwnerForm, PinEntryForm, PinForm
from retail.identity.proof import fresh, myself, prove
from retail.permissions import SIGNED_IN, Can


@module.route("/switch", methods=["GET", "POST"], needs=SIGNED_IN)
def switch() -> Response:
    """Let another cashier work at this device, or the same one again after it was locked."""
    form = PinEntryForm(next=request.args.get("next", ""))
    form.person.choices = choices_from((one.id, one.name) for one in pin_services.cashiers(g.person.stands_at))
    if request.method == "GET":
        form.person.data = g.person.id
        return _switch_page(form)
    if form.validate():
        with refusals(form):
            user = prove_pin(form.person.data, form.pin.data)
            if Can.SELL not in user.role.permissions:
                raise Refused(_("%(name)s may not sell.", name=user.name), field="person")
            return _hand_over(user.id, user.name, form.next.data)
    html.settle(keep=False)
    return _switch_page(form, OwnerForm(formdata=None), 422)


def _hand_over(user_id: int, name: str, target: str) -> Response:
    before = g.person
    sessions.take_over(before.session_id, user_id)
    audit.act_as(audit.Actor(user_id=user_id, name=name, address=request.remote_addr))
    audit.record("till_unlocked" if user_id == before.id else "till_taken_over", "users", user_id, name)
    words = "" if user_id == before.id else _("Hello %(name)s.", name=name)
    return html.done(words, to=target if html.is_safe_target(target) and target != "/" else "/till/")


def _switch_page(form: PinEntryForm, owner_form: OwnerForm | None = None, status: int = 200) -> Response:
    with db.reading():
        people = {one.id: one for one in pin_services.cashiers(g.person.stands_at)}
        owner = sessions.owner_of(g.person.session_id)
    return html.page(
        "identity/switch.html",
        status=status,
        form=form,
        people=people,
        owner=owner,
        owner_form=owner_form or OwnerForm(formdata=None),
        locked=g.person.locked,
        wait=None,
    )


@module.post("/switch/password", needs=SIGNED_IN)
def unlock_with_password() -> Response:
    """Give a device back to whoever signed in on it, with all they may do."""
    form = OwnerForm()
    with db.reading():
        owner = sessions.owner_of(g.person.session_id)
        db.session.expunge_all()
    if form.validate():
        with refusals(form):
            prove(owner, form.password.data, "password", _("That is not the password of %(name)s.", name=owner.name))
            sessions.give_back(g.person.session_id)
            audit.act_as(audit.Actor(user_id=owner.id, name=owner.name, address=request.remote_addr))
            audit.record("till_unlocked", "users", owner.id, owner.name)
            return html.done("", to="/")
    html.settle(keep=False)
    entry = PinEntryForm(formdata=None)
    entry.person.choices = choices_from((one.id, one.name) for one in pin_services.cashiers(g.person.stands_at))
    return _switch_page(entry, form, 422)


@module.post("/lock", needs=SIGNED_IN)
def lock() -> Response:
    """Let nobody work at this device until somebody gives a PIN or the password."""
    person = g.person
    sessions.lock(person.session_id)
    audit.record("till_locked", "users", person.id, person.name)
    return html.done("", to=url_for("identity.switch"))


@module.post("/profile/pin", needs=SIGNED_IN, own=True)
@fresh
def set_own_pin() -> Response:
    """A PIN of one's own."""
    return _set_pin(g.person.id, url_for("identity.security"), _("Your PIN is set."))


@module.post("/profile/pin/remove", needs=SIGNED_IN, own=True)
@fresh
def remove_own_pin() -> Response:
    """Do without a PIN."""
    pin_services.remove_pin(myself())
    return html.done(_("Your PIN is removed."), to=url_for("identity.security"))


@module.post("/people/<int:user_id>/pin", needs=Can.MANAGE_USERS)
@fresh
def set_pin_of(user_id: int) -> Response:
    """Give somebody a PIN."""
    user = services.colleague_numbered(user_id, g.person.powers)
    services.check_may_manage(user, g.person.powers)
    words = _("The PIN of %(name)s is set; tell them in person.", name=user.name)
    return _set_pin(user_id, url_for("identity.person", user_id=user_id), words)


@module.post("/people/<int:user_id>/pin/remove", needs=Can.MANAGE_USERS)
@fresh
def remove_pin_of(user_id: int) -> Response:
    """Take somebody's PIN away."""
    user = services.colleague_numbered(user_id, g.person.powers)
    services.check_may_manage(user, g.person.powers)
    pin_services.remove_pin(user)
    return html.done(
        _("The PIN of %(name)s is removed.", name=user.name), to=url_for("identity.person", user_id=user_id)
    )


def _set_pin(user_id: int, back: str, words: str) -> Response:
    form = PinForm()
    if form.validate():
        with refusals(form):
            pin_services.check_pin(form.pin.data)
    problems = [*form.form_errors, *(one for errors in form.errors.values() for one in errors)]
    if problems:
        html.settle(keep=False)
        return html.done(str(problems[0]), to=f"{back}#pin", level="danger")
    # Hashing is slow: it is done while no transaction is open.
    db.session.rollback()
    hashed = services.hasher.hash(form.pin.data)
    pin_services.set_pin(services.user_numbered(user_id), hashed)
    return html.done(words, to=back)
