"""The forms of how people want to be told. The matrix itself is read field by field: its names follow from what there
is."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, IntegerField, PasswordField, SelectField, StringField, TimeField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from retail.core.forms import Form, choices_from

DIGESTS = (("daily", _l("Once a day")), ("hourly", _l("Every hour")))


class ReachForm(Form):
    """Where and when somebody is reached outside the program."""

    phone = StringField(
        _l("Mobile number for SMS"),
        [Optional(), Length(max=30)],
        description=_l("With its country, such as +44 7700 900123. Empty: no SMS."),
    )
    quiet_from = TimeField(_l("Quiet from"), [Optional()])
    quiet_to = TimeField(_l("Quiet until"), [Optional()])
    urgent_anyway = BooleanField(_l("Urgent ones reach me at any hour"))
    digest = SelectField(_l("E-mail digest"), choices=choices_from(DIGESTS))
    digest_hour = IntegerField(
        _l("Hour of the daily digest"),
        [InputRequired(), NumberRange(0, 23)],
        description=_l("From 0 to 23, on your clock."),
    )


class SmsAccountForm(Form):
    """The Twilio account of the business."""

    account_sid = StringField(_l("Account SID"), [InputRequired(), Length(max=60)])
    auth_token = PasswordField(_l("Auth token"), [Optional(), Length(max=120)])
    sender = StringField(
        _l("Sender"),
        [InputRequired(), Length(max=60)],
        description=_l("A number you bought, such as +447700900123, or a messaging service (MG…)."),
    )
    active = BooleanField(
        _l("Send by this account"), description=_l("Without it, texts stay in the mailbox, where they can be read.")
    )


class SubscriptionForm(Form):
    """What a browser says of itself when it wants to be woken."""

    endpoint = StringField(_l("Address"), [InputRequired(), Length(max=1000)])
    p256dh = StringField(_l("Key"), [InputRequired(), Length(max=200)])
    auth = StringField(_l("Secret"), [InputRequired(), Length(max=100)])
