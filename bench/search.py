"""How long does it take to find what somebody types among 700,000 products, and what a scanner reads?

Fills one business with the names and barcodes of files such as `../shared/data/openfoodfacts` by the services that
imports use, and asks a thousand things a person would type, drawn from these names: names while they are being typed,
words with a slip, two words in the wrong order, pieces of words, pieces of barcodes, other scripts. Run it from the
project's root:

    .venv/bin/python bench/search.py --json
"""

import argparse
import csv
import gzip
import html
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path

from flask import Flask

# Started as a file, Python looks for modules beside this one only.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import config
from bench.instances import new_instance, say
from retail.app import create_app
from retail.catalog import search as catalog_search
from retail.catalog.queries import find_by_code, normalize_gtin, search_variants
from retail.catalog.services import bulk
from retail.core import db, search
from retail.core.search.folding import words_in
from retail.core.tenancy import inside
from retail.finance.services import open_books
from retail.tenancy.services import create_tenant

FILES = ("off_products_A.csv.gz", "off_barcode_name_rest.csv.gz")
CHUNK = 2000
LONGEST_CODE = 48
MOST = 8
"""How many lines a till or the palette shows."""
KINDS = ("typing", "typing", "typing", "typo", "typo", "two words", "two words", "inside", "code", "other script")


def rows_of(folder: Path) -> Iterator[tuple[str, str]]:
    """Barcode and name of every product of the files."""
    csv.field_size_limit(10**7)
    for name in FILES:
        with gzip.open(folder / name, "rt", encoding="utf-8", newline="") as stream:
            rows = csv.reader(stream)
            next(rows)
            for row in rows:
                called = " ".join(html.unescape(row[1]).split())[:200]
                if called and len(row[0]) <= LONGEST_CODE:
                    yield normalize_gtin(row[0]), called


def fill(folder: Path, most: int) -> list[tuple[str, str]]:
    """A product with a variant and a barcode for each."""
    known: dict[str, str] = {}
    for code, name in rows_of(folder):
        if len(known) >= most:
            break
        known.setdefault(code, name)
    every = list(known.items())
    for start in range(0, len(every), CHUNK):
        part = every[start : start + CHUNK]
        with db.unit_of_work():
            products = bulk.insert_products([{"name": name} for _code, name in part])
            rows = [
                {"product_id": product_id, "sku": f"P-{product_id:06d}", "name": name, "price": Decimal(1)}
                for product_id, (_code, name) in zip(products, part, strict=True)
            ]
            variants = bulk.insert_variants(rows)
            bulk.insert_barcodes([(key, code) for key, (code, _name) in zip(variants, part, strict=True)])
    return every


def slipped(word: str, chance: random.Random) -> str:
    """A word as a quick hand types it: a letter too few, too many, another, or two in the wrong order."""
    at = chance.randrange(1, len(word) - 1)
    return chance.choice(
        (
            word[:at] + word[at + 1 :],
            word[:at] + word[at] + word[at:],
            word[:at] + chance.choice("abcdefghijklmnopqrstuvwxyz") + word[at + 1 :],
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        )
    )


def asked_of(kind: str, code: str, name: str, chance: random.Random) -> str:
    """What somebody types who looks for this product; empty when this kind of question does not suit it."""
    words = [word for word in words_in(name) if len(word) > 1]
    long = [word for word in words if len(word) > 4 and word.isalpha()]
    if kind == "typing":
        return name[: chance.randint(2, 14)]
    if kind == "typo" and long:
        return slipped(chance.choice(long), chance)
    if kind == "two words" and len(words) > 1:
        one, other = chance.sample(words, 2)
        return f"{one} {other[: max(2, len(other) - chance.randint(0, 3))]}"
    if kind == "inside" and long:
        word = chance.choice(long)
        return word[chance.randint(1, 2) :]
    if kind == "code" and len(code) > 7:
        at = chance.randrange(len(code) - 6)
        return code[at : at + chance.randint(5, 7)]
    if kind == "other script" and any(ord(letter) > 0x370 and letter.isalpha() for letter in name):
        return name[: chance.randint(2, 8)]
    return ""


def questions(every: Sequence[tuple[str, str]], count: int, seed: int) -> list[str]:
    """So many things a person would type, the same in every run."""
    chance = random.Random(seed)
    others = [one for one in every if any(ord(letter) > 0x370 and letter.isalpha() for letter in one[1])]
    found: list[str] = []
    while len(found) < count:
        kind = KINDS[len(found) % len(KINDS)]
        text = asked_of(kind, *chance.choice(others if kind == "other script" and others else every), chance)
        if text.strip():
            found.append(text)
    return found


def timed(ask: Callable[[str], object], texts: Sequence[str], clock: Callable[[], float]) -> list[float]:
    """Milliseconds each question took, in order."""
    found = []
    for text in texts:
        with db.reading():
            started = clock()
            ask(text)
            found.append((clock() - started) * 1000)
    return sorted(found)


def at(values: Sequence[float], share: float) -> float:
    """The value below which this share of all lies."""
    return round(values[min(len(values) - 1, int(len(values) * share))], 2)


def measure(app: Flask, folder: Path, options: argparse.Namespace) -> dict[str, object]:
    """Fill, ask, tell."""
    with app.app_context():
        with db.unit_of_work():
            tenant = create_tenant("Bench", "EUR", "Europe/Paris")
        with inside(tenant.id):
            with db.unit_of_work():
                open_books()
            started = time.process_time()
            every = fill(folder, options.variants)
            filled = time.process_time() - started
            with db.unit_of_work():
                db.count_anew()
            texts = questions(every, options.queries, options.seed)
            chance = random.Random(options.seed)
            codes = [code for code, _name in chance.sample(every, min(len(every), options.queries))]
            timed(lambda text: search_variants(text, MOST), texts[:50], time.perf_counter)
            typed = timed(lambda text: search_variants(text, MOST), texts, time.perf_counter)
            worked = timed(lambda text: search_variants(text, MOST), texts, time.thread_time)
            scanned = timed(find_by_code, codes, time.perf_counter)
            with db.reading():
                nothing = sum(not search.find(catalog_search.VARIANTS.kind, text, 1) for text in texts)
            return {
                "variants": len(every),
                "queries": len(texts),
                "median_ms": at(typed, 0.5),
                "p95_ms": at(typed, 0.95),
                "p99_ms": at(typed, 0.99),
                "cpu_median_ms": at(worked, 0.5),
                "cpu_p95_ms": at(worked, 0.95),
                "barcode_ms": at(scanned, 0.5),
                "barcode_p95_ms": at(scanned, 0.95),
                "found_nothing": nothing,
                "cpu_seconds_to_fill": round(filled, 1),
                "database": db.db.engine.dialect.name,
            }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/openfoodfacts"), help="folder of the files")
    parser.add_argument("--variants", type=int, default=1_000_000, help="no more variants than this")
    parser.add_argument("--queries", type=int, default=1000, help="how many things are asked")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--database-url", help="an empty PostgreSQL database instead of a new SQLite file")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    if not options.data.is_dir():
        raise SystemExit(f"{options.data} is no folder; name that of the files with --data")
    folder = options.data.resolve()
    with new_instance(options.database_url):
        app = create_app(config.load(), TESTING=True, RATELIMIT_STORAGE_URI="memory://")
        result = measure(app, folder, options)
        with app.app_context():
            db.db.engine.dispose()
    say(result, as_json=options.json)


if __name__ == "__main__":
    main()
