"""Signing in and out as an administrator of the platform: password, then always the second factor."""

from __future__ import annotations

from time import time
from typing import Any

from flask import g, redirect, url_for
from flask import session as cookie
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from retail.core import audit, db, html
from retail.core.db import session
from retail.core.forms import add_problem, refusals
from retail.core.rate_limits import at_the_door
from retail.core.tenancy import across_tenants
from retail.identity import administrator_services as administrators
from retail.identity import administrator_sessions as sessions
from retail.identity import module, second_factor, services
from retail.identity.administrator_models import Administrator
from retail.identity.forms import CodeForm, SignInForm, ThemeForm
from retail.identity.identification import ADMINISTRATOR
from retail.identity.profile_views import seed_shown
from retail.identity.views import address_here, device_here, half_way_in, knock_here, must_wait, take_token
from retail.permissions import PLATFORM, PUBLIC

HALF_WAY = "half_way_administrator"


def _read(email: str) -> Administrator | None:
    with across_tenants(), db.reading():
        found = administrators.administrator_with_address(email)
        session.expunge_all()
    return found


def _note_failure(row: Administrator) -> None:
    audit.act_as(audit.Actor(name=_("unknown"), address=address_here()))
    with across_tenants(), db.unit_of_work():
        administrators.note_failure(row)


@module.route("/platform/sign-in", methods=["GET", "POST"], needs=PUBLIC)
@at_the_door
def platform_sign_in() -> Response:
    """E-mail and password of an administrator; tries are counted as for everybody else."""
    form = SignInForm()
    context: dict[str, Any] = {"form": form, "wait": None, "ended": cookie.pop("ended", False)}
    if not form.is_submitted():
        return html.page("identity/platform_sign_in.html", **context)
    if not form.validate():
        return html.page("identity/platform_sign_in.html", status=422, **context)
    attempt = knock_here(f"platform:{form.email.data}")
    if attempt.id is None:
        return must_wait("identity/platform_sign_in.html", attempt.wait_seconds, form=form, ended=False)
    found = _read(form.email.data)
    if not services.is_password(found, form.password.data) or found is None:
        if found is not None:
            _note_failure(found)
        add_problem(form, _("That e-mail and password do not fit together."))
        return html.page("identity/platform_sign_in.html", status=422, **context)
    if found.totp_confirmed_at is not None:
        cookie.clear()
        cookie[HALF_WAY] = {"email": found.email, "attempt": attempt.id, "at": int(time())}
        return html.done("", to=url_for("identity.platform_code"))
    return _let_in(found, (attempt.id,), code=False, to=url_for("identity.platform_second_factor"))


@module.route("/platform/sign-in/code", methods=["GET", "POST"], needs=PUBLIC)
@at_the_door
def platform_code() -> Response:
    """The second factor of an administrator, without which there is no way in."""
    half_way = half_way_in(HALF_WAY)
    if half_way is None:
        return redirect(url_for("identity.platform_sign_in"), 303)
    form = CodeForm()
    if not form.is_submitted():
        return html.page("identity/platform_code.html", form=form, wait=None)
    if not form.validate():
        return html.page("identity/platform_code.html", status=422, form=form, wait=None)
    attempt = knock_here(f"platform:{half_way['email']}")
    if attempt.id is None:
        return must_wait("identity/platform_code.html", attempt.wait_seconds, form=form)
    found = _read(half_way["email"])
    if found is None or not _accepts(found, form.code.data):
        if found is not None:
            _note_failure(found)
        add_problem(form, _("That code is not right, or it was used already. Wait for the next one."), "code")
        return html.page("identity/platform_code.html", status=422, form=form, wait=None)
    return _let_in(found, (half_way["attempt"], attempt.id), code=True, to=url_for("operations.platform_tenants"))


def _accepts(found: Administrator, code: str) -> bool:
    with across_tenants(), db.unit_of_work():
        return second_factor.accept_code(session.get_one(Administrator, found.id), code)


def _let_in(found: Administrator, attempts: tuple[int, ...], *, code: bool, to: str) -> Response:
    audit.act_as(audit.Actor(name=found.name, address=address_here()))
    with across_tenants(), db.unit_of_work():
        token = sessions.begin(found, attempts, address=address_here(), device=device_here(), code=code)
    take_token(token, ADMINISTRATOR)
    return html.done("", to=to)


@module.route("/platform/second-factor", methods=["GET", "POST"], needs=PLATFORM)
def platform_second_factor() -> Response:
    """Set the second factor up when signing in for the first time; nothing else is open before."""
    row, form = session.get_one(Administrator, g.person.id), CodeForm()
    if row.totp_confirmed_at is not None:
        return redirect(url_for("operations.platform_tenants"), 303)
    if form.is_submitted() and row.totp_secret is None:
        second_factor.begin_setup(row)
        return html.done("", to=url_for("identity.platform_second_factor"))
    if form.validate_on_submit():
        with refusals(form):
            second_factor.put_in_force(row, form.code.data)
            administrators.second_factor_set(row)
            sessions.prove(g.person.session_id)
            return html.done(_("The second factor is on."), to=url_for("operations.platform_tenants"))
        row = session.get_one(Administrator, g.person.id)
    shown = seed_shown(row, "Counterfoil") if row.totp_secret is not None else {"picture": None, "seed": None}
    return html.page(
        "identity/platform_second_factor.html", status=422 if form.is_submitted() else 200, form=form, **shown
    )


@module.post("/platform/theme", needs=PLATFORM)
def platform_theme() -> Response:
    """Remember light, dark or auto; sent by the switch in the menu."""
    form = ThemeForm()
    if not form.validate():
        return Response("", 422)
    session.get_one(Administrator, g.person.id).theme = form.theme.data
    html.settle(keep=True)
    return Response("", 204)


@module.post("/platform/sign-out", needs=PLATFORM)
def platform_sign_out() -> Response:
    """End this session."""
    sessions.end(g.person.session_id)
    audit.record_for_platform("sign_out", "administrators", g.person.id, g.person.name)
    cookie.clear()
    return html.done(_("You have signed out."), to=url_for("identity.platform_sign_in"))
