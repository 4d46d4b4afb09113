"""What happens at the till: selling, giving back, opening and closing shifts."""

from retail.till.services.allowing import WITHOUT_LIMITS, Allowance, check_discount
from retail.till.services.cart_prices import price_cart
from retail.till.services.registers import add_register
from retail.till.services.selling import (
    Sold,
    refund,
    ring_up,
    sold_before,
    void,
)
from retail.till.services.shifts import close_shift, expected_cash, move_cash, open_shift

__all__ = [
    "WITHOUT_LIMITS",
    "Allowance",
    "Sold",
    "add_register",
    "check_discount",
    "close_shift",
    "expected_cash",
    "move_cash",
    "open_shift",
    "price_cart",
    "refund",
    "ring_up",
    "sold_before",
    "void",
]
