"""What garments are described by: size scales with regional labels, colors, composition, measures, and a gallery."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from retail.core.audit import Audited
from retail.core.db import Model
from retail.core.tenancy import OfTenant

REGIONS = ("EU", "UK", "US", "IN", "FR", "IT", "JP")
"""The countings of sizes that labels are kept for."""
ANGLES = ("front", "back", "side", "detail", "worn")


class SizeScale(OfTenant, Audited, Model):
    """An ordered run of sizes: `Women's dresses`, `Men's shirts`."""

    __tablename__ = "size_scales"
    __table_args__ = (UniqueConstraint("tenant_id", "name"),)

    name: Mapped[str]

    sizes: Mapped[list[Size]] = relationship(lazy="raise_on_sql", order_by="Size.position, Size.id")


class Size(OfTenant, Audited, Model):
    """One size of a scale, called as the option's value is; `labels` tells what each region prints on it."""

    __tablename__ = "sizes"
    __table_args__ = (UniqueConstraint("tenant_id", "scale_id", "name"),)

    scale_id: Mapped[int] = mapped_column(ForeignKey("size_scales.id"))
    name: Mapped[str]
    position: Mapped[int] = mapped_column(default=0)
    labels: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)


class Color(OfTenant, Audited, Model):
    """A color by the name products use for it; `hex` is what its swatch shows: `#1f3a5f`."""

    __tablename__ = "colors"
    __table_args__ = (UniqueConstraint("tenant_id", "name"), CheckConstraint("length(hex) = 7", name="hex_is_whole"))

    name: Mapped[str]
    hex: Mapped[str]


class Garment(OfTenant, Audited, Model):
    """What a product is as a garment. `composition` is parts of materials that add up to 100 % in each part;
    `measurements` are centimeters by measure and size.
    """

    __tablename__ = "garments"
    __table_args__ = (
        UniqueConstraint("tenant_id", "product_id"),
        Index(None, "tenant_id", "season"),
        Index(None, "tenant_id", "collection"),
    )

    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"))
    season: Mapped[str] = mapped_column(default="")
    collection: Mapped[str] = mapped_column(default="")
    size_scale_id: Mapped[int | None] = mapped_column(ForeignKey("size_scales.id"))
    composition: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    care: Mapped[str] = mapped_column(default="")
    measurements: Mapped[dict[str, dict[str, str]]] = mapped_column(JSON, default=dict)


class GalleryPicture(OfTenant, Audited, Model):
    """A further picture of a product: of which side, and of which color when it shows one."""

    __tablename__ = "gallery_pictures"
    __table_args__ = (Index(None, "tenant_id", "product_id"),)

    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"))
    file_id: Mapped[int] = mapped_column(ForeignKey("stored_files.id"))
    angle: Mapped[str] = mapped_column(default=ANGLES[0])
    color: Mapped[str] = mapped_column(default="")
    position: Mapped[int] = mapped_column(default=0)
