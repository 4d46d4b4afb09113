"""How long after a sale does another screen hear of it, and how soon is the program ready?

Starts the whole program twice on a new instance (the second start is the one that is measured), sells at one till, and
looks at the owner's dashboard in a real browser until each sale is there: through the outbox, the relay, a worker,
Redis, the live connection and the page that reads itself anew. Uses what the tests use, so install with `./test` first.
Run it from the project's root:

    .venv/bin/python bench/live.py --sales 20 --json
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# Started as a file, Python looks for modules beside this one only.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.instances import say
from config import ROOT
from tests.journeys.support import Business, found
from tests.support.browser import running_browser, unavailable_reason
from tests.support.shop import clean_environ, running_shop

PAUSE_SECONDS = 2.5
"""Between two sales: the feed gathers what comes within two seconds, and this is about a sale that comes alone."""
NOTE_SALES = """() => {
  window.seen = [];
  const known = new Set();
  const look = () => {
    for (const [number] of document.getElementById("feed").innerText.matchAll(/S-\\d+/g)) {
      if (!known.has(number)) { known.add(number); seen.push(Date.now()); }
    }
  };
  look();
  window.seen = [];
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
}"""
"""Keeps the instant at which each new number of a sale was to be read on the page, in milliseconds."""


def program_seconds(instance: Path) -> float:
    """What starting one process of the program takes: the least any start could."""
    began = time.perf_counter()
    command = [sys.executable, "-c", "import wsgi"]
    environ = clean_environ(INSTANCE_DIR=str(instance), DEMO="0")
    subprocess.run(command, cwd=ROOT, env=environ, check=True, capture_output=True)
    return time.perf_counter() - began


def sell(business: Business, url: str, number: int) -> None:
    """One sale over HTTP. Raises RuntimeError when it is refused."""
    if business.pay(url, f"bench-live-{number:06}", business.goods[0]) != 200:
        raise RuntimeError("a sale was refused")


def measure(instance: Path, sales: int) -> dict[str, object]:
    """Seconds of a second start, and milliseconds from pressing Pay until paid and until seen elsewhere."""
    business, _rival = found(instance)
    with running_shop(instance, environ={"DEMO": "0"}):
        pass
    one_process = program_seconds(instance)
    paid, seen = [], []
    began = time.perf_counter()
    with running_shop(instance, environ={"DEMO": "0"}) as shop, running_browser() as browser:
        ready = time.perf_counter() - began
        context = browser.new_context(base_url=shop.url)
        context.add_cookies(
            [
                {"name": name, "value": value, "url": shop.url}
                for name, value in business.people["owner"].cookies.items()
            ]
        )
        page = context.new_page()
        # A shop without a sale is shown its first steps instead.
        sell(business, shop.url, 0)
        page.goto("/")
        page.locator("[data-connection=live]").first.wait_for(state="attached")
        page.evaluate(NOTE_SALES)
        for number in range(1, sales + 2):
            page.wait_for_timeout(PAUSE_SECONDS * 1000)
            pressed = time.time() * 1000
            sell(business, shop.url, number)
            answered = time.time() * 1000
            page.wait_for_function("count => seen.length >= count", arg=number)
            # The first finds the processes cold.
            if number > 1:
                paid.append(answered - pressed)
                seen.append(page.evaluate("seen.at(-1)") - pressed)
    ranked = sorted(seen)
    return {
        "sales": sales,
        "seen_p50_ms": round(statistics.median(seen), 1),
        "seen_p95_ms": round(ranked[int(len(ranked) * 0.95)], 1),
        "seen_longest_ms": round(ranked[-1], 1),
        "baseline_paid_p50_ms": round(statistics.median(paid), 1),
        "ratio": round(statistics.median(seen) / statistics.median(paid), 1),
        "second_start_seconds": round(ready, 2),
        "baseline_one_process_seconds": round(one_process, 2),
        "start_ratio": round(ready / one_process, 1),
    }


def main() -> int:
    """Print the figures; 1 when a sale was refused or never seen."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sales", type=int, default=20, help="sales that are measured (default 20)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    asked = parser.parse_args()
    if reason := unavailable_reason():
        print(reason, file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="bench-live-") as directory:
        try:
            result = measure(Path(directory) / "shop", asked.sales)
        except RuntimeError as problem:
            print(problem, file=sys.stderr)
            return 1
    say(result, as_json=asked.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
