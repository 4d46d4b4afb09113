"""What the text of a cell means: numbers with point or comma, dates in the orders people write them."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from babel.numbers import list_currencies
from flask_babel import gettext as _

from retail.core.spreadsheets.errors import CellError

DateOrder = Literal["dmy", "mdy", "ymd"]

SPACES = re.compile(r"[\s\u00a0\u2007\u2009\u202f'’_]")
CURRENCY = r"([A-Z]{0,2}[$£¥¢฿\u20a0-\u20c0]|[A-Z]{3}|Rs\.?|kr\.?|zł|Kč|Ft|lei)?"
AMOUNT = re.compile(rf"([+-]?){CURRENCY}([+-]?)([\d.,]+(?:[eE][+-]?\d{{1,2}})?){CURRENCY}(-?)")
WHOLE = r"(?:\d{1,3}(?:{mark}\d{3})+|\d{1,2}(?:{mark}\d{2})*{mark}\d{3}|\d*)"
NUMBERS = {
    comma: re.compile(WHOLE.replace("{mark}", mark) + r"(?:" + point + r"\d*)?(?:[eE][+-]?\d{1,2})?")
    for comma, mark, point in ((False, ",", r"\."), (True, r"\.", ","))
}
PLAIN = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
LONGEST_NUMBER = 40
CURRENCIES = frozenset(list_currencies())

SURE_COMMA = re.compile(r"(?:\d{1,3}(?:\.\d{3})+,\d+|\d+,(?:\d{1,2}|\d{4,}))")
SURE_POINT = re.compile(r"(?:\d{1,3}(?:,\d{3})+\.\d+|\d+\.(?:\d{1,2}|\d{4,}))")

DATE = re.compile(r"(\d{1,4})([-/. ])(\d{1,2})\2(\d{1,4})\.?")
COMPACT_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})")
NAMED_DATE = re.compile(r"(\d{1,2})[-. ]*([^\W\d_]{3,9})\.?,?[-. ]*(\d{2,4})")
NAMED_FIRST = re.compile(r"([^\W\d_]{3,9})\.?\s+(\d{1,2}),?\s+(\d{2,4})")
TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s*([ap]\.?m\.?)?(?:Z|[+-]\d{2}:?\d{2})?", re.IGNORECASE)
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


class TypedText(str):
    """Text of a cell whose type the workbook knew: numbers have a point, dates are ISO, whatever the column's habit."""

    __slots__ = ()


def parse_decimal(text: str, comma: bool = False) -> Decimal:
    """The number in a cell: “1,234.50”, “£3.50”, “(12.00)”, “12-”; with `comma` “1.234,50”.

    Digits of every script count. Raises CellError.
    """
    plain = _ascii_digits(text.strip())
    if not plain:
        raise CellError(_("A number is missing."))
    if isinstance(text, TypedText):
        comma = False
    if not comma and len(plain) <= LONGEST_NUMBER and PLAIN.fullmatch(plain):
        return Decimal(plain)
    negative, digits = _amount(plain)
    if not digits or not NUMBERS[comma].fullmatch(digits):
        if digits and NUMBERS[not comma].fullmatch(digits):
            wanted = _("a decimal comma (1.234,50)") if comma else _("a decimal point (1,234.50)")
            raise CellError(_("“%(text)s” is not written with %(wanted)s.", text=_short(text), wanted=wanted))
        raise CellError(_("“%(text)s” is not a number.", text=_short(text)))
    number = Decimal(digits.replace(".", "").replace(",", ".") if comma else digits.replace(",", ""))
    return -number if negative else number


def _amount(text: str) -> tuple[bool, str]:
    """Whether an amount is negative, and its digits with their marks; no digits where it is no amount."""
    bracketed = text.startswith("(") and text.endswith(")")
    found = AMOUNT.fullmatch(SPACES.sub("", text[1:-1] if bracketed else text).replace("−", "-"))
    if found is None or len(text) > LONGEST_NUMBER or not any(map(str.isdigit, found[4])):
        return False, ""
    before, sign_before, inside, digits, sign_after, behind = found.groups(default="")
    codes = [sign for sign in (sign_before, sign_after) if len(sign) == 3 and sign.isalpha() and sign.isupper()]
    minuses = [sign for sign in (before, inside, behind) if sign]
    if len(minuses) > 1 - bracketed or any(code not in CURRENCIES for code in codes):
        return False, ""
    return bracketed or minuses == ["-"], digits


def parse_integer(text: str, comma: bool = False) -> int:
    """The whole number in a cell; “3.0” is one. Raises CellError."""
    number = parse_decimal(text, comma)
    if number != number.to_integral_value():
        raise CellError(_("“%(text)s” is not a whole number.", text=_short(text)))
    return int(number)


