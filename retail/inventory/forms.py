"""The shape of what the stock pages send."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateField, HiddenField, IntegerField, RadioField, SelectField, StringField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from retail.catalog.queries import category_choices
from retail.core.errors import Refused
from retail.core.forms import Form, QuantityField, choices_from, read_decimal
from retail.core.places import is_here
from retail.inventory.labels import COUNT_KINDS, REASONS, TRACKINGS
from retail.inventory.services import Named, named_in, numbers_in
from retail.tenancy.queries import every_location, locations

MOST_LINES = 300
LINE = re.compile(r"lines-(\d{1,4})-variant")


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 18


class ReceiveForm(Form):
    """Goods that come in; their lines are read beside it."""

    key = HiddenField()
    location = SelectField(_l("Into"), coerce=int)
    reference = StringField(
        _l("Reference"), [Length(max=200)], description=_l("What the delivery note or the supplier calls it.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.location.choices = choices_from((one.id, one.name) for one in locations())


class TransferForm(Form):
    """Goods that go to another location; their lines are read beside it."""

    key = HiddenField()
    location = SelectField(_l("From"), coerce=int)
    to_location = SelectField(_l("To"), coerce=int)
    how = RadioField(
        _l("What happens?"),
        choices=choices_from(
            [
                ("send", _l("They go on their way; the other side receives them")),
                ("now", _l("I carry them over; they are there at once")),
                ("request", _l("We only ask for them")),
            ]
        ),
        validate_choice=False,
    )
    reference = StringField(_l("Note"), [Length(max=200)])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # One end is where the person works, and stands first.
        ends = sorted(every_location(), key=lambda one: not is_here(one.id))
        places = choices_from((one.id, one.name) for one in ends)
        self.location.choices = self.to_location.choices = places
        if len(locations()) < 2:
            self.how.choices = [one for one in self.how.choices if one.value != "now"]


class ArrivalForm(Form):
    """What came of a transfer; its lines are read beside it."""

    key = HiddenField()
    reference = StringField(_l("Note"), [Length(max=200)])


class CallBackForm(Form):
    """Why what is on its way comes back."""

    key = HiddenField()
    reason = StringField(_l("Reason"), [InputRequired(_l("Say why; it is kept with the transfer.")), Length(max=200)])


class CountForm(Form):
    """A count to begin with."""

    key = HiddenField()
    location = SelectField(_l("Where"), coerce=int)
    kind = RadioField(_l("What is counted?"), choices=choices_from(COUNT_KINDS.items()), default="cyclic")
    category = SelectField(_l("Category"), coerce=int, description=_l("For a count of one category."), default=0)
    most = IntegerField(
        _l("At most"), [Optional(), NumberRange(1, 500)], default=50, description=_l("Articles, when it is their turn.")
    )
    blind = BooleanField(
        _l("Blind"), default=True, description=_l("Whoever counts does not see how many there should be.")
    )
    note = StringField(_l("Note"), [Length(max=200)])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.location.choices = choices_from((one.id, one.name) for one in locations())
        self.category.choices = choices_from([(0, "–"), *category_choices()])


class AdjustForm(Form):
    """A level put right: by how much, or to what was counted."""

    key = HiddenField()
    location = SelectField(_l("Location"), coerce=int)
    how = RadioField(
        _l("What do you know?"),
        choices=choices_from(
            [
                ("counted", _l("How many there are")),
                ("less", _l("How many are gone")),
                ("more", _l("How many came to light")),
            ]
        ),
        default="counted",
    )
    quantity = QuantityField(_l("Quantity"), [InputRequired()])
    reason = SelectField(_l("Reason"), choices=choices_from(REASONS.items()), default="correction")
    note = StringField(_l("Note"), [Length(max=200)])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.location.choices = choices_from((one.id, one.name) for one in locations())


class ScrapForm(Form):
    """Some of a lot, or a piece, that is no longer there or no longer good."""

    key = HiddenField()
    location = SelectField(_l("Location"), coerce=int)
    quantity = QuantityField(_l("Quantity"), [InputRequired()])
    reason = SelectField(_l("Reason"), choices=choices_from(REASONS.items()))
    note = StringField(_l("Note"), [Length(max=200)])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.location.choices = choices_from((one.id, one.name) for one in locations())


class TrackingForm(Form):
    """How the goods of a product are told apart."""

    tracking = RadioField(_l("Told apart"), choices=choices_from(TRACKINGS.items()), default="none")
    warranty_months = IntegerField(
        _l("Warranty in months"),
        [Optional(), NumberRange(0, 600)],
        default=0,
        description=_l("Counted from the sale of a piece; 0 for none."),
    )


class NumberForm(Form):
    """Goods that get the number of a lot, or each its own."""

    key = HiddenField()
    location = SelectField(_l("Location"), coerce=int, id="number-location")
    quantity = QuantityField(_l("Quantity"), [InputRequired()], id="number-quantity")
    numbers = StringField(_l("Lot, or serial numbers"), [InputRequired(), Length(max=4000)])
    expires_on = DateField(_l("Expires"), [Optional()])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.location.choices = choices_from((one.id, one.name) for one in locations())


class PolicyForm(Form):
    """What a business decides about its stock."""

    carrying_percent = IntegerField(
        _l("Cost of keeping goods, in percent of their worth a year"),
        [NumberRange(0, 100)],
        description=_l("Money tied up, room, insurance, what spoils. The report “Carrying cost” reckons with it."),
    )
    expiry_days = IntegerField(
        _l("Tell of goods that expire, days before"),
        [NumberRange(0, 365)],
        description=_l("To those who receive goods."),
    )
    sells_expired = BooleanField(
        _l("Sell expired goods"),
        description=_l("Unless this is on, the till refuses them. They are always taken last."),
    )


class ReorderForm(Form):
    """At which quantity a location should order again."""

    location = SelectField(_l("Location"), coerce=int)
    reorder_point = QuantityField(_l("Reorder at"), [Optional()])
    safety_stock = QuantityField(_l("Keep back"), [Optional()])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.location.choices = choices_from((one.id, one.name) for one in locations())


class HoldForm(Form):
    """Some of an article kept for somebody, or set aside."""

    location = SelectField(_l("Location"), coerce=int, id="hold-location")
    kind = RadioField(
        _l("Why is it not for sale?"),
        choices=choices_from(
            [
                ("reserved", _l("Somebody comes for it")),
                ("damaged", _l("It is damaged")),
                ("quality_control", _l("It has to be looked at")),
            ]
        ),
        default="reserved",
    )
    quantity = QuantityField(_l("Quantity"), [InputRequired()], id="hold-quantity")
    hold_note = StringField(_l("For whom, or what is wrong"), [Length(max=200)])
    until = DateField(
        _l("Until"), [Optional()], description=_l("After that day it may be sold again. Empty: until you release it.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.location.choices = choices_from((one.id, one.name) for one in locations())


@dataclass
class TypedLine:
    """A line as it was typed, kept whatever it says, with what is wrong with it."""

    variant_id: int
    quantity: str = "1"
    cost: str = ""
    problem: str = ""
    damaged: str = ""
    missing: str = ""
    numbers: str = ""
    expires: str = ""

    def named(self, tracking: str) -> tuple[Named, ...]:
        """The lot, or the pieces, that were typed; see `services.named_in`."""
        return named_in(tracking, self.numbers, self.amount(), self.expires)

    def amount(self) -> Decimal:
        """The quantity. Refused for what is no number and for nothing."""
        number = _number(self.quantity, 3)
        if number is None or number <= 0:
            raise Refused(_("Give a quantity of more than nothing."))
        return number

    def unit_cost(self) -> Decimal:
        """The cost of one. Refused for what is no number, and when it is left out."""
        number = _number(self.cost, 4)
        if number is None:
            raise Refused(_("Give what one of it costs; 0 if it was free."))
        if number < 0:
            raise Refused(_("A cost is not below zero."))
        return number


def count_of(text: str) -> Decimal:
    """A quantity that may be left out. Refused for what is no number, and below zero."""
    number = _number(text, 3) or Decimal(0)
    if number < 0:
        raise Refused(_("A quantity is not below zero."))
    return number


def _number(text: str, places: int) -> Decimal | None:
    if not text.strip():
        return None
    try:
        return read_decimal(text.strip(), places)
    except ValueError as wrong:
        raise Refused(str(wrong)) from None


def read_lines(sent: Mapping[str, Any]) -> list[TypedLine]:
    """The lines a page carries, as typed; what names no variant is left out."""
    positions = sorted(int(found[1]) for name in sent if (found := LINE.fullmatch(name)))[:MOST_LINES]
    return [
        TypedLine(
            int(sent[f"lines-{at}-variant"]),
            str(sent.get(f"lines-{at}-quantity", "1"))[:40],
            str(sent.get(f"lines-{at}-cost", ""))[:40],
            damaged=str(sent.get(f"lines-{at}-damaged", ""))[:40],
            missing=str(sent.get(f"lines-{at}-missing", ""))[:40],
            numbers=str(sent.get(f"lines-{at}-numbers", ""))[:4000],
            expires=str(sent.get(f"lines-{at}-expires", ""))[:10],
        )
        for at in positions
        if _is_id(str(sent[f"lines-{at}-variant"]))
    ]


def with_one_more(
    lines: list[TypedLine], variant_id: int, cost: str, number: str = "", expires: str = "", *, is_piece: bool = False
) -> int:
    """Count a variant once more: on its line, or on a new one at the end. Returns the place of the line. What was
    scanned with a number goes to the line of its lot; pieces of one article share a line.

    Refused when the paper is full, and for a piece that is on it already.
    """
    for at, line in enumerate(lines):
        if line.variant_id != variant_id or (number and not is_piece and line.numbers not in {"", number}):
            continue
        known = numbers_in(line.numbers)
        if is_piece and number:
            if number in known:
                raise Refused(_("Number %(number)s is on the paper already.", number=number))
            line.numbers = ", ".join([*known, number])
            line.quantity = str(len(known) + 1)
            return at
        line.numbers, line.expires = line.numbers or number, line.expires or expires
        return step(lines, at, 1)
    if len(lines) >= MOST_LINES:
        raise Refused(_("A paper holds %(n)s lines; book these first.", n=MOST_LINES))
    lines.append(TypedLine(variant_id, cost=cost, numbers=number, expires=expires))
    return len(lines) - 1


def step(lines: list[TypedLine], at: int, by: Decimal | int) -> int:
    """One more or one less of a line; what is no number becomes one. A line of less than one stays: only a person takes
    it out."""
    try:
        number = lines[at].amount()
    except Refused:
        number = Decimal(0)
    after = max(number + by, Decimal(1))
    lines[at].quantity = f"{after.normalize():f}"
    return at
