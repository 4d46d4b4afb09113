"""How values look to people: numbers, money, dates in their language and their shop's currency and zone."""

from __future__ import annotations

import unicodedata
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from babel import Locale
from babel.dates import format_skeleton
from babel.numbers import format_currency, format_decimal, format_percent, get_currency_symbol
from flask import Flask, g, has_request_context
from flask_babel import format_date, format_datetime, format_time, get_locale
from flask_babel import gettext as _

from retail.core.money import minor_unit, to_minor


def _locale() -> Any:
    return get_locale() or "en_GB"


def currency() -> str:
    """The currency of the tenant in whose pages we are."""
    if not has_request_context():
        return "GBP"
    tenant = getattr(g.get("person"), "tenant", None)
    return str(g.get("currency") or (tenant.currency if tenant is not None else "GBP"))


def _written(amount: Decimal, code: str, pattern: str | None = None, **more: Any) -> str:
    """Money as the language writes it. A currency's Latin letters inside of Arabic are kept in their own order, else
    “UK£” is shown as “£UK”."""
    locale = Locale.parse(str(_locale()))
    text = str(format_currency(amount, code, pattern, locale=locale, **more))
    symbol = get_currency_symbol(code, locale=locale)
    if locale.text_direction == "rtl" and unicodedata.bidirectional(symbol[0]) in {"L", "ET"}:
        return text.replace(symbol, f"\u2066{symbol}\u2069")
    return text


def money(amount: Decimal | int | None, code: str | None = None) -> str:
    """£1,234.50; digits beyond the minor unit are shown when the amount has them."""
    if amount is None:
        return ""
    code = code or currency()
    value = Decimal(amount)
    rounded = to_minor(value, code)
    if rounded == value:
        return _written(rounded, code)
    return _written(value.normalize(), code, decimal_quantization=False)


def money_short(amount: Decimal, code: str | None = None) -> str:
    """Money for buttons: £40, but £37.50."""
    if amount != amount.to_integral_value():
        return money(amount, code)
    locale = Locale.parse(str(_locale()))
    pattern = str(locale.currency_formats["standard"].pattern).replace("0.00", "0")
    return _written(amount, code or currency(), pattern, currency_digits=False)


def figure(amount: Decimal | int | None, code: str | None = None) -> str:
    """Money for dashboards: always rounded to the minor unit."""
    code = code or currency()
    return _written(to_minor(Decimal(amount or 0), code), code)


def quantity(value: Decimal | int | None) -> str:
    """A quantity without zeros that say nothing: 1.5, 3."""
    return "" if value is None else str(format_decimal(Decimal(value).normalize(), locale=_locale()))


def percent(value: Decimal | float | None, digits: int = 1) -> str:
    """0.125 as 12.5%."""
    if value is None:
        return ""
    pattern = "#,##0" + ("." + "#" * digits if digits else "") + "%"
    return str(format_percent(value, pattern, locale=_locale()))


def value(thing: Any, kind: str = "text") -> str:
    """A value of a declared kind, as text."""
    if thing is None:
        return ""
    if kind == "money":
        return money(thing)
    if kind in {"quantity", "integer", "decimal"}:
        return quantity(thing)
    if kind == "percent":
        return percent(thing)
    if kind == "datetime" and isinstance(thing, datetime):
        return _date_and_time(thing)
    if kind == "date" and isinstance(thing, date):
        return str(format_date(thing, "medium", rebase=False))
    if kind == "boolean":
        return str(_("Yes") if thing else _("No"))
    return str(thing)


def _date_and_time(instant: datetime) -> str:
    """21 Nov 2026, 15:50: to the minute, on the reader's wall clock."""
    together = get_locale().datetime_formats["medium"]
    return str(together.format(format_time(instant, "short"), format_date(instant, "medium")))


def time_of_day(instant: datetime) -> str:
    """14:05, on the reader's wall clock."""
    return str(format_datetime(instant, "HH:mm"))


def day_and_month(day: date) -> str:
    """21 Nov, in the reader's order."""
    return str(format_skeleton("MMMd", day, locale=_locale()))


def input_amount(amount: Decimal | None, code: str | None = None) -> str:
    """An amount for an input field: a plain point, as many places as the currency has or the amount needs."""
    if amount is None:
        return ""
    step = minor_unit(code or currency())
    rounded = amount.quantize(step)
    return str(rounded if rounded == amount else amount.normalize())


def input_quantity(value: Decimal | None) -> str:
    """A quantity for an input field: a plain point, no needless zeros."""
    return "" if value is None else f"{value.normalize():f}"


def init_app(app: Flask) -> None:
    """Offer these as template filters."""
    app.jinja_env.filters.update(
        money=money,
        figure=figure,
        quantity=quantity,
        percent=percent,
        shown=value,
        time_of_day=time_of_day,
        day_and_month=day_and_month,
        input_amount=input_amount,
        money_short=money_short,
        input_quantity=input_quantity,
    )
