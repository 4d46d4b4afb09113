"""The shape of what the pages of buying send."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateField, HiddenField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from retail.core.forms import DecimalField, Form, MoneyField, QuantityField, choices_from, read_decimal
from retail.purchasing.labels import NOTE_KINDS, RETURN_REASONS, RULES, SPREADS
from retail.purchasing.queries import suppliers
from retail.purchasing.services.suppliers import LONGEST
from retail.tenancy.queries import locations

HUNDRED = Decimal(100)
SHARES = ("discount", "over_tolerance", "under_tolerance", "price_tolerance", "service_level")
"""Fields that people fill in as percent and that are kept as shares."""
LINE = re.compile(r"lines-(\d{1,17})-(\w+)")
NOTHING = Decimal(0)


def _text(label: Any, name: str, **more: Any) -> StringField:
    return StringField(label, [Optional(), Length(max=LONGEST[name])], **more)


def _days(label: Any, default: int, **more: Any) -> IntegerField:
    return IntegerField(
        label, [InputRequired(), NumberRange(0, 365, _l("Between 0 and 365."))], default=default, **more
    )


def _percent(label: Any, default: str = "0", **more: Any) -> DecimalField:
    return DecimalField(label, [InputRequired()], default=Decimal(default), **more)


class SupplierForm(Form):
    """Who the shop buys from, and on what terms."""

    name = StringField(_l("Name"), [InputRequired(), Length(max=LONGEST["name"])])
    code = _text(_l("Code"), "code", description=_l("Leave it empty and one is given."))
    contact = _text(_l("Contact"), "contact", description=_l("Whom to write to."))
    email = _text(_l("E-mail"), "email", description=_l("Orders are sent here."))
    phone = _text(_l("Telephone"), "phone")
    country = _text(_l("Country"), "country")
    address = TextAreaField(_l("Address"), [Optional(), Length(max=LONGEST["address"])])
    tax_id = _text(_l("Tax number"), "tax_id")
    currency = StringField(
        _l("Currency"), [InputRequired(), Length(min=3, max=3)], description=_l("Three letters, such as EUR.")
    )
    payment_days = _days(_l("Payment within"), 30)
    discount = _percent(_l("Discount for early payment"))
    discount_days = _days(_l("Early is within"), 0)
    lead_days = _days(_l("A delivery takes"), 7, description=_l("What they say; what it takes is measured."))
    review_days = _days(_l("An order lasts"), 7, description=_l("For how long you order at a time."))
    minimum_order = MoneyField(_l("Smallest order"), [InputRequired()], default=NOTHING)
    over_tolerance = _percent(_l("More than ordered"), description=_l("So much over is taken."))
    under_tolerance = _percent(_l("Less than ordered"), description=_l("So little missing is let go."))
    price_tolerance = _percent(_l("Dearer on the bill"), description=_l("So much difference is not asked about."))
    service_level = _percent(
        _l("Not to run out"), "95", description=_l("Of a hundred deliveries, how many are to come in time.")
    )
    orders_itself = BooleanField(
        _l("Order by itself at night"), [Optional()], description=_l("What is proposed is sent without being asked.")
    )
    monthly_budget = MoneyField(_l("Up to, in a month"), [InputRequired()], default=NOTHING)
    note = TextAreaField(_l("Note"), [Optional(), Length(max=LONGEST["note"])])

    def values(self) -> dict[str, Any]:
        """What was filled in, as the services take it."""
        return {
            name: value / HUNDRED if name in SHARES and value is not None else value
            for name, value in self.data.items()
        }


def supplier_values(supplier: Any) -> dict[str, Any]:
    """What is known of a supplier, as the form shows it."""
    return {name: (getattr(supplier, name) * HUNDRED).normalize() for name in SHARES}


class NoteForm(Form):
    """An entry of a supplier's log."""

    kind = SelectField(_l("What"), choices=choices_from((kind, words[0]) for kind, words in NOTE_KINDS.items()))
    text = TextAreaField(_l("What was said"), [InputRequired(), Length(max=LONGEST["note"])])


class ItemForm(Form):
    """What a supplier asks for an article."""

    article = StringField(
        _l("Article"), [InputRequired(), Length(max=200)], description=_l("Scan its code, or type SKU or name.")
    )
    their_code = StringField(_l("Their code"), [Optional(), Length(max=60)])
    cost = MoneyField(_l("Cost of one"), [InputRequired()])
    pack_size = QuantityField(_l("Pack of"), [InputRequired()], default=Decimal(1))
    minimum = QuantityField(_l("At least"), [InputRequired()], default=NOTHING)
    weight = QuantityField(_l("Weight of one (kg)"), [Optional()])
    breaks = StringField(
        _l("Price breaks"), [Optional(), Length(max=200)], description=_l("Such as 100: 1.90, 500: 1.75")
    )
    preferred = BooleanField(_l("Order it here"), [Optional()], default=True)


