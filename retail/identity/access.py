"""What each permission opens, read from the program itself: every route with what it needs, and which roles hold
that."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flask import Flask

from retail.core.module import registry_of
from retail.permissions import Can, Open


@dataclass(frozen=True)
class Route:
    """One address of the program: its rule, how it may be asked, its endpoint, and what it needs."""

    rule: str
    methods: tuple[str, ...]
    endpoint: str
    need: str


@dataclass(frozen=True)
class Opened:
    """A need with the routes it opens, those of reading first."""

    need: str
    routes: tuple[Route, ...]


def routes_of(app: Flask) -> list[Route]:
    """Every route of an application, by rule. Static files need nothing."""
    needs = registry_of(app).needs
    found = [
        Route(
            rule.rule,
            tuple(sorted(set(rule.methods or ()) - {"HEAD", "OPTIONS"})),
            rule.endpoint,
            str(needs.get(rule.endpoint, Open.PUBLIC)),
        )
        for rule in app.url_map.iter_rules()
    ]
    return sorted(found, key=lambda one: (one.rule, one.methods))


def by_need(routes: Iterable[Route]) -> dict[str, Opened]:
    """The routes sorted under what they need; a permission that no route asks for by itself opens none."""
    found: dict[str, list[Route]] = {str(need): [] for need in (*Can, *Open)}
    for one in routes:
        found.setdefault(one.need, []).append(one)
    return {need: Opened(need, tuple(opened)) for need, opened in found.items()}
