"""The manual: every screen of the menu is explained, and what it names exists."""

from __future__ import annotations

import re

from retail.core import manual
from tests.rules.sources import none
from tests.rules.walking import registry


def unexplained(screens: list[str], chapters: dict[str, manual.Chapter]) -> list[str]:
    known = {screen for one in chapters.values() for screen in one.screens}
    return [
        f"{screen}: say in docs/manual/ what it is for and how to use it" for screen in screens if screen not in known
    ]


def test_every_entry_of_the_menu_has_its_chapter(quick_town):
    none(unexplained([item.endpoint for item in registry(quick_town).menu], manual.chapters()))
    assert unexplained(["till.sell", "x.y"], manual.chapters()) == [
        "x.y: say in docs/manual/ what it is for and how to use it"
    ]


def test_chapters_say_something_and_name_screens_that_exist(quick_town):
    known = set(quick_town.app.view_functions)
    for one in manual.chapters().values():
        assert one.title, one.name
        assert len(one.text) > 100, one.name
        none(f"docs/manual/{one.name}.md: there is no screen {screen}" for screen in one.screens if screen not in known)
        for target in re.findall(r"\]\(/help/([\w-]+)\)", one.text):
            assert target in manual.chapters(), f"{one.name} leads to {target}"
    screens = [screen for one in manual.chapters().values() for screen in one.screens]
    assert len(screens) == len(set(screens)), "a screen is explained in one chapter"


def test_the_manual_is_found_from_the_page_it_explains(quick_town):
    client = quick_town.client("clerk")
    assert 'href="/help/products"' in client.get("/products/").text
    assert 'href="/help/products"' in client.get("/products/new").text
    page = client.get("/help/products").text
    assert 'href="/products/"' in page
    assert "<h2>Change prices of many</h2>" in page
    assert client.get("/help/nothing").status_code == 404
    found = client.get("/help/?q=undo").text
    assert "Working with lists" in found
    assert "Trial balance" not in found.split('id="chapters"')[1]
    assert "Nothing found" in client.get("/help/?q=zzzz").text
