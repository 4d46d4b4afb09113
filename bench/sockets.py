"""A thousand open screens on one machine: what they cost, and whether a burst of notifications holds up the till.

Starts the whole program on a new instance, opens sockets as the pages of the people of a shop would, measures the
memory of the web processes before and after, sells at one till, then lets 10,000 notifications be written by a process
of its own while the till goes on selling. The till's answers are compared with and without the burst. Uses what the
tests use, so install with `./test` first. Run it from the project's root:

    .venv/bin/python bench/sockets.py --sockets 1000 --notifications 10000 --json
"""

import argparse
import asyncio
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

# Started as a file, Python looks for modules beside this one only.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import psutil
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, Request, TextMessage

from bench.instances import say
from config import ROOT
from tests.journeys.support import Business, found
from tests.support.shop import RunningShop, clean_environ, running_shop

Line = tuple[asyncio.StreamReader, asyncio.StreamWriter, WSConnection]
FIRST = 20
AT_ONCE = 40
"""Sockets that are being opened at the same time, as when a shop's browsers come back after a restart."""
TELL = """
import sys
from retail.app import create_app
from retail.core.db import session, unit_of_work
from retail.core.tenancy import inside
from retail.identity.models import User
from retail.notifications.services import Message, notify
from sqlalchemy import select
tenant_id, count = int(sys.argv[1]), int(sys.argv[2])
with create_app().app_context(), inside(tenant_id):
    with unit_of_work():
        people = list(session.scalars(select(User.id)))
    told = 0
    while told < count:
        with unit_of_work():
            for _message in range(5):
                order = Message("orders", "info", f"Order {told} came in", "For the bench.")
                told += notify(people[: max(count - told, 0)], order)
    print(told)
"""


class Crowd:
    """Many screens in one thread: opens them, answers their pings, and counts what they hear."""

    def __init__(self, url: str, cookies: list[dict[str, str]]) -> None:
        self.parts, self.cookies = urlsplit(url), cookies
        self.open = 0
        self.refused = 0
        self.heard = 0
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    def come(self, count: int) -> None:
        """Open so many; returns when all are open or refused."""
        asyncio.run_coroutine_threadsafe(self._come(count), self.loop).result()

    async def _come(self, count: int) -> None:
        gate = asyncio.Semaphore(AT_ONCE)
        self.tasks = []

        async def one(number: int) -> None:
            async with gate:
                line = await self._connect(self.cookies[number % len(self.cookies)])
            if line is not None:
                self.tasks.append(self.loop.create_task(self._listen(*line)))

        await asyncio.gather(*(one(number) for number in range(count)))

    async def _connect(self, cookies: dict[str, str]) -> Line | None:
        host = f"{self.parts.hostname}:{self.parts.port}"
        reader, writer = await asyncio.open_connection(self.parts.hostname, self.parts.port)
        protocol = WSConnection(ConnectionType.CLIENT)
        cookie = "; ".join(f"{name}={value}" for name, value in cookies.items()).encode()
        extra = [(b"cookie", cookie), (b"origin", f"http://{host}".encode())]
        target = "/socket.io/?EIO=4&transport=websocket"
        writer.write(protocol.send(Request(host=host, target=target, extra_headers=extra)))
        asked = False
        while data := await reader.read(8192):
            protocol.receive_data(data)
            for event in protocol.events():
                if isinstance(event, AcceptConnection) or not isinstance(event, TextMessage):
                    continue
                if event.data.startswith("0") and not asked:
                    asked = True
                    writer.write(protocol.send(TextMessage("40{}")))
                elif event.data.startswith("40"):
                    self.open += 1
                    return reader, writer, protocol
                elif event.data.startswith("44"):
                    self.refused += 1
                    writer.close()
                    return None
        self.refused += 1
        return None

    async def _listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, protocol: WSConnection) -> None:
        while data := await reader.read(8192):
            protocol.receive_data(data)
            for event in protocol.events():
                if isinstance(event, TextMessage):
                    if event.data == "2":
                        writer.write(protocol.send(TextMessage("3")))
                    elif event.data.startswith('42["happened",{"kind":"notification"'):
                        self.heard += 1
        self.open -= 1


