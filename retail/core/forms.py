"""The shape of input: a base form, fields for money and quantities, and the way a service's refusal gets onto a
form.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from babel.numbers import NumberFormatError, format_decimal, get_group_symbol, parse_decimal
from flask_babel import get_locale, get_translations
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_ngettext as _nl
from flask_wtf import FlaskForm
from wtforms import Field, PasswordField, SelectChoice, StringField
from wtforms.validators import Regexp, ValidationError

from retail.core.db import session
from retail.core.errors import Refused

DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩०१२३४५६७८९٫", "01234567890123456789.", "٬\u202f\u200e\u200f\u061c")
"""Arabic and Indian digits and separators, and the marks of direction that come along when numbers are copied."""
LIBRARY = (
    _l("This field is required."),
    _l("Not a valid choice."),
    _l("Invalid Choice: could not coerce."),
    _l("Not a valid integer value."),
    _l("Not a valid date value."),
    _l("Not a valid time value."),
    _l("Not a valid datetime value."),
    _l("Not a valid float value."),
    _l("Not a valid decimal value."),
    _l("Invalid input."),
    _l("Invalid email address."),
    _l("Number must be at least %(min)s."),
    _l("Number must be at most %(max)s."),
    _l("Number must be between %(min)s and %(max)s."),
    _l("Field must be equal to %(other_name)s."),
)
"""What the library of forms says by itself, so that it is in our catalogs: it has no Hindi."""
# Only the shape: addresses of a network of one's own (till@shop.local) are addresses too; the mail proves the rest.
IS_EMAIL = Regexp(r"^[^@\s<>,;:\"]+@[^@\s<>,;:\"]+$", message=_l("That is no e-mail address."))
THOUSANDS = re.compile(r"-?[1-9]\d{0,2}\.\d{3}")
COUNTED = (
    _nl("Field must be at least %(min)d character long.", "Field must be at least %(min)d characters long.", 1),
    _nl("Field cannot be longer than %(max)d character.", "Field cannot be longer than %(max)d characters.", 1),
    _nl("Field must be exactly %(max)d character long.", "Field must be exactly %(max)d characters long.", 1),
)


class Words:
    """The sentences of the library of forms, out of our catalogs."""

    def gettext(self, text: str) -> str:
        """A sentence in the present language; the library fills it in."""
        return str(get_translations().ugettext(text))

    def ngettext(self, one: str, many: str, count: int) -> str:
        """A counted sentence in the present language."""
        return str(get_translations().ungettext(one, many, count))


def _strip(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def _text(value: Any) -> Any:
    return "" if value is None else value


class Form(FlaskForm):
    """Base of every form: text is stripped, text that was not sent is empty rather than None, an unknown choice is an
    error, CSRF is checked once by the app."""

    class Meta:
        csrf = False  # CSRFProtect checks every unsafe request before a form is built

        def get_translations(self, form: Any) -> Words:
            return Words()

        def bind_field(self, form: Any, unbound_field: Any, options: dict[str, Any]) -> Any:
            filters = list(unbound_field.kwargs.get("filters", ()))
            kind = unbound_field.field_class
            if issubclass(kind, DecimalField):
                filters = [_strip, *filters]
            elif issubclass(kind, PasswordField):
                filters = [_text]
            elif issubclass(kind, StringField):
                filters = [_text, _strip, *filters]
            return unbound_field.bind(form=form, **{**options, "filters": filters})


def choices_from(pairs: Iterable[tuple[Any, Any]]) -> list[SelectChoice]:
    """Pairs of value and label as the choices of a SelectField."""
    return [SelectChoice(value, label) for value, label in pairs]


class DecimalField(StringField):
    """A number as the person writes it, in their locale or with a plain point; `data` is a Decimal."""

    def __init__(self, label: Any = None, validators: Sequence[Any] = (), places: int = 2, **more: Any) -> None:
        super().__init__(label, validators, **more)
        self.places = places

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else format_decimal(self.data, locale=get_locale(), group_separator=False)

    def process_formdata(self, valuelist: list[str]) -> None:
        text = valuelist[0].strip() if valuelist else ""
        self.data = None
        if not text:
            return
        self.data = read_decimal(text, self.places)
        if THOUSANDS.fullmatch(text) and get_group_symbol(get_locale() or "en") == ".":
            # A till's keypad writes 12.50 in Spain as well; but 1.234 is a thousand there, and a price for no one.
            raise ValueError(
                _(
                    "“%(text)s” can be read in two ways; write %(whole)s or %(part)s.",
                    text=text,
                    whole=text.replace(".", ""),
                    part=text.replace(".", ","),
                )
            )


class MoneyField(DecimalField):
    """An amount of money; no more places than the database keeps."""

    def __init__(self, label: Any = None, validators: Sequence[Any] = (), places: int = 4, **more: Any) -> None:
        super().__init__(label, validators, places, **more)


class QuantityField(DecimalField):
    """A quantity of goods, up to three decimals for what is weighed."""

    def __init__(self, label: Any = None, validators: Sequence[Any] = (), places: int = 3, **more: Any) -> None:
        super().__init__(label, validators, places, **more)


def read_decimal(text: str, places: int) -> Decimal:
    """A number typed by a person; ValueError with a sentence for them when it is none."""
    text = text.translate(DIGITS)
    try:
        plain = text.replace(" ", "").replace("\u00a0", "")
        value = Decimal(plain) if plain.count(".") <= 1 and "," not in plain else parse_decimal(text, get_locale())
    except (ArithmeticError, NumberFormatError):
        raise ValueError(_("“%(text)s” is not a number.", text=text[:40])) from None
    if not value.is_finite() or abs(value) >= Decimal(10) ** 12:
        raise ValueError(_("“%(text)s” is too large.", text=text[:40]))
    if value != round(value, places):
        raise ValueError(_("At most %(places)d decimal places, please.", places=places))
    return Decimal(value)


class Above:
    """Validator: the number must be greater than `limit` (or equal to it, when `or_equal`)."""

    def __init__(self, limit: int | Decimal, or_equal: bool = False) -> None:
        self.limit, self.or_equal = Decimal(limit), or_equal

    def __call__(self, form: Any, field: Field) -> None:
        if field.data is None or field.data > self.limit or (self.or_equal and field.data == self.limit):
            return
        raise ValidationError(
            _("Must be %(limit)s or more.", limit=self.limit)
            if self.or_equal
            else _("Must be more than %(limit)s.", limit=self.limit)
        )


class _Refusals:
    """The block of `refusals`; a class, so that a type checker knows that the block may be left by a refusal."""

    def __init__(self, form: Any) -> None:
        self.form = form

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, _trace: object) -> bool:
        if not isinstance(error, Refused):
            return False
        session.rollback()
        add_problem(self.form, error.message, error.field)
        return True


def refusals(form: Any) -> _Refusals:
    """Show a service's refusal on the form, at its field when it names one, and drop what was written so far."""
    return _Refusals(form)


def add_problem(form: Any, message: str, field: str | None = None) -> None:
    """Put a sentence on a form: at its field when one is named, else at the top."""
    if field and field in form:
        form[field].errors = [*form[field].errors, message]
    else:
        form.form_errors.append(message)
