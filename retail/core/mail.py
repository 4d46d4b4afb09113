"""Outgoing mail: a row in the transaction that wants it, sent by a worker; by default kept in the mailbox page.

Adapters are `mailbox:` (nothing leaves the machine; the mailbox page shows everything) and `smtp://` or `smtps://`.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from flask import current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ForeignKey, Index, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from config import MailServer
from retail.core import files
from retail.core.clock import now
from retail.core.db import Model, session, unit_of_work
from retail.core.errors import Refused
from retail.core.events import Happening, emit, event
from retail.core.files import StoredFile
from retail.core.tasks import Task, ask_for, task, try_again
from retail.core.tenancy import OfTenant


@event("mail.refused")
class MailRefused(Happening):
    """The mail server said that it will never take mail to this address: `reason` is what it said."""

    mail_id: int
    address: str
    reason: str


class Mail(OfTenant, Model):
    """One message to one address, with text and HTML."""

    __tablename__ = "mails"
    __table_args__ = (Index(None, "tenant_id", "created_at"),)

    to_address: Mapped[str]
    to_name: Mapped[str] = mapped_column(default="")
    subject: Mapped[str]
    text: Mapped[str]
    html: Mapped[str]
    category: Mapped[str] = mapped_column(default="system")
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(default="queued")
    error: Mapped[str | None]
    message_id: Mapped[str]

    attachments: Mapped[list[MailAttachment]] = relationship(lazy="selectin", viewonly=True)


class MailAttachment(OfTenant, Model):
    """A file that travels with a mail."""

    __tablename__ = "mail_attachments"

    mail_id: Mapped[int] = mapped_column(ForeignKey("mails.id"), index=True)
    file_id: Mapped[int] = mapped_column(ForeignKey("stored_files.id"))
    content_id: Mapped[str | None]

    file: Mapped[StoredFile] = relationship(lazy="joined", viewonly=True)


def send(
    to: str,
    subject: str,
    text: str,
    html: str,
    *,
    name: str = "",
    category: str = "system",
    attachments: Sequence[tuple[str, str, bytes]] = (),
    inline: Sequence[tuple[str, str, str, bytes]] = (),
) -> Mail:
    """`write` a mail, which leaves after the commit."""
    mail = write(to, subject, text, html, name=name, category=category, attachments=attachments, inline=inline)
    ask_for("mail.send", key=str(mail.id), mail_id=mail.id)
    return mail


def write(
    to: str,
    subject: str,
    text: str,
    html: str,
    *,
    name: str = "",
    category: str = "system",
    attachments: Sequence[tuple[str, str, bytes]] = (),
    inline: Sequence[tuple[str, str, str, bytes]] = (),
) -> Mail:
    """Write a mail in the present transaction, for whoever sees to its sending (`hand_over`).

    `attachments` are (name, content type, bytes); `inline` pictures (content id, name, content type, bytes), shown by
    `<img src="cid:…">`.
    """
    mail = Mail(
        to_address=to,
        to_name=name,
        subject=" ".join(subject.split()),
        text=text,
        html=html,
        category=category,
        created_at=now(),
        message_id=make_msgid(domain="counterfoil.local"),
    )
    session.add(mail)
    session.flush()
    for content_id, file_name, content_type, content in [("", *one) for one in attachments] + list(inline):
        stored = files.store(file_name, content_type, content)
        session.add(MailAttachment(mail_id=mail.id, file_id=stored.id, content_id=content_id or None))
    session.flush()
    return mail


@task(
    "mail.send",
    _l("Send a mail"),
    queue="default",
    timeout=120,
    retry_seconds=(10, 60, 300, 1800, 7200),
    quiet=True,
    of_business=True,
)
def _send(
    progress: object,  # noqa: ARG001  every task is handed it
    mail_id: int,
) -> None:
    problem = hand_over(mail_id)
    if problem is None:
        return
    if problem.is_final:
        with unit_of_work():
            address = session.get_one(Mail, mail_id).to_address
            emit(MailRefused(mail_id=mail_id, address=address, reason=problem.text))
        raise Refused(problem.text)
    raise RuntimeError(problem.text)


@dataclass(frozen=True)
class Problem:
    """Why a mail could not be sent. `is_final`: the mail server will never take it (SMTP 5xx to its reader)."""

    text: str
    is_final: bool


def hand_over(mail_id: int) -> Problem | None:
    """Give a mail to the mail server, once, and note what came of it. Outside of transactions, inside the tenant."""
    mail = session.get_one(Mail, mail_id)
    if mail.state == "sent":
        return None
    message = as_message(mail)
    session.rollback()
    problem = _deliver(message)
    with unit_of_work():
        row = session.get_one(Mail, mail_id)
        if problem is None:
            row.state, row.sent_at, row.error = "sent", now(), None
        else:
            row.state, row.sent_at, row.error = "failed", None, problem.text
    return problem


def send_again(mail_id: int) -> Mail:
    """Try once more to send a mail that could not be sent. Refused when it was sent or is on its way."""
    mail = session.get_one(Mail, mail_id)
    latest = select(Task.id).where(Task.name == "mail.send", Task.key == str(mail_id))
    if mail.state != "failed":
        raise Refused(_("This mail was sent, or is on its way."))
    try_again(session.scalars(latest).one())
    mail.state, mail.error = "queued", None
    return mail


def as_message(mail: Mail) -> EmailMessage:
    """The mail as it goes over the wire."""
    message = EmailMessage()
    message["From"] = current_app.config["MAIL_FROM"]
    message["To"] = f"{mail.to_name} <{mail.to_address}>" if mail.to_name else mail.to_address
    message["Subject"] = mail.subject
    message["Date"] = formatdate(mail.created_at.timestamp())
    message["Message-ID"] = mail.message_id
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    html_part = message.get_payload()[-1]  # type: ignore[index]
    for attachment in mail.attachments:
        main, _, sub = attachment.file.content_type.partition("/")
        content = files.path_of(attachment.file).read_bytes()
        if attachment.content_id:
            html_part.add_related(content, main, sub, cid=f"<{attachment.content_id}>", filename=attachment.file.name)  # type: ignore[union-attr]
        else:
            message.add_attachment(content, main, sub, filename=attachment.file.name)
    return message


def _deliver(message: EmailMessage) -> Problem | None:
    """Hand the message to the configured adapter; returns what went wrong, or None."""
    where: MailServer | None = current_app.config["MAIL_SERVER"]
    if where is None:
        return None
    try:
        context = ssl.create_default_context()
        connection = (
            smtplib.SMTP_SSL(where.host, where.port, timeout=30, context=context)
            if where.tls == "tls"
            else smtplib.SMTP(where.host, where.port, timeout=30)
        )
        with connection as server:
            if where.tls == "starttls":
                server.starttls(context=context)
            if where.user:
                server.login(where.user, where.password)
            server.send_message(message)
    except smtplib.SMTPRecipientsRefused as problem:
        codes = [code for code, _text in problem.recipients.values()]
        return Problem(_in_words(problem), is_final=bool(codes) and all(code >= 500 for code in codes))
    except smtplib.SMTPDataError as problem:
        return Problem(_in_words(problem), is_final=problem.smtp_code in NO_SUCH_READER)
    except (OSError, smtplib.SMTPException) as problem:
        return Problem(_in_words(problem), is_final=False)
    return None


NO_SUCH_READER = frozenset({550, 551, 553})
"""What a server that looks at the whole mail first answers about its reader; 552 and 554 may be about the mail."""


def _in_words(problem: Exception) -> str:
    return f"{type(problem).__name__}: {problem}"
