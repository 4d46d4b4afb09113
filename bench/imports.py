"""How long does an import of 100,000 products take, what does it hold in memory, and does the till beside it notice?

Makes a business with a till in a new database, starts the web process as the program starts it, and lets a cashier sell
five lines every quarter of a second: first alone, then while `flask import products` takes a file in, then while
`flask import undo` takes it back. Run it from the project's root:

    .venv/bin/python bench/imports.py --json
    .venv/bin/python bench/imports.py --file ../shared/data/openfoodfacts/off_products_A.csv.gz --json
"""

import argparse
import csv
import json
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# Started as a file, Python looks for modules beside this one only.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.instances import new_instance, say
from bench.till import LINES, Cashier, Measured, Shop, free_port, make_shop, web
from config import ROOT, load

PAUSE_SECONDS = 0.25
SALES_ALONE = 80


def made_file(folder: Path, rows: int) -> Path:
    """A file of products with barcodes, categories, costs and opening stock."""
    path = folder / "products.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["Name", "SKU", "Barcode", "Price", "Cost", "Category", "Brand", "Stock"])
        for number in range(rows):
            body = f"21{number:010d}"
            odd, even = sum(map(int, body[1::2])), sum(map(int, body[0::2]))
            code = f"{body}{(10 - (odd * 3 + even) % 10) % 10}"
            shelf = f"Shelf {number % 40} > Row {number % 400}"
            price = f"{1 + number % 90}.{number % 100:02d}"
            writer.writerow([f"Thing {number}", f"I-{number}", code, price, "0.70", shelf, f"Brand {number % 50}", "3"])
    return path


def command(arguments: Sequence[str]) -> subprocess.Popen[str]:
    """Start a command of the program."""
    return subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "wsgi:app", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def sell_until(over: threading.Event, cashier: Cashier, shop: Shop, most: int | None = None) -> Measured:
    """A cashier who sells at a steady pace."""
    measured = Measured()
    started = time.perf_counter()
    turn = 0
    while not over.is_set() and (most is None or turn < most):
        first = turn * LINES % (len(shop.variants) - LINES)
        measured.each.append(cashier.sell(shop.variants[first : first + LINES]))
        turn += 1
        over.wait(PAUSE_SECONDS)
    measured.seconds = time.perf_counter() - started
    return measured


def beside(cashier: Cashier, shop: Shop, arguments: Sequence[str]) -> tuple[dict[str, Any], dict[str, object]]:
    """What a command says, and what the till says that sold while it ran."""
    over = threading.Event()
    sold: list[Measured] = []
    failed: list[Exception] = []

    def sell() -> None:
        try:
            sold.append(sell_until(over, cashier, shop))
        except (RuntimeError, OSError) as problem:
            failed.append(problem)

    process = command(arguments)
    seller = threading.Thread(target=sell)
    seller.start()
    said, _errors = process.communicate()
    over.set()
    seller.join()
    if failed or process.returncode:
        raise RuntimeError(str(failed[0]) if failed else f"{' '.join(arguments)} failed")
    return json.loads(said), sold[0].figures()


def measure(file: Path, products: int, errors: Path) -> dict[str, object]:
    """All of it."""
    settings = load()
    shop = make_shop(products, 1, None)
    with web(port := free_port(), settings.web_processes, settings.threads):
        cashier = Cashier(port)
        cashier.start(0, shop.registers[0])
        sell_until(threading.Event(), cashier, shop, 10)
        alone = sell_until(threading.Event(), cashier, shop, SALES_ALONE)
        asked = ["import", "products", str(file), "--tenant", "bench", "--errors", str(errors), "--json"]
        imported, selling = beside(cashier, shop, asked)
        undone, undoing = beside(cashier, shop, ["import", "undo", str(imported["import"]), "--json"])
    names = ("rows", "created", "updated", "unchanged", "rejected", "seconds", "cpu_seconds", "peak_mb")
    return {
        **{name: imported[name] for name in names},
        "rows_per_second": round(imported["rows"] / imported["seconds"]),
        "database": settings.database_url.partition(":")[0],
        "undo": {name: undone[name] for name in ("removed", "withdrawn", "kept", "seconds", "cpu_seconds", "peak_mb")},
        "till_alone": alone.figures(),
        "till_beside_the_import": selling,
        "till_beside_the_undo": undoing,
    }


def main() -> int:
    """Print the figures; 1 when a sale or the import failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--file", type=Path, help="a file of products; without it one is made")
    parser.add_argument("--rows", type=int, default=100_000, help="rows of the file that is made")
    parser.add_argument("--products", type=int, default=10_000, help="products there are before")
    parser.add_argument("--database-url", help="an empty PostgreSQL database; without it a new SQLite file")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with new_instance(asked.database_url) as directory:
        file = asked.file.resolve() if asked.file else made_file(directory, asked.rows)
        try:
            result = measure(file, asked.products, directory / "errors.csv")
        except RuntimeError as problem:
            print(problem, file=sys.stderr)
            return 1
    say(result, as_json=asked.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
