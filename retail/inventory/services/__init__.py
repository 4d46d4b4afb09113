"""The verbs of the stock ledger; the only writer of its tables."""

from retail.inventory.services.history import PastMove, book_past_moves
from retail.inventory.services.ledger import (
    REASONS,
    SCRAP_REASONS,
    Document,
    Moved,
    Movement,
    adjust,
    move,
    post_stock,
    receive,
    set_reorder_point,
    shift_levels,
    write_moves,
)

__all__ = [
    "REASONS",
    "SCRAP_REASONS",
    "Document",
    "Moved",
    "Movement",
    "PastMove",
    "adjust",
    "book_past_moves",
    "move",
    "post_stock",
    "receive",
    "set_reorder_point",
    "shift_levels",
    "write_moves",
]