def megabytes(shop: RunningShop) -> tuple[float, int]:
    """What the web processes hold that they share with nobody, and their threads."""
    webs = [pid for pid, command in shop.processes().items() if "gunicorn" in command]
    processes = [psutil.Process(pid) for pid in webs]
    return sum(one.memory_full_info().uss for one in processes) / 1e6, sum(one.num_threads() for one in processes)


def sell(
    business: Business, url: str, name: str, seconds: float, until: Callable[[], bool] = lambda: False
) -> list[float]:
    """Milliseconds of each sale, one after the other, for so long. Raises RuntimeError when one is refused."""
    taken, number, end = [], 0, time.monotonic() + seconds
    while time.monotonic() < end and not until():
        number += 1
        began = time.perf_counter()
        if business.pay(url, f"bench-sockets-{name}-{number:06}", business.goods[0]) != 200:
            raise RuntimeError("a sale was refused")
        taken.append((time.perf_counter() - began) * 1000)
    return taken


def middle_and_worst(taken: list[float]) -> tuple[float, float]:
    """The median, and what all but one in twenty stayed below."""
    return round(statistics.median(taken), 1), round(sorted(taken)[int(len(taken) * 0.95)], 1)


def measure(instance: Path, sockets: int, notifications: int, seconds: float) -> dict[str, object]:
    """All figures. Raises RuntimeError when a sale was refused."""
    business, _rival = found(instance)
    with running_shop(instance, environ={"DEMO": "0"}) as shop:
        sell(business, shop.url, "warm", 3)
        alone = sell(business, shop.url, "alone", seconds)
        crowd = Crowd(shop.url, [person.cookies for person in business.people.values()])
        # What the first few load is no matter of how many there are.
        first = min(FIRST, sockets)
        crowd.come(first)
        before, threads_before = megabytes(shop)
        began = time.perf_counter()
        crowd.come(sockets - first)
        opened = time.perf_counter() - began
        time.sleep(2)
        after, threads_after = megabytes(shop)
        listened = sell(business, shop.url, "listened", seconds)
        environ = clean_environ(INSTANCE_DIR=str(instance), DEMO="0")
        command = [sys.executable, "-c", TELL, str(business.cast.tenant_id), str(notifications)]
        began = time.perf_counter()
        burst = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE)
        during = sell(business, shop.url, "during", 600, lambda: burst.poll() is not None)
        took = time.perf_counter() - began
        told = int((burst.stdout.read() if burst.stdout else b"0").split()[-1])
        time.sleep(2)
        still_open, heard = crowd.open, crowd.heard
    quiet, busy = middle_and_worst(listened), middle_and_worst(during)
    return {
        "sockets": still_open,
        "refused": crowd.refused,
        "opening_seconds": round(opened, 1),
        "mb_per_socket": round((after - before) / max(still_open - first, 1), 4),
        "web_mb_before": round(before, 1),
        "web_mb_with_sockets": round(after, 1),
        "threads_before": threads_before,
        "threads_with_sockets": threads_after,
        "notifications": told,
        "burst_seconds": round(took, 1),
        "heard": heard,
        "till_p50_ms_without_sockets": middle_and_worst(alone)[0],
        "till_p50_ms": quiet[0],
        "till_p95_ms": quiet[1],
        "till_p50_ms_during_burst": busy[0],
        "till_p95_ms_during_burst": busy[1],
        "sales_during_burst": len(during),
    }


def main() -> int:
    """Print the figures; 1 when a sale was refused or not every socket was let in."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sockets", type=int, default=1000, help="open screens (default 1000)")
    parser.add_argument("--notifications", type=int, default=10000, help="written at once (default 10000)")
    parser.add_argument("--seconds", type=float, default=6, help="each stretch of selling that is measured (default 6)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-sockets-") as directory:
        try:
            result = measure(Path(directory) / "shop", asked.sockets, asked.notifications, asked.seconds)
        except RuntimeError as problem:
            print(problem, file=sys.stderr)
            return 1
    say(result, as_json=asked.json)
    return 0 if result["sockets"] == asked.sockets else 1


if __name__ == "__main__":
    sys.exit(main())
