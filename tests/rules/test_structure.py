"""How the code is built: layers and front doors, one place that commits, files one can read, nothing said twice."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from tests.rules.sources import ROOT, Source, called, calls, functions, imported, none, program, source

SHARED = {"core", "events", "permissions", "app", ""}
FRONT_DOORS = {"services", "queries", "models", "datasets", "asking"}
"""What a module is entered by. `asking` is for pages: what they ask of a person in another module's name."""
DEAF = {"services", "models", "queries", "datasets", "work", "checks", "handlers"}
WEB = re.compile(r"^(flask|flask_login|flask_wtf|flask_htmx|wtforms|werkzeug)(\.|$)")
LONGEST_FILE = 400
LONGEST_TEST = 600
LONGEST_SHARED = 8


def offenders(find, over: Iterable[Source] | None = None) -> list[str]:
    return [line for one in (program() if over is None else over) for line in find(one)]


# -- one place commits ------------------------------------------------------------------------------------------------
COMMITS = {"commit", "begin", "begin_nested", "close"}


def takes_transactions_in_hand(one: Source) -> Iterator[str]:
    if one.path == "retail/core/db.py":
        return
    for call in calls(one):
        name = called(call)
        if name.endswith(tuple(f"session.{verb}" for verb in COMMITS)):
            yield f"{one.at(call)}: {name}() — only core/db.py ends a transaction; use db.unit_of_work()"
        if name in {"Session", "sessionmaker", "scoped_session", "create_engine"}:
            yield f"{one.at(call)}: {name}() — use retail.core.db.session"


def test_only_the_core_commits_or_opens_sessions():
    none(offenders(takes_transactions_in_hand))
    bad = source("def sell():\n    session.add(1)\n    db.session.commit()\n    Session(engine)\n")
    assert len(list(takes_transactions_in_hand(bad))) == 2


WHOLE_PLATFORM = {"tenancy", "operations", "integrations"}
"""Founding a tenant, giving all of them something and taking history in by steps end transactions themselves."""


def services_that_open_transactions(one: Source) -> Iterator[str]:
    """A verb that opened a transaction of its own could not be part of a larger one."""
    if one.kind != "services" or one.module in SHARED | WHOLE_PLATFORM:
        return
    for call in calls(one):
        if called(call).rpartition(".")[2] in {"unit_of_work", "reading", "across_tenants"}:
            yield f"{one.at(call)}: {called(call)}() in a service — its caller opens the transaction and the tenant"


def test_services_neither_open_transactions_nor_choose_the_tenant():
    none(offenders(services_that_open_transactions))
    assert list(services_that_open_transactions(source("def sell():\n    with unit_of_work():\n        pass\n")))


# -- SQL stays behind the models --------------------------------------------------------------------------------------
SQL = re.compile(r"^\s*(select|insert|update|delete|pragma|alter|create|drop|with)\s", re.IGNORECASE)


def writes_sql_by_hand(one: Source) -> Iterator[str]:
    if one.module == "core" or one.path == "jobs/preflight.py":  # which asks a database of its own what SQLite can do
        return
    for node in one.nodes:
        if isinstance(node, ast.Attribute) and node.attr == "__table__":
            yield f"{one.at(node)}: __table__ — ask through the model, which the tenant's fence watches"
        if isinstance(node, ast.Call):
            name = called(node)
            texts = [part.value for part in node.args if isinstance(part, ast.Constant) and isinstance(part.value, str)]
            if name.rpartition(".")[2] == "exec_driver_sql" or (name == "text" and any(map(SQL.match, texts))):
                yield f"{one.at(node)}: SQL as text — write it with the models"
            if name.endswith("execute") and any(map(SQL.match, texts)):
                yield f"{one.at(node)}: SQL as text — write it with the models"


def test_no_sql_text_outside_the_core():
    none(offenders(writes_sql_by_hand))
    bad = source("session.execute(text('select 1'))\nOrder.__table__\nc.exec_driver_sql('x')\n")
    assert len(list(writes_sql_by_hand(bad))) == 3


# -- who may look across all tenants ----------------------------------------------------------------------------------
PLATFORM = {"core", "tenancy", "identity", "operations"}
"""Modules with work for the whole platform: sign-in, the relay, the scheduler, founding, the check."""


def looks_across_tenants(one: Source) -> Iterator[str]:
    if one.module in PLATFORM or one.path.startswith("jobs/") or one.kind in {"cli", "sockets"}:
        return
    for call in calls(one):
        if called(call).rpartition(".")[2] in {"across_tenants", "taken_anywhere"}:
            yield f"{one.at(call)}: {called(call)}() — a shop's work stays inside its tenant"


def test_only_platform_work_looks_across_tenants():
    none(offenders(looks_across_tenants))
    assert list(looks_across_tenants(source("with across_tenants():\n    pass\n")))


