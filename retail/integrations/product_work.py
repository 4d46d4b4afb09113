"""What a pass over a file of products remembers: the products its rows belong to, and what is to be written."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from retail.catalog.services.bulk import KnownVariant
from retail.integrations.product_fields import ProductRow
from retail.integrations.product_pictures import Named


@dataclass
class Group:
    """A product some rows of the file belong to: known, or to be made from its first row."""

    name: str
    option_names: tuple[str, ...]
    first_row: int
    id: int | None = None
    described: bool = False
    category: str = ""
    brand: str = ""
    description: str = ""
    tax_rate_id: int | None = None
    taken: dict[tuple[str, ...], str] | None = None
    position: int = 0
    picture_id: int | None = None
    pictured: bool = False


@dataclass
class Work:
    """What is to be written for a row."""

    row: ProductRow
    product: Group
    variant: KnownVariant | None
    options: dict[str, str] = field(default_factory=dict)
    product_values: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    variant_values: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    codes: tuple[str, ...] = ()
    reorder_point: tuple[Decimal | None, Decimal] | None = None
    picture: Named | None = None


class No(Exception):
    """The row cannot be imported, for this reason."""

    def __init__(self, reason: object, name: str = "") -> None:
        super().__init__(str(reason))
        self.name = name
