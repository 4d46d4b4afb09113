"""The form of a tax rate."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.validators import InputRequired, Length, Regexp

from retail.core.forms import Above, DecimalField, Form


class TaxRateForm(Form):
    """A rate in percent, under the code by which products and files name it."""

    name = StringField(_l("Name"), [InputRequired(), Length(max=60)], description=_l("As printed, such as VAT 20 %."))
    code = StringField(
        _l("Code"),
        [InputRequired(), Regexp(r"^[a-z0-9-]{1,20}$", message=_l("Small letters, digits and hyphens, at most 20."))],
    )
    percent = DecimalField(_l("Rate"), [InputRequired(), Above(0, or_equal=True)], places=3)
