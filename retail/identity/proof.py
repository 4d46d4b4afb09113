"""Asking again who it is, before what would let a stranger at an open screen take the account or the shop over."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from flask import g, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from retail.core import clock, db, html
from retail.core.db import session
from retail.core.errors import Refused
from retail.core.forms import refusals
from retail.identity import second_factor, services, sessions, signing_in
from retail.identity.forms import ProofForm
from retail.identity.models import User

FRESH_SECONDS = 15 * 60
"""How long a password or code counts as just given."""
View = TypeVar("View", bound=Callable[..., Any])


def myself() -> User:
    """The row of whoever makes this request."""
    return services.user_numbered(g.person.id)


def is_fresh() -> bool:
    """Whether the person has proved lately who they are. A PIN proves nothing here."""
    return not g.person.by_pin and (clock.now() - g.person.confirmed_at).total_seconds() < FRESH_SECONDS


def counted(key: str, field: str, is_right: Callable[[], bool]) -> bool:
    """Whether a secret of `key` is right. Tries are counted as at sign-in, and hashing is done while no transaction is
    open. Refused, for `field`, when one has to wait after wrong ones."""
    with db.unit_of_work():
        attempt = signing_in.knock(key, request.remote_addr or "")
    if attempt.id is None:
        raise Refused(_("Too many tries. Wait %(n)d seconds and try again.", n=attempt.wait_seconds), field=field)
    if not is_right():
        return False
    with db.unit_of_work():
        signing_in.forgive(attempt.id)
    return True


def prove(user: User, secret: str, field: str, wrong: str, *, or_code: bool = False) -> None:
    """Refused, for `field` and with the sentence `wrong`, when this is neither somebody's password nor, if allowed, the
    code their app shows now; also when one has to wait. `user` is a row out of its transaction."""

    def is_right() -> bool:
        if services.is_password(user, secret):
            return user.active
        if not or_code or user.totp_confirmed_at is None:
            return False
        with db.unit_of_work():
            return second_factor.accept_code(services.user_numbered(user.id), secret)

    if not counted(user.email, field, is_right):
        raise Refused(wrong, field=field)


def prove_myself(secret: str, field: str, wrong: str, *, or_code: bool = False) -> None:
    """`prove` of whoever makes this request."""
    with db.reading():
        user = myself()
        session.expunge_all()
    prove(user, secret, field, wrong, or_code=or_code)


def fresh(view: View) -> View:
    """A view that runs only for somebody who has just proved who they are. Others are asked first; what they sent is
    carried through the question, so that nothing is typed twice."""

    @wraps(view)
    def asked(*args: Any, **values: Any) -> Any:
        if g.person.support is not None:
            raise Refused(_("This needs the password of whoever does it; support cannot."))
        if is_fresh():
            return view(*args, **values)
        if g.person.by_pin:
            raise Refused(_("A PIN is not enough for this; sign in with your password."))
        if request.method != "POST":
            return redirect(url_for("identity.confirm", next=request.full_path.rstrip("?")), 303)
        form = ProofForm(prefix="proof")
        if form.secret.data:
            with refusals(form):
                prove_myself(
                    form.secret.data,
                    "secret",
                    _("That is not right. After several tries one has to wait a little."),
                    or_code=True,
                )
            if not form.errors and not form.form_errors:
                with db.unit_of_work():
                    sessions.confirm(g.person.session_id)
                return view(*args, **values)
        return _question(form)

    return cast(View, asked)


def _question(form: ProofForm) -> Response:
    sent = [
        (name, value)
        for name, value in request.form.items(multi=True)
        if name != "csrf_token" and not name.startswith("proof-")
    ]
    return html.page("identity/confirm.html", status=422, form=form, action=request.full_path.rstrip("?"), sent=sent)
