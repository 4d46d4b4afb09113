"""The mails that carry notifications: one at once, or a digest of many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import current_app
from flask_babel import get_locale, ngettext
from flask_babel import gettext as _

from retail.core import mail
from retail.core.language import attributes
from retail.core.links import absolute
from retail.identity.models import User
from retail.notifications.labels import category_label
from retail.notifications.models import CATEGORIES, Notification
from retail.notifications.outcomes import Parcel
from retail.tenancy.queries import current_tenant

LONGEST_DIGEST = 200


def _html(template: str, **context: Any) -> str:
    """A mail's HTML, straight from its template: what pages get besides (menu, theme, tokens) has no place in it."""
    spoken = attributes(str(get_locale() or "en"))
    return current_app.jinja_env.get_template(template).render(context, spoken=spoken)


def write_one(parcel: Parcel) -> mail.Mail:
    """The mail of one notification."""
    label = _("Open it in %(shop)s", shop=parcel.shop)
    settings = absolute("notifications.preferences")
    note = _("You get this mail because your preferences ask for it.")
    parts = (parcel.title, parcel.text, f"{label}:\n{parcel.url}", f"{note}\n{settings}")
    html = _html("notifications/mail/one.html", parcel=parcel, label=label, note=note, settings=settings)
    text = "\n\n".join(part for part in parts if part) + "\n"
    subject = f"{parcel.shop} · {parcel.title}"
    return mail.write(parcel.target, subject, text, html, name=parcel.name, category="notification")


def write_digest(user: User, rows: Sequence[Notification]) -> mail.Mail:
    """One mail of everything, by category, the newest first; what is too much for a mail is counted."""
    shop = current_tenant().name
    subject = ngettext("%(num)s thing to know at %(shop)s", "%(num)s things to know at %(shop)s", len(rows), shop=shop)
    newest = sorted(rows, key=lambda one: (one.happened_at, one.id), reverse=True)[:LONGEST_DIGEST]
    groups = [
        (category_label(category), found)
        for category in CATEGORIES
        if (found := [one for one in newest if one.category == category])
    ]
    lines = []
    for label, found in groups:
        lines += [label.upper(), *(f"- {one.title}" + (f": {one.text}" if one.text else "") for one in found), ""]
    address, settings = absolute("notifications.index"), absolute("notifications.preferences")
    note = _("You get this mail because your preferences ask for it.")
    html = _html(
        "notifications/mail/digest.html",
        subject=subject,
        shop=shop,
        groups=groups,
        more=len(rows) - len(newest),
        address=address,
        settings=settings,
        note=note,
        link=lambda one: absolute("notifications.go", notification_id=one.id),
    )
    ending = [_("All notifications") + f":\n{address}", f"{note}\n{settings}"]
    text = "\n".join(lines) + "\n" + "\n\n".join(ending) + "\n"
    return mail.send(user.email, subject, text, html, name=user.name, category="digest")
