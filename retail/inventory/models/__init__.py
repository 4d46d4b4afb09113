"""The nouns of stock: the ledger with its levels and holds, transfers, counts."""

from retail.inventory.models.counts import COUNT, COUNT_KINDS, StockCount, StockCountEntry, StockCountLine
from retail.inventory.models.figures import AGES, OLDEST, StockAge, StockMonth, StockPolicy, StockStanding
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
    "AGES",
    "COUNT",
    "COUNTERPARTS",
    "COUNT_KINDS",
    "DOCUMENT_KINDS",
    "HOLD",
    "HOLD_KINDS",
    "OLDEST",
    "TRANSFER",
    "StockAge",
    "StockCount",
    "StockCountEntry",
    "StockCountLine",
    "StockDocument",
    "StockExpectation",
    "StockHold",
    "StockLevel",
    "StockMonth",
    "StockMove",
    "StockPolicy",
    "StockStanding",
    "StockTransfer",
    "StockTransferLine",
    "sellable_of",
]
