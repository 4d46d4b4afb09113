"""The pricing engine: a cart in, priced lines out. No database, no clock; the same cart always costs the same.

Steps, each stored with the sale: *list price* × quantity, rounded to the minor unit → less the *line discount* → less
this line's share of the *cart discount* (largest remainder, so the pennies add up) → *gross* and *net* by the line's
tax rate, rounded by line. Where prices exclude tax, the amounts before tax are net.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _

from retail.core.errors import Refused
from retail.core.money import ZERO, Taxed, minor_unit, round_to, share_out

MOST = Decimal(100_000)
HUNDRED = Decimal(100)


@dataclass(frozen=True)
class Discount:
    """`percent` of the price, an `amount` off, or a new unit `price`; `reason` is what the receipt says."""

    kind: str
    value: Decimal
    reason: str = ""


@dataclass(frozen=True)
class CartLine:
    """One thing in a cart; `list_price` is per unit, including tax where the cart's prices do."""

    variant_id: int
    sku: str
    description: str
    quantity: Decimal
    list_price: Decimal
    tax_code: str = ""
    tax_rate: Decimal = ZERO
    discount: Discount | None = None
    working: Mapping[str, Any] | None = None
    """How the list price was reckoned, where it follows something (a metal's rate); it is frozen with the sale."""


@dataclass(frozen=True)
class Cart:
    """What is about to be bought."""

    lines: Sequence[CartLine]
    currency: str
    prices_include_tax: bool = True
    discount: Discount | None = None


@dataclass(frozen=True)
class PricedLine:
    """A cart line with what it costs; gross = net + tax, and discounts are shares of this line alone."""

    line: CartLine
    line_discount: Decimal
    cart_discount: Decimal
    net: Decimal
    tax: Decimal
    gross: Decimal

    @property
    def discount(self) -> Decimal:
        return self.line_discount + self.cart_discount


@dataclass(frozen=True)
class Priced:
    """A priced cart. `trace` says in words why it costs what it costs."""

    lines: tuple[PricedLine, ...]
    currency: str
    net: Decimal
    tax: Decimal
    gross: Decimal
    discount: Decimal
    trace: tuple[str, ...]

    @property
    def deepest_discount_percent(self) -> Decimal:
        """The largest reduction of any line against its list price, in percent."""
        deepest = ZERO
        for priced in self.lines:
            listed = priced.line.list_price * priced.line.quantity
            if listed:
                deepest = max(deepest, priced.discount / listed * HUNDRED)
        return deepest

    def is_reduced_beyond(self, percent: Decimal) -> bool:
        """Whether any line is reduced by more than `percent`. One minor unit more is rounding, not generosity."""
        step = minor_unit(self.currency)
        return any(
            priced.discount
            and priced.discount >= priced.line.list_price * priced.line.quantity * percent / HUNDRED + step
            for priced in self.lines
        )


def price(cart: Cart) -> Priced:
    """Price a cart. Refused for an empty line, a quantity or a discount that makes no sense, naming the line."""
    step = minor_unit(cart.currency)
    trace: list[str] = []
    listed, line_discounts = [], []
    for position, line in enumerate(cart.lines):
        _check(line, position)
        amount = round_to(line.quantity * line.list_price, step)
        less = _discount_on(line.discount, amount, line.quantity, step, f"lines-{position}-discount")
        listed.append(amount)
        line_discounts.append(less)
        if less:
            trace.append(
                _("%(what)s: %(less)s off (%(why)s)", what=line.description, less=less, why=_why(line.discount))
            )
    remaining = [amount - less for amount, less in zip(listed, line_discounts, strict=True)]
    whole = _discount_on(cart.discount, sum(remaining, ZERO), Decimal(1), step, "discount")
    shares = share_out(whole, remaining, step) if whole else [ZERO] * len(remaining)
    if whole:
        trace.append(_("Whole cart: %(less)s off (%(why)s)", less=whole, why=_why(cart.discount)))
    lines = []
    for line, amount, less, share in zip(cart.lines, remaining, line_discounts, shares, strict=True):
        due = amount - share
        taxed = (
            Taxed.from_gross(due, line.tax_rate, step)
            if cart.prices_include_tax
            else Taxed.from_net(due, line.tax_rate, step)
        )
        lines.append(PricedLine(line, less, share, taxed.net, taxed.tax, taxed.gross))
    return Priced(
        lines=tuple(lines),
        currency=cart.currency,
        net=sum((one.net for one in lines), ZERO),
        tax=sum((one.tax for one in lines), ZERO),
        gross=sum((one.gross for one in lines), ZERO),
        discount=sum((one.discount for one in lines), ZERO),
        trace=tuple(trace),
    )


def _check(line: CartLine, position: int) -> None:
    if line.quantity <= 0:
        raise Refused(
            _(
                "%(what)s: the quantity must be more than nothing; to take goods back, make a return.",
                what=line.description,
            ),
            field=f"lines-{position}-quantity",
        )
    if line.quantity > MOST:
        raise Refused(_("%(what)s: %(n)s is more than a cart holds.", what=line.description, n=line.quantity))


def _discount_on(discount: Discount | None, amount: Decimal, quantity: Decimal, step: Decimal, field: str) -> Decimal:
    """What a discount takes off `amount`, never more than all of it."""
    if discount is None:
        return ZERO
    if discount.value < 0:
        raise Refused(_("A discount cannot be below zero."), field=field)
    if discount.kind == "percent":
        if discount.value > HUNDRED:
            raise Refused(_("A discount cannot be more than %(most)s %%.", most=100), field=field)
        return round_to(amount * discount.value / HUNDRED, step)
    if discount.kind == "amount":
        less = round_to(discount.value, step)
    elif discount.kind == "price":
        less = amount - round_to(discount.value * quantity, step)
    else:
        raise ValueError(f"no discount is of the kind {discount.kind}")
    if less > amount or less < 0:
        raise Refused(_("A discount cannot be more than the price."), field=field)
    return less


def _why(discount: Discount | None) -> str:
    if discount is None:
        return ""
    if discount.reason:
        return discount.reason
    return f"{discount.value.normalize():f} %" if discount.kind == "percent" else _("by hand")
