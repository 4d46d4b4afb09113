"""Products and their variants: creating, changing, archiving."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import product as combinations
from math import prod

from flask_babel import gettext as _
from sqlalchemy import func, select

from retail.catalog.models import Category, Product, Variant, combination_of
from retail.catalog.queries import MEASURES
from retail.catalog.services.barcodes import add_barcode
from retail.catalog.services.skus import free_sku, next_skus
from retail.core.clock import now
from retail.core.db import in_chunks, session
from retail.core.errors import NotFound, Refused
from retail.finance.models import TaxRate

MOST_VARIANTS = 10_000
MOST_AT_ONCE = 100
"""Combinations that are made without anybody having ticked them."""
MOST_VALUES, MOST_POSSIBLE = 300, 100_000
"""Values of one option, and combinations of all options that can be possible."""
LONGEST_NAME = 200
LOOKED_UP = 500


@dataclass(frozen=True)
class NewVariant:
    """A variant to be made. `options` maps the product's option names to the value chosen; an empty SKU is made up."""

    price: Decimal
    cost: Decimal | None = None
    sku: str = ""
    unit: str = "piece"
    options: Mapping[str, str] = field(default_factory=dict)
    barcodes: Sequence[str] = ()


@dataclass(frozen=True)
class Description:
    """What is said of a product as a whole."""

    name: str
    description: str = ""
    brand: str = ""
    category_id: int | None = None
    tax_rate_id: int | None = None
    is_stocked: bool = True
    is_merchandise: bool = True


def matrix(options: Mapping[str, Sequence[str]]) -> list[dict[str, str]]:
    """Every combination of option values: sizes × colors. One empty combination where there are no options.

    Refused beyond MOST_AT_ONCE, and where an option has no value or one value twice.
    """
    check_values(options)
    if prod(map(len, options.values())) > MOST_POSSIBLE:
        raise Refused(_("Options can be combined in at most %(most)s ways.", most=MOST_POSSIBLE), field="options")
    found = [dict(zip(options, values, strict=True)) for values in combinations(*options.values())]
    if len(found) > MOST_AT_ONCE:
        raise Refused(
            _(
                "That would be %(n)s variants. At most %(most)s are made at once; tick those you sell in the grid.",
                n=len(found),
                most=MOST_AT_ONCE,
            ),
            field="options",
        )
    return found


def check_values(options: Mapping[str, Sequence[str]]) -> None:
    """Refused where an option has no value, too many, or one value twice."""
    for name, values in options.items():
        if not values:
            raise Refused(_("Give at least one value for “%(option)s”.", option=name), field="options")
        if len({value.casefold() for value in values}) < len(values):
            raise Refused(_("“%(option)s” names a value twice.", option=name), field="options")
        if len(values) > MOST_VALUES:
            raise Refused(
                _("“%(option)s” has %(n)s values; at most %(most)s.", option=name, n=len(values), most=MOST_VALUES),
                field="options",
            )


def create_product(about: Description, variants: Sequence[NewVariant]) -> Product:
    """A new product with its variants, in the order given.

    Refused for an empty name, a price below zero, a SKU or barcode that is taken, variants that do not differ.
    """
    if not variants:
        raise Refused(_("A product needs at least one variant with a price."), field="price")
    product = Product(created_at=now(), option_names=list(variants[0].options))
    _describe(product, about)
    session.add(product)
    session.flush()
    _add(product, variants, 0)
    return product


def change_product(product_id: int, about: Description) -> Product:
    """Describe a product anew; its variants are called after it."""
    product = session.get(Product, product_id)
    if product is None:
        raise NotFound(_("There is no such product."))
    before = product.name
    _describe(product, about)
    if product.name != before:
        for variant in _variants_of(product):
            variant.name = variant_name(product.name, variant.options)
    session.flush()
    return product


def add_variants(product_id: int, variants: Sequence[NewVariant]) -> list[Variant]:
    """Further variants of a product, such as a new size, with few statements however many they are. Refused when one is
    there already, also when it is archived."""
    product = session.get(Product, product_id)
    if product is None:
        raise NotFound(_("There is no such product."))
    present, last = session.execute(
        select(func.count(), func.coalesce(func.max(Variant.position), -1)).where(Variant.product_id == product_id)
    ).one()
    if present + len(variants) > MOST_VARIANTS:
        raise Refused(_("A product has at most %(most)s variants.", most=MOST_VARIANTS), field="options")
    return _add(product, variants, last + 1)


