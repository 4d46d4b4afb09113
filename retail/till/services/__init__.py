"""What happens at the till: selling, giving back, opening and closing shifts."""

from retail.till.services.selling import Sold, price_cart, refund, ring_up, void
from retail.till.services.shifts import close_shift, expected_cash, move_cash, open_shift

__all__ = [
    "Sold",
    "close_shift",
    "expected_cash",
    "move_cash",
    "open_shift",
    "price_cart",
    "refund",
    "ring_up",
    "void",
]
