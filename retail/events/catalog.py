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
