"""The manual: one Markdown file in `docs/manual/` for each screen, shown at `/help/` and looked through by its words.

A file begins with what it is called and which screens it explains:

    # Products
    Screens: catalog.product_list, catalog.product_page
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from markdown_it import MarkdownIt
from markupsafe import Markup

import config

FOLDER = config.ROOT / "docs" / "manual"
SCREENS = re.compile(r"^Screens: (.+)$", re.MULTILINE)
SHORTEST_WORD = 2


@dataclass(frozen=True)
class Chapter:
    """One page of the manual. `text` is Markdown without its head."""

    name: str
    title: str
    screens: tuple[str, ...]
    text: str

    @property
    def html(self) -> Markup:
        """The page; what its writers wrote as HTML is shown as text."""
        return Markup(_markdown().render(self.text))  # noqa: S704  HTML is off, and the files are ours

    @property
    def summary(self) -> str:
        """Its first paragraph, for lists of chapters."""
        first = next((part for part in self.text.split("\n\n") if part.strip() and not part.startswith("#")), "")
        return " ".join(re.sub(r"[*`_]|\[([^\]]+)\]\([^)]+\)", r"\1", first).split())


@lru_cache(maxsize=1)
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table")


def _read(path: Path) -> Chapter:
    source = path.read_text(encoding="utf-8")
    head, _line, rest = source.partition("\n")
    found = SCREENS.search(source)
    screens = tuple(one.strip() for one in found[1].split(",")) if found else ()
    return Chapter(path.stem, head.removeprefix("#").strip(), screens, SCREENS.sub("", rest, count=1).strip())


@lru_cache(maxsize=1)
def chapters() -> dict[str, Chapter]:
    """Every chapter by its name, in the order of their titles; read once."""
    found = [_read(path) for path in sorted(FOLDER.glob("*.md"))]
    return {one.name: one for one in sorted(found, key=lambda one: one.title.casefold())}


@lru_cache(maxsize=1)
def _by_screen() -> dict[str, str]:
    return {screen: one.name for one in chapters().values() for screen in one.screens}


def chapter_of(*screens: str | None) -> str | None:
    """The name of the chapter that explains the first of these screens that has one."""
    known = _by_screen()
    return next((known[screen] for screen in screens if screen in known), None)


def search(text: str) -> Sequence[Chapter]:
    """The chapters that hold every word of a text, those first whose title does."""
    words = [word for word in text.casefold().split() if len(word) >= SHORTEST_WORD][:6]
    if not words:
        return [*chapters().values()]
    found = [one for one in chapters().values() if all(word in f"{one.title} {one.text}".casefold() for word in words)]
    return sorted(found, key=lambda one: not all(word in one.title.casefold() for word in words))
