"""How long does a five-line sale take over HTTP, and how many a second does one machine sell?

Makes a business with many products (and, when asked, a history), starts the web process as the program starts it, lets
cashiers sell at as many tills at once as asked, and then writes the same rows by plain SQL into the same database with
the same durability: the limit nobody can beat. Run it from the project's root:

    .venv/bin/python bench/till.py --tills 1 --json
    .venv/bin/python bench/till.py --tills 8 --history FILE --json
"""

import argparse
import http.client
import re
import secrets
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlencode

# Started as a file, Python looks for modules beside this one only.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.instances import new_instance, say
from bench.plain_sql import Sample, read_sample, write_sales
from config import ROOT, load
from retail.app import create_app
from retail.catalog.services.bulk import insert_products, insert_variants
from retail.core import db, tenancy
from retail.finance.services import add_tax_rate
from retail.identity.services import add_user
from retail.integrations.services import import_sales
from retail.inventory.services import Movement, receive
from retail.operations.founding import found_business
from retail.tenancy.queries import first_shop
from retail.till.services import add_register

LINES = 5
PASSWORD = "a till that is measured"
TOKEN = re.compile(r"""(?:"X-CSRFToken": "|name="csrf_token" value=")([^"]+)""")


@dataclass
class Shop:
    """What the cashiers need to know."""

    tenant_id: int
    registers: list[int]
    variants: list[int]


def make_shop(products: int, tills: int, history: Path | None) -> Shop:
    """A business with a register and a cashier for every till, stocked products, and a history if a file is given."""
    with create_app().app_context():
        tenant = found_business("Bench", "GBP", "Europe/London")
        if history is not None:
            import_sales(tenant, history, "online-retail", lambda *_told: None, history.with_suffix(".errors"))
        with tenancy.inside(tenant.id), db.unit_of_work():
            rate = add_tax_rate("standard", "VAT 20 %", Decimal("0.2"))
            ids = insert_products([_product(number, rate.id) for number in range(products)])
            variants = insert_variants([_variant(number, product) for number, product in enumerate(ids)])
            shop = first_shop()
            receive(shop.id, [Movement(one, shop.id, Decimal(100_000), Decimal("1.10")) for one in variants])
            registers = []
            for number in range(tills):
                registers.append(add_register(f"Bench {number + 1}", shop.id).id)
                add_user(f"cashier{number}@bench.example", f"Cashier {number + 1}", "cashier", PASSWORD)
        return Shop(tenant.id, registers, variants)


def _product(number: int, tax_rate_id: int) -> dict[str, object]:
    return {"name": f"Article {number:05d}", "tax_rate_id": tax_rate_id}


def _variant(number: int, product_id: int) -> dict[str, object]:
    price = Decimal(100 + number * 7 % 4900) / 100
    cost = Decimal("0.60")
    return {
        "product_id": product_id,
        "sku": f"B{number:05d}",
        "name": f"Article {number:05d}",
        "price": price,
        "cost": cost,
    }


def free_port() -> int:
    """A port nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def web(port: int, processes: int, threads: int) -> Iterator[None]:
    """The web process as the supervisor starts it."""
    command = [sys.executable, "-m", "gunicorn", "wsgi:app", "--preload", "--worker-class", "gthread"]
    command += ["--workers", str(processes), "--threads", str(threads), "--bind", f"127.0.0.1:{port}"]
    command += ["--no-control-socket", "--log-level", "error"]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(20)


class Cashier:
    """A browser at a till: keeps its connection, its cookies and its token."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._cookies: dict[str, str] = {}
        self._token = ""

    def ask(
        self, method: str, path: str, form: dict[str, str] | None = None, fragment: bool = False
    ) -> tuple[int, str]:
        """Send a request and read all of its answer."""
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        if fragment:
            headers["HX-Request"] = "true"
        body = None
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            headers["X-CSRFToken"] = self._token
            body = urlencode(form)
        try:
            self._connection.request(method, path, body, headers)
            answer = self._connection.getresponse()
        except (http.client.HTTPException, ConnectionError):
            # The server ends connections that were idle; a sale has a key, so asking again sells once.
            self._connection.close()
            self._connection.request(method, path, body, headers)
            answer = self._connection.getresponse()
        text = answer.read().decode()
        for line in answer.headers.get_all("Set-Cookie") or ():
            name, _equals, value = line.partition(";")[0].partition("=")
            self._cookies[name] = value
        if found := TOKEN.search(text):
            self._token = found[1]
        return answer.status, text

    def start(self, number: int, register_id: int) -> None:
        """Sign in and open the register."""
        self.ask("GET", "/sign-in")
        self._must("/sign-in", {"email": f"cashier{number}@bench.example", "password": PASSWORD})
        self.ask("GET", "/till/")
        self._must(f"/till/registers/{register_id}/open", {"opening_float": "100"})
        self.ask("GET", "/till/")

    def sell(self, variants: list[int]) -> float:
        """Sell one of each; returns the seconds it took. Raises RuntimeError when it was not sold."""
        form = {"key": secrets.token_hex(16), "tender": "cash"}
        for at, variant in enumerate(variants):
            form |= {f"lines-{at}-variant": str(variant), f"lines-{at}-quantity": "1"}
        started = time.perf_counter()
        status, text = self.ask("POST", "/till/pay", form, fragment=True)
        took = time.perf_counter() - started
        if status != 200 or "receipt" not in text:
            raise RuntimeError(f"a sale answered {status}: {text[:300]}")
        return took

    def _must(self, path: str, form: dict[str, str]) -> None:
        status, text = self.ask("POST", path, form)
        if status not in {200, 302, 303}:
            raise RuntimeError(f"{path} answered {status}: {text[:300]}")


