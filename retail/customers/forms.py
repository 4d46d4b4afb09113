"""The form of a customer."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from retail.core.forms import Form, choices_from
from retail.core.language import LOCALES
from retail.customers.services import LONGEST


class CustomerForm(Form):
    """How to call and how to reach somebody who buys."""

    name = StringField(_l("Name"), [InputRequired(), Length(max=LONGEST["name"])])
    code = StringField(
        _l("Code"),
        [Optional(), Length(max=LONGEST["code"])],
        description=_l("On loyalty cards and in files. Leave it empty and one is given."),
    )
    email = StringField(_l("E-mail"), [Optional(), Length(max=LONGEST["email"])])
    phone = StringField(_l("Telephone"), [Optional(), Length(max=LONGEST["phone"])])
    country = StringField(_l("Country"), [Optional(), Length(max=LONGEST["country"])])
    locale = SelectField(
        _l("Language"),
        choices=choices_from([("", _l("As the shop")), *LOCALES.items()]),
        description=_l("Their receipts are written in it."),
        default="",
    )
    note = TextAreaField(
        _l("Note"),
        [Optional(), Length(max=LONGEST["note"])],
        description=_l("For the staff; never shown to the customer."),
    )
