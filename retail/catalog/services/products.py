"""Products and their variants: creating, changing, archiving."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import product as combinations

from flask_babel import gettext as _
from sqlalchemy import func, select

from retail.catalog.models import Category, Product, Variant
from retail.catalog.services.barcodes import add_barcode
from retail.core.clock import now
from retail.core.db import in_chunks, session
from retail.core.errors import NotFound, Refused
from retail.core.numbers import reserve_numbers
from retail.finance.models import TaxRate

MOST_VARIANTS = 100
LONGEST_NAME, LONGEST_SKU = 200, 64
SKUS_LOOKED_UP = 500


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

    Refused beyond MOST_VARIANTS, and where an option has no value or one value twice.
    """
    for name, values in options.items():
        if not values:
            raise Refused(_("Give at least one value for “%(option)s”.", option=name), field="options")
        if len({value.casefold() for value in values}) < len(values):
            raise Refused(_("“%(option)s” names a value twice.", option=name), field="options")
    found = [dict(zip(options, values, strict=True)) for values in combinations(*options.values())]
    if len(found) > MOST_VARIANTS:
        raise Refused(
            _("That would be %(n)s variants; a product has at most %(most)s.", n=len(found), most=MOST_VARIANTS),
            field="options",
        )
    return found


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
    for position, one in enumerate(variants):
        _add(product, one, position)
    return product


def change_product(product_id: int, about: Description) -> Product:
    """Describe a product anew; its variants are called after it."""
    product = session.get(Product, product_id)
    if product is None:
        raise NotFound(_("There is no such product."))
    _describe(product, about)
    for variant in _variants_of(product):
        variant.name = variant_name(product.name, variant.options)
    session.flush()
    return product


def add_variants(product_id: int, variants: Sequence[NewVariant]) -> list[Variant]:
    """Further variants of a product, such as a new size. A product that had no options gets those of the new ones only
    while it has a single variant, which then needs values of its own."""
    product = session.get(Product, product_id)
    if product is None:
        raise NotFound(_("There is no such product."))
    present = _variants_of(product)
    if len(present) + len(variants) > MOST_VARIANTS:
        raise Refused(_("A product has at most %(most)s variants.", most=MOST_VARIANTS), field="options")
    place = max((one.position for one in present), default=-1) + 1
    return [_add(product, one, place + index) for index, one in enumerate(variants)]


def give_options(product_id: int, options: Mapping[str, str]) -> None:
    """Tell what a product's single variant is, so that others can stand beside it: {"Size": "M"}."""
    product = session.get(Product, product_id)
    if product is None:
        raise NotFound(_("There is no such product."))
    (only,) = _variants_of(product)
    product.option_names = list(options)
    only.options = dict(options)
    only.name = variant_name(product.name, options)
    session.flush()


def change_variant(variant_id: int, *, sku: str, price: Decimal, cost: Decimal | None, unit: str = "piece") -> Variant:
    """Change what a variant is sold for, costs and is called. The audit keeps every price it had."""
    variant = _variant(variant_id)
    _check_prices(price, cost)
    variant.sku = _free_sku(sku, variant.id) or variant.sku
    variant.price, variant.cost, variant.unit = price, cost, unit.strip() or "piece"
    session.flush()
    return variant


def change_price(variant_id: int, price: Decimal) -> Variant:
    """Sell a variant for another price from now on."""
    variant = _variant(variant_id)
    _check_prices(price, None)
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


def next_sku(name: str, options: Mapping[str, str] | None = None) -> str:
    """A SKU nobody has: three letters of the name, a running number, and the options: `GRE-1001-M-RED`."""
    return next_skus([(name, options or {})])[0]


def next_skus(wanted: Sequence[tuple[str, Mapping[str, str]]]) -> list[str]:
    """`next_sku` for many variants at once, each given by its product's name and its options."""
    found: dict[int, str] = {}
    while missing := [place for place in range(len(wanted)) if place not in found]:
        numbers = reserve_numbers("sku", len(missing))
        made = {place: _sku(*wanted[place], number) for place, number in zip(missing, numbers, strict=True)}
        taken: set[str] = set()
        for chunk in in_chunks([form for sku in made.values() for form in (sku, sku.lower())], SKUS_LOOKED_UP):
            taken.update(sku.upper() for sku in session.scalars(select(Variant.sku).where(Variant.sku.in_(chunk))))
        found |= {place: sku for place, sku in made.items() if sku not in taken}
    return [found[place] for place in range(len(wanted))]


def _sku(name: str, options: Mapping[str, str], number: str) -> str:
    letters = "".join(letter for letter in name.upper() if letter.isascii() and letter.isalpha())[:3] or "SKU"
    ending = "".join(f"-{_short(value)}" for value in options.values())
    return f"{letters}-{int(number) + 1000}{ending}"


def _short(value: str) -> str:
    return "".join(letter for letter in value.upper() if letter.isascii() and letter.isalnum())[:4] or "X"


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


def _add(product: Product, new: NewVariant, position: int) -> Variant:
    options = {name: " ".join(value.split()) for name, value in new.options.items()}
    if list(options) != product.option_names:
        raise Refused(_("Every variant of a product has the same options."), field="options")
    if not all(options.values()):
        raise Refused(_("Give every option a value."), field="options")
    for other in _variants_of(product):
        if {k: v.casefold() for k, v in other.options.items()} == {k: v.casefold() for k, v in options.items()}:
            raise Refused(_("There is a variant “%(name)s” already.", name=other.name), field="options")
    _check_prices(new.price, new.cost)
    variant = Variant(
        product_id=product.id,
        sku=_free_sku(new.sku) or next_sku(product.name, options),
        name=variant_name(product.name, options),
        options=options,
        position=position,
        unit=new.unit.strip() or "piece",
        price=new.price,
        cost=new.cost,
    )
    session.add(variant)
    session.flush()
    for code in new.barcodes:
        add_barcode(variant.id, code)
    return variant


def _free_sku(sku: str, own_id: int | None = None) -> str:
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


def _check_prices(price: Decimal, cost: Decimal | None) -> None:
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