@dataclass
class Measured:
    """The seconds of every sale, and of all of them together."""

    seconds: float = 0
    each: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def figures(self) -> dict[str, object]:
        """Milliseconds and sales per second."""
        ordered = sorted(self.each)
        return {
            "sales": len(ordered),
            "sales_per_second": round(len(ordered) / self.seconds, 1),
            "p50_ms": round(statistics.median(ordered) * 1000, 2),
            "p95_ms": round(ordered[int(len(ordered) * 0.95)] * 1000, 2),
            "longest_ms": round(ordered[-1] * 1000, 2),
            "failed": len(self.failed),
        }


def sell_at(cashiers: list[Cashier], shop: Shop, sales: int) -> Measured:
    """Every cashier sells as fast as answers come; the tills start together."""
    measured, lock = Measured(), threading.Lock()
    together = threading.Barrier(len(cashiers) + 1)

    def work(number: int, cashier: Cashier) -> None:
        together.wait()
        for turn in range(sales):
            first = (turn * len(cashiers) + number) * LINES % (len(shop.variants) - LINES)
            try:
                took = cashier.sell(shop.variants[first : first + LINES])
            except (RuntimeError, OSError) as problem:
                with lock:
                    measured.failed.append(str(problem))
            else:
                with lock:
                    measured.each.append(took)

    threads = [threading.Thread(target=work, args=(number, one)) for number, one in enumerate(cashiers)]
    for one in threads:
        one.start()
    together.wait()
    started = time.perf_counter()
    for one in threads:
        one.join()
    measured.seconds = time.perf_counter() - started
    if measured.failed:
        raise RuntimeError(f"{len(measured.failed)} sales failed; the first: {measured.failed[0]}")
    return measured


def measure(tills: int, sales: int, products: int, history: Path | None) -> dict[str, object]:
    """All of it; the database is made anew and thrown away."""
    settings = load()
    shop = make_shop(products, tills, history)
    with web(port := free_port(), settings.web_processes, settings.threads):
        cashiers = [Cashier(port) for _ in range(tills)]
        for number, (cashier, register_id) in enumerate(zip(cashiers, shop.registers, strict=True)):
            cashier.start(number, register_id)
        sell_at(cashiers, shop, 20)
        alone = sell_at(cashiers[:1], shop, sales)
        together = sell_at(cashiers, shop, max(sales // tills, 20)) if tills > 1 else alone
    sample: Sample = read_sample(settings.database_url, shop.tenant_id)
    bare = write_sales(settings.database_url, sample, sales)
    result: dict[str, object] = {
        "tills": tills,
        "lines": LINES,
        "products": products,
        "database": settings.database_url.partition(":")[0],
        "documents_before": sample.documents_before,
        "rows_a_sale": sample.rows,
        **together.figures(),
        "bare_ms": round(bare * 1000, 3),
        "bare_sales_per_second": round(1 / bare, 1),
        "times_bare": round(statistics.median(alone.each) / bare, 1),
    }
    if tills > 1:
        result["one_till"] = alone.figures()
        result["times_one_till"] = round(len(together.each) / together.seconds / (len(alone.each) / alone.seconds), 2)
    return result


def main() -> int:
    """Print the figures; 1 when a sale failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tills", type=int, default=1, help="tills that sell at once")
    parser.add_argument("--sales", type=int, default=400, help="sales that are measured")
    parser.add_argument("--products", type=int, default=10_000)
    parser.add_argument("--history", type=Path, help="a file for `flask import sales --mapping online-retail`")
    parser.add_argument("--database-url", help="an empty PostgreSQL database; without it a new SQLite file")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with new_instance(asked.database_url):
        try:
            result = measure(asked.tills, asked.sales, asked.products, asked.history)
        except RuntimeError as problem:
            print(problem, file=sys.stderr)
            return 1
    say(result, as_json=asked.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
