"""The cart: a value that travels in the page's form. Nothing of it is stored until it is paid."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal

from flask_babel import gettext as _
from sqlalchemy import select

from retail.catalog.jewel_models import PriceLock
from retail.catalog.models import Variant
from retail.catalog.queries import Scanned
from retail.core.db import session
from retail.core.errors import NeedsApproval, NotFound, Refused
from retail.core.money import ZERO, to_minor
from retail.customers.models import Customer
from retail.identity import approval_services as approvals
from retail.inventory.lot_queries import is_piece
from retail.payments.services import Tender
from retail.pricing.services import Discount
from retail.tenancy.models import Tenant
from retail.tenancy.queries import current_tenant
from retail.till.services.allowing import check_discount
from retail.till.services.cart_prices import Wanted, price_cart
from retail.till.services.drawer import quick_amounts

MOST_LINES = 200
GRAM = Decimal("0.001")
KEY = re.compile(r"[A-Za-z0-9_-]{16,64}")


@dataclass(frozen=True)
class Cart:
    """What the cashier has so far. `key` makes paying twice harmless; `tenders` is what was handed over already, and
    `approval` the token of a colleague's consent to its discounts."""

    key: str
    lines: tuple[Wanted, ...] = ()
    discount: Discount | None = None
    customer_id: int | None = None
    tenders: tuple[Tender, ...] = ()
    approval: str = ""


@dataclass(frozen=True)
class ShownLine:
    """A line with what it costs before the cart's own discount."""

    wanted: Wanted
    name: str
    sku: str
    unit_price: Decimal
    less: Decimal
    amount: Decimal

    @property
    def new_unit_price(self) -> Decimal:
        """The price of one after the line's discount."""
        return self.amount / self.wanted.quantity


@dataclass(frozen=True)
class ShownCart:
    """A cart with its prices: subtotal − discount (+ tax where prices exclude it) = total; total − paid = due."""

    cart: Cart
    lines: tuple[ShownLine, ...]
    pieces: Decimal
    subtotal: Decimal
    discount: Decimal
    tax: Decimal
    total: Decimal
    due: Decimal
    quick: tuple[Decimal, ...]
    customer: Customer | None

    @property
    def paid(self) -> Decimal:
        """What was handed over so far."""
        return sum((one.amount for one in self.cart.tenders), ZERO)


def new_key() -> str:
    """A key for the next sale."""
    return secrets.token_urlsafe(18)


def check_key(key: str) -> str:
    """Refused when a key is none, so that a page of another making cannot sell without one."""
    if not KEY.fullmatch(key):
        raise Refused(_("This page is too old to sell with; reload it. The cart is kept."), field="key")
    return key


def with_one_more(cart: Cart, variant_id: int, number: str = "") -> tuple[Cart, int]:
    """The cart with one more of a variant, and the position of its line. Lots and pieces have lines of their own.

    Refused for a piece that is in the cart already.
    """
    for position, line in enumerate(cart.lines):
        if line.variant_id == variant_id and line.number == number and not line.lock:
            if number and line.quantity >= 1 and is_piece(variant_id, number):
                raise Refused(_("Number %(number)s is in the cart already.", number=number), field="lines")
            return step(cart, position, 1), position
    _check_room(cart)
    return replace(cart, lines=(*cart.lines, Wanted(variant_id, Decimal(1), number=number))), len(cart.lines)


def with_scanned(cart: Cart, found: Scanned) -> tuple[Cart, int]:
    """The cart with what a code means: one more, a whole pack, or a portion from a scale, which is a line of its own.
    Where the label says the price, exactly that is asked: what the rounding of the weight adds is taken off."""
    if not found.is_portion:
        cart, position = with_one_more(cart, found.variant.id)
        return (cart, position) if found.quantity == 1 else (step(cart, position, found.quantity - 1), position)
    _check_room(cart)
    quantity, discount = found.quantity, None
    if found.price is not None:
        if not found.variant.price or not found.price:
            raise Refused(_("%(what)s has no price for a kilogram.", what=found.variant.name), field="lines")
        quantity = (found.price / found.variant.price).quantize(GRAM, ROUND_CEILING)
        over = to_minor(quantity * found.variant.price, current_tenant().currency) - found.price
        discount = Discount("amount", over, str(_("Price on the label"))) if over else None
    if not quantity:
        raise Refused(_("The label says a weight of nothing; weigh it again."), field="lines")
    return replace(cart, lines=(*cart.lines, Wanted(found.variant.id, quantity, discount))), len(cart.lines)