class NewOrderForm(Form):
    """Whom to order from, and where to."""

    key = HiddenField()
    supplier = SelectField(_l("Supplier"), coerce=int)
    location = SelectField(_l("Deliver to"), coerce=int)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.supplier.choices = choices_from((one.id, f"{one.name} ({one.currency})") for one in suppliers())
        self.location.choices = choices_from((one.id, one.name) for one in locations())


class OrderForm(Form):
    """The head of a draft; its lines are read beside it."""

    location = SelectField(_l("Deliver to"), coerce=int)
    expected_on = DateField(_l("Expected"), [Optional()])
    rate = DecimalField(_l("Rate"), [Optional()], places=6)
    reference = StringField(_l("Their reference"), [Optional(), Length(max=200)])
    note = TextAreaField(_l("Printed on the order"), [Optional(), Length(max=400)])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.location.choices = choices_from((one.id, one.name) for one in locations())


class AmendForm(Form):
    """Why an order is amended; the lines are read beside it."""

    reason = StringField(_l("Why"), [InputRequired(), Length(max=400)])


class ArrivalForm(Form):
    """A delivery; what came is read beside it."""

    key = HiddenField()
    reference = StringField(_l("Delivery note"), [Optional(), Length(max=200)])
    rate = DecimalField(_l("Rate today"), [Optional()], places=6)
    freight = MoneyField(_l("Freight"), [Optional()])
    duty = MoneyField(_l("Duty"), [Optional()])
    other = MoneyField(_l("Other costs"), [Optional()])
    spread = SelectField(_l("Spread"), choices=choices_from(SPREADS.items()), default="value")


class BillForm(Form):
    """What the paper of a supplier says; its lines are read beside it."""

    key = HiddenField()
    reference = StringField(_l("Number on the bill"), [InputRequired(), Length(max=80)])
    billed_on = DateField(_l("Date of the bill"), [InputRequired()])
    charges = MoneyField(_l("Freight and other charges"), [Optional()], default=NOTHING)
    tax = MoneyField(_l("Tax"), [Optional()], default=NOTHING)
    total = MoneyField(_l("To pay"), [InputRequired()], description=_l("As the paper says; the sum is checked."))
    rate = DecimalField(_l("Rate"), [Optional()], places=6)


class ReturnForm(Form):
    """Why goods go back; which is read beside it."""

    key = HiddenField()
    reason = SelectField(_l("Reason"), choices=choices_from(RETURN_REASONS.items()))
    note = StringField(_l("Note"), [Optional(), Length(max=400)])


class RuleForm(Form):
    """How an article is ordered again."""

    kind = SelectField(_l("Order it again"), choices=choices_from(RULES.items()))
    minimum = QuantityField(_l("Never fewer than"), [Optional()])
    maximum = QuantityField(_l("Never more than"), [Optional()])


@dataclass
class Figure:
    """A number of a line as it was typed, kept whatever it says, with what is wrong with it."""

    text: str = ""
    number: Decimal = NOTHING
    problem: str = ""


def read_figures(sent: Mapping[str, Any], part: str, places: int = 3) -> dict[int, Figure]:
    """The numbers of all lines called `lines-<id>-<part>`, by id, in the order sent; an empty one is nothing."""
    found: dict[int, Figure] = {}
    for name in sent:
        match = LINE.fullmatch(name)
        if match is None or match[2] != part:
            continue
        text = str(sent[name]).strip()[:40]
        figure = found[int(match[1])] = Figure(text)
        try:
            figure.number = read_decimal(text, places) if text else NOTHING
        except ValueError as wrong:
            figure.problem = str(wrong)
        if figure.number < 0:
            figure.problem = _("A number is not below zero.")
    return found


def read_breaks(text: str) -> list[tuple[Decimal, Decimal]]:
    """Price breaks as `from how many: cost`, separated by commas or semicolons. ValueError for anything else."""
    found = []
    for part in re.split(r"[;,]\s+|;", text.strip().rstrip(",;")):
        if not part.strip():
            continue
        many, colon, cost = part.partition(":")
        if not colon:
            raise ValueError(_("Write price breaks as “100: 1.90, 500: 1.75”."))
        found.append((read_decimal(many.strip(), 3), read_decimal(cost.strip(), 4)))
    return found