def parse_boolean(text: str) -> bool:
    """Yes or no in the words that spreadsheets and people use. Raises CellError."""
    word = text.strip().casefold()
    if word in {"1", "true", "yes", "y", "x", "t", "on", "active", str(_("yes")).casefold()}:
        return True
    if word in {"", "0", "false", "no", "n", "f", "off", "inactive", "draft", str(_("no")).casefold()}:
        return False
    raise CellError(_("“%(text)s” is neither yes nor no.", text=_short(text)))


def parse_date(text: str, order: DateOrder = "dmy") -> date:
    """The day in a cell: ISO, “31/12/2026” in the given order, “31 Dec 2026”; a time after it is ignored.

    Raises CellError.
    """
    return parse_datetime(text, order).date()


def parse_datetime(text: str, order: DateOrder = "dmy") -> datetime:
    """The day and time in a cell, as the wall clock it shows (no zone); midnight without a time. Raises CellError."""
    plain = _ascii_digits(text.strip())
    if not plain:
        raise CellError(_("A date is missing."))
    problem = CellError(_("“%(text)s” is not a date. Write it as 2026-12-31.", text=_short(text)))
    day_text, _gap, time_text = plain.replace("T", " ", 1).partition(" ") if "T" in plain[8:11] else _split_time(plain)
    parts = _date_parts(day_text.strip(), order)
    clock = TIME.fullmatch(time_text.strip()) if time_text.strip() else None
    if parts is None or (time_text.strip() and clock is None):
        raise problem
    hour, minute, second = (int(part or 0) for part in clock.groups()[:3]) if clock else (0, 0, 0)
    if clock and (half := (clock[4] or "").lower()[:1]):
        hour = hour % 12 + (12 if half == "p" else 0)
    try:
        return datetime(*parts, hour, minute, second)  # noqa: DTZ001  # a cell has no zone
    except ValueError as cause:
        raise CellError(_("“%(text)s” does not exist in the calendar.", text=_short(text))) from cause


def _split_time(text: str) -> tuple[str, str, str]:
    found = re.search(r"\s+(?=\d{1,2}:\d{2})", text)
    return (text[: found.start()], " ", text[found.end() :]) if found else (text, "", "")


def _date_parts(text: str, order: DateOrder) -> tuple[int, int, int] | None:
    """Year, month and day as they are written, not yet checked against the calendar."""
    if found := DATE.fullmatch(text):
        first, last = found[1], found[4]
        if len(first) > 2:
            return (int(first), int(found[3]), int(last)) if len(first) == 4 and len(last) <= 2 else None
        if len(last) not in (2, 4) and order != "ymd":
            return None
        if order == "ymd" and len(last) <= 2:
            return _year(first), int(found[3]), int(last)
        day, month = (found[3], first) if order == "mdy" else (first, found[3])
        return _year(last), int(month), int(day)
    if found := COMPACT_DATE.fullmatch(text):
        return int(found[1]), int(found[2]), int(found[3])
    if found := NAMED_DATE.fullmatch(text):
        day, name, year = found.groups()
    elif found := NAMED_FIRST.fullmatch(text):
        name, day, year = found.groups()
    else:
        return None
    key = name.lower()[:3]
    return (_year(year), MONTHS.index(key) + 1, int(day)) if key in MONTHS and len(year) in (2, 4) else None


def _year(text: str) -> int:
    # Two digits are of this century up to 68, as in POSIX.
    return int(text) + (2000 if int(text) < 69 else 1900) if len(text) <= 2 else int(text)


def date_order(values: Iterable[str]) -> DateOrder | None:
    """The order in which a column writes its dates, where one of its values tells; None where both fit."""
    day_first = month_first = False
    for value in values:
        if found := DATE.match(_ascii_digits(value.strip())):
            if len(found[1]) == 4:
                return "ymd"
            day_first = day_first or int(found[1]) > 12
            month_first = month_first or int(found[3]) > 12
    if day_first == month_first:
        return None
    return "dmy" if day_first else "mdy"


def decimal_commas(columns: Iterable[Iterable[str]], *, semicolons: bool) -> list[bool]:
    """For each column whether its numbers have a decimal comma.

    “1,50” tells, “1,234” does not: such a column follows the others, and where none tells the delimiter (a file with
    semicolons has them because the comma was taken).
    """
    votes: list[bool | None] = []
    for values in columns:
        amounts = [_amount(_ascii_digits(value.strip()))[1] for value in values if not isinstance(value, TypedText)]
        points = sum(bool(SURE_POINT.fullmatch(amount)) for amount in amounts)
        commas = sum(bool(SURE_COMMA.fullmatch(amount)) for amount in amounts)
        votes.append(None if points == commas else commas > points)
    known = [vote for vote in votes if vote is not None]
    usual = known.count(True) > known.count(False) if known else semicolons
    return [usual if vote is None else vote for vote in votes]


def _ascii_digits(text: str) -> str:
    if text.isascii():
        return text
    translated = text.translate({0x066B: ".", 0x066C: ","})
    return "".join(
        str(unicodedata.decimal(letter)) if letter.isdecimal() and not letter.isascii() else letter
        for letter in translated
    )


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"
