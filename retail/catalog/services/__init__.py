"""The verbs of the catalog; the only writer of its tables."""

from retail.catalog.services.history import PastProduct, ensure_past_products

__all__ = ["PastProduct", "ensure_past_products"]
