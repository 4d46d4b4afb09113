"""Making what the demonstration shops of one kind sell, with pictures drawn here."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, time, timedelta
from decimal import Decimal
from itertools import product as combinations

from sqlalchemy import func, select

from retail.catalog import services as catalog
from retail.catalog.jewel_models import Purity
from retail.catalog.models import Product, Variant
from retail.catalog.services import Description, GarmentFacts, JewelFacts, NewVariant, Stone
from retail.core import clock
from retail.core.audit import Actor, act_as
from retail.core.clock import as_utc
from retail.core.db import session, unit_of_work
from retail.finance.models import TaxRate
from retail.operations.demo import drawing
from retail.operations.demo.assortment import Shop
from retail.operations.demo.kinds import COLORS, FOODS, METALS, ORNAMENTS, PURITIES, STYLES, WAISTS, WOMEN
from retail.tenancy.models import Tenant


def fill(kind: str, shop: Shop, tenant: Tenant, days: int) -> None:
    """Make what a shop of a kind sells, once, on the first of so many days; call inside its tenant."""
    known = session.scalar(select(func.count()).select_from(Product))
    session.rollback()
    if known:
        return
    start = datetime.combine(tenant.today() - timedelta(days=days), time(7))
    makers: dict[str, Callable[[Shop], None]] = {"garments": _garments, "jewellery": _jewelry, "grocery": _grocery}
    with clock.frozen(as_utc(start, shop.timezone)), unit_of_work():
        act_as(Actor(name="demo"))
        makers[kind](shop)
    if kind == "jewellery":
        _rates_until_today(shop, tenant, days)


def _garments(shop: Shop) -> None:
    rate = session.scalars(select(TaxRate.id).where(TaxRate.code == "standard")).one()
    for name, code in COLORS.items():
        catalog.set_color(name, code)
    labels = [(size, {"EU": eu, "UK": uk, "US": us}) for size, (eu, uk, us) in WOMEN.items()]
    letters = catalog.save_scale(None, "Women, by letter", labels)
    waists = catalog.save_scale(
        None, "Trousers, by waist", [(one, {"UK": one, "US": one, "EU": str(int(one) + 16)}) for one in WAISTS]
    )
    draw = random.Random(shop.seed)
    for style in STYLES:
        category = catalog.ensure_category(f"Clothes > {style.category}")
        about = Description(style.name, category_id=category.id if category else None, tax_rate_id=rate)
        every = [{"Size": size, "Color": color} for color, size in combinations(style.colors, style.sizes)]
        sold = [one for at, one in enumerate(every) if at % 6 or draw.random() < 0.5]
        new = [NewVariant(Decimal(style.price), Decimal(style.cost), options=one) for one in sold]
        made = catalog.create_product(about, new)
        options = {"Size": list(style.sizes), "Color": list(style.colors)}
        catalog.set_options(made.id, options, f"{style.name[:3].upper()}{made.id}-{{2}}-{{1}}")
        width = {"trousers": ("Waist", 36.0), "dress": ("Chest", 43.0)}.get(style.cut, ("Chest", 48.0))
        measures = {
            width[0]: {size: f"{width[1] + 2.5 * at:.1f}" for at, size in enumerate(style.sizes)},
            "Length": {size: f"{68 + 1.5 * at:.1f}" for at, size in enumerate(style.sizes)},
        }
        scale = waists if style.sizes == WAISTS else letters
        catalog.describe_garment(
            made.id,
            GarmentFacts("Summer 2026", style.collection, scale.id, style.composition, "Wash at 30 °C", measures),
        )
        catalog.show_picture(made.id, drawing.garment(style.cut, COLORS[style.colors[0]]))
        for color in style.colors:
            for angle in ("front", "back"):
                shown = drawing.garment(style.cut, COLORS[color], back=angle == "back")
                catalog.add_to_gallery(made.id, shown, angle, color)


def _jewelry(shop: Shop) -> None:
    rate = session.scalars(select(TaxRate.id).where(TaxRate.code == "standard")).one()
    known = {}
    for metal, name, fineness, _gram in PURITIES:
        known[f"{metal} {name}"] = catalog.add_purity(metal, name, Decimal(fineness)).id
    catalog.set_rates({known[f"{metal} {name}"]: Decimal(gram) for metal, name, _fine, gram in PURITIES})
    gram_costs = {f"{metal} {name}": Decimal(gram) for metal, name, _fine, gram in PURITIES}
    draw = random.Random(shop.seed)
    for number, piece in enumerate(ORNAMENTS, 1):
        category = catalog.ensure_category(f"Jewelry > {piece.category}")
        about = Description(piece.name, category_id=category.id if category else None, tax_rate_id=rate)
        net = Decimal(piece.net)
        # The workshop's price: the metal a little below the day's rate, the stones at what dealers ask.
        paid = net * gram_costs[piece.purity] * Decimal("0.9")
        paid += sum((Decimal(worth) for _name, _count, _carat, worth in piece.stones), Decimal(0)) * Decimal("0.6")
        made = catalog.create_product(about, [NewVariant(Decimal(1), round(paid, 2), sku=f"SJ-{number:03d}")])
        (variant,) = session.scalars(select(Variant).where(Variant.product_id == made.id))
        stones = [Stone(name, count, Decimal(carat), Decimal(worth)) for name, count, carat, worth in piece.stones]
        gross = net + sum((one.carat for one in stones), Decimal(0)) / 5
        huid = "".join(draw.choices("ABCDEFGHJKLMNPQRSTUVWXYZ23456789", k=6)) if piece.purity.startswith("Gold") else ""
        catalog.describe_jewel(
            variant.id,
            JewelFacts(
                known[piece.purity], gross, net, piece.making_kind, Decimal(piece.making), "percent",
                Decimal(piece.wastage), stones, Decimal(53) if huid else Decimal(0),
                f"IGI-{480000 + number}" if stones else "", huid,
            ),
        )  # fmt: skip
        metal = METALS[piece.purity.partition(" ")[0]]
        catalog.show_picture(made.id, drawing.jewel(piece.shape, metal, piece.color))


def _rates_until_today(shop: Shop, tenant: Tenant, days: int) -> None:
    """A rate for every morning, which goes up and down a little."""
    draw = random.Random(f"{shop.seed}:rates")
    with unit_of_work():
        known = {one.words: one.id for one in session.scalars(select(Purity))}
    drift = 1.0
    for back in range(days, -1, -1):
        drift *= 1 + draw.uniform(-0.006, 0.008)
        morning = datetime.combine(tenant.today() - timedelta(days=back), time(8))
        at = min(as_utc(morning, shop.timezone), clock.now())
        with clock.frozen(at), unit_of_work():
            act_as(Actor(name=shop.people[0][1]))
            catalog.set_rates(
                {
                    known[f"{metal} {name}"]: (Decimal(gram) * Decimal(str(round(drift, 4)))).quantize(Decimal(1))
                    for metal, name, _fine, gram in PURITIES
                }
            )


def _grocery(_shop: Shop) -> None:
    rates = {one.code: one.id for one in session.scalars(select(TaxRate))}
    catalog.set_scale_rule("21", "weight", 5, 5, 3)
    catalog.set_scale_rule("22", "price", 5, 5, 2)
    for number, food in enumerate(FOODS, 1):
        category = catalog.ensure_category(f"Food > {food.category}" if food.category != "Gifts" else "Gifts")
        about = Description(food.name, category_id=category.id if category else None, tax_rate_id=rates[food.tax])
        new = NewVariant(
            Decimal(food.price), Decimal(food.cost), sku=f"QM-{number:03d}", unit="kg" if food.scale else "piece"
        )
        made = catalog.create_product(about, [new])
        (variant,) = session.scalars(select(Variant).where(Variant.product_id == made.id))
        catalog.make_barcode(variant.id)
        if food.scale:
            catalog.add_barcode(variant.id, str(food.scale))
        if food.case:
            catalog.add_barcode(variant.id, f"CASE-{number:03d}", Decimal(food.case))
        if food.content:
            amount, unit = food.content.split()
            catalog.measure_variant(variant.id, Decimal(amount), unit)
        catalog.show_picture(made.id, drawing.grocery(food.shape, food.color, food.band))
