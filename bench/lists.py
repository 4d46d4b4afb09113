"""Does page 1,000 of a list of a million rows take as long as page 1?

Makes a business with so many products in a new database, signs its owner in, and reads the list of products as a
browser does: the whole page, sorted, counted and drawn. Run it from the project's root:

    .venv/bin/python bench/lists.py --json
"""

import argparse
import gc
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from flask_migrate import upgrade

# Started as a file, Python looks for modules beside this one only.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import config
from bench.instances import say
from retail.app import create_app
from retail.catalog.services import bulk
from retail.catalog.tables import ProductTable
from retail.core import db
from retail.core.db import session
from retail.core.tables import PAGE_SIZE, keys
from retail.core.tenancy import inside
from retail.finance.services import open_books
from retail.identity import services as identity
from retail.identity import sessions
from retail.tenancy.services import create_tenant

WORDS = ("Amber", "Birch", "Cedar", "Dune", "Ember", "Fern", "Grove", "Harbor", "Iris", "Juniper", "Kelp", "Linen")
THINGS = ("bowl", "candle", "cup", "jar", "lamp", "mug", "plate", "scarf", "spoon", "towel", "tray", "vase")
CHUNK = 5000


def median(values: list[float]) -> float:
    """The middle value."""
    return sorted(values)[len(values) // 2]


def names(count: int) -> Iterator[str]:
    """Names in no order, each once."""
    for number in range(count):
        scattered = number * 7919 % count
        yield f"{WORDS[scattered % 12]} {THINGS[scattered // 12 % 12]} {scattered:07d}"


def fill(count: int) -> None:
    """So many products with a variant each, by the service that imports use."""
    every = names(count)
    for start in range(0, count, CHUNK):
        part = [name for name, _number in zip(every, range(min(CHUNK, count - start)), strict=False)]
        with db.unit_of_work():
            ids = bulk.insert_products([{"name": name, "brand": name.split()[0]} for name in part])
            bulk.insert_variants(
                [
                    {
                        "product_id": product_id,
                        "sku": f"B-{product_id}",
                        "name": name,
                        "price": Decimal(product_id % 90),
                    }
                    for product_id, name in zip(ids, part, strict=True)
                ]
            )


def timed(ask: Callable[[], Any], times: int, clock: Callable[[], float] = time.perf_counter) -> float:
    """Median milliseconds of so many calls, the first of which is not counted."""
    ask()
    found = []
    gc.collect()
    for _number in range(times):
        started = clock()
        ask()
        found.append((clock() - started) * 1000)
    return round(median(found), 1)


def read(client: FlaskClient, url: str) -> str:
    """A page, which must be there."""
    answer = client.get(url)
    if answer.status_code != 200:
        raise SystemExit(f"{url} answered {answer.status_code}")
    return answer.get_data(as_text=True)


def address_of_page(order: str, page: int) -> str:
    """The address that “Next” of the page before leads to, found at once: walking there takes as long as all pages on
    the way, and tests/rules walks through every list anyway."""
    table = ProductTable()
    key = order.lstrip("-")
    rows = table.ordered(table.narrowed("", {}), order)
    columns = (ProductTable.columns[key].expression.label(key), ProductTable.row_id.label("row_id"))
    before = session.execute(rows.with_only_columns(*columns).offset((page - 1) * PAGE_SIZE - 1).limit(1)).one()
    return f"/products/?sort={order}&after={keys.pack(before[0], before.row_id, ProductTable.columns[key])}"


def measure(
    client: FlaskClient,
    tenant_id: int,
    order: str,
    page: int,
    times: int,
    clock: Callable[[], float] = time.perf_counter,
) -> tuple[float, float]:
    """Milliseconds of page 1 and of a page far behind, in one order."""
    with client.application.test_request_context(), inside(tenant_id), db.reading():
        last = address_of_page(order, page)
    first = f"/products/?sort={order}"
    return timed(lambda: read(client, first), times, clock), timed(lambda: read(client, last), times, clock)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000, help="products in the list")
    parser.add_argument("--page", type=int, default=1000, help="the page to compare with page 1")
    parser.add_argument("--times", type=int, default=15, help="requests for each median")
    parser.add_argument("--database-url", help="an empty PostgreSQL database instead of a new SQLite file")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lists-") as folder:
        url = options.database_url or f"sqlite:///{folder}/lists.db"
        settings = config.load({"INSTANCE_DIR": folder, "DATABASE_URL": url, "DEMO": "0", "LOG_LEVEL": "ERROR"})
        app = create_app(settings, TESTING=True, RATELIMIT_STORAGE_URI="memory://")
        with app.app_context():
            upgrade()
            with db.unit_of_work():
                tenant = create_tenant("Bench", "GBP", "Europe/London")
            with inside(tenant.id):
                with db.unit_of_work():
                    identity.open_roles()
                    open_books()
                    owner = identity.add_user("owner@bench.example", "Owner", "owner", None)
                    device = "bench"
                    token = sessions.begin(owner, address="127.0.0.1", device=device, days=1, second_factor=True)
                started = time.perf_counter()
                fill(options.rows)
                filled = time.perf_counter() - started
            with db.unit_of_work():
                db.count_anew()
            tenant_id = tenant.id
            db.session.remove()
        client = app.test_client()
        with client.session_transaction() as cookie:
            cookie["token"] = token
        found: dict[str, Any] = {"rows": options.rows, "page": options.page, "seconds_to_fill": round(filled, 1)}
        found["page_1_ms"], found["page_1000_ms"] = measure(client, tenant_id, "name", options.page, options.times)
        found["page_1_cpu_ms"], found["page_1000_cpu_ms"] = measure(
            client, tenant_id, "name", options.page, options.times, time.process_time
        )
        found["backwards_page_1_ms"], found["backwards_page_1000_ms"] = measure(
            client, tenant_id, "-name", options.page, options.times
        )
        found["by_date_page_1_ms"], found["by_date_page_1000_ms"] = measure(
            client, tenant_id, "-added", options.page, options.times
        )
        found["narrowed_ms"] = timed(lambda: read(client, "/products/?brand=Kelp&price=10..20"), 3)
        found["search_ms"] = timed(lambda: read(client, "/products/?q=kelp+0004"), 1)
        found["refused_sort_ms"] = timed(lambda: read(client, "/products/?sort=-price"), 5)
        found["ratio"] = round(found["page_1000_ms"] / found["page_1_ms"], 2)
        with app.app_context():
            db.db.engine.dispose()
    say(found, as_json=options.json)


if __name__ == "__main__":
    main()
