"""What happens to customers."""

from __future__ import annotations

from retail.core.events import Happening, event


@event("customers.imported")
class CustomersImported(Happening):
    """A file of customers was imported."""

    import_id: int
    created: int
    updated: int
    rejected: int
