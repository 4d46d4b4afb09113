"""The form of a customer."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional, Regexp

from retail.core.forms import Form, choices_from
from retail.core.language import LOCALES


class CustomerForm(Form):
    """How to call and how to reach somebody who buys."""

    name = StringField(_l("Name"), [InputRequired(), Length(max=160)])
    code = StringField(
        _l("Code"),
        [Optional(), Length(max=40)],
        description=_l("On loyalty cards and in files. Leave it empty and one is given."),
    )
    email = StringField(
        _l("E-mail"),
        [Optional(), Length(max=254), Regexp(r"^[^@\s]+@[^@\s]+$", message=_l("That is no e-mail address."))],
    )
    phone = StringField(_l("Telephone"), [Optional(), Length(max=40)])
    country = StringField(_l("Country"), [Optional(), Length(max=60)])
    locale = SelectField(
        _l("Language"),
        choices=choices_from([("", _l("As the shop")), *LOCALES.items()]),
        description=_l("Their receipts are written in it."),
        default="",
    )
    note = TextAreaField(
        _l("Note"), [Optional(), Length(max=2000)], description=_l("For the staff; never shown to the customer.")
    )
