"""Keys that work everywhere: what each does, which ones a person chose instead, and where two of theirs collide.

A key is one sign as the keyboard writes it (`j`, `?`, `/`) or `Enter`; the letters after G that lead to pages of the
menu are chosen in the same way. What stands here is the usual choice; each person's own is in their preferences.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

PREFERENCE = "shortcuts"
GO = "go."
"""What the name of a shortcut to a page of the menu begins with; the page's endpoint follows."""


@dataclass(frozen=True)
class Shortcut:
    """One thing a key does. `group` is where the sheet of help lists it; `fixed` ones cannot be chosen anew."""

    name: str
    label: Any
    key: str
    group: Any
    fixed: bool = False


EVERYWHERE, IN_LISTS, IN_FORMS, PAGES = _l("Everywhere"), _l("In lists"), _l("In forms"), _l("Go to")
IN_NOTIFICATIONS = _l("Among notifications")
SHORTCUTS: tuple[Shortcut, ...] = (
    Shortcut("palette", _l("Search and go to"), "Ctrl K", EVERYWHERE, fixed=True),
    Shortcut("help", _l("This list of keys"), "?", EVERYWHERE),
    Shortcut("manual", _l("Help for this page"), "h", EVERYWHERE),
    Shortcut("new", _l("Add something new"), "n", EVERYWHERE),
    Shortcut("search", _l("Search in the list"), "/", IN_LISTS),
    Shortcut("list.next", _l("Next row"), "j", IN_LISTS),
    Shortcut("list.previous", _l("Previous row"), "k", IN_LISTS),
    Shortcut("list.open", _l("Open the row"), "Enter", IN_LISTS),
    Shortcut("list.choose", _l("Select the row"), "x", IN_LISTS),
    Shortcut("list.choose_all", _l("Select all rows"), "a", IN_LISTS),
    Shortcut("list.edit", _l("Change a cell of the row"), "e", IN_LISTS),
    Shortcut("list.filter", _l("Filter"), "f", IN_LISTS),
    Shortcut("list.columns", _l("Choose columns"), "c", IN_LISTS),
    Shortcut("list.forward", _l("Next page"), "]", IN_LISTS),
    Shortcut("list.back", _l("Previous page"), "[", IN_LISTS),
    Shortcut("notice.read", _l("Mark as read or unread"), "u", IN_NOTIFICATIONS),
    Shortcut("notice.away", _l("Put away"), "p", IN_NOTIFICATIONS),
    Shortcut("form.save", _l("Save a form"), "Ctrl ↵", IN_FORMS, fixed=True),
)
SHEET: tuple[tuple[Any, tuple[Shortcut, ...]], ...] = tuple(
    (group, tuple(one for one in SHORTCUTS if one.group is group))
    for group in (EVERYWHERE, IN_LISTS, IN_NOTIFICATIONS, IN_FORMS)
)
"""The sheet of help, put together once: texts of another language are costly to compare on every page."""
PREFIX = "g"
"""The key before the letter of a page."""


def keys_for(chosen: Mapping[str, str]) -> dict[str, str]:
    """The key of every shortcut for somebody who chose these."""
    return {one.name: one.key if one.fixed else chosen.get(one.name, one.key) for one in SHORTCUTS}


def letter_for(endpoint: str, usual: str | None, chosen: Mapping[str, str]) -> str:
    """The letter after G that leads to a page of the menu; empty for none."""
    return chosen.get(GO + endpoint, usual or "")


def problem_with(key: str, *, letter: bool = False) -> str | None:
    """Why a key cannot be chosen, in words; None when it can. Empty is no key at all."""
    if not key or key == "Enter":
        return None
    if len(key) != 1 or not key.isprintable() or key.isspace():
        return str(_("Type one sign, such as j or ?."))
    if letter:
        return None if key.isalnum() else str(_("Type one letter or figure."))
    if key.lower() == PREFIX:
        return str(_("G begins the way to a page; choose another key."))
    return None


def collisions(keys: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """The names that share a key, by key; what has no key collides with nothing."""
    shared: dict[str, list[str]] = {}
    for name, key in keys:
        if key:
            shared.setdefault(key if key == "Enter" else key.lower(), []).append(name)
    return {key: names for key, names in shared.items() if len(names) > 1}
