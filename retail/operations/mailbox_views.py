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

from retail.core import files, html, tables
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
    mail = session.get(Mail, mail_id)
    if mail is None:
        raise NotFound(_("There is no such mail."))
    return mail


@module.get("/mailbox/", needs=Can.SEE_MAILBOX)
def mailbox() -> Any:
    """Every mail, newest first."""
    return tables.table_page(
        Mails(), "operations/mailbox.html", title=_("Mailbox"), subtitle=_("Every mail the program wrote.")
    )


@module.get("/mailbox/<int:mail_id>", needs=Can.SEE_MAILBOX)
def mail_page(mail_id: int) -> Response:
    """One mail: as its reader sees it, as text, with what is attached."""
    mail = _mail(mail_id)
    return html.page(
        "operations/mail.html",
        mail=mail,
        state=MAIL_STATES.get(mail.state, mail.state),
        tone=TONES.get(mail.state) or "neutral",
        attachments=[one for one in mail.attachments if not one.content_id],
        breadcrumbs=[(_("Mailbox"), url_for("operations.mailbox")), (mail.subject, None)],
    )


@module.get("/mailbox/<int:mail_id>/html", needs=Can.SEE_MAILBOX)
def mail_html(mail_id: int) -> Response:
    """The mail's own page, shut off from ours; its pictures travel inside it, for it may fetch nothing."""
    mail = _mail(mail_id)
    pictures = {one.content_id: one.file for one in mail.attachments if one.content_id}

    def inline(found: re.Match[str]) -> str:
        picture = pictures.get(found[2])
        if picture is None:
            return found[0]
        content = base64.b64encode(files.path_of(picture).read_bytes()).decode()
        return f'"data:{picture.content_type};base64,{content}"'

    response = make_response(_PICTURE.sub(inline, mail.html))
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
