"""The nouns of stock: the ledger with its levels and holds, transfers, counts."""

from retail.inventory.models.counts import COUNT, COUNT_KINDS, StockCount, StockCountEntry, StockCountLine
from retail.inventory.models.ledger import (
    COUNTERPARTS,
    DOCUMENT_KINDS,
    HOLD,
    HOLD_KINDS,
    StockDocument,
    StockExpectation,
    StockHold,
    StockLevel,
    StockMove,
    sellable_of,
)
from retail.inventory.models.transfers import TRANSFER, StockTransfer, StockTransferLine

__all__ = [
    "COUNT",
    "COUNTERPARTS",
    "COUNT_KINDS",
    "DOCUMENT_KINDS",
    "HOLD",
    "HOLD_KINDS",
    "TRANSFER",
    "StockCount",
    "StockCountEntry",
    "StockCountLine",
    "StockDocument",
    "StockExpectation",
    "StockHold",
    "StockLevel",
    "StockMove",
    "StockTransfer",
    "StockTransferLine",
    "sellable_of",
]
