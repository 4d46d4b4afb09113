"""Segments and methods in words: what they are called, what they mean, what to do about them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from babel.numbers import format_compact_currency
from flask_babel import get_locale, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from retail.core import shown
from retail.intelligence.forecasting import BASELINE
from retail.intelligence.rfm import Segment


@dataclass(frozen=True)
class SegmentWords:
    """What one segment means, what helps, and the tone it is shown in."""

    about: Any
    advice: Any
    tone: str


SEGMENTS = {
    Segment.CHAMPIONS: SegmentWords(
        _l("Bought lately, buy often and spend a lot."), _l("Show them what is new first, and thank them."), "success"
    ),
    Segment.LOYAL: SegmentWords(
        _l("Buy often or spend a lot, and were here not long ago."),
        _l("Reward them; ask what they miss."),
        "success",
    ),
    Segment.GROWING: SegmentWords(
        _l("Bought lately and more than once, for modest sums so far."),
        _l("Suggest what goes with what they bought."),
        "info",
    ),
    Segment.NEW: SegmentWords(
        _l("Bought for the first time, and lately."), _l("Welcome them; the second purchase is the hard one."), "accent"
    ),
    Segment.FADING: SegmentWords(
        _l("Middling in every way, and not here for a while."), _l("Remind them of you before they forget."), "warning"
    ),
    Segment.AT_RISK: SegmentWords(
        _l("Were good customers, and have been away for long."), _l("Write to them with a reason to return."), "warning"
    ),
    Segment.CANNOT_LOSE: SegmentWords(
        _l("Were among the best, and have been away the longest."), _l("Call them in person."), "danger"
    ),
    Segment.HIBERNATING: SegmentWords(
        _l("Bought little, and have been away for long."), _l("A seasonal greeting is enough."), "neutral"
    ),
    Segment.LOST: SegmentWords(
        _l("Bought little, and have been away the longest."), _l("Spend no effort here."), "neutral"
    ),
}

LONGEST_COVER = 999
"""Days; what lasts longer is not told apart."""
YEAR = 365
SIMPLE_RULE = _l("Last week again")
FAMILIES = {
    BASELINE: SIMPLE_RULE,
    "naive": _l("Last day again"),
    "level": _l("Recent level"),
    "smooth": _l("Trend and season"),
    "croston": _l("Rare sales"),
    "tsb": _l("Rare sales"),
    "year": _l("Last year's course"),
    "seasonal-growth": _l("Last year's course"),
}


def segment_label(value: str) -> str:
    """A stored segment in the reader's language."""
    return Segment(value).label


def family(method: str) -> str:
    """In two or three words, what kind of method leads a forecast."""
    return str(FAMILIES.get(method) or FAMILIES.get(method.split("-", maxsplit=1)[0]) or _l("Average"))


def cover_words(days: int | None) -> str:
    """How long stock lasts, for people."""
    if days is None:
        return ""
    if days >= YEAR:
        return str(_("over a year"))
    return str(ngettext("%(num)s day", "%(num)s days", days))


def rounded(units: Any) -> str:
    """Units expected, as exact as they are worth: whole ones from ten up."""
    return shown.quantity(round(units, 0 if units >= 10 else 1))


def error_words(share: float | None) -> str:
    """How far off, in per cent; more than three times the demand is all the same."""
    if share is None:
        return ""
    return str(_("over 300 %")) if share > 3 else shown.percent(share, 0)


def money_whole(amount: Decimal) -> str:
    """Money without its minor unit, for summaries."""
    return shown.money_short(amount.quantize(Decimal(1), ROUND_HALF_UP))


def money_compact(amount: Decimal) -> str:
    """Money where there is little room: £12K."""
    return str(format_compact_currency(amount, shown.currency(), locale=get_locale(), fraction_digits=0))


def money_limit(amount: Decimal) -> str:
    """A limit between scores, as exact as it is worth: without its minor unit from a hundred up."""
    return money_whole(amount) if amount >= 100 else shown.figure(amount)
