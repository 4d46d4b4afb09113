"""One's own profile: name, language, appearance, password, second factor, devices."""

from __future__ import annotations

from typing import Any

import segno
from flask import g, redirect, request, url_for
from flask_babel import format_datetime
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from retail.core import audit, db, html, language
from retail.core.db import session
from retail.core.errors import NotFound
from retail.core.forms import refusals
from retail.identity import module, second_factor, services, sessions
from retail.identity.devices import device_name
from retail.identity.forms import ChangePasswordForm, CodeForm, PinForm, ProfileForm, ProofForm, ThemeForm
from retail.identity.models import User, UserSession
from retail.identity.passkeys import passkeys_of
from retail.identity.passwords import check_is_new, check_password
from retail.identity.proof import fresh, myself, prove_myself
from retail.permissions import SIGNED_IN


def account_tabs() -> list[dict[str, Any]]:
    """The pages of one's own account."""
    pages = (
        (_("Profile"), "identity.profile"),
        (_("Security"), "identity.security"),
        (_("Keyboard"), "identity.shortcut_keys"),
    )
    return [
        {"label": label, "url": url_for(endpoint), "active": request.endpoint == endpoint} for label, endpoint in pages
    ]


@module.route("/profile/", methods=["GET", "POST"], needs=SIGNED_IN, own=True)
def profile() -> Response:
    """Name, language, zone, appearance."""
    user = myself()
    form = ProfileForm(obj=user)
    if request.method == "POST" and form.validate():
        user.name = " ".join(form.name.data.split())
        user.locale = form.locale.data or None
        user.timezone = form.timezone.data or None
        user.theme = form.theme.data
        response = html.done(_("Saved."), to=url_for("identity.profile"))
        response.delete_cookie(language.COOKIE)
        return response
    return html.page(
        "identity/profile.html", status=422 if form.errors else 200, form=form, tabs=account_tabs(), email=user.email
    )


@module.post("/profile/theme", needs=SIGNED_IN)
def theme() -> Response:
    """Remember light, dark or auto; sent by the switch in the menu."""
    form = ThemeForm()
    if not form.validate():
        return Response("", 422)
    myself().theme = form.theme.data
    html.settle(keep=True)
    return Response("", 204)


@module.get("/profile/security", needs=SIGNED_IN, own=True)
def security() -> Response:
    """Password, second factor and devices on one page."""
    return _security_page(ChangePasswordForm())


def _security_page(form: ChangePasswordForm, status: int = 200) -> Response:
    if request.method == "POST":
        html.settle(keep=status < 400)
    user = myself()
    return html.page(
        "identity/security.html",
        status=status,
        form=form,
        tabs=account_tabs(),
        email=user.email,
        second_factor_since=user.totp_confirmed_at,
        demanded=g.person.must_set_up_second_factor,
        passkeys=passkeys_of(user.id),
        has_pin=user.pin_hash is not None,
        pin_form=PinForm(formdata=None),
        codes_left=second_factor.recovery_codes_left(user.id),
        devices=[
            {
                "id": one.id,
                "name": device_name(one.device),
                "address": one.address,
                "seen": format_datetime(one.last_seen_at, "medium"),
                "here": one.id == g.person.session_id,
                "phone": any(mark in one.device for mark in ("iPhone", "Android", "iPad")),
            }
            for one in sessions.sessions_of(user.id)
        ],
    )


@module.post("/profile/password", needs=SIGNED_IN, own=True)
def change_password() -> Response:
    """A new password, after the present one; every other device is signed out."""
    form = ChangePasswordForm()
    if form.validate():
        with refusals(form):
            check_password(form.password.data, (g.person.email, g.person.name))
    if not form.errors and not form.form_errors:
        with refusals(form):
            prove_myself(form.current.data, "current", _("That is not your present password."))
    if not form.errors and not form.form_errors:
        with db.reading():
            had = services.hashes_of(myself())
        with refusals(form):
            check_is_new(form.password.data, had, services.hasher)
    if form.errors or form.form_errors:
        return _security_page(form, 422)
    hashed = services.hasher.hash(form.password.data)
    user = myself()
    services.replace_password(user, hashed)
    sessions.end_all(user.id, except_id=g.person.session_id)
    sessions.confirm(g.person.session_id)
    return html.done(
        _("Your password is changed. Other devices have been signed out."), to=url_for("identity.security")
    )


