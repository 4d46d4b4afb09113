"""What a cart costs now: prices of the catalog, of the day's metal rate, or promised ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import bindparam, select

from retail.catalog.jewel_models import Jewel
from retail.catalog.jewel_queries import priced_now, standing_lock
from retail.catalog.models import Product, Variant
from retail.core.db import session
from retail.core.errors import NotFound, Refused
from retail.core.money import ZERO
from retail.finance.models import TaxRate
from retail.inventory.services import Named
from retail.pricing import services as pricing
from retail.pricing.services import Cart, CartLine, Discount, Priced
from retail.tenancy.models import Tenant


@dataclass(frozen=True)
class Wanted:
    """A line as the cashier has it: which variant, how many, what is to be taken off, the number of a price that was
    promised to this customer, and that of the lot or piece where one was scanned."""

    variant_id: int
    quantity: Decimal
    discount: Discount | None = None
    lock: str = ""
    number: str = ""

    @property
    def named(self) -> list[Named]:
        """The lot or piece, as the stock needs to know it."""
        return [Named(self.number, self.quantity)] if self.number else []


@dataclass(frozen=True)
class Ready:
    """A priced cart, and for each position whether it takes goods off the shelf."""

    priced: Priced
    stocked: tuple[bool, ...]


_IN_CART = (
    select(
        Variant.id,
        Variant.sku,
        Variant.name,
        Variant.price,
        Variant.archived_at,
        Product.is_stocked,
        Jewel.id.label("jewel_id"),
        TaxRate.code,
        TaxRate.rate,
    )
    .join(Product, Product.id == Variant.product_id)
    .outerjoin(Jewel, Jewel.variant_id == Variant.id)
    .outerjoin(TaxRate, TaxRate.id == Product.tax_rate_id)
    .where(Variant.id.in_(bindparam("variants", expanding=True)))
)


def price_cart(tenant: Tenant, wanted: Sequence[Wanted], discount: Discount | None = None) -> Ready:
    """What a cart costs now. Refused when a variant is unknown or archived, when the rate a price follows is missing or
    too old, and when a promised price does not stand."""
    rows = {row.id: row for row in session.execute(_IN_CART, {"variants": sorted({one.variant_id for one in wanted})})}
    lines, stocked = [], []
    promised = {one.variant_id for one in wanted if one.lock}
    by_rate = [row.id for row in rows.values() if row.jewel_id is not None and row.id not in promised]
    worked = priced_now(by_rate, tenant.currency) if by_rate else {}
    for one in wanted:
        row = rows.get(one.variant_id)
        list_price, working = _reckoned(one, worked) if one.lock or one.variant_id in worked else (None, None)
        if row is None:
            raise NotFound(_("There is no product variant %(id)s.", id=one.variant_id), field="lines")
        if row.archived_at is not None:
            raise Refused(_("%(what)s is archived and cannot be sold.", what=row.name), field="lines")
        stocked.append(row.is_stocked)
        lines.append(
            CartLine(
                variant_id=row.id,
                sku=row.sku,
                description=row.name,
                quantity=one.quantity,
                list_price=row.price if list_price is None else list_price,
                tax_code=row.code or "",
                tax_rate=row.rate if row.rate is not None else ZERO,
                discount=one.discount,
                working=working,
            )
        )
    priced = pricing.price(Cart(lines, tenant.currency, tenant.prices_include_tax, discount))
    return Ready(priced, tuple(stocked))


def _reckoned(one: Wanted, worked: Mapping[int, tuple[Decimal, dict[str, Any]]]) -> tuple[Decimal, dict[str, Any]]:
    """The price that was promised for a line, else that of the day's rate, with its working."""
    if not one.lock:
        return worked[one.variant_id]
    lock = standing_lock(one.lock, one.variant_id)
    if one.quantity != 1:
        raise Refused(_("%(number)s promises the price of one piece.", number=lock.number), field="lines")
    return lock.price, {**lock.working, "lock": lock.number}
