"""The program's own text, read and parsed once, for rules about how it is written."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

MOST_SAID = 60
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Source:
    """One Python file: where it stands, what it is called when imported, its text and its tree."""

    path: str
    name: str
    text: str
    tree: ast.Module

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Every node of the tree."""
        return tuple(ast.walk(self.tree))

    @property
    def module(self) -> str:
        """Which module of the shop it belongs to: `till`, `core`, … (empty outside `retail`)."""
        parts = self.name.split(".")
        return parts[1] if parts[0] == "retail" and len(parts) > 1 else ""

    @property
    def kind(self) -> str:
        """What kind of file it is: `services` for services.py, services/selling.py and workplace_services.py."""
        parts = self.name.split(".")
        stem = parts[2] if len(parts) > 2 else parts[-1]
        return stem.rpartition("_")[2]

    def at(self, node: ast.AST) -> str:
        """Where a node stands, as an editor can jump to."""
        return f"{self.path}:{getattr(node, 'lineno', 1)}"


def none(offenders: Iterable[str]) -> None:
    """A rule holds when nobody offends; else each offender and its remedy, a line each."""
    found = sorted(set(offenders))
    more = [f"… and {len(found) - MOST_SAID} more"] if len(found) > MOST_SAID else []
    assert not found, "\n" + "\n".join([*found[:MOST_SAID], *more])


def source(text: str, path: str = "retail/till/services.py") -> Source:
    """A source of this text, for showing that a rule can fail."""
    name = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    return Source(path, name, text, ast.parse(text))


@cache
def sources(*folders: str) -> tuple[Source, ...]:
    """Every Python file below these folders, by path."""
    paths = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return tuple(source(path.read_text(encoding="utf-8"), str(path.relative_to(ROOT))) for path in paths)


def program() -> tuple[Source, ...]:
    """What the shop runs."""
    return sources("retail", "jobs")


def functions(one: Source) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method of a file."""
    for node in one.nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def called(node: ast.Call) -> str:
    """The name a call goes by: `url_for`, `session.commit`."""
    parts: list[str] = []
    target: ast.expr = node.func
    while isinstance(target, ast.Attribute):
        parts.append(target.attr)
        target = target.value
    if isinstance(target, ast.Name):
        parts.append(target.id)
    return ".".join(reversed(parts))


def calls(one: Source) -> Iterator[ast.Call]:
    """Every call in a file."""
    for node in one.nodes:
        if isinstance(node, ast.Call):
            yield node


def imported(one: Source) -> Iterator[tuple[ast.AST, str]]:
    """Every module a file imports, by full name; `from x import y` gives `x.y`, which may be a name in `x`."""
    for node in one.nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node, alias.name
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield node, f"{node.module}.{alias.name}"
