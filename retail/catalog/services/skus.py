"""SKUs: the shop's own numbers of variants, typed or made up by a pattern."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from flask_babel import gettext as _
from sqlalchemy import func, select

from retail.catalog.models import Variant
from retail.core.db import in_chunks, session
from retail.core.errors import Refused
from retail.core.numbers import reserve_numbers

LONGEST_SKU, LONGEST_PATTERN = 64, 40
LOOKED_UP = 500
PATTERN_MARK = re.compile(r"\{([^{}]*)\}")


def next_sku(name: str, options: Mapping[str, str] | None = None) -> str:
    """A SKU nobody has: three letters of the name, a running number, and the options: `GRE-1001-M-RED`."""
    return next_skus([(name, options or {})])[0]


def next_skus(wanted: Sequence[tuple[str, Mapping[str, str]]], pattern: str = "") -> list[str]:
    """`next_sku` for many variants at once, each given by its product's name and its options. A pattern such as
    `LINEN-{2}-{1}` is followed where the SKU it makes is free; `{n}` is the running number, `{1}` the first option."""
    found: dict[int, str] = _by_pattern(wanted, pattern) if pattern else {}
    while missing := [place for place in range(len(wanted)) if place not in found]:
        numbers = reserve_numbers("sku", len(missing))
        made = {place: _sku(*wanted[place], number) for place, number in zip(missing, numbers, strict=True)}
        taken: set[str] = set()
        for chunk in in_chunks([form for sku in made.values() for form in (sku, sku.lower())], LOOKED_UP):
            taken.update(sku.upper() for sku in session.scalars(select(Variant.sku).where(Variant.sku.in_(chunk))))
        found |= {place: sku for place, sku in made.items() if sku not in taken}
    return [found[place] for place in range(len(wanted))]


def check_pattern(pattern: str, option_names: Sequence[str]) -> str:
    """A pattern for SKUs as it is kept. Refused where it names an option the product lacks, or cannot tell variants
    apart."""
    pattern = "".join(pattern.split())
    marks = PATTERN_MARK.findall(pattern)
    allowed = {"n", *(str(at + 1) for at in range(len(option_names)))}
    if wrong := next((mark for mark in marks if mark not in allowed), None):
        raise Refused(
            _("“{%(mark)s}” stands for nothing; write {1} for the first option, {n} for a number.", mark=wrong),
            field="sku_pattern",
        )
    if pattern and "n" not in marks and not allowed - {"n"} <= set(marks):
        raise Refused(
            _("With this pattern two variants would get the same SKU; name every option, or {n}."), field="sku_pattern"
        )
    if len(pattern) > LONGEST_PATTERN:
        raise Refused(_("A pattern has at most %(n)s characters.", n=LONGEST_PATTERN), field="sku_pattern")
    return pattern


def _by_pattern(wanted: Sequence[tuple[str, Mapping[str, str]]], pattern: str) -> dict[int, str]:
    """The SKUs a pattern makes, by place; those that somebody has, or that come twice, are left out."""
    numbers = reserve_numbers("sku", len(wanted)) if "{n}" in pattern and wanted else [""] * len(wanted)
    made: dict[int, str] = {}
    seen: set[str] = set()
    for at, ((_name, options), number) in enumerate(zip(wanted, numbers, strict=True)):
        parts = {"n": str(int(number) + 1000) if number else ""}
        parts |= {str(place): _short(value) for place, value in enumerate(options.values(), 1)}
        sku = PATTERN_MARK.sub(lambda mark, parts=parts: parts.get(mark[1], ""), pattern)[:LONGEST_SKU]  # type: ignore[misc]
        if sku not in seen:
            seen.add(sku)
            made[at] = sku
    taken: set[str] = set()
    for chunk in in_chunks([sku.lower() for sku in made.values()], LOOKED_UP):
        taken.update(session.scalars(select(func.lower(Variant.sku)).where(func.lower(Variant.sku).in_(chunk))))
    return {at: sku for at, sku in made.items() if sku.lower() not in taken}


def _sku(name: str, options: Mapping[str, str], number: str) -> str:
    letters = "".join(letter for letter in name.upper() if letter.isascii() and letter.isalpha())[:3] or "SKU"
    ending = "".join(f"-{_short(value)}" for value in options.values())
    return f"{letters}-{int(number) + 1000}{ending}"


def _short(value: str) -> str:
    return "".join(letter for letter in value.upper() if letter.isascii() and letter.isalnum())[:4] or "X"


def free_sku(sku: str, own_id: int | None = None) -> str:
    """The SKU without needless spaces, or nothing; Refused when another variant has it, in whatever case."""
    sku = " ".join(sku.split())
    if len(sku) > LONGEST_SKU:
        raise Refused(_("A SKU has at most %(n)s characters.", n=LONGEST_SKU), field="sku")
    if not sku:
        return ""
    other = session.execute(
        select(Variant.id, Variant.name).where(func.lower(Variant.sku) == sku.lower()).order_by(Variant.id)
    ).all()
    if taken := next((one for one in other if one.id != own_id), None):
        raise Refused(_("The SKU %(sku)s belongs to “%(name)s”.", sku=sku, name=taken.name), field="sku")
    return sku
