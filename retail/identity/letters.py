"""The mails that carry a link to set a password, in the language of whoever reads them."""

from __future__ import annotations

from flask import current_app, render_template, url_for
from flask_babel import gettext as _

from retail.core import mail
from retail.core.db import session
from retail.core.language import attributes, speaking, tells_locales
from retail.identity import links
from retail.identity.models import User
from retail.tenancy.queries import current_tenant


def address_of(user: User, purpose: links.Purpose) -> str:
    """The whole link. It is built on the configured address of the program, never on what a request claims as host."""
    path = url_for("identity.set_password", purpose=purpose, link=links.make(user, purpose))
    return str(current_app.config["PUBLIC_URL"]).rstrip("/") + path


@tells_locales
def locale_for(user_id: int | None) -> str:
    """In which language to write to somebody: their own, else that of their business."""
    user = session.get(User, user_id) if user_id is not None else None
    return (user.locale if user is not None else None) or current_tenant().locale


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
    html = render_template(
        "identity/mail_link.html",
        subject=subject,
        words=words,
        address=address,
        label=label,
        note=note,
        spoken=attributes(locale),
    )
    mail.send(user.email, subject, text, html, name=user.name, category="account")
