"""The shape of what is entered on the pages of operations."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import IntegerField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length, Optional

from retail.core.forms import Form
from retail.core.parked import LONGEST_REASON
from retail.operations.cron_words import Rhythm, weekday_name


class RhythmForm(Form):
    """When a schedule happens."""

    every = SelectField(
        _l("How often"),
        choices=[
            SelectChoice("day", _l("Every day")),
            SelectChoice("week", _l("Every week")),
            SelectChoice("month", _l("Every month")),
            SelectChoice("hour", _l("Every hour")),
            SelectChoice("custom", _l("By a cron line")),
        ],
    )
    time = StringField(_l("At"), description=_l("On the shop's clock; of an hourly schedule only the minutes count."))
    weekday = SelectField(_l("On"), coerce=int, description=_l("For a weekly schedule."))
    day = IntegerField(_l("Day of the month"), [Optional()], description=_l("For a monthly schedule: 1 to 28."))
    cron = StringField(_l("Cron line"), description=_l("Minute, hour, day, month, weekday, such as 0 7 * * 1-5."))

    def offer_weekdays(self) -> None:
        """Monday first."""
        self.weekday.choices = [SelectChoice(day, weekday_name(day)) for day in (1, 2, 3, 4, 5, 6, 0)]

    @property
    def rhythm(self) -> Rhythm:
        """What was entered."""
        return Rhythm(
            self.every.data, self.time.data or "", int(self.weekday.data or 0), self.day.data or 1, self.cron.data or ""
        )


class SkipForm(Form):
    """Why an event is never delivered."""

    reason = StringField(
        _l("Why"),
        [DataRequired(_l("Say why it is skipped; the audit keeps it.")), Length(max=LONGEST_REASON)],
        description=_l("Those it was meant for are never told; the audit keeps why."),
    )
