"""How long does scoring every customer take, and what does doing it in arrays spare?

Scores the customers of a business that is there (with a history imported, for a figure that says something), and does
the same in a plain loop over its documents in the same run. Run it from the project's root:

    .venv/bin/python bench/rfm.py --tenant T --as-of 2011-09-01 --json
"""

import argparse
import sys
import time
from collections import defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path

from sqlalchemy import select

# Started as a file, Python looks for modules beside this one only.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import config
from bench.instances import say
from retail.app import create_app
from retail.core import db
from retail.core.db import session
from retail.core.errors import Refused
from retail.core.tenancy import inside
from retail.customers.models import Customer
from retail.intelligence.queries import scored_customers
from retail.orders.models import Order, OrderLine
from retail.tenancy.models import Tenant
from retail.tenancy.services import tenant_called


def one_by_one(as_of: date) -> dict[str, tuple[int, int, Decimal]]:
    """Recency in days, frequency and money of every customer, added up one line after another as a script would."""
    lines = session.execute(
        select(Customer.code, Order.id, Order.business_date, OrderLine.net)
        .join(Order, Order.customer_id == Customer.id)
        .join(OrderLine, OrderLine.order_id == Order.id)
        .where(Order.kind.in_(("sale", "write_off", "adjustment")), Order.business_date < as_of)
        .where(OrderLine.quantity > 0, OrderLine.list_price > 0)
    )
    spent: dict[str, Decimal] = defaultdict(Decimal)
    bought: dict[str, set[int]] = defaultdict(set)
    latest: dict[str, date] = defaultdict(lambda: date.min)
    for code, order_id, day, net in lines:
        spent[code] += net
        bought[code].add(order_id)
        latest[code] = max(latest[code], day)
    return {code: (max(1, (as_of - latest[code]).days), len(bought[code]), spent[code]) for code in spent}


def measure(tenant: Tenant, as_of: date, times: int) -> dict[str, object]:
    """The best of so many runs each, in seconds; the scores themselves are only in the first."""
    scored, plain = [], []
    with inside(tenant.id), db.reading():
        for _turn in range(times):
            began = time.perf_counter()
            found = scored_customers(as_of)
            scored.append(time.perf_counter() - began)
            began = time.perf_counter()
            expected = one_by_one(as_of)
            plain.append(time.perf_counter() - began)
    if not found.codes:
        raise Refused(f"{tenant.slug} has no customer who bought before {as_of}.")
    days, orders = found.scores.recency_days.tolist(), found.scores.frequency.tolist()
    same = dict(zip(found.codes, zip(days, orders, found.monetary, strict=True), strict=True))
    return {
        "customers": len(found.codes),
        "seconds": round(min(scored), 3),
        "baseline_seconds": round(min(plain), 3),
        "ratio": round(min(plain) / min(scored), 1),
        "equal": same == expected,
    }


def main() -> int:
    """Print the figures; 1 if the two differ, 2 if there is nothing to measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tenant", required=True, help="the business whose customers are scored")
    parser.add_argument("--as-of", type=date.fromisoformat, required=True, help="the day they are looked at from")
    parser.add_argument("--times", type=int, default=3, help="how often (default 3)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    asked = parser.parse_args()
    try:
        with create_app(config.load_or_exit()).app_context():
            found = measure(tenant_called(asked.tenant), asked.as_of, asked.times)
    except Refused as error:
        print(error, file=sys.stderr)
        return 2
    say(found, as_json=asked.json)
    return 0 if found["equal"] else 1


if __name__ == "__main__":
    sys.exit(main())
