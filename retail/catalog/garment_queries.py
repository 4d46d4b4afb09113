"""Reads of garments: scales and colors, and what a product's page tells of a garment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from babel import Locale, UnknownLocaleError
from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from retail.catalog.garment_models import REGIONS, Color, GalleryPicture, Garment, SizeScale
from retail.catalog.models import Product
from retail.core.db import session
from retail.core.errors import NotFound

REGION_OF = {
    "GB": "UK", "IE": "UK", "US": "US", "CA": "US", "IN": "IN", "FR": "FR", "BE": "FR", "ES": "FR", "IT": "IT",
    "JP": "JP",
}  # fmt: skip
"""By whose counting a country sizes its clothes, where it is not the European one."""
SIZE_OPTIONS = frozenset({"size", "größe", "talla", "taille", "taglia", "आकार", "مقاس", "المقاس"})


def region_of(locale: str) -> str:
    """Whose counting of sizes a shop uses, by its locale: UK for en_GB."""
    try:
        territory = Locale.parse(locale).territory or ""
    except (UnknownLocaleError, ValueError):
        territory = ""
    return REGION_OF.get(territory, "EU")


def scales() -> Sequence[SizeScale]:
    """Every size scale with its sizes, by name."""
    return session.scalars(select(SizeScale).options(selectinload(SizeScale.sizes)).order_by(SizeScale.name)).all()


def scale_numbered(scale_id: int) -> SizeScale:
    """A scale with its sizes; NotFound when there is none."""
    found = session.scalar(select(SizeScale).where(SizeScale.id == scale_id).options(selectinload(SizeScale.sizes)))
    if found is None:
        raise NotFound(_("There is no such size scale."))
    return found


def colors() -> Sequence[Color]:
    """Every color whose look is known, by name."""
    return session.scalars(select(Color).order_by(func.lower(Color.name))).all()


def swatches() -> dict[str, str]:
    """What colors look like, by their names in small letters."""
    return {one.name.casefold(): one.hex for one in colors()}


@dataclass(frozen=True)
class Shown:
    """A garment as its page tells it: facts, the labels of each size, what is measured, and the gallery."""

    garment: Garment | None
    scale: SizeScale | None
    region: str
    sizes: tuple[str, ...]
    labels: dict[str, dict[str, str]] = field(default_factory=dict)
    gallery: Sequence[GalleryPicture] = ()
    swatches: dict[str, str] = field(default_factory=dict)

    @property
    def regions(self) -> list[str]:
        """The regions any size has a label for, the shop's own first."""
        used = [one for one in REGIONS if any(one in labels for labels in self.labels.values())]
        return sorted(used, key=lambda one: one != self.region)

    def size_words(self, options: dict[str, str]) -> str:
        """The shop's own label of a variant's size, such as `UK 12`; empty where there is none, or it says the same."""
        for value in options.values():
            label = self.labels.get(value, {}).get(self.region)
            if label and label != value:
                return f"{self.region} {label}"
        return ""


def composition_words(composition: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """What a garment is made of, part by part: `Shell`, `80 % wool, 20 % polyamide`."""
    return [
        (one["part"], ", ".join(f"{share['percent']} % {share['material']}" for share in one["shares"]))
        for one in composition
    ]


def composition_text(composition: list[dict[str, Any]]) -> str:
    """The same as people write it into the form."""
    lines = []
    for one in composition:
        shares = ", ".join(f"{share['percent']} {share['material']}" for share in one["shares"])
        lines.append(f"{one['part']}: {shares}" if one["part"] else shares)
    return "\n".join(lines)


def garment_of(product: Product, locale: str) -> Shown:
    """What is known of a product as a garment, with two statements where nothing is."""
    row = session.scalar(select(Garment).where(Garment.product_id == product.id))
    gallery = session.scalars(
        select(GalleryPicture)
        .where(GalleryPicture.product_id == product.id)
        .order_by(GalleryPicture.color, GalleryPicture.position, GalleryPicture.id)
    ).all()
    scale = scale_numbered(row.size_scale_id) if row is not None and row.size_scale_id is not None else None
    return Shown(
        garment=row,
        scale=scale,
        region=region_of(locale),
        sizes=sizes_of(product, scale),
        labels={one.name: one.labels for one in scale.sizes} if scale is not None else {},
        gallery=gallery,
        swatches=swatches() if product.option_names or gallery else {},
    )


def sizes_of(product: Product, scale: SizeScale | None) -> tuple[str, ...]:
    """The sizes a product comes in: the values of its option of that name, else those that the scale knows."""
    known = {one.name for one in scale.sizes} if scale is not None else set()
    for name, values in product.option_values.items():
        if name.casefold() in SIZE_OPTIONS or known.intersection(values):
            return tuple(values)
    return tuple(one.name for one in scale.sizes) if scale is not None else ()


def words_used() -> tuple[list[str], list[str]]:
    """The seasons and the collections that garments were given so far, to be chosen from."""
    seasons = session.scalars(select(Garment.season).where(Garment.season != "").distinct().order_by(Garment.season))
    collections = select(Garment.collection).where(Garment.collection != "").distinct().order_by(Garment.collection)
    return list(seasons), list(session.scalars(collections))
