"""Barcodes: which variant a code means, and codes of the shop's own."""

from __future__ import annotations

from decimal import Decimal

from flask_babel import gettext as _
from sqlalchemy import select
from stdnum import ean

from retail.catalog.models import Barcode, ScaleRule, Variant
from retail.catalog.queries import GTIN_LENGTHS, SCALE_LENGTH, normalize_gtin
from retail.core.db import session
from retail.core.errors import NotFound, Refused
from retail.core.numbers import next_number

LONGEST_CODE, LARGEST_PACK = 48, 10_000
OWN_RANGE = "29"
"""How codes of our own begin: GS1 keeps 20 to 29 for use within a shop, and scales print prices into the lower ones."""


def checked_code(code: str) -> str:
    """A code as it is to be stored. Refused, with what the last digit should be, for a GTIN that was misread; and for
    what no scanner can read."""
    stored = normalize_gtin(code)
    plain = "".join(code.split()).replace("-", "")
    if not stored:
        raise Refused(_("Scan or type a barcode."), field="code")
    if plain.isascii() and plain.isdecimal() and len(plain) in GTIN_LENGTHS and stored != plain.zfill(14):
        raise Refused(
            _(
                "%(code)s is no valid barcode: its last digit should be %(digit)s. Scan it again.",
                code=plain,
                digit=ean.calc_check_digit(plain[:-1]),
            ),
            field="code",
        )
    if len(stored) > LONGEST_CODE or not stored.isascii() or not stored.isprintable():
        raise Refused(
            _("A barcode has at most %(n)s letters, digits and signs, without accents.", n=LONGEST_CODE), field="code"
        )
    return stored


def add_barcode(variant_id: int, code: str, pack_size: Decimal = Decimal(1)) -> Barcode:
    """Let a code mean this variant, or a pack of several. The same code twice is no fault, its pack is what was said
    last; Refused when it means another one."""
    if not 0 < pack_size <= LARGEST_PACK:
        raise Refused(_("A pack holds between 1 and %(most)s.", most=LARGEST_PACK), field="pack_size")
    stored = checked_code(code)
    if session.get(Variant, variant_id) is None:
        raise NotFound(_("There is no such variant."))
    known = session.scalar(select(Barcode).where(Barcode.code == stored))
    if known is not None and known.variant_id == variant_id:
        known.pack_size = pack_size
        session.flush()
        return known
    if known is not None:
        name = session.scalar(select(Variant.name).where(Variant.id == known.variant_id))
        raise Refused(_("The barcode %(code)s belongs to “%(name)s”.", code=code.strip(), name=name), field="code")
    row = Barcode(code=stored, variant_id=variant_id, pack_size=pack_size)
    session.add(row)
    session.flush()
    return row


def make_barcode(variant_id: int) -> Barcode:
    """Give a variant without a printed code one of the shop's own: an EAN-13 that no manufacturer can have."""
    while True:
        body = f"{OWN_RANGE}{int(next_number('own barcode')):010d}"
        code = body + ean.calc_check_digit(body)
        if session.scalar(select(Barcode.id).where(Barcode.code == code.zfill(14))) is None:
            return add_barcode(variant_id, code)


def remove_barcode(barcode_id: int) -> int:
    """Let a code mean nothing any more; returns the variant it meant."""
    row = session.get(Barcode, barcode_id)
    if row is None:
        raise NotFound(_("There is no such barcode."))
    session.delete(row)
    session.flush()
    return row.variant_id


def set_scale_rule(prefix: str, holds: str, item_digits: int, value_digits: int, decimals: int) -> ScaleRule:
    """Say how scales print barcodes that begin with a prefix; one that is known is said anew. Refused where the parts
    do not make 13 digits."""
    prefix = prefix.strip()
    if not prefix.isascii() or not prefix.isdecimal() or not prefix.startswith("2") or len(prefix) > 4:
        raise Refused(_("A prefix of scales is 2, or 20 to 29, and at most two more digits."), field="prefix")
    if holds not in {"price", "weight"}:
        raise Refused(_("Choose whether the label holds a price or a weight."), field="holds")
    total = len(prefix) + item_digits + value_digits + 1
    if min(item_digits, value_digits) < 1 or total != SCALE_LENGTH:
        raise Refused(
            _(
                "Prefix, number, value and check digit are %(n)s digits together; they must be %(all)s.",
                n=total,
                all=SCALE_LENGTH,
            ),
            field="item_digits",
        )
    if not 0 <= decimals <= min(3, value_digits):
        raise Refused(_("The value has between 0 and 3 decimal places."), field="decimals")
    row = session.scalar(select(ScaleRule).where(ScaleRule.prefix == prefix)) or ScaleRule(prefix=prefix)
    row.holds, row.item_digits, row.value_digits, row.decimals = holds, item_digits, value_digits, decimals
    session.add(row)
    session.flush()
    return row


def remove_scale_rule(rule_id: int) -> None:
    """Understand labels of a prefix no more."""
    row = session.get(ScaleRule, rule_id)
    if row is None:
        raise NotFound(_("There is no such rule."))
    session.delete(row)
    session.flush()
