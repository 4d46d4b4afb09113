"""Takes the README's pictures anew from the demo shop: `.venv/bin/python scripts/pictures.py`, after `./test` ran.

Starts the whole program on an instance that is thrown away, so that what is shown is what a newcomer sees.
"""

import json
import subprocess
import sys
import tempfile
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page

# Started as a file, Python looks for modules beside this one only.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from config import ROOT
from tests.support.browser import DESK, PHONE, running_browser
from tests.support.shop import clean_environ, running_shop

FOLDER = ROOT / "docs" / "pictures"
COLORS = 256
"""Enough for pages, and a quarter of the size of all colors there are."""


def main() -> None:
    """Fill the demo, take each picture, and say how large it became."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="pictures-") as directory:
        instance = Path(directory) / "shop"
        instance.mkdir()
        environ = clean_environ(INSTANCE_DIR=str(instance), DEMO="1")
        for command in (["db", "upgrade"], ["demo", "load", "--days", "60"]):
            subprocess.run([sys.executable, "-m", "flask", *command], cwd=ROOT, env=environ, check=True)
        people = json.loads((instance / "demo-logins.json").read_text(encoding="utf-8"))
        with running_shop(instance) as shop, running_browser() as browser:
            take(browser, shop.url, {one["role"]: one for one in reversed(people)})


def take(browser: Browser, url: str, people: dict[str, dict[str, str]]) -> None:
    """All pictures, in the order of the README."""
    owner = signed_in(browser, url, people["owner"], DESK)
    owner.goto("/dashboard")
    settled(owner)
    keep(owner, "dashboard")
    owner.evaluate("document.documentElement.dataset.theme = 'dark'")
    owner.goto("/products/")
    owner.evaluate("document.documentElement.dataset.theme = 'dark'")
    settled(owner)
    keep(owner, "products-dark")

    cashier = signed_in(browser, url, people["cashier"], DESK)
    to_the_till(cashier)
    fill_the_cart(cashier)
    keep(cashier, "till")
    address = cashier.url
    cashier.set_viewport_size(PHONE)  # type: ignore[arg-type]
    cashier.goto(address)
    # The cart is as it was; that the page says so is in the way of the picture.
    cashier.locator(".toast button").last.click()
    settled(cashier)
    keep(cashier, "till-phone")
    clerk = signed_in(browser, url, people["clerk"], PHONE)
    clerk.goto("/stock/")
    settled(clerk)
    keep(clerk, "stock-phone")


def signed_in(browser: Browser, url: str, person: dict[str, str], size: dict[str, int]) -> Page:
    """A page of somebody who typed their password."""
    page = browser.new_context(base_url=url, viewport=size, locale="en-GB", reduced_motion="reduce").new_page()  # type: ignore[arg-type]
    page.goto("/sign-in")
    page.fill("[name=email]", person["email"])
    page.fill("[name=password]", person["password"])
    page.press("[name=password]", "Enter")
    page.wait_for_url(lambda address: "/sign-in" not in address)
    return page


def to_the_till(page: Page) -> None:
    """Open the drawer if it is closed."""
    page.goto("/till/")
    if page.get_by_role("button", name="Sell here").count():
        page.get_by_role("button", name="Sell here").first.click()
    elif page.locator("[name=opening_float]").count():
        page.locator("[name=opening_float]").first.fill("100")
        page.get_by_role("button", name="Open and sell").first.click()
    page.locator("[data-till]").wait_for()


def fill_the_cart(page: Page) -> None:
    """A customer with three things."""
    for tile in range(3):
        page.locator("[data-till] .till-goods button, [data-till] .tile").nth(tile * 2).click()
        page.locator(".cart-line").nth(tile).wait_for(state="attached")
    settled(page)


def settled(page: Page) -> None:
    """Wait until nothing is being read any more."""
    page.wait_for_function("() => !document.querySelector('.htmx-request')")
    page.wait_for_timeout(800)


def keep(page: Page, name: str) -> None:
    """Write the picture of what is to be seen."""
    file = FOLDER / f"{name}.png"
    with Image.open(BytesIO(page.screenshot())) as picture:
        picture.convert("RGB").quantize(COLORS, dither=Image.Dither.NONE).save(file, optimize=True)
    print(f"{file.relative_to(ROOT)}  {file.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