@module.route("/profile/confirm", methods=["GET", "POST"], needs=SIGNED_IN, own=True)
def confirm() -> Response:
    """Ask for the password again before something that matters."""
    form = ProofForm(prefix="proof", next=request.args.get("next", ""))
    if request.method == "POST" and form.validate():
        with refusals(form):
            prove_myself(
                form.secret.data,
                "secret",
                _("That is not right. After several tries one has to wait a little."),
                or_code=True,
            )
            sessions.confirm(g.person.session_id)
            target = form.next.data
            return html.done("", to=target if html.is_safe_target(target) else url_for("identity.security"))
    status = 422 if request.method == "POST" else 200
    return html.page("identity/confirm.html", status=status, form=form, action=url_for("identity.confirm"), sent=[])


@module.route("/profile/second-factor", methods=["GET", "POST"], needs=SIGNED_IN, own=True)
@fresh
def set_up_second_factor() -> Response:
    """Show the picture an authenticator app reads, and take its first code."""
    user = myself()
    if user.totp_confirmed_at is not None:
        return redirect(url_for("identity.security"), 303)
    if request.method == "POST":
        second_factor.begin_setup(user)
        return html.done("", to=url_for("identity.set_up_second_factor"))
    if user.totp_secret is None:
        return html.page("identity/second_factor.html", form=None, picture=None, seed=None)
    return _setup_page(user, CodeForm())


def seed_shown(user: second_factor.Somebody, issuer: str) -> dict[str, str]:
    """The seed of somebody's second factor as the picture an app reads, and in letters."""
    seed = second_factor.seed_of(user)
    picture = segno.make(second_factor.address_for_app(user, issuer), error="m")
    return {
        "picture": picture.svg_data_uri(scale=5, border=3, dark="#111", light="#fff"),
        "seed": " ".join(seed[at : at + 4] for at in range(0, len(seed), 4)),
    }


def _setup_page(user: User, form: CodeForm, status: int = 200) -> Response:
    shown = seed_shown(user, f"Counterfoil ({g.person.tenant.name})")
    return html.page("identity/second_factor.html", status=status, form=form, **shown)


@module.post("/profile/second-factor/on", needs=SIGNED_IN, own=True)
@fresh
def turn_on_second_factor() -> Response:
    """Take the first code and show the recovery codes, this once."""
    form, user = CodeForm(), myself()
    codes: list[str] = []
    if form.validate():
        with refusals(form):
            codes = second_factor.turn_on(user, form.code.data)
    if not codes:
        html.settle(keep=False)
        return _setup_page(myself(), form, 422)
    return html.page("identity/recovery_codes.html", codes=codes)


@module.post("/profile/recovery-codes", needs=SIGNED_IN, own=True)
@fresh
def renew_recovery_codes() -> Response:
    """Ten new recovery codes; the old ones are void."""
    user = myself()
    if user.totp_confirmed_at is None:
        return redirect(url_for("identity.security"), 303)
    return html.page("identity/recovery_codes.html", codes=second_factor.renew_recovery_codes(user))


@module.post("/profile/second-factor/off", needs=SIGNED_IN, own=True)
@fresh
def turn_off_second_factor() -> Response:
    """Turn the second factor off, after the password was given again."""
    second_factor.turn_off(myself())
    return html.done(_("The second factor is off."), to=url_for("identity.security"))


@module.post("/profile/sessions/<int:session_id>/end", needs=SIGNED_IN, own=True)
def end_session(session_id: int) -> Response:
    """Sign one of one's own devices out."""
    row = session.get(UserSession, session_id)
    if row is None or row.user_id != g.person.id:
        raise NotFound(_("There is no such device."))
    sessions.end(session_id)
    audit.record("session_ended", "users", g.person.id, g.person.name)
    return html.done(_("That device is signed out."), to=url_for("identity.security"))


@module.post("/profile/sessions/end-others", needs=SIGNED_IN, own=True)
def end_other_sessions() -> Response:
    """Sign out everywhere but here."""
    ended = sessions.end_all(g.person.id, except_id=g.person.session_id)
    audit.record("sessions_ended", "users", g.person.id, g.person.name)
    return html.done(_("%(n)d other devices are signed out.", n=ended), to=url_for("identity.security"))