def _check_room(cart: Cart) -> None:
    if len(cart.lines) >= MOST_LINES:
        raise Refused(_("A cart holds %(n)s lines; ring this one up first.", n=MOST_LINES), field="lines")


def with_promised(cart: Cart, lock: PriceLock) -> tuple[Cart, int]:
    """The cart with a piece at the price that was promised, and the position of its line; the piece alone makes way."""
    others = tuple(line for line in cart.lines if line.variant_id != lock.variant_id)
    return replace(cart, lines=(*others, Wanted(lock.variant_id, Decimal(1), lock=lock.number))), len(others)


def step(cart: Cart, position: int, by: Decimal | int) -> Cart:
    """One more or less of a line; a line of nothing is taken out."""
    line = _line(cart, position)
    if line.quantity + by <= 0:
        return without_line(cart, position)
    return _with_line(cart, position, replace(line, quantity=line.quantity + by))


def without_line(cart: Cart, position: int) -> Cart:
    """The cart with a line taken out."""
    _line(cart, position)
    return replace(cart, lines=(*cart.lines[:position], *cart.lines[position + 1 :]))


def without_tender(cart: Cart, position: int) -> Cart:
    """The cart with a tender given back."""
    return replace(cart, tenders=(*cart.tenders[:position], *cart.tenders[position + 1 :]))


def without_discount(cart: Cart, position: int) -> Cart:
    """The cart with a line at its list price again."""
    return _with_line(cart, position, replace(_line(cart, position), discount=None))


def without_discounts(cart: Cart) -> Cart:
    """The cart at its list prices, without the approval of what was taken off."""
    lines = tuple(replace(line, discount=None) for line in cart.lines)
    return replace(cart, lines=lines, discount=None, tenders=(), approval="")


def without_idle_discount(cart: Cart) -> Cart:
    """The cart without a discount and tenders when nothing is left to which they could belong."""
    return cart if cart.lines else replace(cart, discount=None, tenders=(), approval="")


def with_known_lines(cart: Cart) -> Cart:
    """The cart with only what can still be sold: a product may be archived while it lies in a cart."""
    known = set(
        session.scalars(
            select(Variant.id).where(
                Variant.id.in_([line.variant_id for line in cart.lines]), Variant.archived_at.is_(None)
            )
        )
    )
    return replace(cart, lines=tuple(line for line in cart.lines if line.variant_id in known))


def show(tenant: Tenant, cart: Cart, largest_discount_percent: Decimal) -> ShownCart:
    """A cart with its prices now. Refused for what cannot be sold, NeedsApproval beyond the person's limit."""
    priced = price_cart(tenant, cart.lines, cart.discount).priced
    try:
        check_discount(priced, largest_discount_percent, cart.key)
    except NeedsApproval as need:
        if not cart.approval or not approvals.stands(cart.approval, need):
            raise
    lines = tuple(
        ShownLine(
            wanted,
            one.line.description,
            one.line.sku,
            one.line.list_price,
            one.line_discount,
            (one.gross if tenant.prices_include_tax else one.net) + one.cart_discount,
        )
        for wanted, one in zip(cart.lines, priced.lines, strict=True)
    )
    due = outstanding(priced.gross, cart.tenders)
    return ShownCart(
        cart=cart,
        lines=lines,
        pieces=sum((line.quantity for line in cart.lines), ZERO),
        subtotal=sum((line.amount for line in lines), ZERO),
        discount=sum((one.cart_discount for one in priced.lines), ZERO),
        tax=priced.tax,
        total=priced.gross,
        due=due,
        quick=quick_amounts(due, tenant.currency),
        customer=_customer(cart.customer_id),
    )


def outstanding(total: Decimal, tenders: Sequence[Tender]) -> Decimal:
    """What is still to pay; below zero is change."""
    return total - sum((one.amount for one in tenders), ZERO)


def is_covered(total: Decimal, tenders: Sequence[Tender]) -> bool:
    """Whether the tenders pay for everything; a cart that costs nothing is."""
    return outstanding(total, tenders) <= 0


def _customer(customer_id: int | None) -> Customer | None:
    if customer_id is None:
        return None
    customer = session.get(Customer, customer_id)
    if customer is None:
        raise NotFound(_("There is no such customer."), field="customer")
    return customer


def _line(cart: Cart, position: int) -> Wanted:
    if not 0 <= position < len(cart.lines):
        raise NotFound(_("That line is no longer in the cart."), field="lines")
    return cart.lines[position]


def _with_line(cart: Cart, position: int, line: Wanted) -> Cart:
    return replace(cart, lines=(*cart.lines[:position], line, *cart.lines[position + 1 :]))
