"""The shape of what the pages of jewelry send."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from retail.catalog.jewel_models import MAKING_KINDS, WASTAGE_KINDS, Jewel
from retail.catalog.jewel_queries import purities
from retail.catalog.services import JewelFacts, Stone
from retail.core.errors import Refused
from retail.core.forms import DecimalField, Form, MoneyField, QuantityField, choices_from, read_decimal
from retail.core.money import ZERO

MAKING_WORDS: dict[str, Any] = dict(
    zip(MAKING_KINDS, (_l("an amount a gram"), _l("a fixed amount"), _l("percent of the metal")), strict=True)
)
WASTAGE_WORDS: dict[str, Any] = dict(zip(WASTAGE_KINDS, (_l("percent"), _l("grams")), strict=True))
STONE = re.compile(
    r"\s*(?P<count>\d{1,5})\s+(?P<name>.+?)\s*[,;]\s*(?P<carat>[^,;]+?)\s*ct\s*[,;]\s*(?P<worth>[^;]+)\s*"
)


class PurityForm(Form):
    """A metal in a purity."""

    metal = StringField(_l("Metal"), [InputRequired(), Length(max=60)])
    name = StringField(_l("Purity"), [InputRequired(), Length(max=60)])
    fineness = DecimalField(_l("Fineness"), [InputRequired()], places=6)


class JewelForm(Form):
    """What a piece weighs and is made of."""

    purity_id = SelectField(_l("Metal"), coerce=int)
    gross_weight = QuantityField(_l("Gross weight"), [InputRequired()])
    net_weight = QuantityField(_l("Net weight of the metal"), [InputRequired()])
    making_kind = SelectField(_l("Making is"), choices=choices_from(MAKING_WORDS.items()))
    making = MoneyField(_l("Making"), [Optional()])
    wastage_kind = SelectField(_l("Wastage is"), choices=choices_from(WASTAGE_WORDS.items()))
    wastage = MoneyField(_l("Wastage"), [Optional()])
    stones = TextAreaField(_l("Stones"), [Optional(), Length(max=2000)])
    other_charges = MoneyField(_l("Hallmark and other charges"), [Optional()])
    certificate_number = StringField(_l("Certificate number"), [Optional(), Length(max=60)])
    huid = StringField(_l("HUID"), [Optional(), Length(max=6)])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.purity_id.choices = choices_from((one.id, one.words) for one in purities())

    def facts(self) -> JewelFacts:
        """What was typed. Refused for a line of stones that cannot be read."""
        return JewelFacts(
            purity_id=self.purity_id.data,
            gross_weight=self.gross_weight.data or ZERO,
            net_weight=self.net_weight.data or ZERO,
            making_kind=self.making_kind.data or "",
            making=self.making.data or ZERO,
            wastage_kind=self.wastage_kind.data or "",
            wastage=self.wastage.data or ZERO,
            stones=read_stones(self.stones.data or ""),
            other_charges=self.other_charges.data or ZERO,
            certificate_number=self.certificate_number.data or "",
            huid=self.huid.data or "",
        )


def read_stones(text: str) -> list[Stone]:
    """Stones from lines such as `12 diamonds, 0.36 ct, 18000`. Refused for a line that says it otherwise."""
    found = []
    for line in filter(str.strip, text.splitlines()):
        read = STONE.fullmatch(line)
        try:
            if read is None:
                raise ValueError
            carat, worth = read_decimal(read["carat"], 3), read_decimal(read["worth"], 4)
        except ValueError:
            raise Refused(
                _("“%(line)s”: write count and name, carats, worth, such as 12 diamonds, 0.36 ct, 18000.", line=line),
                field="stones",
            ) from None
        found.append(Stone(read["name"][:60], int(read["count"]), carat, worth))
    return found


def stones_text(jewel: Jewel) -> str:
    """Stones as people write them."""
    return "\n".join(f"{one['count']} {one['name']}, {one['carat']} ct, {_plain(one['worth'])}" for one in jewel.stones)


def read_rates(sent: Mapping[str, str]) -> dict[int, Decimal]:
    """The rates that were typed, by purity; empty fields say nothing. Refused, naming the field, for what is no
    number."""
    rates: dict[int, Decimal] = {}
    for name, text in sent.items():
        head, _dash, number = name.partition("-")
        if head != "rate" or not number.isdecimal() or len(number) > 17 or not text.strip():
            continue
        try:
            rates[int(number)] = read_decimal(text.strip(), 4)
        except ValueError as no:
            raise Refused(str(no), field=name) from None
    return rates


def read_instant(text: str, zone: str) -> datetime | None:
    """An instant of the shop's wall clock as a page sends it; None when nothing was typed."""
    if not text.strip():
        return None
    try:
        return datetime.fromisoformat(text.strip()).replace(tzinfo=ZoneInfo(zone))
    except ValueError:
        raise Refused(_("Give a day and a time."), field="valid_from") from None


def _plain(text: str) -> str:
    return f"{Decimal(text).normalize():f}"
