"""A real browser for tests: the machine's Chromium driven by Playwright, and axe to judge what it shows."""

from __future__ import annotations

import atexit
import os
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright
from werkzeug.serving import make_server

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 800}
AXE_RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa")

# What a free machine shows at once takes a few seconds beside other tests; a longer wait costs only what fails anyway.
expect.set_options(timeout=20_000)

_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_AXE = Path(__file__).parents[1] / "vendor" / "axe.min.js"


def find_browser() -> str | None:
    """Return the program: BROWSER_PATH, a Chromium of the machine, or one that Playwright keeps; else None."""
    named = os.environ.get("BROWSER_PATH")
    if named:
        return named
    for name in _NAMES:
        found = shutil.which(name)
        if found:
            return found
    kept = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH", Path.home() / ".cache" / "ms-playwright"))
    return next((str(path) for path in sorted(kept.glob("chromium-*/chrome-linux*/chrome"), reverse=True)), None)


def unavailable_reason() -> str | None:
    """Return why no browser can be had on this machine, or None when one can."""
    return None if find_browser() else "browser: no Chromium on this machine (Debian: apt install chromium)"


def launch(playwright: Playwright) -> Browser:
    """Start the browser."""
    program = find_browser()
    if program is None:
        raise RuntimeError(unavailable_reason())
    return playwright.chromium.launch(executable_path=program, args=_ARGUMENTS)


@cache
def _browser_of_this_process() -> Browser:
    """One for all tests of a process: starting it takes longer than most tests."""
    playwright = sync_playwright().start()
    browser = launch(playwright)
    atexit.register(playwright.stop)
    return browser


@contextmanager
def running_browser() -> Iterator[Browser]:
    """Give a browser that knows nothing of who used it before, and forget this one as well."""
    browser = _browser_of_this_process()
    try:
        yield browser
    finally:
        for context in browser.contexts:
            context.close()


_AT_REST = """() => !document.querySelector(".htmx-request")
  && document.getAnimations().every((one) => one.effect.getComputedTiming().endTime === Infinity)"""
"""What is being read anew is dimmed for that moment, and what appears or moves has colors on their way."""


@cache
def _axe_source() -> str:
    return _AXE.read_text(encoding="utf-8")


def axe(page: Page, *, exclude: Sequence[str] = (), include: str | None = None, rule: str | None = None) -> list[str]:
    """Return what violates WCAG 2.1 A and AA on `page`, a line per element: rule, selector, remedy. Empty is good.

    With `rule` only that one is applied, in a fraction of the time.
    """
    page.wait_for_function(_AT_REST)
    if not page.evaluate("() => typeof window.axe === 'object'"):
        # Through the debugger, so that the page's own Content-Security-Policy stays as strict as it is.
        page.evaluate(_axe_source())
    # No rule of these asks for the style sheets themselves, which axe would read and take apart for every page anew.
    context: dict[str, object] = {"exclude": [[selector] for selector in exclude]}
    if include:
        context["include"] = [[include]]
    found = page.evaluate(
        "([context, runOnly]) => window.axe.run(context.include || context.exclude.length ? context : document,"
        " {runOnly, resultTypes: ['violations'], preload: {assets: ['media']}})",
        [context, {"type": "rule", "values": [rule]} if rule else {"type": "tag", "values": list(AXE_RULES)}],
    )
    return [
        f"{violation['id']}: {' '.join(map(str, node['target']))}: {' '.join(node['failureSummary'].split())}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


SCAN = """(code) => {
  let at = performance.now();
  const press = (key) => {
    const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
    Object.defineProperty(event, "timeStamp", { value: at += 5 });
    const taken = !document.activeElement.dispatchEvent(event);
    const field = document.activeElement;
    if (!taken && key.length === 1 && field instanceof HTMLInputElement) field.value += key;
  };
  for (const sign of code) press(sign);
  press("Enter");
}"""


def scan(page: Page, code: str) -> None:
    """A scanner types a code and Enter wherever the focus is, as fast by the events' own clock as scanners are, however
    busy this machine may be."""
    page.wait_for_load_state()
    page.evaluate(SCAN, code)


@contextmanager
def signed_in_browser(app: Flask, client: FlaskClient, host: str = "127.0.0.1") -> Iterator[Callable[..., Page]]:
    """Serve `app` to a real browser that has the session of `client`; yields `visit(path, view=DESK, **context)`.

    `host` is what this machine is called in the address: passkeys need a name.
    """
    if reason := unavailable_reason():
        pytest.fail(f"not run here: {reason}")
    cookie = client.get_cookie(app.config["SESSION_COOKIE_NAME"])
    assert cookie is not None
    server = make_server("127.0.0.1", 0, app, threaded=True)
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    url = f"http://{host}:{server.server_port}"
    try:
        with running_browser() as browser:

            def visit(path: str, view: dict[str, int] = DESK, **more: Any) -> Page:
                context = browser.new_context(viewport=view, base_url=url, locale="en-GB", **more)
                context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": url}])
                page = context.new_page()
                page.goto(path)
                page.wait_for_selector("html[data-ready]")
                return page

            yield visit
    finally:
        server.shutdown()
        serving.join()
