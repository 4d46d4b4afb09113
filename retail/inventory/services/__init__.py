"""The verbs of the stock ledger; the only writer of its tables."""

from retail.inventory.services.adjusting import (
    REASONS,
    SCRAP_REASONS,
    adjust,
    count,
    set_level_reorder_point,
    set_reorder_point,
)
from retail.inventory.services.history import PastMove, book_past_moves
from retail.inventory.services.ledger import (
    Document,
    Moved,
    Movement,
    move,
    post_stock,
    shift_levels,
    write_moves,
)
from retail.inventory.services.papers import new_key
from retail.inventory.services.receiving import receive, transfer
from retail.inventory.services.recounting import Difference, recount
from retail.inventory.services.supplied import Supplied, change_costs, send_back

__all__ = [
    "REASONS",
    "SCRAP_REASONS",
    "Difference",
    "Document",
    "Moved",
    "Movement",
    "PastMove",
    "Supplied",
    "adjust",
    "book_past_moves",
    "change_costs",
    "count",
    "move",
    "new_key",
    "post_stock",
    "receive",
    "recount",
    "send_back",
    "set_level_reorder_point",
    "set_reorder_point",
    "shift_levels",
    "transfer",
    "write_moves",
]
