"""The forms of the shop's settings and its locations."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from babel.numbers import get_currency_name, list_currencies
from flask_babel import get_locale
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, SelectField, StringField, TextAreaField, TimeField
from wtforms.validators import InputRequired, Length, Optional, Regexp

from retail.core.forms import Form, choices_from
from retail.core.language import LOCALES

KINDS = (("shop", _l("Shop")), ("warehouse", _l("Warehouse")))


def timezones() -> list[tuple[str, str]]:
    """The time zones to choose from, by the names of cities."""
    return [(zone, zone.replace("_", " ")) for zone in sorted(available_timezones()) if "/" in zone or zone == "UTC"]


def currencies() -> list[tuple[str, str]]:
    """The currencies to choose from, by their names in the reader's language."""
    locale = get_locale() or "en"
    return [(code, f"{code} · {get_currency_name(code, locale=locale)}") for code in sorted(list_currencies(locale))]


class SettingsForm(Form):
    """Who the business is, and how it counts money and days."""

    name = StringField(_l("Name"), [InputRequired(), Length(max=120)])
    address = TextAreaField(_l("Address"), [Optional(), Length(max=500)])
    tax_id = StringField(_l("Tax number"), [Optional(), Length(max=40)])
    email = StringField(_l("E-mail"), [Optional(), Length(max=254)])
    phone = StringField(_l("Telephone"), [Optional(), Length(max=40)])
    currency = SelectField(_l("Currency"))
    timezone = SelectField(_l("Time zone"))
    locale = SelectField(_l("Language and formats"), choices=choices_from(LOCALES.items()))
    day_start = TimeField(
        _l("The business day begins at"),
        [InputRequired()],
        description=_l("Sales made before it belong to the day before; midnight for most shops."),
    )
    prices_include_tax = BooleanField(
        _l("Prices include tax"),
        description=_l("As on the shelf in Europe. Without it, tax is added when the sale is paid."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency.choices = choices_from(currencies())
        self.timezone.choices = choices_from(timezones())


class ReceiptForm(Form):
    """What is printed above and below every sale."""

    receipt_header = TextAreaField(
        _l("Above the sale"), [Optional(), Length(max=500)], description=_l("Under the name and address of the shop.")
    )
    receipt_footer = TextAreaField(
        _l("Below the sale"),
        [Optional(), Length(max=500)],
        description=_l("Thanks, returns, opening hours, a web address."),
    )


class LocationForm(Form):
    """A shop or a warehouse."""

    name = StringField(_l("Name"), [InputRequired(), Length(max=80)])
    kind = SelectField(_l("Kind"), choices=choices_from(KINDS))
    address = TextAreaField(_l("Address"), [Optional(), Length(max=500)])
    allows_negative_stock = BooleanField(
        _l("Sell what is not in stock"),
        description=_l("The level may fall below nothing until it is counted. Without it, such a sale is refused."),
    )
    active = BooleanField(_l("In use"))


class NewLocationForm(LocationForm):
    """A new location, with the short code that files and commands name it by."""

    code = StringField(
        _l("Code"),
        [InputRequired(), Regexp(r"^[a-z0-9-]{1,20}$", message=_l("Small letters, digits and hyphens, at most 20."))],
        description=_l("Short and lasting, such as high-street; it cannot be changed later."),
    )