def measure_variant(variant_id: int, content: Decimal | None, content_unit: str) -> Variant:
    """Say what is in one of it, such as 500 g, from which the price by the kilogram follows; None for nothing said."""
    variant = _variant(variant_id)
    if content is not None and (content <= 0 or content_unit not in MEASURES):
        raise Refused(_("A content is above zero and has a unit, such as 500 g."), field="content")
    variant.content, variant.content_unit = content, content_unit if content is not None else ""
    session.flush()
    return variant


def change_variant(variant_id: int, *, sku: str, price: Decimal, cost: Decimal | None, unit: str = "piece") -> Variant:
    """Change what a variant is sold for, costs and is called. The audit keeps every price it had."""
    variant = _variant(variant_id)
    check_prices(price, cost)
    variant.sku = free_sku(sku, variant.id) or variant.sku
    variant.price, variant.cost, variant.unit = price, cost, unit.strip() or "piece"
    session.flush()
    return variant


def change_price(variant_id: int, price: Decimal) -> Variant:
    """Sell a variant for another price from now on."""
    variant = _variant(variant_id)
    check_prices(price, None)
    variant.price = price
    session.flush()
    return variant


def rename_product(product_id: int, name: str) -> Product:
    """Call a product and its variants otherwise; all else stays."""
    product = session.get(Product, product_id)
    if product is None:
        raise NotFound(_("There is no such product."))
    return change_product(
        product_id,
        Description(
            name=name,
            description=product.description,
            brand=product.brand,
            category_id=product.category_id,
            tax_rate_id=product.tax_rate_id,
            is_stocked=product.is_stocked,
            is_merchandise=product.is_merchandise,
        ),
    )


def price_product(product_id: int, price: Decimal) -> Variant:
    """Sell the only variant of a product for another price. Refused where there are several, which differ."""
    product = session.get(Product, product_id)
    if product is None:
        raise NotFound(_("There is no such product."))
    on_sale = [one for one in _variants_of(product) if (one.archived_at is None) == (product.archived_at is None)]
    if len(on_sale) != 1:
        raise Refused(_("It has several variants; change their prices on its own page."), field="price")
    return change_price(on_sale[0].id, price)


def tell_apart(product_id: int, tracking: str, warranty_months: int) -> Product:
    """Keep how the goods of a product are told apart; the stock module decides whether that may change."""
    product = session.get(Product, product_id)
    if product is None:
        raise NotFound(_("There is no such product."))
    product.tracking, product.warranty_months = tracking, warranty_months
    session.flush()
    return product


def archive_product(product_id: int) -> Product:
    """Take a product and its variants out of sale. What has a history is never deleted."""
    product = session.get(Product, product_id)
    if product is None:
        raise NotFound(_("There is no such product."))
    if product.archived_at is None:
        product.archived_at = now()
        for variant in _variants_of(product):
            variant.archived_at = variant.archived_at or product.archived_at
    session.flush()
    return product


def restore_product(product_id: int) -> Product:
    """Put an archived product on sale again, with those variants that were archived together with it."""
    product = session.get(Product, product_id)
    if product is None:
        raise NotFound(_("There is no such product."))
    for variant in _variants_of(product):
        if product.archived_at is not None and variant.archived_at == product.archived_at:
            variant.archived_at = None
    product.archived_at = None
    session.flush()
    return product


def archive_variant(variant_id: int) -> Variant:
    """Take one variant out of sale. Refused for the last one: then the product is what is archived."""
    variant = _variant(variant_id)
    product = session.get_one(Product, variant.product_id)
    others = [one for one in _variants_of(product) if one.archived_at is None and one.id != variant_id]
    if not others:
        raise Refused(_("This is the last variant on sale; archive the product instead."))
    variant.archived_at = variant.archived_at or now()
    session.flush()
    return variant


def restore_variant(variant_id: int) -> Variant:
    """Put one archived variant on sale again; an archived product must be restored first."""
    variant = _variant(variant_id)
    if session.get_one(Product, variant.product_id).archived_at is not None:
        raise Refused(_("Restore the product first."))
    variant.archived_at = None
    session.flush()
    return variant


def variant_name(name: str, options: Mapping[str, str]) -> str:
    """What a variant is called: `Shirt`, or `Shirt – M / Red`."""
    return f"{name} – {' / '.join(options.values())}" if options else name


