"""How soon can a page be read and used on a middling phone, and how much has to be fetched for it?

Starts the whole program on a new instance with the demo shop of 60 days and opens pages in a real browser held back as
Lighthouse's mobile profile does: a processor four times slower, 1.6 Mbit/s with 150 ms there and back. Each page is
opened first in a browser that has nothing, then once more. The baseline of the same run is the page that is shown
without a connection: the same style sheets, nothing else. Uses what the tests use, so install with `./test` first. Run
it from the project's root:

    .venv/bin/python bench/pages.py --json
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext

# Started as a file, Python looks for modules beside this one only.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.instances import say
from config import ROOT
from tests.support.browser import PHONE, running_browser, unavailable_reason
from tests.support.shop import clean_environ, running_shop

PAGES = {
    "offline": "/offline",
    "sign_in": "/sign-in",
    "dashboard": "/dashboard",
    "products": "/products/",
    "till": "/till/",
}
SLOW_PROCESSOR = 4
SLOW_LINE = {"offline": False, "latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 0.75e6 / 8}
MEASURE = """() => new Promise(done => {
  let largest = 0;
  new PerformanceObserver(list => { for (const one of list.getEntries()) largest = one.startTime; })
    .observe({ type: "largest-contentful-paint", buffered: true });
  setTimeout(() => {
    const [page] = performance.getEntriesByType("navigation");
    const files = performance.getEntriesByType("resource").filter(one => !one.name.includes("/socket.io"));
    const first = performance.getEntriesByName("first-contentful-paint")[0];
    done({
      first_byte_ms: page.responseStart,
      first_paint_ms: first ? first.startTime : 0,
      largest_paint_ms: largest,
      usable_ms: page.domContentLoadedEventEnd,
      requests: 1 + files.filter(one => one.transferSize > 0).length,
      kb: (page.transferSize + files.reduce((sum, one) => sum + one.transferSize, 0)) / 1000,
    });
  }, 500);
})"""
"""What the browser itself noted: painting, and when all scripts of the page had run (`usable_ms`)."""


def opened(context: BrowserContext, path: str) -> dict[str, float]:
    """The figures of one visit."""
    page = context.new_page()
    held = context.new_cdp_session(page)
    held.send("Emulation.setCPUThrottlingRate", {"rate": SLOW_PROCESSOR})
    held.send("Network.enable")
    held.send("Network.emulateNetworkConditions", SLOW_LINE)
    page.goto(path, wait_until="load")
    figures: dict[str, float] = page.evaluate(MEASURE)
    page.close()
    return figures


def visit(browser: Browser, url: str, cookies: list[dict[str, str]], path: str, times: int) -> dict[str, object]:
    """Medians of first visits, and of the second visit after each."""
    first, again = [], []
    for _ in range(times):
        # A service worker would keep files for the second visit by itself; this is about the browser's own cache.
        context = browser.new_context(base_url=url, viewport=PHONE, service_workers="block")  # type: ignore[arg-type]
        context.add_cookies(cookies)  # type: ignore[arg-type]
        first.append(opened(context, path))
        again.append(opened(context, path))
        context.close()
    figures: dict[str, object] = {name: round(statistics.median(one[name] for one in first), 1) for name in first[0]}
    for name in ("first_paint_ms", "usable_ms", "kb"):
        figures[f"again_{name}"] = round(statistics.median(one[name] for one in again), 1)
    return figures


def signed_in(browser: Browser, url: str, instance: Path, role: str) -> list[dict[str, str]]:
    """The cookies of somebody of the demo shop who typed their password."""
    people = json.loads((instance / "demo-logins.json").read_text(encoding="utf-8"))
    person = next(one for one in people if one["role"] == role)
    context = browser.new_context(base_url=url)
    page = context.new_page()
    page.goto("/sign-in")
    page.fill("[name=email]", person["email"])
    page.fill("[name=password]", person["password"])
    page.press("[name=password]", "Enter")
    page.wait_for_url(lambda address: "/sign-in" not in address)
    cookies = [{"name": one["name"], "value": one["value"], "url": url} for one in context.cookies()]
    context.close()
    return cookies


def measure(instance: Path, times: int) -> dict[str, object]:
    """The figures of each page, and how much later than the baseline it is painted."""
    environ = clean_environ(INSTANCE_DIR=str(instance), DEMO="1")
    for command in (["db", "upgrade"], ["demo", "load", "--days", "60"]):
        subprocess.run(
            [sys.executable, "-m", "flask", *command], cwd=ROOT, env=environ, check=True, capture_output=True
        )
    with running_shop(instance) as shop, running_browser() as browser:
        owner = signed_in(browser, shop.url, instance, "owner")
        found = {
            name: visit(browser, shop.url, [] if name in {"offline", "sign_in"} else owner, path, times)
            for name, path in PAGES.items()
        }
    least = float(str(found["offline"]["first_paint_ms"]))
    for figures in found.values():
        figures["paint_ratio"] = round(float(str(figures["first_paint_ms"])) / least, 2)
    return {"processor_times_slower": SLOW_PROCESSOR, "mbit_per_second": 1.6, "baseline": "offline", **found}


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=3, help="visits of each kind (default 3)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    asked = parser.parse_args()
    if reason := unavailable_reason():
        print(reason, file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="bench-pages-") as directory:
        instance = Path(directory) / "shop"
        instance.mkdir()
        say(measure(instance, asked.times), as_json=asked.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
