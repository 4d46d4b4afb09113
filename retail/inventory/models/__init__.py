"""The nouns of stock: the ledger with its levels and holds, lots and pieces, transfers, counts, figures."""

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
from retail.inventory.models.lots import TRACKING, StockLot, StockLotLevel
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
    "TRACKING",
    "TRANSFER",
    "StockAge",
    "StockCount",
    "StockCountEntry",
    "StockCountLine",
    "StockDocument",
    "StockExpectation",
    "StockHold",
    "StockLevel",
    "StockLot",
    "StockLotLevel",
    "StockMonth",
    "StockMove",
    "StockPolicy",
    "StockStanding",
    "StockTransfer",
    "StockTransferLine",
    "sellable_of",
]