def _describe(product: Product, about: Description) -> None:
    name = " ".join(about.name.split())
    if not name:
        raise Refused(_("Give the product a name."), field="name")
    if len(name) > LONGEST_NAME:
        raise Refused(_("A name has at most %(n)s characters.", n=LONGEST_NAME), field="name")
    if about.category_id is not None and session.get(Category, about.category_id) is None:
        raise NotFound(_("There is no such category."), field="category_id")
    if about.tax_rate_id is not None and session.get(TaxRate, about.tax_rate_id) is None:
        raise NotFound(_("There is no such tax rate."), field="tax_rate_id")
    product.name = name
    product.description = about.description.strip()
    product.brand = " ".join(about.brand.split())
    product.category_id, product.tax_rate_id = about.category_id, about.tax_rate_id
    product.is_stocked, product.is_merchandise = about.is_stocked, about.is_merchandise


def with_values(known: Mapping[str, Sequence[str]], brought: Iterable[Mapping[str, str]]) -> dict[str, list[str]]:
    """The values of options with those that variants bring, each once whatever its case, in order."""
    values = {name: list(some) for name, some in known.items()}
    seen = {name: {value.casefold() for value in some} for name, some in known.items()}
    for options in brought:
        for name, value in options.items():
            if value.casefold() not in seen.setdefault(name, set()):
                seen[name].add(value.casefold())
                values.setdefault(name, []).append(value)
    return values


def _add(product: Product, wanted: Sequence[NewVariant], place: int) -> list[Variant]:
    every: list[dict[str, str]] = []
    for new in wanted:
        options = {name: " ".join(value.split()) for name, value in new.options.items()}
        if list(options) != product.option_names:
            raise Refused(_("Every variant of a product has the same options."), field="options")
        if not all(options.values()):
            raise Refused(_("Give every option a value."), field="options")
        check_prices(new.price, new.cost)
        every.append(options)
    _check_new(product, [combination_of(options.values()) for options in every], every)
    typed = [free_sku(new.sku) for new in wanted]
    if len({sku.lower() for sku in typed if sku}) < sum(map(bool, typed)):
        raise Refused(_("Two variants have the same SKU."), field="sku")
    without = [at for at, sku in enumerate(typed) if not sku]
    made = dict(
        zip(without, next_skus([(product.name, every[at]) for at in without], product.sku_pattern), strict=True)
    )
    rows = [
        Variant(
            product_id=product.id,
            sku=made.get(at) or typed[at],
            name=variant_name(product.name, options),
            options=options,
            position=place + at,
            unit=new.unit.strip() or "piece",
            price=new.price,
            cost=new.cost,
        )
        for at, (new, options) in enumerate(zip(wanted, every, strict=True))
    ]
    session.add_all(rows)
    product.option_values = with_values(product.option_values, every)
    session.flush()
    for row, new in zip(rows, wanted, strict=True):
        for code in new.barcodes:
            add_barcode(row.id, code)
    return rows


def _check_new(product: Product, combined: Sequence[str], options: Sequence[Mapping[str, str]]) -> None:
    """Refused for a combination that the product has already, or that is wanted twice."""
    taken: set[str] = set()
    for chunk in in_chunks(sorted(set(combined)), LOOKED_UP):
        taken.update(
            session.scalars(
                select(Variant.combination).where(Variant.product_id == product.id, Variant.combination.in_(chunk))
            )
        )
    for one, some in zip(combined, options, strict=True):
        if one in taken:
            name = variant_name(product.name, some)
            raise Refused(_("There is a variant “%(name)s” already.", name=name), field="options")
        taken.add(one)


def check_prices(price: Decimal, cost: Decimal | None) -> None:
    """Refused for a price or a cost below zero."""
    if price < 0:
        raise Refused(_("A price cannot be below zero."), field="price")
    if cost is not None and cost < 0:
        raise Refused(_("A cost cannot be below zero."), field="cost")


def _variant(variant_id: int) -> Variant:
    variant = session.get(Variant, variant_id)
    if variant is None:
        raise NotFound(_("There is no such variant."))
    return variant


def _variants_of(product: Product) -> Sequence[Variant]:
    return session.scalars(
        select(Variant).where(Variant.product_id == product.id).order_by(Variant.position, Variant.id)
    ).all()
