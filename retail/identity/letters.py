"""The mails about somebody's account, in their language: links to set a password, and news of what was changed."""

from __future__ import annotations

from flask import current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from retail.core import mail
from retail.core.db import session
from retail.core.language import attributes, speaking, tells_locales
from retail.core.links import absolute
from retail.identity import links
from retail.identity.models import User
from retail.tenancy.queries import current_tenant


def address_of(user: User, purpose: links.Purpose) -> str:
    """The whole link. It is built on the configured address of the program, never on what a request claims as host."""
    return absolute("identity.set_password", purpose=purpose, link=links.make(user, purpose))


@tells_locales
def locale_for(user_id: int | None) -> str:
    """In which language to write to somebody: their own, else that of their business."""
    user = session.get(User, user_id) if user_id is not None else None
    return (user.locale if user is not None else None) or current_tenant().locale


NEWS = {
    "password": _l("Your password was changed."),
    "passkey": _l("A passkey was added to your account."),
    "passkey_removed": _l("A passkey was removed from your account."),
    "second_factor_on": _l("A second factor was set up for your account."),
    "second_factor_off": _l("The second factor of your account was turned off."),
    "removed": _l("Your second factor and your passkeys were removed by somebody who manages people."),
    "recovery_code": _l("Somebody signed in to your account with a recovery code."),
    "recovery_codes": _l("New recovery codes were made for your account."),
    "pin": _l("A PIN was set for your account."),
    "pin_removed": _l("The PIN of your account was removed."),
}
"""What is told to people at once because, if it was not them, somebody else has their account in hand."""


def tell(user: User, news: str) -> None:
    """Mail somebody that what they prove themselves by was changed; `news` is a key of NEWS. Called where the change is
    written, so that no way to it is forgotten. Inside their tenant, also where there is no request."""
    locale = locale_for(user.id)
    with speaking(locale):
        _write_news(user, news, locale)


def _write_news(user: User, news: str, locale: str) -> None:
    shop, said = current_tenant().name, str(NEWS[news])
    words = [
        _("Hello %(name)s,", name=user.name),
        said,
        _("If it was not you, set a new password at once and tell whoever manages people at %(shop)s.", shop=shop),
    ]
    address = absolute("identity.forgotten")
    label = _("Set a new password")
    note = _("Time and device are listed in your profile, under Security.")
    text = "\n\n".join([*words, f"{label}:\n{address}", note]) + "\n"
    html = current_app.jinja_env.get_template("identity/mail_link.html").render(
        subject=said,
        words=words,
        address=address,
        label=label,
        note=note,
        spoken=attributes(locale),
    )
    mail.send(user.email, said, text, html, name=user.name, category="account")


def send_link(user: User, purpose: links.Purpose) -> None:
    """Mail somebody a link by which they can set a password. Inside their tenant."""
    locale = locale_for(user.id)
    with speaking(locale):
        _write_link(user, purpose, locale)


def _write_link(user: User, purpose: links.Purpose, locale: str) -> None:
    shop, address = current_tenant().name, address_of(user, purpose)
    if purpose == "invitation":
        subject = _("You are invited to %(shop)s", shop=shop)
        words = [
            _("Hello %(name)s,", name=user.name),
            _("%(shop)s has given you an account. Choose a password and you can start.", shop=shop),
        ]
        label, note = _("Choose a password"), _("The link works once, for seven days.")
    else:
        subject = _("Set a new password for %(shop)s", shop=shop)
        words = [
            _("Hello %(name)s,", name=user.name),
            _("Somebody, most likely you, asked for a new password. If it was not you, ignore this mail."),
        ]
        label, note = _("Set a new password"), _("The link works once, for one hour.")
    text = "\n\n".join([*words, f"{label}:\n{address}", note]) + "\n"
    html = current_app.jinja_env.get_template("identity/mail_link.html").render(
        subject=subject,
        words=words,
        address=address,
        label=label,
        note=note,
        spoken=attributes(locale),
    )
    mail.send(user.email, subject, text, html, name=user.name, category="account")
