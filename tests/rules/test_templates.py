"""Every template: its words can be translated, its blocks and endpoints exist, somebody uses it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, nodes

from tests.rules.sources import ROOT, Source, called, calls, none, program, source

FOLDER = ROOT / "templates"
SAID = {"aria-label", "title", "alt", "placeholder"}
UNCHANGED = {"Counterfoil", "Esc", "Ctrl K", "PDF", "CSV", "XLSX", "JSON", "SKU", "QR", "×", "xlsx", "csv", "json"}
"""Names and keys that are the same in every language."""
CLASSES = re.compile(r"[a-z]+(-[a-z]*)+( [a-z]+(-[a-z]*)+)*")
"""Blocks of a page may fill in classes, which nobody reads."""
MARK = "\ue000"


@cache
def templates() -> dict[str, str]:
    return {
        str(path.relative_to(FOLDER)): path.read_text(encoding="utf-8")
        for path in sorted(FOLDER.rglob("*"))
        if path.suffix in {".html", ".txt"} and "styleguide" not in path.name
    }


@cache
def environment() -> Environment:
    return Environment(loader=FileSystemLoader(FOLDER), extensions=["jinja2.ext.i18n"], autoescape=True)


@cache
def parsed(text: str) -> nodes.Template:
    return environment().parse(text)


def said_outright(text: str) -> str:
    """A template with what Jinja puts in replaced by a mark; a tag whose name is put in is one all the same."""
    parts: list[str] = []
    for _line, kind, value in environment().lex(text):
        if kind == "data":
            parts.append(value)
        elif kind.endswith("_begin") and (not parts or parts[-1] != MARK):
            parts.append(MARK)
    return "".join(parts).replace("<" + MARK, "<tag").replace("</" + MARK, "</tag")


class Words(HTMLParser):
    """The texts a template says itself, with what Jinja puts in left out."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.silent = 0
        self.feed(said_outright(text))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.silent += tag in {"script", "style", "code", "kbd"}
        self.found += [value for name, value in attrs if name in SAID and value and re.search(r"[A-Za-z]{2}", value)]

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in {"script", "style", "code", "kbd"}

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.found += [part for part in data.split(MARK) if re.search(r"[A-Za-z]{2}", part)]


def untranslated(name: str, text: str) -> Iterator[str]:
    for part in Words(text).found:
        words = " ".join(part.replace(MARK, " ").split()).strip("· ")
        if words and words not in UNCHANGED and not CLASSES.fullmatch(words):
            yield f'templates/{name}: “{words[:60]}” is said in one language only; write {{{{ _("…") }}}}'


def test_every_word_of_a_template_can_be_translated():
    none(line for name, text in templates().items() if name.endswith(".html") for line in untranslated(name, text))
    assert list(untranslated("x.html", "<p>Hello {{ name }}</p>"))
    assert not list(untranslated("x.html", '<p>{{ _("Hello") }}</p>'))


# -- pages and blocks -------------------------------------------------------------------------------------------------
@cache
def blocks_of(name: str) -> set[str]:
    """The blocks of a template and of those it extends."""
    tree = parsed(templates()[name])
    found = {block.name for block in tree.find_all(nodes.Block)}
    for parent in tree.find_all(nodes.Extends):
        if isinstance(parent.template, nodes.Const):
            found |= blocks_of(str(parent.template.value))
    return found


def drawn(one: Source) -> Iterator[tuple[ast.Call, str, str | None]]:
    """Every template a file draws, with the block that is drawn alone."""
    for call in calls(one):
        if called(call).rpartition(".")[2] not in {"page", "render_template", "render_block", "table_page"}:
            continue
        texts = [part.value for part in call.args if isinstance(part, ast.Constant)]
        names = [text for text in texts if isinstance(text, str) and text.endswith((".html", ".txt"))]
        block = next((key.value for key in call.keywords if key.arg == "fragment"), None)
        for name in names:
            yield call, name, str(block.value) if isinstance(block, ast.Constant) and block.value else None


def draws_what_is_not_there(one: Source) -> Iterator[str]:
    for call, name, block in drawn(one):
        if name not in templates():
            yield f"{one.at(call)}: there is no template {name}"
        elif block and block not in blocks_of(name):
            yield f"{one.at(call)}: {name} has no block {block}"
        elif called(call).endswith("table_page") and "listing" not in blocks_of(name):
            yield f"{one.at(call)}: {name} has no block listing; extend core/table.html or include core/_listing.html"


def test_every_page_and_fragment_has_its_template():
    none(line for one in program() for line in draws_what_is_not_there(one))
    assert sum(1 for one in program() for _drawn in drawn(one)) > 50
    assert list(draws_what_is_not_there(source('page("no/such.html")')))
    assert list(draws_what_is_not_there(source('page("core/error.html", fragment="nothing")')))


def block_needs_more(name: str, text: str) -> Iterator[str]:
    """What a block takes from around it is missing when the block is drawn alone."""
    tree = parsed(text)
    around = {
        target.name
        for node in tree.body
        if isinstance(node, nodes.Assign)
        for target in ([node.target] if isinstance(node.target, nodes.Name) else [])
    }
    for block in tree.find_all(nodes.Block):
        used = {one.name for one in block.find_all(nodes.Name) if one.ctx == "load"}
        for variable in sorted(used & around):
            yield f"templates/{name}: block {block.name} needs {variable}, which is set outside of it; set it inside"


def test_a_block_needs_nothing_from_around_it():
    none(line for name, text in templates().items() for line in block_needs_more(name, text))
    assert list(block_needs_more("x.html", "{% set a = 1 %}{% block b %}{{ a }}{% endblock %}"))


def test_every_template_is_used():
    texts = "\n".join([*(one.text for one in program()), *templates().values()])
    none(
        f"templates/{name}: nothing draws or includes it; take it away"
        for name in templates()
        if f'"{name}"' not in texts and f"/{Path(name).stem}" not in texts
    )


# -- addresses --------------------------------------------------------------------------------------------------------
ENDPOINT = re.compile(r"^(core_)?[a-z_]+\.[a-z_]+$")
LINKS = {"url_for", "link", "_link", "MenuItem", "Message", "redirect_to"}


def endpoints_named(one: Source) -> Iterator[tuple[ast.AST, str]]:
    for call in calls(one):
        if called(call).rpartition(".")[2] in LINKS:
            for part in [*call.args, *(key.value for key in call.keywords if key.arg == "endpoint")]:
                if isinstance(part, ast.Constant) and isinstance(part.value, str) and ENDPOINT.match(part.value):
                    yield part, part.value


def endpoints_drawn(text: str) -> Iterator[str]:
    for call in parsed(text).find_all(nodes.Call):
        if getattr(call.node, "name", getattr(call.node, "attr", "")) in LINKS:
            first = call.args[0] if call.args else None
            if isinstance(first, nodes.Const) and ENDPOINT.match(str(first.value)):
                yield str(first.value)


def test_every_endpoint_that_is_named_exists(quick_town):
    known = set(quick_town.app.view_functions)
    modules = {name.partition(".")[0] for name in known}
    none(
        f"{one.at(node)}: there is no page {name}"
        for one in program()
        for node, name in endpoints_named(one)
        if name not in known and name.partition(".")[0] in modules
    )
    none(
        f"templates/{name}: there is no page {endpoint}"
        for name, text in templates().items()
        for endpoint in endpoints_drawn(text)
        if endpoint not in known
    )
    assert sum(1 for one in program() for _found in endpoints_named(one)) > 60