# -- layers and front doors (the layers themselves: lint-imports) -----------------------------------------------------
def knows_the_web(one: Source) -> Iterator[str]:
    if one.module in SHARED or one.kind not in DEAF:
        return
    for node, name in imported(one):
        if WEB.match(name):
            yield f"{one.at(node)}: {one.kind} import {name} — take values, leave the web to views"


def test_services_models_and_queries_know_nothing_of_the_web():
    none(offenders(knows_the_web))
    assert list(knows_the_web(source("from flask import request\n")))
    assert not list(knows_the_web(source("from flask_babel import gettext as _\n")))


def enters_by_a_side_door(one: Source) -> Iterator[str]:
    if one.module in {"", "app"}:
        return
    for node in one.nodes:
        if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("retail."):
            continue
        _retail, other, *file = str(node.module).split(".")
        if other in SHARED | {one.module}:
            continue
        used = {file[0]} if file else {alias.name for alias in node.names}
        strange = {name for name in used if name.rpartition("_")[2] not in FRONT_DOORS}
        if strange - ALSO_OPEN.get(other, set()):
            yield f"{one.at(node)}: enters {other} by {', '.join(sorted(strange))} — come in by its {FRONT_DOORS}"


ALSO_OPEN = {
    "catalog": {"tables"},  # the list of products shows what modules above know of them
    "tenancy": {"settings_tabs", "forms"},  # every settings page shows the tabs; languages and zones are chosen alike
    # Sockets ask who connects as pages do; tills ask a manager's PIN; whoever founds a business invites its owner.
    "identity": {"identification", "approving", "letters"},
    "orders": {"labels"},  # documents are called the same on every screen
}


def test_modules_are_entered_by_their_front_doors():
    none(offenders(enters_by_a_side_door))
    assert list(enters_by_a_side_door(source("from retail.orders.views import page\n")))


def views_that_work(one: Source) -> Iterator[str]:
    """A view parses, calls one service and renders; it does not write rows."""
    if one.kind != "views":
        return
    for call in calls(one):
        name = called(call)
        if name.rpartition(".")[2] in {"add", "add_all", "delete", "flush", "merge"} and "session" in name:
            yield f"{one.at(call)}: {name}() in a view — let a service write"
        if name in {"insert", "update", "delete", "insert_owned", "insert_rows"}:
            yield f"{one.at(call)}: {name}() in a view — let a service write"


def test_views_do_not_write_rows():
    none(offenders(views_that_work))
    assert list(views_that_work(source("session.add(x)\n", "retail/till/views.py")))


def model_names() -> dict[str, str]:
    """Every model with the module that owns it."""
    found = {}
    for one in program():
        if one.kind != "models" and one.module != "core":
            continue
        for node in one.nodes:
            if isinstance(node, ast.ClassDef) and any(
                isinstance(base, ast.Name) and base.id == "Model" for base in node.bases
            ):
                found[node.name] = one.module
    return found


def makes_rows_of_others(one: Source, owners: dict[str, str]) -> Iterator[str]:
    """Every way in (page, command, import, task) makes things by the verbs of the module that owns them."""
    for call in calls(one):
        name = called(call)
        bulk = name.rpartition(".")[2] in {"insert", "insert_owned", "insert_owned_from", "insert_rows"}
        used = call.args[0].id if bulk and call.args and isinstance(call.args[0], ast.Name) else name
        owner = owners.get(used)
        if owner is None:
            continue
        at_home = one.module == owner and one.kind not in DOORS
        if not at_home:
            yield f"{one.at(call)}: makes a {used} — call a verb of {owner}.services"


DOORS = {"views", "forms", "tables", "queries", "datasets", "handlers", "work", "cli", "checks"}
"""Files of a module that call its verbs and are none."""


def test_rows_are_made_by_the_services_of_their_module():
    owners = model_names()
    assert len(owners) > 30
    none(offenders(lambda one: makes_rows_of_others(one, owners)))
    bad = source("def take(file):\n    session.add(Product(name='x'))\n", "retail/integrations/work.py")
    assert list(makes_rows_of_others(bad, owners))


# -- files one can read -----------------------------------------------------------------------------------------------
def too_long(path: str, text: str) -> Iterator[str]:
    limit = LONGEST_TEST if path.startswith("tests/") else LONGEST_FILE
    length = text.count("\n")
    if length > limit:
        yield f"{path}: {length} lines — more than {limit}; make it a package of the same name"


