"""What happens to the catalog."""

from __future__ import annotations

from retail.core.events import Happening, event


@event("products.imported")
class ProductsImported(Happening):
    """A file of products was imported."""

    import_id: int
    created: int
    updated: int
    rejected: int


@event("metal.rate_set")
class MetalRateSet(Happening):
    """A metal has a new rate for the gram; `pieces` is how many variants cost something else by it."""

    purity_id: int
    purity: str
    rate: str
    pieces: int

    @property
    def aggregate(self) -> str:
        return f"purity:{self.purity_id}"
