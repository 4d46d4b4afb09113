"""What is declared to be read by people can be translated: labels, titles, sentences in Python."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from scripts import translate
from tests.rules.sources import Source, called, calls, none, program, source

SAID = {
    "label", "labels", "title", "subtitle", "help", "description", "text", "placeholder", "done", "confirm",
    "empty_title", "empty_text", "summary", "unit", "heading", "group", "message", "words",
}  # fmt: skip
"""What is read by people wherever it is given to a declaration, or stands in one."""
DECLARES = {
    "MenuItem": (0, 3), "Column": (1,), "Filter": (1,), "Bulk": (1,), "BulkField": (1,), "Measure": (1,),
    "Dimension": (1,), "task": (1,), "stand": (1,), "toast": (1,), "done": (0,), "flash": (0,), "add_problem": (1,),
    "Message": (2, 3), "EqualTo": (1,),
}  # fmt: skip
"""What declares something that people read, and at which places its words stand."""
FIELD = re.compile(r"[A-Z]\w*Field$")
OWNERS = re.compile(r"(Table|Dataset|Form|Datasets|Report)$")
PROSE = re.compile(r"[A-Z][a-z]+|[a-z]+ [a-z]+")
SAME_EVERYWHERE = {"Counterfoil", "PDF", "CSV", "SKU"}


def is_prose(node: ast.expr | None) -> bool:
    """Whether this is a text for people, given as it is."""
    if isinstance(node, ast.JoinedStr):
        return any(is_prose(part) for part in node.values if isinstance(part, ast.Constant))
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        return False
    return bool(PROSE.search(node.value)) and node.value not in SAME_EVERYWHERE


def bare(one: Source) -> Iterator[str]:
    if one.kind == "cli" or "demo" in one.name:  # commands and made-up shops speak English
        return
    for call in calls(one):
        name = called(call).rpartition(".")[2]
        places = (0,) if FIELD.match(name) else DECLARES.get(name)
        if places is None:
            continue
        words = [call.args[at] for at in places if at < len(call.args)]
        words += [key.value for key in call.keywords if key.arg in SAID]
        for word in words:
            if is_prose(word):
                yield f"{one.at(word)}: {name} has words in one language; write _l(…), or _(…) inside a function"
    for node in one.nodes:
        if isinstance(node, ast.ClassDef) and any(OWNERS.search(ast.unparse(base)) for base in node.bases):
            for statement in node.body:
                if (
                    isinstance(statement, ast.Assign)
                    and any(isinstance(target, ast.Name) and target.id in SAID for target in statement.targets)
                    and is_prose(statement.value)
                ):
                    yield f"{one.at(statement)}: {node.name} has words in one language; write _l(…)"


def test_what_is_declared_can_be_translated():
    none(line for one in program() for line in bare(one))
    assert list(bare(source('module.menu.append(MenuItem("Products", "catalog.list", "box", _l("Goods")))')))
    assert list(bare(source('class Form(Base):\n    name = StringField("Name of it")\n')))
    assert list(bare(source('class Goods(Table):\n    label = "Goods"\n')))
    assert list(bare(source('done(f"{n} is saved", to=url)')))
    assert not list(bare(source('Column("name", _l("Name"), kind="text")')))


def test_the_menu_reads_whole_in_every_language(quick_town):
    labels = {str(word) for item in quick_town.app.extensions["modules"].menu for word in (item.label, item.group)}
    assert "Sell" in labels
    none(
        f"{language}: the menu's “{label}” has no translation; write it into {translate.catalog_path(language)}"
        for language in translate.LANGUAGES
        for label in labels - SAME_EVERYWHERE
        if not translate.is_translated(translate.catalog(language).get(label))
    )
