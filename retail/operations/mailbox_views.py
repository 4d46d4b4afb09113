"""The mailbox: every mail the program wrote, as its reader sees it."""

from __future__ import annotations

import base64
import re
from typing import Any

from flask import make_response, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.utils import send_file
from werkzeug.wrappers import Response

from retail.core import files, html, mail, tables
from retail.core.db import session
from retail.core.errors import NotFound
from retail.core.mail import Mail
from retail.core.module import MenuItem
from retail.operations import module
from retail.operations.tables import MAIL_STATES, TONES, Mails
from retail.permissions import Can

module.menu.append(MenuItem(_l("Mailbox"), "operations.mailbox", "mail", _l("Operations"), order=80))
# The message of somebody else's making: no script, no form, nothing fetched from anywhere, no cookies.
MAIL_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
_PICTURE = re.compile(r"""(["'])cid:([^"']+)\1""")


def _mail(mail_id: int) -> Mail:
    row = session.get(Mail, mail_id)
    if row is None:
        raise NotFound(_("There is no such mail."))
    return row


@module.get("/mailbox/", needs=Can.SEE_MAILBOX)
def mailbox() -> Any:
    """Every mail, newest first."""
    return tables.table_page(
        Mails(), "operations/mailbox.html", title=_("Mailbox"), subtitle=_("Every mail the program wrote.")
    )


@module.get("/mailbox/<int:mail_id>", needs=Can.SEE_MAILBOX)
def mail_page(mail_id: int) -> Response:
    """One mail: as its reader sees it, as text, with what is attached."""
    row = _mail(mail_id)
    return html.page(
        "operations/mail.html",
        mail=row,
        state=MAIL_STATES.get(row.state, row.state),
        tone=TONES.get(row.state) or "neutral",
        attachments=[one for one in row.attachments if not one.content_id],
        breadcrumbs=[(_("Mailbox"), url_for("operations.mailbox")), (row.subject, None)],
    )


@module.post("/mailbox/<int:mail_id>/again", needs=Can.MANAGE_SCHEDULES)
def send_mail_again(mail_id: int) -> Response:
    """Try once more to send what could not be sent."""
    mail.send_again(_mail(mail_id).id)
    return html.done(_("It is on its way again."), url_for("operations.mail_page", mail_id=mail_id))


@module.get("/mailbox/<int:mail_id>/html", needs=Can.SEE_MAILBOX)
def mail_html(mail_id: int) -> Response:
    """The mail's own page, shut off from ours; its pictures travel inside it, for it may fetch nothing."""
    row = _mail(mail_id)
    pictures = {one.content_id: one.file for one in row.attachments if one.content_id}

    def inline(found: re.Match[str]) -> str:
        picture = pictures.get(found[2])
        if picture is None:
            return found[0]
        content = base64.b64encode(files.path_of(picture).read_bytes()).decode()
        return f'"data:{picture.content_type};base64,{content}"'

    response = make_response(_PICTURE.sub(inline, row.html))
    response.headers["Content-Security-Policy"] = MAIL_POLICY
    response.headers["Cache-Control"] = "private, no-store"
    return response


@module.get("/mailbox/<int:mail_id>/attachments/<int:attachment_id>", needs=Can.SEE_MAILBOX)
def mail_attachment(mail_id: int, attachment_id: int) -> Response:
    """A file that came with a mail, always as a download."""
    for one in _mail(mail_id).attachments:
        if one.id == attachment_id:
            return send_file(
                files.path_of(one.file),
                request.environ,
                mimetype=one.file.content_type,
                as_attachment=True,
                download_name=one.file.name,
            )
    raise NotFound(_("There is no such attachment."))
