"""Signing in and out, and setting a password by a link from the mail."""

from __future__ import annotations

from time import time
from typing import Any

from flask import current_app, g, make_response, redirect, request, url_for
from flask import session as cookie
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from retail.core import audit, db, html
from retail.core.db import session
from retail.core.forms import add_problem, refusals
from retail.core.module import person_or_none
from retail.core.rate_limits import at_the_door, limiter
from retail.core.tenancy import across_tenants, inside
from retail.identity import links, module, passwords, second_factor, services, sessions, signing_in
from retail.identity.forms import CodeForm, ForgottenForm, NewPasswordForm, SignInForm
from retail.identity.letters import send_link
from retail.identity.models import User
from retail.permissions import PUBLIC, SIGNED_IN
from retail.tenancy.models import Tenant

HALF_WAY_SECONDS = 300
"""How long after the password the code may follow."""


def address_here() -> str:
    """The network address this request comes from."""
    return request.remote_addr or ""


def device_here() -> str:
    """What the browser says of itself."""
    return request.user_agent.string[:300]


def target_of(wanted: str | None) -> str:
    """Where to go on after signing in: a page of this site, else the first one."""
    return wanted if wanted and html.is_safe_target(wanted) else "/"


def _wait_text(seconds: int) -> str:
    if seconds < 90:
        return str(_("Too many tries. Wait %(n)d seconds and try again.", n=seconds))
    return str(_("Too many tries. Wait %(n)d minutes and try again.", n=(seconds + 59) // 60))


def must_wait(template: str, seconds: int, **context: Any) -> Response:
    """The page again, with how long to wait, after too many tries."""
    response = html.page(template, status=429, wait=_wait_text(seconds), **context)
    response.headers["Retry-After"] = str(seconds)
    return response


def knock_here(email: str) -> signing_in.Attempt:
    """Ask to try a password or code, from where this request comes."""
    with across_tenants(), db.unit_of_work():
        return signing_in.knock(email, address_here())


def _read_user(email: str) -> User | None:
    """Whoever has this address and may sign in at all; read, and let go of the database."""
    with across_tenants(), db.reading():
        user = signing_in.user_with_address(email)
        user = may_come_in(user.id) if user is not None else None
        session.expunge_all()
    return user


def may_come_in(user_id: int) -> User | None:
    """Somebody who may sign in at all: active, of a business that is not suspended. Call it across tenants."""
    user = session.get(User, user_id)
    tenant = session.get(Tenant, user.tenant_id) if user is not None else None
    return user if user is not None and user.active and tenant and tenant.suspended_at is None else None


@module.route("/sign-in", methods=["GET", "POST"], needs=PUBLIC)
@at_the_door
def sign_in() -> Response:
    """E-mail and password. Slow work (hashing) is done while no transaction is open."""
    if request.method == "GET" and person_or_none() is not None:
        return redirect(target_of(request.args.get("next")), 303)
    form = SignInForm(next=request.args.get("next", ""))
    context: dict[str, Any] = {"form": form, "wait": None, "ended": cookie.pop("ended", False)}
    if request.method == "GET":
        return html.page("identity/sign_in.html", **context)
    if not form.validate():
        return html.page("identity/sign_in.html", status=422, **context)
    attempt = knock_here(form.email.data)
    if attempt.id is None:
        return must_wait("identity/sign_in.html", attempt.wait_seconds, form=form, ended=False)
    user = _read_user(form.email.data)
    if not services.is_password(user, form.password.data) or user is None:
        if user is not None:
            _note_failure(user)
        suspended = _why_suspended(form.email.data, form.password.data) if user is None else None
        add_problem(form, suspended or _("That e-mail and password do not fit together."))
        return html.page("identity/sign_in.html", status=422, **context)
    target = target_of(form.next.data)
    if user.totp_confirmed_at is not None:
        cookie.clear()
        cookie["half_way"] = {"email": user.email, "attempt": attempt.id, "at": int(time())}
        return html.done("", to=url_for("identity.sign_in_code", next=target))
    with inside(user.tenant_id), db.unit_of_work():
        services.renew_hash(services.user_numbered(user.id), form.password.data)
    return let_in(user.id, user.tenant_id, (attempt.id,), code=False, target=target)


def _why_suspended(email: str, password: str) -> str | None:
    """What somebody is told who proved who they are, but whose business is suspended; None for everybody else."""
    with across_tenants(), db.reading():
        user = signing_in.user_with_address(email)
        tenant = session.get(Tenant, user.tenant_id) if user is not None and user.active else None
        session.expunge_all()
    if tenant is None or tenant.suspended_at is None or not services.is_password(user, password):
        return None
    return sessions.told_of_suspension(tenant)


def _note_failure(user: User) -> None:
    audit.act_as(audit.Actor(name=_("unknown"), address=address_here()))
    with inside(user.tenant_id), db.unit_of_work():
        signing_in.failed(user)


def let_in(user_id: int, tenant_id: int, attempts: tuple[int, ...], *, code: bool, target: str) -> Response:
    """Start the session of somebody who proved who they are. Whatever the browser had before is thrown away, so that no
    token can be planted in it."""
    days = current_app.config["PERMANENT_SESSION_LIFETIME"].days
    with inside(tenant_id), db.unit_of_work():
        user = services.user_numbered(user_id)
        audit.act_as(audit.Actor(user_id=user.id, name=user.name, address=address_here()))
        token = signing_in.succeed(attempts, user, address=address_here(), device=device_here(), days=days, code=code)
    take_token(token)
    return html.done("", to=target)


def half_way_in(name: str) -> dict[str, Any] | None:
    """Who gave their password and may now give the code, as the browser keeps it under `name`; None after a while."""
    kept = cookie.get(name)
    if not isinstance(kept, dict) or kept["at"] < time() - HALF_WAY_SECONDS:
        cookie.pop(name, None)
        return None
    return kept


def take_token(token: str, name: str = "token") -> None:
    """Let this browser keep a session's token, and nothing else it had before."""
    cookie.clear()
    cookie[name] = token
    cookie.permanent = True


@module.route("/sign-in/code", methods=["GET", "POST"], needs=PUBLIC)
@at_the_door
def sign_in_code() -> Response:
    """The second factor, or a recovery code in its place."""
    half_way = half_way_in("half_way")
    target = target_of(request.args.get("next"))
    if half_way is None:
        return redirect(url_for("identity.sign_in", next=target), 303)
    form = CodeForm()
    if request.method == "GET":
        return html.page("identity/code.html", form=form, wait=None, target=target)
    if not form.validate():
        return html.page("identity/code.html", status=422, form=form, wait=None, target=target)
    attempt = knock_here(half_way["email"])
    if attempt.id is None:
        return must_wait("identity/code.html", attempt.wait_seconds, form=form, target=target)
    user = _read_user(half_way["email"])
    if user is None or not _accepts(user, form.code.data):
        if user is not None:
            _note_failure(user)
        add_problem(form, _("That code is not right, or it was used already. Wait for the next one."), "code")
        return html.page("identity/code.html", status=422, form=form, wait=None, target=target)
    return let_in(user.id, user.tenant_id, (half_way["attempt"], attempt.id), code=True, target=target)


def _accepts(user: User, code: str) -> bool:
    with inside(user.tenant_id), db.unit_of_work():
        present = services.user_numbered(user.id)
        audit.act_as(audit.Actor(user_id=present.id, name=present.name, address=address_here()))
        if second_factor.accept_code(present, code):
            return True
        return second_factor.use_recovery_code(present, code)


@module.post("/sign-out", needs=SIGNED_IN)
def sign_out() -> Response:
    """End this session."""
    person = g.person
    sessions.end(person.session_id)
    audit.record("sign_out", "users", person.id, person.name)
    cookie.clear()
    return html.done(_("You have signed out."), to=url_for("identity.sign_in"))


@module.route("/forgotten", methods=["GET", "POST"], needs=PUBLIC)
@limiter.limit("10 per minute", methods=["POST"])
def forgotten() -> Response:
    """Ask for a link. The answer is the same whether or not anybody has the address."""
    form = ForgottenForm()
    if request.method == "GET":
        return html.page("identity/forgotten.html", form=form, sent=False, wait=None)
    if not form.validate():
        return html.page("identity/forgotten.html", status=422, form=form, sent=False, wait=None)
    attempt = knock_here(f"reset:{form.email.data.lower()}")
    if attempt.id is None:
        return must_wait("identity/forgotten.html", attempt.wait_seconds, form=form, sent=False)
    user = _read_user(form.email.data)
    if user is not None:
        with inside(user.tenant_id), db.unit_of_work():
            send_link(services.user_numbered(user.id), "reset" if user.password_hash else "invitation")
            audit.record("password_link", "users", user.id, user.name)
    return html.page("identity/forgotten.html", form=form, sent=True, wait=None)


@module.route("/set-password/<purpose>/<link>", methods=["GET", "POST"], needs=PUBLIC)
@at_the_door
def set_password(purpose: str, link: str) -> Response:
    """Choose a password by a link from the mail; every session the person had is ended."""
    with across_tenants(), db.reading():
        user = links.user_of(link, "invitation" if purpose == "invitation" else "reset")
        had = services.hashes_of(user) if user is not None else []
        session.expunge_all()
    if user is None:
        return html.page("identity/set_password.html", status=410, form=None, user=None)
    form = NewPasswordForm()
    if request.method == "POST" and form.validate():
        with refusals(form):
            passwords.check_password(form.password.data, (user.email, user.name))
            passwords.check_is_new(form.password.data, had, services.hasher)
        if not form.errors and not form.form_errors:
            return _keep_password(user, form.password.data)
    status = 422 if request.method == "POST" else 200
    response = html.page("identity/set_password.html", status=status, form=form, user=user)
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _keep_password(user: User, password: str) -> Response:
    hashed = services.hasher.hash(password)
    audit.act_as(audit.Actor(user_id=user.id, name=user.name, address=address_here()))
    with inside(user.tenant_id), db.unit_of_work():
        present = services.user_numbered(user.id)
        if present.password_hash != user.password_hash:
            return make_response(redirect(request.path, 303))
        services.replace_password(present, hashed)
        sessions.end_all(user.id)
    cookie.clear()
    return html.done(_("Your password is set. Sign in with it."), to=url_for("identity.sign_in"))
