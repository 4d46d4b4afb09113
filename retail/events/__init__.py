"""Everything that can happen, one file a module. Importing this package declares all of it."""

from retail.events import catalog, customers, identity, integrations, inventory, purchasing, till

__all__ = ["catalog", "customers", "identity", "integrations", "inventory", "purchasing", "till"]
