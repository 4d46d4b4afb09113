"""The shape of what the till's pages send."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from retail.core.errors import Refused
from retail.core.forms import Above, Form, MoneyField, choices_from, read_decimal
from retail.payments.services import Tender
from retail.pricing.services import Discount
from retail.till.services.cart_prices import Wanted
from retail.till.services.carts import MOST_LINES, Cart

LINE = re.compile(r"lines-(\d{1,4})-variant")
DISCOUNT_KINDS = ("percent", "amount", "price")
METHODS = ("cash", "card")


class OpenForm(Form):
    """Open a register with what lies in its drawer."""

    opening_float = MoneyField(_l("Cash in the drawer"), [InputRequired(), Above(0, or_equal=True)])


class CashForm(Form):
    """Cash that moves for another reason than a sale."""

    kind = SelectField(
        _l("What happens"),
        choices=choices_from(
            [("pay_in", _l("Put cash in")), ("pay_out", _l("Take cash out")), ("drop", _l("Drop to the safe"))]
        ),
    )
    amount = MoneyField(_l("Amount"), [InputRequired(), Above(0)])
    reason = StringField(_l("Reason"), [InputRequired(), Length(max=200)])


class CloseForm(Form):
    """Close a shift; the count by denomination is read beside it."""

    note = TextAreaField(_l("Note"), [Length(max=500)], description=_l("For whoever reads the Z report."))


class RefundForm(Form):
    """Give goods and money back; the quantities are read beside it."""

    reason = StringField(_l("Reason"), [InputRequired(), Length(max=200)])
    method = SelectField(
        _l("Give the money back by"), choices=choices_from([("cash", _l("Cash")), ("card", _l("Card"))])
    )


class VoidForm(Form):
    """Reverse a whole sale of today."""

    reason = StringField(_l("Reason"), [InputRequired(), Length(max=200)])


def read_cart(sent: Mapping[str, Any]) -> Cart:
    """The cart a page carries. Refused, naming the field, for what is no number."""
    positions = sorted(int(found[1]) for name in sent if (found := LINE.fullmatch(name)))
    if len(positions) > MOST_LINES:
        raise Refused(_("A cart holds %(n)s lines; ring this one up first.", n=MOST_LINES), field="lines")
    lines = tuple(
        Wanted(
            _whole(sent[f"lines-{at}-variant"], f"lines-{at}-variant"),
            _number(sent.get(f"lines-{at}-quantity"), 3, f"lines-{at}-quantity") or Decimal(0),
            _discount(sent, f"lines-{at}-discount"),
            str(sent.get(f"lines-{at}-lock", "")).strip()[:20],
            " ".join(str(sent.get(f"lines-{at}-number", "")).split())[:60],
        )
        for at in positions
    )
    customer = sent.get("customer", "")
    return Cart(
        key=str(sent.get("key", "")),
        lines=lines,
        discount=_discount(sent, "discount"),
        customer_id=_whole(customer, "customer") if customer else None,
        tenders=_tenders(sent),
        approval=str(sent.get("approval", ""))[:100],
    )


def read_cart_as_far_as_it_goes(sent: Mapping[str, Any]) -> Cart:
    """The cart without what cannot be read: a quantity that is none becomes one, discounts and tenders are left out.

    For showing a page again beside the refusal.
    """
    readable = {
        name: value
        for name, value in sent.items()
        if name == "key" or (LINE.fullmatch(name) and str(value).isdecimal() and len(str(value)) < 18)
    }
    cart = read_cart(readable)
    return replace(cart, lines=tuple(replace(line, quantity=Decimal(1)) for line in cart.lines[:MOST_LINES]))


def read_counts(sent: Mapping[str, Any], prefix: str) -> dict[str, int]:
    """Whole numbers by name: pieces by denomination. Refused for what is no whole number."""
    return {
        name.removeprefix(prefix): _whole(value.strip(), name)
        for name, value in sent.items()
        if name.startswith(prefix) and value.strip()
    }


def read_quantities(sent: Mapping[str, Any], prefix: str) -> dict[int, Decimal]:
    """Quantities by the id of their line. Refused for what is no number."""
    return {
        _whole(name.removeprefix(prefix), name): _number(value, 3, name) or Decimal(0)
        for name, value in sent.items()
        if name.startswith(prefix) and value.strip()
    }


def read_amount(text: str, field: str) -> Decimal | None:
    """An amount of money as typed; None when nothing was."""
    return _number(text, 4, field)


def _tenders(sent: Mapping[str, Any]) -> tuple[Tender, ...]:
    found = []
    for at in range(10):
        method = sent.get(f"tenders-{at}-method")
        if method is None:
            break
        if method not in METHODS:
            raise Refused(_("“%(method)s” is no way to pay here.", method=str(method)[:20]), field="tenders")
        amount = _number(sent.get(f"tenders-{at}-amount"), 4, "tenders")
        found.append(Tender(method, amount or Decimal(0), str(sent.get(f"tenders-{at}-reference", ""))[:100]))
    return tuple(found)


def _discount(sent: Mapping[str, Any], prefix: str) -> Discount | None:
    value = _number(sent.get(f"{prefix}_value"), 4, f"{prefix}_value")
    kind = sent.get(f"{prefix}_kind", "percent")
    if value is None or (value == 0 and kind != "price"):
        return None
    if kind not in DISCOUNT_KINDS:
        raise Refused(_("Choose percent, amount or new price."), field=f"{prefix}_kind")
    return Discount(kind, value, str(sent.get(f"{prefix}_reason", "")).strip()[:100])


def _number(text: Any, places: int, field: str) -> Decimal | None:
    if text is None or not str(text).strip():
        return None
    try:
        return read_decimal(str(text).strip(), places)
    except ValueError as wrong:
        raise Refused(str(wrong), field=field) from None


def _whole(text: Any, field: str) -> int:
    plain = str(text)
    if not plain.isascii() or not plain.isdecimal() or len(plain) > 18:
        raise Refused(_("“%(text)s” is not a whole number.", text=plain[:40]), field=field)
    return int(plain)
