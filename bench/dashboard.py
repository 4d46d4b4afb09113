"""How long does the dashboard take at the server, and what do the rollups spare?

Opens the dashboard of a business that is there (with a history imported, for a figure that says something) as its owner
does, on the last day it traded or another, and asks the ledger itself for the same sums in the same run. Run it from
the project's root:

    .venv/bin/python bench/dashboard.py --tenant T --json
"""

import argparse
import gc
import json
import sys
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask
from sqlalchemy import Engine, event, func, select

# Started as a file, Python looks for modules beside this one only.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import config
from retail.app import create_app
from retail.catalog.models import Product, Variant
from retail.core import clock, db
from retail.core.db import session
from retail.core.errors import Refused
from retail.core.tenancy import inside
from retail.identity import sessions
from retail.identity.models import Role, User, UserSession
from retail.orders.models import Order, OrderLine
from retail.permissions import Can
from retail.reports import queries
from retail.tenancy.models import Tenant
from retail.tenancy.services import tenant_called

WEEK = timedelta(days=7)
BEST_SELLERS_DAYS = 30
AT_HOUR = 16


def quantile(values: list[float], share: float) -> float:
    """The value below which `share` of the values lie, by nearest rank."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))]


def timed(act: Callable[[], Any], times: int) -> tuple[list[float], Any]:
    """Milliseconds of each of so many calls, and what the last one gave."""
    found, result = [], None
    for _number in range(times):
        started = time.perf_counter()
        result = act()
        found.append((time.perf_counter() - started) * 1000)
    return found, result


def sums_of_rollups(today: date) -> tuple[Any, Any]:
    """The sums of the dashboard as it asks for them."""
    hours = queries.by_hour([today, today - WEEK])
    best = queries.top_products(today - timedelta(days=BEST_SELLERS_DAYS - 1), today)
    return (
        sorted((key, taken.gross, taken.net, taken.units, taken.sales) for key, taken in hours.items()),
        [(row.id, row.units, row.gross) for row in best],
    )


def sums_of_ledger(today: date) -> tuple[Any, Any]:
    """The same sums from every line of the documents, as they would be asked without rollups."""
    hours = session.execute(
        select(
            Order.business_date,
            Order.hour,
            func.sum(OrderLine.gross),
            func.sum(OrderLine.net),
            func.sum(OrderLine.cost),
            func.sum(OrderLine.quantity),
            func.count(Order.id.distinct()).filter(Order.kind == "sale"),
        )
        .join(OrderLine, OrderLine.order_id == Order.id)
        .where(Order.business_date.in_([today, today - WEEK]))
        .group_by(Order.business_date, Order.hour)
    )
    gross = func.sum(OrderLine.gross)
    best = session.execute(
        select(Product.id, func.sum(OrderLine.quantity), gross)
        .select_from(Order)
        .join(OrderLine, OrderLine.order_id == Order.id)
        .join(Variant, Variant.id == OrderLine.variant_id)
        .join(Product, Product.id == Variant.product_id)
        .where(Order.business_date.between(today - timedelta(days=BEST_SELLERS_DAYS - 1), today))
        .group_by(Product.id)
        .having(gross > 0)
        .order_by(gross.desc(), Product.id)
        .limit(6)
    )
    return (
        sorted(((row[0], row[1]), row[2], row[3], row[5], int(row[6])) for row in hours),
        [tuple(row) for row in best],
    )


def plain(sums: tuple[Any, Any]) -> str:
    """Sums as text, in which 1.50 and 1.5 are the same."""
    return json.dumps(
        sums, default=lambda value: f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)
    )


def measure(app: Flask, shop: Tenant, requests: int, day: date | None) -> dict[str, Any]:
    """Open the page `requests` times when it is warm; times in milliseconds."""
    with inside(shop.id), db.reading():
        last = session.scalar(select(func.max(Order.business_date)))
        lines = session.scalar(select(func.count(OrderLine.id)))
        people = session.execute(select(User.id, Role.permissions).join(Role, Role.id == User.role_id))
        owner_id = next((user_id for user_id, permissions in people if Can.VIEW_DASHBOARD in permissions), None)
    if last is None or owner_id is None:
        raise Refused(f"{shop.slug} has sold nothing or has nobody who may see the dashboard.")
    last = day or last
    instant = datetime(last.year, last.month, last.day, AT_HOUR, tzinfo=ZoneInfo(shop.timezone))
    with clock.frozen(instant):
        with inside(shop.id), db.unit_of_work():
            owner = session.get_one(User, owner_id)
            token = sessions.begin(owner, address="127.0.0.1", device="bench", days=1, second_factor=True)
        browser = app.test_client()
        with browser.session_transaction() as cookie:
            cookie["token"] = token
        page, month = "/dashboard", f"/dashboard?days={BEST_SELLERS_DAYS}"
        for address in (page, month) * 2:
            answer = browser.get(address)
            if answer.status_code != 200:
                raise Refused(f"The dashboard answered {answer.status_code}.")
        statements: list[str] = []
        event.listen(Engine, "before_cursor_execute", lambda _c, _k, text, *_more: statements.append(text))
        browser.get(page)
        asked = len(statements)
        gc.collect()
        worked = time.process_time()
        times, _answer = timed(lambda: browser.get(page), requests)
        worked = time.process_time() - worked
        of_month, _answer = timed(lambda: browser.get(month), requests)
        with inside(shop.id), db.reading():
            sums, rolled = timed(lambda: sums_of_rollups(last), requests)
            ledger, exact = timed(lambda: sums_of_ledger(last), min(5, requests))
        with inside(shop.id), db.unit_of_work():
            found = session.scalars(select(UserSession.id).where(UserSession.token_hash == sessions.token_hash(token)))
            sessions.end(found.one())
    return {
        "p50_ms": round(quantile(times, 0.5), 2),
        "p95_ms": round(quantile(times, 0.95), 2),
        "cpu_ms": round(worked / requests * 1000, 2),
        "month_p50_ms": round(quantile(of_month, 0.5), 2),
        "statements": asked,
        "ledger_rows": lines,
        "day": last.isoformat(),
        "sums_ms": round(quantile(sums, 0.5), 2),
        "baseline_sums_ms": round(quantile(ledger, 0.5), 2),
        "ratio": round(quantile(ledger, 0.5) / quantile(sums, 0.5), 1),
        "equal": plain(rolled) == plain(exact),
    }


def main() -> int:
    """Print the figures; 1 if the sums differ, 2 if there is nothing to measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tenant", required=True, help="the business whose dashboard is opened")
    parser.add_argument("--requests", type=int, default=30, help="how often (default 30)")
    parser.add_argument("--day", type=date.fromisoformat, help="the day it is taken for (default: the last with trade)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    app = create_app(config.load_or_exit())
    try:
        with app.app_context():
            found = measure(app, tenant_called(options.tenant), options.requests, options.day)
    except Refused as error:
        print(error, file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps(found))
    else:
        print(f"page        p50 {found['p50_ms']} ms, p95 {found['p95_ms']} ms, {found['statements']} statements")
        print(f"its sums    {found['sums_ms']} ms from rollups, {found['baseline_sums_ms']} ms from the ledger")
        print(f"the ledger  {found['ledger_rows']:,} lines; {'equal' if found['equal'] else 'NOT EQUAL'}")
    return 0 if found["equal"] else 1


if __name__ == "__main__":
    sys.exit(main())
