"""The grid of a product: what its options may be, which combinations are sold, and making one on first use.

Options are combined in thousands of ways and sold in tens, so a combination becomes a variant only when somebody ticks
it here, or when it is first received or sold. Whatever their number, a page of the grid is written in few statements.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from math import prod

from flask_babel import gettext as _
from sqlalchemy import func, select

from retail.catalog.models import Barcode, Product, Variant, combination_of
from retail.catalog.services.barcodes import checked_code
from retail.catalog.services.products import (
    MOST_POSSIBLE,
    NewVariant,
    add_variants,
    check_prices,
    check_values,
    variant_name,
)
from retail.catalog.services.skus import check_pattern, free_sku
from retail.core.clock import now
from retail.core.db import in_chunks, session
from retail.core.errors import NotFound, Refused

LOOKED_UP = 500
FirstStock = Callable[[int, int, Sequence[tuple[Variant, Decimal]]], None]
first_stock: list[FirstStock] = []
"""What books the stock that new variants begin with: (location, product, variants with quantities). The stock ledger,
which lies above, puts itself here."""


@dataclass(frozen=True)
class GridChanges:
    """What somebody changed on a page of the grid; variants by id."""

    new: Sequence[NewVariant] = ()
    stock: Mapping[int, Decimal] = field(default_factory=dict)
    """First stock of the new ones, by their place in `new`."""
    put_back: Sequence[int] = ()
    taken_out: Sequence[int] = ()
    prices: Mapping[int, Decimal] = field(default_factory=dict)
    costs: Mapping[int, Decimal | None] = field(default_factory=dict)
    skus: Mapping[int, str] = field(default_factory=dict)
    codes: Mapping[int, Sequence[str]] = field(default_factory=dict)
    """Barcodes to be added."""

    @property
    def touched(self) -> set[int]:
        """The ids of all variants that are changed."""
        return {*self.put_back, *self.taken_out, *self.prices, *self.costs, *self.skus, *self.codes}


def set_options(product_id: int, options: Mapping[str, Sequence[str]], sku_pattern: str = "") -> Product:
    """Say what a product may come in; no variant is made by it. A product without options becomes the first value of
    each, and keeps its stock, codes and history.

    Refused for a value that a variant has and that is not named any more, and for too many combinations.
    """
    product = _product(product_id)
    if not options:
        raise Refused(_("Name an option and its values, such as Size: S, M, L."), field="options")
    check_values(options)
    possible = prod(map(len, options.values()))
    if possible > MOST_POSSIBLE:
        raise Refused(
            _("That would be %(n)s possible variants; at most %(most)s.", n=possible, most=MOST_POSSIBLE),
            field="options",
        )
    if product.option_names and list(options) != product.option_names:
        raise Refused(_("The options of a product that has variants keep their names."), field="options")
    if not product.option_names:
        only = session.scalars(select(Variant).where(Variant.product_id == product_id)).one()
        product.option_names = list(options)
        only.options = {name: values[0] for name, values in options.items()}
        only.name = variant_name(product.name, only.options)
    product.option_values = _spelled_as_used(product, options)
    product.sku_pattern = check_pattern(sku_pattern, product.option_names)
    session.flush()
    return product


def change_grid(product_id: int, changes: GridChanges, location_id: int | None = None) -> list[Variant]:
    """Write what was changed on a page of the grid; returns the variants that were made. `location_id` is where the
    first stock of new ones lies. All or nothing: the first refusal names the variant."""
    product = _product(product_id)
    touched = _variants(product_id, changes.touched)
    _check_skus(touched, changes.skus)
    instant = now()
    for variant_id in changes.put_back:
        touched[variant_id].archived_at = None
    for variant_id in changes.taken_out:
        touched[variant_id].archived_at = touched[variant_id].archived_at or instant
    for variant_id, price in changes.prices.items():
        check_prices(price, None)
        touched[variant_id].price = price
    for variant_id, cost in changes.costs.items():
        check_prices(Decimal(0), cost)
        touched[variant_id].cost = cost
    for variant_id, sku in changes.skus.items():
        touched[variant_id].sku = sku
    session.flush()
    made: list[Variant] = []
    if changes.new:
        unit = session.scalar(select(Variant.unit).where(Variant.product_id == product_id).limit(1)) or "piece"
        made = add_variants(product_id, [replace(new, unit=unit) for new in changes.new])
    _add_codes(touched, changes.codes)
    if changes.put_back and product.archived_at is not None:
        raise Refused(_("Restore the product first."))
    on_sale = select(Variant.id).where(Variant.product_id == product_id, Variant.archived_at.is_(None)).limit(1)
    if changes.taken_out and product.archived_at is None and session.scalar(on_sale) is None:
        raise Refused(_("This is the last variant on sale; archive the product instead."))
    stocked = [(made[place], quantity) for place, quantity in changes.stock.items() if quantity]
    if stocked and location_id is not None and product.is_stocked:
        for book in first_stock:
            book(location_id, product_id, stocked)
    return made


def ensure_variant(product_id: int, options: Mapping[str, str]) -> Variant:
    """The variant of a combination, made on this first use when nobody had it before, at the price of the sibling that
    is most like it. Refused for a value the product does not come in, and for a variant that is archived."""
    product = _product(product_id)
    if list(options) != product.option_names or not options:
        raise Refused(_("Choose a value for each option."), field="options")
    chosen: dict[str, str] = {}
    for name, value in options.items():
        known = {one.casefold(): one for one in product.option_values.get(name, ())}
        if value.casefold() not in known:
            raise Refused(_("%(what)s does not come in “%(value)s”.", what=product.name, value=value), field="options")
        chosen[name] = known[value.casefold()]
    found = session.scalar(
        select(Variant).where(Variant.product_id == product_id, Variant.combination == combination_of(chosen.values()))
    )
    if found is not None and found.archived_at is not None:
        raise Refused(_("%(what)s is archived and cannot be sold.", what=found.name), field="options")
    if found is not None:
        return found
    if product.archived_at is not None:
        raise Refused(_("Restore the product first."))
    siblings = session.scalars(
        select(Variant).where(Variant.product_id == product_id).order_by(Variant.id.desc()).limit(LOOKED_UP)
    ).all()
    like = max(siblings, key=lambda one: sum(one.options.get(name) == value for name, value in chosen.items()))
    return add_variants(product_id, [NewVariant(like.price, like.cost, unit=like.unit, options=chosen)])[0]


def _product(product_id: int) -> Product:
    product = session.get(Product, product_id)
    if product is None:
        raise NotFound(_("There is no such product."))
    return product


def _variants(product_id: int, ids: set[int]) -> dict[int, Variant]:
    found: dict[int, Variant] = {}
    for chunk in in_chunks(sorted(ids), LOOKED_UP):
        rows = session.scalars(
            select(Variant).where(Variant.id.in_(chunk), Variant.product_id == product_id).order_by(Variant.id)
        )
        found |= {one.id: one for one in rows}
    if ids - found.keys():
        raise NotFound(_("There is no such variant."))
    return found


def _spelled_as_used(product: Product, options: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """The values as the variants spell them. Refused when one that is in use is missing."""
    used: dict[str, dict[str, str]] = {name: {} for name in options}
    for some in session.scalars(select(Variant.options).where(Variant.product_id == product.id)):
        for name, value in some.items():
            used.setdefault(name, {})[value.casefold()] = value
    for name, values in options.items():
        if missing := used[name].keys() - {value.casefold() for value in values}:
            value = used[name][min(missing)]
            raise Refused(
                _("“%(value)s” is in use: a variant has it. Untick it in the grid instead.", value=value),
                field="options",
            )
    return {name: [used[name].get(value.casefold(), value) for value in values] for name, values in options.items()}


def _check_skus(touched: Mapping[int, Variant], skus: Mapping[int, str]) -> None:
    """Refused for a SKU that is empty, too long, wanted twice, or another variant's."""
    wanted: dict[str, int] = {}
    for variant_id, sku in skus.items():
        if not sku.strip() or wanted.setdefault(sku.lower(), variant_id) != variant_id:
            raise Refused(
                _("%(what)s: give it a SKU that no other variant has.", what=touched[variant_id].name), field="sku"
            )
    for chunk in in_chunks(sorted(wanted), LOOKED_UP):
        for row in session.execute(
            select(Variant.id, Variant.name, func.lower(Variant.sku).label("sku")).where(
                func.lower(Variant.sku).in_(chunk)
            )
        ):
            if row.id not in skus or wanted[row.sku] != row.id:
                free_sku(skus[wanted[row.sku]], wanted[row.sku])


def _add_codes(touched: Mapping[int, Variant], codes: Mapping[int, Sequence[str]]) -> None:
    """Let codes mean variants. Refused for a code that is another's, naming it."""
    wanted: dict[str, int] = {}
    for variant_id, some in codes.items():
        for code in some:
            try:
                stored = checked_code(code)
            except Refused as no:
                raise Refused(f"{touched[variant_id].name}: {no.message}", field="code") from None
            if wanted.setdefault(stored, variant_id) != variant_id:
                raise Refused(_("The barcode %(code)s is given twice.", code=code), field="code")
    known: set[str] = set()
    for chunk in in_chunks(sorted(wanted), LOOKED_UP):
        for row in session.execute(
            select(Barcode.code, Barcode.variant_id, Variant.name)
            .join(Variant, Variant.id == Barcode.variant_id)
            .where(Barcode.code.in_(chunk))
        ):
            if wanted[row.code] != row.variant_id:
                raise Refused(
                    _("The barcode %(code)s belongs to “%(name)s”.", code=row.code, name=row.name), field="code"
                )
            known.add(row.code)
    session.add_all(Barcode(code=code, variant_id=owner) for code, owner in wanted.items() if code not in known)
    session.flush()
