"""Do many buyers of the last pieces get more than there are?

Makes a business that may not go below nothing, with a register and a signed-in cashier for every buyer, starts the web
processes as the program starts them, and lets all press Pay for one piece of the same article in the same moment. A
few pieces more are reserved for somebody else, and must be left. Run it from the project's root:

    .venv/bin/python bench/oversell.py --json
    .venv/bin/python bench/oversell.py --buyers 50 --stock 10 --database-url postgresql://… --json
"""

import argparse
import sys
import threading
import time
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

# Started as a file, Python looks for modules beside this one only.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sqlalchemy import func, select

from bench.instances import new_instance, say
from bench.till import PASSWORD, Cashier, free_port, web
from config import load
from retail.app import create_app
from retail.catalog.models import Variant
from retail.catalog.services import Description, NewVariant, create_product
from retail.core import db, tenancy
from retail.core.checks import run_checks
from retail.core.money import ZERO
from retail.identity.services import add_user
from retail.inventory.models import StockLevel, StockMove
from retail.inventory.services import Movement, Owner, Want, receive, reserve
from retail.operations.founding import found_business
from retail.tenancy.queries import first_shop
from retail.till.services import add_register


@dataclass(frozen=True)
class Scarce:
    """The business, its registers, and the article everybody wants."""

    tenant_id: int
    registers: list[int]
    variant_id: int


def make_scarce(buyers: int, stock: int, reserved: int) -> Scarce:
    """A business with a till for each buyer and so many pieces of one article, some of them reserved."""
    with create_app().app_context():
        tenant = found_business("Scarce", "GBP", "Europe/London")
        with tenancy.inside(tenant.id), db.unit_of_work():
            place = first_shop()
            place.allows_negative_stock = False
            product = create_product(Description("The last ones"), [NewVariant(Decimal(5), Decimal(2), "LAST")])
            variant_id = db.session.scalars(select(Variant.id).where(Variant.product_id == product.id)).one()
            receive(place.id, [Movement(variant_id, place.id, Decimal(stock + reserved), Decimal(2))])
            if reserved:
                reserve(Owner("cart", 1), [Want(variant_id, place.id, Decimal(reserved))])
            registers = [add_register(f"Bench {number + 1}", place.id).id for number in range(buyers)]
            for number in range(buyers):
                add_user(f"cashier{number}@bench.example", f"Cashier {number + 1}", "cashier", PASSWORD)
        return Scarce(tenant.id, registers, variant_id)


def buy_at_once(cashiers: list[Cashier], variant_id: int) -> tuple[int, list[str], float]:
    """Every buyer presses Pay in the same moment: how many were told it is sold, what others were told, the seconds."""
    together, lock = threading.Barrier(len(cashiers) + 1), threading.Lock()
    sold, refused = [], []

    def press(cashier: Cashier) -> None:
        together.wait()
        try:
            sold.append(cashier.sell([variant_id]))
        except (RuntimeError, OSError) as no:
            with lock:
                refused.append(str(no))

    threads = [threading.Thread(target=press, args=(one,)) for one in cashiers]
    for one in threads:
        one.start()
    together.wait()
    started = time.perf_counter()
    for one in threads:
        one.join()
    return len(sold), refused, time.perf_counter() - started


def measure(buyers: int, stock: int, reserved: int) -> dict[str, object]:
    """All of it; what was sold is counted in the ledger, not by what buyers were told."""
    settings = load()
    scarce = make_scarce(buyers, stock, reserved)
    with web(port := free_port(), settings.web_processes, settings.threads):
        cashiers = [Cashier(port) for _ in range(buyers)]
        for number, (cashier, register_id) in enumerate(zip(cashiers, scarce.registers, strict=True)):
            cashier.start(number, register_id)
        told, refused, seconds = buy_at_once(cashiers, scarce.variant_id)
    with create_app().app_context(), tenancy.inside(scarce.tenant_id), db.reading():
        moved = db.session.scalar(select(func.sum(StockMove.quantity)).where(StockMove.reason == "sold"))
        left = db.session.scalars(select(StockLevel.on_hand).where(StockLevel.variant_id == scarce.variant_id)).one()
        stock_checks = [one for one in run_checks([scarce.tenant_id], whole_database=False) if "stock" in one.name]
    return {
        "buyers": buyers,
        "stock": stock,
        "reserved": reserved,
        "sold": int(-(moved or ZERO)),
        "told_sold": told,
        "refused": len([one for one in refused if "answered 422" in one]),
        "left": int(left),
        "seconds": round(seconds, 2),
        "faults": sum(one.faults for one in stock_checks),
        "database": settings.database_url.partition(":")[0],
    }


def main() -> int:
    """Print the figures; 1 when more or fewer were sold than there were to sell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--buyers", type=int, default=50, help="buyers that press Pay at once")
    parser.add_argument("--stock", type=int, default=10, help="pieces there are for them")
    parser.add_argument("--reserved", type=int, default=3, help="pieces besides that are reserved for somebody else")
    parser.add_argument("--database-url", help="an empty PostgreSQL database; without it a new SQLite file")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with new_instance(asked.database_url):
        result = measure(asked.buyers, asked.stock, asked.reserved)
    say(result, as_json=asked.json)
    fair = min(asked.buyers, asked.stock)
    return 0 if result["sold"] == result["told_sold"] == fair and not result["faults"] else 1


if __name__ == "__main__":
    sys.exit(main())
