"""Garments: size scales, colors, what a garment is made of and measures, and its gallery."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select

from retail.catalog.garment_models import ANGLES, REGIONS, Color, GalleryPicture, Garment, Size, SizeScale
from retail.catalog.models import Product
from retail.core import files
from retail.core.db import session
from retail.core.errors import NotFound, Refused
from retail.core.forms import read_decimal

MOST_SIZES, MOST_PICTURES, LONGEST = 60, 60, 80
HUNDRED = Decimal(100)
HEX = re.compile(r"#[0-9a-f]{6}")
SHARE = re.compile(r"\s*(?P<percent>[\d.,٫٠-٩०-९]+)\s*%?\s*(?P<material>\S.*?)\s*")


@dataclass(frozen=True)
class GarmentFacts:
    """What is said of a garment; `composition` as people write it: `Shell: 80 wool, 20 polyamide`, one part a line."""

    season: str = ""
    collection: str = ""
    size_scale_id: int | None = None
    composition: str = ""
    care: str = ""
    measurements: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def save_scale(scale_id: int | None, name: str, sizes: Sequence[tuple[str, Mapping[str, str]]]) -> SizeScale:
    """Make a scale, or change it: its sizes in order, each with its labels by region. Refused without a name or sizes,
    and for a size that is named twice."""
    name = " ".join(name.split())[:LONGEST]
    if not name:
        raise Refused(_("Give the scale a name."), field="name")
    if not sizes or len(sizes) > MOST_SIZES:
        raise Refused(_("A scale has between 1 and %(most)s sizes.", most=MOST_SIZES), field="sizes")
    if len({size.casefold() for size, _labels in sizes}) < len(sizes):
        raise Refused(_("A size is named twice."), field="sizes")
    if wrong := next((one for _size, labels in sizes for one in labels if one not in REGIONS), None):
        raise Refused(_("There is no region “%(region)s”.", region=wrong), field="sizes")
    twin = session.scalar(select(SizeScale.id).where(func.lower(SizeScale.name) == name.lower()))
    if twin is not None and twin != scale_id:
        raise Refused(_("There is a scale “%(name)s” already.", name=name), field="name")
    if scale_id is None:
        scale = SizeScale(name=name)
        session.add(scale)
        session.flush()
    else:
        scale = _scale(scale_id)
        scale.name = name
    known = {one.name: one for one in session.scalars(select(Size).where(Size.scale_id == scale.id))}
    for position, (size, labels) in enumerate(sizes):
        kept = {region: label.strip()[:20] for region, label in labels.items() if label.strip()}
        row = known.pop(size, None)
        if row is None:
            session.add(Size(scale_id=scale.id, name=size, position=position, labels=kept))
        else:
            row.position, row.labels = position, kept
    for gone in known.values():
        session.delete(gone)
    session.flush()
    return scale


def remove_scale(scale_id: int) -> None:
    """Remove a scale by which no garment is sized."""
    scale = _scale(scale_id)
    if session.scalar(select(Garment.id).where(Garment.size_scale_id == scale_id).limit(1)):
        raise Refused(_("Garments are sized by “%(name)s”; give them another scale first.", name=scale.name))
    for size in session.scalars(select(Size).where(Size.scale_id == scale_id)):
        session.delete(size)
    session.flush()
    session.delete(scale)
    session.flush()


def set_color(name: str, code: str) -> Color:
    """Say what a color looks like; a name that is known gets another look. Refused for what is no code of a color."""
    name = " ".join(name.split())[:LONGEST]
    code = code.strip().lower()
    code = code if code.startswith("#") else f"#{code}"
    if not name:
        raise Refused(_("Give the color a name."), field="name")
    if not HEX.fullmatch(code):
        raise Refused(_("A color is written with six digits or letters a to f, such as #1f3a5f."), field="hex")
    row = session.scalar(select(Color).where(func.lower(Color.name) == name.lower()))
    if row is None:
        row = Color(name=name, hex=code)
        session.add(row)
    row.hex = code
    session.flush()
    return row


def remove_color(color_id: int) -> Color:
    """Forget what a color looks like; products keep its name."""
    row = session.get(Color, color_id)
    if row is None:
        raise NotFound(_("There is no such color."))
    session.delete(row)
    session.flush()
    return row


def read_composition(text: str) -> list[dict[str, Any]]:
    """What a garment is made of, from lines such as `Shell: 80 wool, 20 polyamide`; a line without a part's name is the
    whole garment. Refused where a part does not add up to 100 %, naming what lacks or is too much."""
    parts: list[dict[str, Any]] = []
    for line in filter(str.strip, text.splitlines()):
        before, colon, after = line.partition(":")
        part, written = (before.strip(), after) if colon else ("", before)
        shares: list[dict[str, str]] = []
        total = Decimal(0)
        for piece in re.split(r"(?<!\d)[,;+]|[,;+](?!\d)", written):
            if not piece.strip():
                continue
            found = SHARE.fullmatch(piece)
            if found is None:
                raise Refused(
                    _("“%(text)s”: write the percentage and the material, such as 80 wool.", text=piece.strip()[:40]),
                    field="composition",
                )
            try:
                percent = read_decimal(found["percent"], 2)
            except ValueError as no:
                raise Refused(str(no), field="composition") from None
            total += percent
            shares.append({"material": found["material"][:LONGEST], "percent": f"{percent.normalize():f}"})
        if total != HUNDRED:
            what = part or _("The composition")
            sentence = (
                _("%(what)s adds up to %(total)s %%; %(rest)s %% are missing.")
                if total < HUNDRED
                else _("%(what)s adds up to %(total)s %%; that is %(rest)s %% too much.")
            )
            rest = abs(HUNDRED - total).normalize()
            raise Refused(
                sentence % {"what": what, "total": f"{total.normalize():f}", "rest": f"{rest:f}"}, field="composition"
            )
        parts.append({"part": part[:LONGEST], "shares": shares})
    return parts


def describe_garment(product_id: int, facts: GarmentFacts) -> Garment:
    """Say what a product is as a garment. Refused for a composition that does not add up, an unknown scale, and a
    measure that is no number."""
    if session.get(Product, product_id) is None:
        raise NotFound(_("There is no such product."))
    if facts.size_scale_id is not None:
        _scale(facts.size_scale_id)
    row = session.scalar(select(Garment).where(Garment.product_id == product_id))
    if row is None:
        row = Garment(product_id=product_id)
    row.season, row.collection = facts.season.strip()[:LONGEST], facts.collection.strip()[:LONGEST]
    row.size_scale_id = facts.size_scale_id
    row.composition = read_composition(facts.composition)
    row.care = facts.care.strip()[:500]
    row.measurements = _measured(facts.measurements)
    session.add(row)
    session.flush()
    return row


def add_to_gallery(product_id: int, small: bytes, angle: str, color: str) -> GalleryPicture:
    """Add a picture, made by `shrunk`, to a product's gallery."""
    if session.get(Product, product_id) is None:
        raise NotFound(_("There is no such product."))
    if angle not in ANGLES:
        raise Refused(_("Choose which side the picture shows."), field="angle")
    count, last = session.execute(
        select(func.count(), func.coalesce(func.max(GalleryPicture.position), -1)).where(
            GalleryPicture.product_id == product_id
        )
    ).one()
    if count >= MOST_PICTURES:
        raise Refused(_("A gallery has at most %(most)s pictures.", most=MOST_PICTURES), field="picture")
    stored = files.store(f"product-{product_id}-{angle}.webp", "image/webp", small)
    row = GalleryPicture(
        product_id=product_id, file_id=stored.id, angle=angle, color=color.strip()[:LONGEST], position=last + 1
    )
    session.add(row)
    session.flush()
    return row


def remove_from_gallery(product_id: int, picture_id: int) -> None:
    """Take a picture out of a product's gallery."""
    row = session.get(GalleryPicture, picture_id)
    if row is None or row.product_id != product_id:
        raise NotFound(_("There is no such picture."))
    session.delete(row)
    session.flush()


def _measured(given: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for measure, by_size in given.items():
        for size, text in by_size.items():
            if not text.strip():
                continue
            try:
                value = read_decimal(text.strip(), 1)
            except ValueError as no:
                raise Refused(f"{measure}, {size}: {no}", field="measurements") from None
            found.setdefault(measure.strip()[:LONGEST], {})[size] = f"{value.normalize():f}"
    return found


def _scale(scale_id: int) -> SizeScale:
    row = session.get(SizeScale, scale_id)
    if row is None:
        raise NotFound(_("There is no such size scale."), field="size_scale_id")
    return row
