"""Registering, naming and removing one's passkeys, and signing in with one."""

from __future__ import annotations

from typing import Any

from flask import current_app, flash, jsonify, make_response, request, url_for
from flask import session as cookie
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from retail.core import db, html
from retail.core.db import session
from retail.core.errors import Refused
from retail.core.rate_limits import at_the_door
from retail.core.tenancy import across_tenants, inside
from retail.identity import module, passkeys
from retail.identity.forms import PasskeyForm
from retail.identity.passkeys import Challenge, Site
from retail.identity.proof import fresh, myself
from retail.identity.views import let_in, may_come_in, target_of
from retail.permissions import PUBLIC, SIGNED_IN


def _site() -> Site:
    return passkeys.site_of(str(current_app.config["PUBLIC_URL"]), request.host_url)


def _answer() -> dict[str, Any]:
    found = request.get_json(silent=True)
    if not isinstance(found, dict):
        raise Refused(_("The browser's answer could not be read."))
    return found


def _asked(challenge: Challenge, kind: str, options: dict[str, Any]) -> Response:
    cookie[f"passkey_{kind}"] = [challenge.value, challenge.asked_at]
    return make_response(jsonify(options))


def _no(no: Refused, status: int = 422) -> Response:
    html.settle(keep=False)
    return make_response(jsonify({"problem": no.message}), status)


@module.get("/profile/passkeys/new", needs=SIGNED_IN, own=True)
@fresh
def new_passkey() -> Response:
    """Where a passkey is made and named."""
    return html.page("identity/passkey.html", form=PasskeyForm(formdata=None))


@module.post("/profile/passkeys/options", needs=SIGNED_IN, own=True)
@fresh
def passkey_options() -> Response:
    """What the browser needs to make a passkey."""
    challenge = Challenge.new()
    try:
        return _asked(challenge, "new", passkeys.registration_options(myself(), _site(), challenge))
    except Refused as no:
        return _no(no)


@module.post("/profile/passkeys", needs=SIGNED_IN, own=True)
@fresh
def add_passkey() -> Response:
    """Keep the passkey the browser made."""
    try:
        answer, challenge = _answer(), Challenge.read(cookie.pop("passkey_new", None))
        passkeys.register(myself(), _site(), challenge, answer, str(answer.get("name", "")))
    except Refused as no:
        return _no(no)
    html.settle(keep=True)
    flash(_("The passkey is ready; sign in with it next time."), "success")
    return make_response(jsonify({"to": url_for("identity.security")}))


@module.post("/profile/passkeys/<int:passkey_id>/name", needs=SIGNED_IN, own=True)
def rename_passkey(passkey_id: int) -> Response:
    """Call a passkey something one recognizes."""
    form, found = PasskeyForm(), passkeys.passkey_numbered(passkey_id, myself().id)
    if not form.validate():
        raise Refused(_("Give the passkey a name of at most 60 letters."), field="name")
    passkeys.rename(found, form.name.data)
    return html.done(_("Saved."), to=url_for("identity.security"))


@module.post("/profile/passkeys/<int:passkey_id>/remove", needs=SIGNED_IN, own=True)
@fresh
def remove_passkey(passkey_id: int) -> Response:
    """Forget a passkey."""
    passkeys.remove(passkeys.passkey_numbered(passkey_id, myself().id))
    return html.done(_("The passkey is removed. Delete it on your device as well."), to=url_for("identity.security"))


@module.post("/sign-in/passkey/options", needs=PUBLIC)
@at_the_door
def passkey_sign_in_options() -> Response:
    """What the browser needs to ask for a passkey; the same for everybody, so it tells nothing."""
    challenge = Challenge.new()
    try:
        return _asked(challenge, "sign_in", passkeys.sign_in_options(_site(), challenge))
    except Refused as no:
        return _no(no)


@module.post("/sign-in/passkey", needs=PUBLIC)
@at_the_door
def passkey_sign_in() -> Response:
    """Let in whoever answers with a passkey of theirs."""
    try:
        answer, challenge = _answer(), Challenge.read(cookie.pop("passkey_sign_in", None))
        site = _site()
        with across_tenants(), db.reading():
            found = passkeys.passkey_called(str(answer.get("id", "")))
            user = may_come_in(found.user_id) if found is not None else None
            session.expunge_all()
        if found is None or user is None:
            raise Refused(_("This passkey is not known here. Sign in with your password."))
        with inside(found.tenant_id), db.unit_of_work():
            passkeys.accept(found, site, challenge, answer)
    except Refused as no:
        return _no(no)
    to = target_of(str(answer.get("next", "")))
    let_in(user.id, user.tenant_id, (), code=True, target=to)
    return make_response(jsonify({"to": to}))
