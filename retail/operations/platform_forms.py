"""The forms of the platform's pages."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from retail.core.forms import IS_EMAIL, Form, choices_from
from retail.core.language import LOCALES
from retail.tenancy.forms import currencies, timezones

MOST_EACH_MINUTE = 9_999_999
BLOCK_HOURS = ((1, _l("1 hour")), (24, _l("1 day")), (168, _l("1 week")), (720, _l("30 days")), (0, _l("For good")))
HOURS = ((1, _l("1 hour")), (8, _l("8 hours")), (24, _l("24 hours")))


class NewBusinessForm(Form):
    """A business and who owns it."""

    name = StringField(_l("Name of the business"), [InputRequired(), Length(max=120)])
    currency = SelectField(_l("Currency"), default="GBP", description=_l("It stays once something was sold."))
    timezone = SelectField(_l("Time zone"), default="Europe/London")
    locale = SelectField(_l("Language and formats"), choices=choices_from(LOCALES.items()))
    owner_name = StringField(_l("Name of the owner"), [InputRequired(), Length(max=120)])
    owner_email = StringField(
        _l("E-mail of the owner"),
        [
            InputRequired(),
            Length(max=254),
            IS_EMAIL,
        ],
        description=_l("They are sent a link by which they choose a password."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency.choices = choices_from(currencies())
        self.timezone.choices = choices_from(timezones())


class SuspendForm(Form):
    """Why a business is put out of force."""

    reason = StringField(
        _l("Reason"), [InputRequired(), Length(max=200)], description=_l("Its people are told when they sign in.")
    )


class AskForAccessForm(Form):
    """What support wants to look at, and for how long."""

    purpose = TextAreaField(
        _l("What for"), [InputRequired(), Length(max=500)], description=_l("The owner reads it before they answer.")
    )
    hours = SelectField(_l("For how long"), coerce=int, choices=choices_from(HOURS))


class LimitsForm(Form):
    """How many requests a minute are allowed; a field that is left empty means what the setting says."""

    user = IntegerField(_l("One person who is signed in"), [Optional(), NumberRange(0, MOST_EACH_MINUTE)])
    address = IntegerField(_l("One address, nobody signed in"), [Optional(), NumberRange(0, MOST_EACH_MINUTE)])


class BlockForm(Form):
    """An address or network that is served no more."""

    network = StringField(
        _l("Address or network"),
        [InputRequired(), Length(max=64)],
        description=_l("Such as 192.0.2.7, 192.0.2.0/24 or 2001:db8:1:2::/64; of IPv6 a home has a /64."),
    )
    reason = StringField(_l("Reason"), [InputRequired(), Length(max=200)])
    hours = SelectField(_l("For how long"), coerce=int, default=24, choices=choices_from(BLOCK_HOURS))
    sure = BooleanField(_l("Block it although it takes in my own address, this machine or a very large network"))
