"""The verbs of orders; the only writer of orders and their lines."""

from retail.orders.services.history import PastDocument, PastLine, book_past
from retail.orders.services.placing import Placed, ReversedLine, Where, place, reverse, worth_of
from retail.orders.services.printing import note_printed

__all__ = [
    "PastDocument",
    "PastLine",
    "Placed",
    "ReversedLine",
    "Where",
    "book_past",
    "note_printed",
    "place",
    "reverse",
    "worth_of",
]
