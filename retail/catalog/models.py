"""Products (what is described), variants (what is sold, stocked and scanned), categories, barcodes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from retail.core.audit import Audited
from retail.core.db import Model
from retail.core.money import Amount, Quantity
from retail.core.tenancy import OfTenant
from retail.finance.models import TaxRate

BRANCH = " > "
"""What stands between the names of a category's path."""


def combination_of(values: Iterable[str]) -> str:
    """The values of a variant's options as they are compared: in small letters, one a line; empty without options."""
    return "\n".join(value.casefold() for value in values)


class Category(OfTenant, Audited, Model):
    """A branch of the tree in which products are found. `path` is the names from the root, for breadcrumbs and
    search; as no two siblings share a name, it is unique.
    """

    __tablename__ = "categories"
    __table_args__ = (UniqueConstraint("tenant_id", "path"), Index(None, "tenant_id", "parent_id"))

    name: Mapped[str]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("categories.id"))
    position: Mapped[int] = mapped_column(default=0)
    path: Mapped[str]


class Product(OfTenant, Audited, Model):
    """What is described: name, text, picture, category, tax. Archived, never deleted, once it has a history.

    `option_values` tells by option what it may come in, in order: far more combinations are possible than are sold, and
    only those somebody ticked or first used are variants. `sku_pattern` says how their SKUs are made.
    `tracking` says how its goods are told apart: none, by lot, or each piece by its serial number.
    """

    __tablename__ = "products"
    __table_args__ = (
        Index(None, "tenant_id", "category_id"),
        Index(None, "tenant_id", "name"),
        Index(None, "tenant_id", "brand"),
        Index(None, "tenant_id", "created_at"),
    )

    name: Mapped[str]
    description: Mapped[str] = mapped_column(default="")
    brand: Mapped[str] = mapped_column(default="")
    category_id: Mapped[int | None] = mapped_column(ForeignKey("categories.id"))
    tax_rate_id: Mapped[int | None] = mapped_column(ForeignKey("tax_rates.id"))
    is_stocked: Mapped[bool] = mapped_column(default=True)
    is_merchandise: Mapped[bool] = mapped_column(default=True)
    tracking: Mapped[str] = mapped_column(default="none")
    warranty_months: Mapped[int] = mapped_column(default=0)
    option_names: Mapped[list[str]] = mapped_column(JSON, default=list)
    option_values: Mapped[dict[str, list[str]]] = mapped_column(JSON, default=dict)
    sku_pattern: Mapped[str] = mapped_column(default="")
    image_file_id: Mapped[int | None] = mapped_column(ForeignKey("stored_files.id"))
    archived_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    category: Mapped[Category | None] = relationship(lazy="raise_on_sql")
    tax_rate: Mapped[TaxRate | None] = relationship(lazy="raise_on_sql")
    variants: Mapped[list[Variant]] = relationship(
        lazy="raise_on_sql", back_populates="product", order_by="Variant.position, Variant.id"
    )


class Variant(OfTenant, Audited, Model):
    """What is sold, stocked and scanned. A product without options has exactly one.

    `name` is the product's name and the chosen options, kept here so that the till reads one table. `combination` is
    what makes it differ from its siblings, so that two people cannot make the same one in the same instant. `content`
    is what is in one of it (500 g), for the price by the kilogram.
    """

    __tablename__ = "variants"
    __table_args__ = (
        UniqueConstraint("tenant_id", "sku"),
        UniqueConstraint("tenant_id", "product_id", "combination"),
        Index(None, "tenant_id", "name"),
        CheckConstraint("price >= 0", name="price_not_negative"),
    )

    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"))
    sku: Mapped[str]
    name: Mapped[str]
    options: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    combination: Mapped[str] = mapped_column(default="")
    position: Mapped[int] = mapped_column(default=0)
    unit: Mapped[str] = mapped_column(default="piece")
    content: Mapped[Quantity | None]
    content_unit: Mapped[str] = mapped_column(default="")
    price: Mapped[Amount]
    cost: Mapped[Amount | None]
    archived_at: Mapped[datetime | None]

    product: Mapped[Product] = relationship(lazy="raise_on_sql", back_populates="variants")
    barcodes: Mapped[list[Barcode]] = relationship(lazy="raise_on_sql", back_populates="variant")

    @validates("options")
    def keep_combination(self, _name: str, options: dict[str, Any]) -> dict[str, Any]:
        """Let the combination follow the options."""
        self.combination = combination_of(options.values())
        return options


class Barcode(OfTenant, Audited, Model):
    """A code that finds a variant. GTINs are kept with 14 digits, whatever length was printed. `pack_size` is how many
    it stands for: the code of a case of 12 is the code of the bottle, twelve times.
    """

    __tablename__ = "barcodes"
    __table_args__ = (UniqueConstraint("tenant_id", "code"), Index(None, "tenant_id", "variant_id"))

    code: Mapped[str]
    variant_id: Mapped[int] = mapped_column(ForeignKey("variants.id"))

    pack_size: Mapped[Quantity] = mapped_column(default=Decimal(1))

    variant: Mapped[Variant] = relationship(lazy="raise_on_sql", back_populates="barcodes")


class ScaleRule(OfTenant, Audited, Model):
    """How the shop's scales print barcodes: 13 digits that begin with `prefix`, then the number of the goods, then
    their price or weight, then the check digit. The value has `decimals` places.
    """

    __tablename__ = "scale_rules"
    __table_args__ = (UniqueConstraint("tenant_id", "prefix"),)

    prefix: Mapped[str]
    holds: Mapped[str]
    item_digits: Mapped[int]
    value_digits: Mapped[int]
    decimals: Mapped[int]

    @property
    def audit_label(self) -> str:
        return self.prefix
