"""Does a burst of notifications hold up the tills?

Starts the whole program on a new instance and sells at one till, one sale after the other: first alone, then while the
outbox is filled with so many closed shifts that 10,000 notifications come of them, each event in a transaction of its
own by the program's own relay and workers, until the last has arrived. Both stretches are of the same run, so their
ratio says what the burst costs a sale. Uses what the tests use, so install with `./test` first. Run it from the
project's root:

    .venv/bin/python bench/notices.py --notifications 10000 --json
"""

import argparse
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# Started as a file, Python looks for modules beside this one only.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.instances import say
from bench.sockets import middle_and_worst, sell
from config import ROOT
from tests.journeys.support import found
from tests.support.shop import clean_environ, running_shop

LONGEST_SECONDS = 900
WARM_SALES_SECONDS = 3.0
HAPPEN = """
import sys
from retail.app import create_app
from retail.core.db import unit_of_work
from retail.core.events import emit
from retail.core.queue import nudge
from retail.core.tenancy import inside
from retail.events.till import ShiftClosed
tenant_id, count = int(sys.argv[1]), int(sys.argv[2])
with create_app().app_context(), inside(tenant_id):
    for first in range(0, count, 100):
        with unit_of_work():
            for number in range(first, min(first + 100, count)):
                emit(ShiftClosed(shift_id=0, register_id=0, number=str(number), difference="-1.00"))
        nudge()
"""


def arrived(database: Path) -> tuple[int, int]:
    """How many notifications there are, and how many deliveries of events are on their way."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        (told,) = connection.execute("SELECT count(*) FROM notifications").fetchone()
        (left,) = connection.execute(
            "SELECT (SELECT count(*) FROM events WHERE relayed_at IS NULL)"
            " + (SELECT count(*) FROM event_deliveries WHERE state = 'pending')"
        ).fetchone()
    return told, left


def measure(instance: Path, notifications: int, seconds: float) -> dict[str, object]:
    """All figures. Raises RuntimeError when a sale was refused, or the burst did not arrive."""
    business, _rival = found(instance)
    database = instance / "counterfoil.db"
    with running_shop(instance, environ={"DEMO": "0"}) as shop:
        sell(business, shop.url, "warm", WARM_SALES_SECONDS)
        alone = sell(business, shop.url, "alone", seconds)
        environ = clean_environ(INSTANCE_DIR=str(instance), DEMO="0")
        told_before = arrived(database)[0]
        people = 2  # the owner and the manager are told of a drawer that does not hold what it should
        command = [sys.executable, "-c", HAPPEN, str(business.cast.tenant_id), str(notifications // people)]
        began = time.perf_counter()
        burst = subprocess.Popen(command, cwd=ROOT, env=environ)
        looked = [time.monotonic()]
        seen = [0.0]

        def is_over() -> bool:
            if time.monotonic() - looked[0] < 0.5:
                return False
            looked[0] = time.monotonic()
            if burst.poll() is not None and arrived(database)[0] - told_before >= notifications:
                seen[0] = time.perf_counter() - began
                return True
            return False

        during = sell(business, shop.url, "during", LONGEST_SECONDS, is_over)
        told = arrived(database)[0] - told_before
        if not seen[0]:
            raise RuntimeError(f"{told} of {notifications} notifications arrived in {LONGEST_SECONDS} s")
    quiet, busy = middle_and_worst(alone), middle_and_worst(during)
    return {
        "notifications": told,
        "arrived_after_seconds": round(seen[0], 1),
        "till_alone_p50_ms": quiet[0],
        "till_alone_p95_ms": quiet[1],
        "till_during_p50_ms": busy[0],
        "till_during_p95_ms": busy[1],
        "ratio_p50": round(busy[0] / quiet[0], 2),
        "ratio_p95": round(busy[1] / quiet[1], 2),
        "till_during_longest_ms": round(max(during), 1),
        "sales_alone": len(alone),
        "sales_during": len(during),
    }


def main() -> int:
    """Print the figures; 1 when a sale was refused or notifications are missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--notifications", type=int, default=10000, help="of the burst (default 10000)")
    parser.add_argument("--seconds", type=float, default=20, help="of selling alone (default 20)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-notices-") as directory:
        try:
            result = measure(Path(directory) / "shop", asked.notifications, asked.seconds)
        except RuntimeError as problem:
            print(problem, file=sys.stderr)
            return 1
    say(result, as_json=asked.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
