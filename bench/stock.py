"""How long do the reports of stock take at the server when the ledger has a million moves?

Makes a business with two locations and three years of moves in a new database, in bulk and as data, lets the night
reckon its figures, signs its owner in and opens every ready-made report of stock and the worth as of past days. The
baseline of each is the same question put to the moves themselves. Run it from the project's root:

    .venv/bin/python bench/stock.py --json
"""

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import func, select

# Started as a file, Python looks for modules beside this one only.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import config
from bench.instances import new_instance, say
from retail.app import create_app
from retail.catalog.models import Category
from retail.catalog.services import bulk, create_category
from retail.core import db
from retail.core.checks import CHECKS
from retail.core.clock import now
from retail.core.db import session
from retail.core.tenancy import insert_owned, inside
from retail.finance.services import Posting, open_books, post
from retail.identity import services as identity
from retail.identity import sessions
from retail.inventory.models import StockLevel, StockMove
from retail.reports.models import SalesDayProduct
from retail.reports.ready_made import READY_MADE
from retail.reports.report_views import address_of
from retail.reports.work import stock_figures
from retail.tenancy.queries import first_shop
from retail.tenancy.services import add_location, create_tenant

ARTICLES, CATEGORIES, DAYS, CHUNK = 2000, 20, 1095, 20_000


