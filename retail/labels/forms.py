"""The form of a paper of the shop's own."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import IntegerField, StringField
from wtforms.validators import InputRequired, Length, NumberRange, ValidationError

from retail.core.forms import DecimalField, Form

LONGEST, LARGEST = 80, 1000


def _between(least: int) -> Any:
    def check(_form: Any, field: Any) -> None:
        if field.data is not None and not least <= field.data <= LARGEST:
            raise ValidationError(_("From %(least)s to %(most)s mm.", least=least, most=LARGEST))

    return check


def _length(label: Any, least: int, description: Any = "") -> Any:
    return DecimalField(label, [InputRequired(), _between(least)], places=4, description=description)


class PaperForm(Form):
    """A paper as its pack or template describes it; all lengths in millimeters."""

    name = StringField(_l("Name"), [InputRequired(), Length(max=LONGEST)])
    page_width = _length(_l("Sheet width"), 5, _l("For a roll: the width of one label."))
    page_height = _length(_l("Sheet height"), 5, _l("For a roll: the height of one label."))
    label_width = _length(_l("Label width"), 5)
    label_height = _length(_l("Label height"), 5)
    columns = IntegerField(_l("Labels beside each other"), [InputRequired(), NumberRange(1, 40)], default=1)
    rows = IntegerField(_l("Labels below each other"), [InputRequired(), NumberRange(1, 80)], default=1)
    left = _length(_l("From the left edge to the first label"), 0)
    top = _length(_l("From the upper edge to the first label"), 0)
    step_x = _length(_l("From one label to the one beside it"), 0, _l("Left edge to left edge; 0 on a roll."))
    step_y = _length(_l("From one label to the one below it"), 0, _l("Upper edge to upper edge; 0 on a roll."))

    @property
    def measures(self) -> dict[str, Any]:
        """All but the name, as `services.keep_paper` takes them."""
        return {name: field.data for name, field in self._fields.items() if name != "name"}
