"""A week of trade at the corner shop, with everything that bends figures: discounts, a refund, a void."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from retail.core import clock
from retail.core.db import unit_of_work
from retail.orders.queries import lines_of
from retail.pricing.services import Discount
from retail.till import services as till
from tests import make

SATURDAY = datetime(2026, 11, 21, 10, 15, tzinfo=UTC)
SATURDAY_BEFORE = datetime(2026, 11, 14, 10, 15, tzinfo=UTC)


def trade(shop: make.Cast) -> None:
    """Last Saturday: £24.00 tea at ten, £6.00 coffee at three. Today: tea £7.20 at 10:15, tea and coffee with £1 off
    at 11:15, one tea of it given back at 12:15, a coffee sold and voided at 12:20."""
    tea = make.product("Tea", price="2.40", cost="1.10", stock=100)
    coffee = make.product("Coffee", price="6.00", cost="2.00", stock=100)
    with clock.frozen(SATURDAY_BEFORE):
        make.sale(shop, (tea, 10))
    with clock.frozen(SATURDAY_BEFORE.replace(hour=15)):
        make.sale(shop, (coffee, 1), tender="card")
    with clock.frozen(SATURDAY):
        make.sale(shop, (tea, 3))
    with clock.frozen(SATURDAY.replace(hour=11)):
        sold = make.sale(shop, (tea, 2), (coffee, 1), discount=Discount("amount", Decimal(1)), tender="card")
    with clock.frozen(SATURDAY.replace(hour=12)):
        line = next(line for line in lines_of(sold.order_id) if line.description == "Tea")
        with unit_of_work():
            till.refund(
                shop.tenant,
                make.open_till(shop),
                sold.order_id,
                {line.id: Decimal(1)},
                "back",
                "faulty",
                "card",
                allowance=till.WITHOUT_LIMITS,
            )
    with clock.frozen(SATURDAY.replace(hour=12, minute=20)):
        wrong = make.sale(shop, (coffee, 1))
        with unit_of_work():
            till.void(
                shop.tenant,
                make.open_till(shop),
                wrong.order_id,
                "void",
                "wrong customer",
                allowance=till.WITHOUT_LIMITS,
            )
