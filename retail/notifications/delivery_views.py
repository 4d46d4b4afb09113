"""What left the program: the log for administrators, the texts, and what Twilio says became of them."""

from __future__ import annotations

from typing import Any

from flask import Response as PlainResponse
from flask import abort, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from retail.core import html, tables
from retail.core.db import session
from retail.core.errors import NotFound
from retail.core.links import absolute, link
from retail.core.module import MenuItem
from retail.core.tenancy import inside
from retail.identity.models import User
from retail.notifications import delivery_services, module, twilio
from retail.notifications.labels import CHANNEL_WORDS, STATE_TONES, STATE_WORDS
from retail.notifications.models import Notification, NotificationDelivery, ShortMessage
from retail.notifications.preference_queries import sms_account
from retail.notifications.preference_services import token_of
from retail.notifications.tables import Deliveries, Texts
from retail.permissions import PUBLIC, Can

module.menu.append(MenuItem(_l("Deliveries"), "notifications.deliveries", "send", _l("Operations"), order=81))


@module.get("/deliveries", needs=Can.SEE_DELIVERIES)
def deliveries() -> Any:
    """Everything that was sent to people, newest first."""
    return tables.table_page(
        Deliveries(),
        "notifications/deliveries.html",
        title=_("Deliveries"),
        subtitle=_("What was sent to people outside the program, and what came of it."),
    )


def _delivery(delivery_id: int) -> NotificationDelivery:
    row = session.get(NotificationDelivery, delivery_id)
    if row is None:
        raise NotFound(_("There is no such delivery."))
    return row


@module.get("/deliveries/<int:delivery_id>", needs=Can.SEE_DELIVERIES)
def delivery_page(delivery_id: int) -> Response:
    """One message: to whom, every attempt, and why it did not arrive."""
    row = _delivery(delivery_id)
    notification = session.get_one(Notification, row.notification_id)
    user = session.get_one(User, row.user_id)
    mail_url = None
    if row.channel == "email" and row.reference:
        mail_url = link("operations.mail_page", mail_id=int(row.reference))
    return html.page(
        "notifications/delivery.html",
        row=row,
        notification=notification,
        user=user,
        channel=str(CHANNEL_WORDS[row.channel]),
        state=str(STATE_WORDS.get(row.state, row.state)),
        tone=STATE_TONES.get(row.state, "neutral"),
        mail_url=mail_url,
        breadcrumbs=[(_("Deliveries"), url_for("notifications.deliveries")), (notification.title, None)],
    )


@module.post("/deliveries/<int:delivery_id>/again", needs=Can.MANAGE_SCHEDULES)
def deliver_again(delivery_id: int) -> Response:
    """Try once more what was given up."""
    delivery_services.deliver_again(delivery_id)
    return html.done(_("It is on its way again."), url_for("notifications.delivery_page", delivery_id=delivery_id))


@module.get("/texts", needs=Can.SEE_MAILBOX)
def texts() -> Any:
    """Every SMS, newest first."""
    return tables.table_page(
        Texts(),
        "notifications/texts.html",
        title=_("Mailbox"),
        subtitle=_("Every SMS the program wrote."),
    )


@module.post("/sms/status/<mark>", needs=PUBLIC)
def sms_status(mark: str) -> Response:
    """Twilio says what became of a text; believed only with its signature."""
    named = twilio.text_of(mark)
    if named is None:
        abort(403)
    tenant_id, text_id = named
    with inside(tenant_id):
        account = sms_account()
        row = session.get(ShortMessage, text_id)
        if account is None or row is None:
            abort(403)
        given = request.headers.get("X-Twilio-Signature", "")
        address = absolute("notifications.sms_status", mark=mark)
        if not twilio.is_signed(given, token_of(account), address, request.form.items(multi=True)):
            abort(403)
        state = twilio.ENDS.get(request.form.get("MessageStatus", ""))
        if state is not None:
            error, no_good = "", False
            if state == "failed":
                error, no_good = twilio.said_later(request.form.get("ErrorCode", ""))
            row.state, row.error = state, error
            if row.delivery_id is not None:
                delivery_services.confirm(row.delivery_id, "stopped" if no_good else state, error)
        html.settle(keep=True)
    return PlainResponse(status=204)