def test_no_file_is_longer_than_one_can_read():
    files = [path for folder in ("retail", "jobs", "tests", "scripts") for path in (ROOT / folder).rglob("*.py")]
    none(line for path in files for line in too_long(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")))
    assert list(too_long("retail/x.py", "x = 1\n" * 401))


MARKS = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|raise NotImplementedError|[Cc]oming soon|[Ll]orem ipsum|\bstub\b")


def unfinished(path: str, text: str) -> Iterator[str]:
    for number, line in enumerate(text.splitlines(), 1):
        if found := MARKS.search(line):
            yield f"{path}:{number}: {found[0]} — finish it, or leave it out and say so in docs/decisions.md"


def test_nothing_is_left_for_later():
    found = []
    for folder, endings in (("retail", "*.py"), ("jobs", "*.py"), ("templates", "*.html"), ("static/js", "*.js")):
        for path in sorted((ROOT / folder).rglob(endings)):
            found += unfinished(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8"))
    none(found)
    assert list(unfinished("x.py", "x = 1  # TO" + "DO later"))


VAGUE = re.compile(r"(Manager|Helper|Utils?|Mixin|Base)$")


def vaguely_named(one: Source) -> Iterator[str]:
    for node in one.nodes:
        if isinstance(node, ast.ClassDef) and VAGUE.search(node.name):
            yield f"{one.at(node)}: {node.name} — say what it is for"
    if re.search(r"(^|/)(utils?|helpers?|misc|common)(\.py|/)", one.path):
        yield f"{one.path}: a drawer for anything — name it after what it holds"


def test_names_say_what_things_are_for():
    none(offenders(vaguely_named))
    assert len(list(vaguely_named(source("class StockManager: pass\n", "retail/till/utils.py")))) == 2


# -- nothing said twice -----------------------------------------------------------------------------------------------
class _Plain(ast.NodeTransformer):
    """Forgets the names of locals and arguments, texts and notes: what is left is what a function does."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}

    def visit_Name(self, node: ast.Name) -> ast.AST:
        node.id = self.names.get(node.id, node.id)
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        node.arg = self.names.get(node.arg, node.arg)
        return node


def what_it_does(function: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    body = list(function.body)
    if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        body = body[1:]
    copy = ast.parse(ast.unparse(ast.Module(body=[*body], type_ignores=[])) or "pass")
    arguments = function.args
    plain = _Plain()
    taken = [one.arg for one in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]]
    stored = [node.id for node in ast.walk(copy) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    for name in [*taken, *stored]:
        plain.names.setdefault(name, f"v{len(plain.names)}")
    return ast.dump(plain.visit(copy))


def said_twice(over: Iterable[Source], shortest: int = LONGEST_SHARED) -> list[str]:
    seen: dict[str, list[str]] = defaultdict(list)
    for one in over:
        for function in functions(one):
            first = (
                function.body[1]
                if len(function.body) > 1 and isinstance(function.body[0], ast.Expr)
                else function.body[0]
            )
            if (function.end_lineno or 0) - first.lineno + 1 >= shortest:
                seen[what_it_does(function)].append(f"{one.at(function)} {function.name}")
    return [" = ".join(places) + " — keep one, in the lower layer" for places in seen.values() if len(places) > 1]


def test_no_function_is_written_twice():
    none(said_twice(program()))
    lines = "\n".join(f"    y{number} = x + {number}" for number in range(9))
    first = source(f"def one(x):\n    'says'\n{lines}\n")
    second = source(f"def other(z):\n{lines.replace('x', 'z').replace('y', 'q')}\n")
    assert len(said_twice([first, second])) == 1


# -- imports ----------------------------------------------------------------------------------------------------------
def imports_without_reason(one: Source) -> Iterator[str]:
    lines = one.text.splitlines()
    for function in functions(one):
        for node in ast.walk(function):
            if isinstance(node, ast.Import | ast.ImportFrom):
                around = lines[max(0, node.lineno - 3) : node.lineno]
                if not any("#" in line for line in around):
                    yield f"{one.at(node)}: an import inside a function needs a comment with its reason"


def test_an_import_inside_a_function_says_why():
    none(offenders(imports_without_reason))
    assert list(imports_without_reason(source("def chart():\n    import numpy\n")))
    assert not list(imports_without_reason(source("def chart():\n    # heavy\n    import numpy\n")))


# -- refusals are sentences for people --------------------------------------------------------------------------------
def refusals_in_one_language(one: Source) -> Iterator[str]:
    if one.kind == "cli":  # commands speak English to whoever runs the server
        return
    for call in calls(one):
        if called(call).rpartition(".")[2] not in {"Refused", "NotFound", "NeedsApproval", "ValidationError", "flash"}:
            continue
        texts = [part for part in ast.walk(call.args[0]) if isinstance(part, ast.Constant)] if call.args else []
        plain = call.args and isinstance(call.args[0], ast.Constant | ast.JoinedStr)
        if plain and any(re.search(r"[A-Za-z]", str(part.value)) for part in texts):
            yield f"{one.at(call)}: a sentence without _() — it is shown to people in their language"


def test_what_people_are_told_can_be_translated():
    none(offenders(refusals_in_one_language))
    assert list(refusals_in_one_language(source("raise Refused(f'No {x}')\n")))