def median(values: list[float]) -> float:
    """The middle value."""
    return sorted(values)[len(values) // 2]


def timed(act: Callable[[], Any], times: int) -> float:
    """Median milliseconds of so many calls, the first of which is not counted."""
    act()
    found = []
    for _number in range(times):
        started = time.perf_counter()
        act()
        found.append((time.perf_counter() - started) * 1000)
    return round(median(found), 1)


def goods() -> list[int]:
    """The articles, in categories."""
    with db.unit_of_work():
        categories = [create_category(f"Shelf {number:02d}").id for number in range(CATEGORIES)]
    with db.unit_of_work():
        ids = bulk.insert_products(
            [
                {"name": f"Article {number:05d}", "category_id": categories[number % CATEGORIES]}
                for number in range(ARTICLES)
            ]
        )
        bulk.insert_variants(
            [{"product_id": one, "sku": f"S-{one}", "name": f"Article {one}", "price": Decimal(5)} for one in ids]
        )
    with db.reading():
        return list(session.scalars(select(bulk.Variant.id).order_by(bulk.Variant.id)))


def history(variants: list[int], places: list[int], count: int, today: date) -> Iterator[dict[str, Any]]:
    """So many moves over three years: a delivery when an article runs out, else sales; a few articles sell most."""
    luck = Random(7)
    weights = [1 / (place + 5) for place in range(len(variants))]
    on_hand: dict[tuple[int, int], Decimal] = defaultdict(Decimal)
    per_day = -(-count // DAYS)
    made = 0
    for back in range(DAYS, 0, -1):
        day = today - timedelta(days=back)
        for variant_id in luck.choices(variants, weights, k=min(per_day, count - made)):
            place = places[luck.random() < 0.2]
            key = variant_id, place
            waits = not on_hand[key] and luck.random() < 0.5
            quantity = Decimal(40) if not on_hand[key] else Decimal(-1)
            made += 1
            if waits and on_hand.get(key) is not None and made % 3 == 0:
                quantity = Decimal(40)
            on_hand[key] += quantity
            yield {
                "variant_id": variant_id,
                "location_id": place,
                "counterpart": "supplier" if quantity > 0 else "customer",
                "quantity": quantity,
                "value": quantity * 2,
                "reason": "received" if quantity > 0 else "sold",
                "source": "import",
                "source_id": 1,
                "business_date": day,
                "occurred_at": datetime(day.year, day.month, day.day, 9 + made % 9, made % 60, tzinfo=UTC),
            }


def fill(count: int, today: date) -> None:
    """Articles, moves, levels, sales by day, and the one entry in the books that all of it comes to."""
    variants = goods()
    with db.unit_of_work():
        places = [first_shop().id, add_location("store", "Store", "warehouse").id]
    levels: dict[tuple[int, int], Decimal] = defaultdict(Decimal)
    sold: dict[tuple[date, int, int], Decimal] = defaultdict(Decimal)
    every = history(variants, places, count, today)
    while rows := [row for row, _number in zip(every, range(CHUNK), strict=False)]:
        for row in rows:
            levels[row["variant_id"], row["location_id"]] += row["quantity"]
            if row["quantity"] < 0:
                sold[row["business_date"], row["location_id"], row["variant_id"]] -= row["quantity"]
        with db.unit_of_work():
            insert_owned(StockMove, [{"note": "", **row} for row in rows])
    with db.unit_of_work():
        insert_owned(
            StockLevel,
            [
                {"variant_id": key[0], "location_id": key[1], "on_hand": quantity, "value": quantity * 2}
                for key, quantity in levels.items()
            ],
        )
        worth = sum(levels.values(), Decimal(0)) * 2
        post(Posting("import", 1, "bench", today, {"1200": worth, "3000": -worth}, now() - timedelta(days=DAYS + 1)))
    rolled = [
        {
            "business_date": day,
            "location_id": place,
            "variant_id": variant_id,
            "lines": 1,
            "units": units,
            "net": units * 4,
            "gross": units * 5,
            "cost": units * 2,
        }
        for (day, place, variant_id), units in sold.items()
    ]
    for start in range(0, len(rolled), CHUNK):
        with db.unit_of_work():
            insert_owned(SalesDayProduct, rolled[start : start + CHUNK])


def of_the_moves() -> list[Any]:
    """What a report by month and category would ask without the night's figures."""
    month = func.period_of("month", StockMove.business_date)
    return list(
        session.execute(
            select(
                month,
                Category.path,
                func.sum(StockMove.quantity),
                func.sum(StockMove.value),
            )
            .select_from(StockMove)
            .join(bulk.Variant, bulk.Variant.id == StockMove.variant_id)
            .join(bulk.Product, bulk.Product.id == bulk.Variant.product_id)
            .join(Category, Category.id == bulk.Product.category_id)
            .group_by(month, Category.path)
        )
    )


def main() -> int:
    """Print the figures; 1 if the figures are not what the moves say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--moves", type=int, default=1_000_000, help="rows of the ledger (default 1,000,000)")
    parser.add_argument("--times", type=int, default=5, help="requests for each median (default 5)")
    parser.add_argument("--database-url", help="an empty PostgreSQL database instead of a new SQLite file")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    with new_instance(options.database_url):
        app = create_app(config.load_or_exit())
        with app.app_context():
            with db.unit_of_work():
                tenant = create_tenant("Bench", "GBP", "Europe/London")
            tenant_id, today = tenant.id, tenant.today()
            with inside(tenant_id):
                with db.unit_of_work():
                    identity.open_roles()
                    open_books()
                    owner = identity.add_user("owner@bench.example", "Owner", "owner", None)
                    token = sessions.begin(owner, address="127.0.0.1", device="bench", days=1, second_factor=True)
                started = time.perf_counter()
                fill(options.moves, today)
                filled = time.perf_counter() - started
                with db.unit_of_work():
                    db.count_anew()
                started = time.perf_counter()
                stock_figures(progress=lambda *_said: None)
                reckoned = time.perf_counter() - started
                started = time.perf_counter()
                with db.unit_of_work():
                    db.count_anew()
                    faults = [fault for name in ("stock levels", "stock months", "age of stock", "stock value")
                              for fault in CHECKS[name].find()]  # fmt: skip
                checked = time.perf_counter() - started
                with db.reading():
                    baseline = timed(of_the_moves, 3)
            session.remove()
        client = app.test_client()
        with client.session_transaction() as cookie:
            cookie["token"] = token

        def read(url: str) -> Callable[[], None]:
            def act() -> None:
                answer = client.get(url)
                if answer.status_code != 200:
                    raise SystemExit(f"{url} answered {answer.status_code}")

            return act

        with app.test_request_context():
            pages = {one.key: address_of(one) for one in READY_MADE if one.key.startswith("stock")}
        for days in (1, 200, 900):
            pages[f"as-of {days} days ago"] = f"/stock/as-of?at={today - timedelta(days=days)}"
        times = {name: timed(read(url), options.times) for name, url in pages.items()}
    found: dict[str, Any] = {
        "moves": options.moves,
        "seconds_to_fill": round(filled, 1),
        "seconds_of_the_night": round(reckoned, 1),
        "seconds_to_check": round(checked, 1),
        "faults": len(faults),
        "baseline_ms": baseline,
        "slowest_ms": max(times.values()),
        "ratio": round(baseline / max(times.values()), 1),
        "report_ms": times,
    }
    say(found, as_json=options.json)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
