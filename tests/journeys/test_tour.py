"""The tour (docs/tour.md) names what a sale calls, in order; here a sale is made and the calls are compared."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import config
from tests import make

TOUR = config.ROOT / "docs" / "tour.md"


def named() -> list[str]:
    """The functions the tour names before the commit, in order."""
    drawing = TOUR.read_text(encoding="utf-8").split("```")[1]
    return re.findall(r"^ *(retail\.[a-z_.]+)", drawing, re.MULTILINE)


def calls_of(act: Any, wanted: set[str]) -> list[str]:
    """What `act` calls of the wanted functions, each once, in the order it was first entered."""
    seen: dict[str, None] = {}

    def watch(frame: FrameType, happening: str, _argument: object) -> None:
        if happening == "call":
            name = f"{frame.f_globals.get('__name__', '')}.{frame.f_code.co_name}"
            if name in wanted:
                seen.setdefault(name)

    sys.setprofile(watch)
    try:
        act()
    finally:
        sys.setprofile(None)
    return list(seen)


@pytest.mark.sqlite_only
def test_the_tour_follows_a_sale_as_it_is(app, shop):
    with make.within(shop):
        tea_id = make.product("Tea", stock=9).id
    make.open_till(shop)
    cashier = make.client(app, shop, "cashier")
    make.post(cashier, f"/till/registers/{shop.register_id}/use")
    cart = {"key": "a-key-of-the-tour-0001", "lines-0-variant": str(tea_id), "lines-0-quantity": "1", "tender": "cash"}

    answers = []
    called = calls_of(lambda: answers.append(make.post(cashier, "/till/pay", cart)), set(named()))

    assert answers[0].status_code in {200, 303}
    assert called == named()


def test_what_the_tour_names_exists():
    text = TOUR.read_text(encoding="utf-8")
    for path in re.findall(r"`?((?:retail|tests|jobs)/[a-z_/]+(?:\.py)?)`?", text):
        assert (config.ROOT / path).exists(), path
    for name in re.findall(r"^ *(retail(?:\.[a-z_]+)+)", text, re.MULTILINE):
        parts = name.split(".")
        below = [Path(config.ROOT, *parts[:end]) for end in range(2, len(parts) + 1)]
        assert any(one.with_suffix(".py").exists() or (one / "__init__.py").exists() for one in below[-2:]), name
