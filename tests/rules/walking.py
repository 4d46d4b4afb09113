"""A walk through every page: each route's address with the ids of real records, opened as every role."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, text
from werkzeug.routing import AnyConverter, Rule
from werkzeug.test import TestResponse

from retail.core.datasets import DATASETS
from retail.core.db import Model, db, session
from retail.core.module import Registry, registry_of
from retail.core.platform_door import LOOKED
from retail.core.tables import TABLES
from retail.core.tenancy import across_tenants, inside
from retail.permissions import Need, Open

if TYPE_CHECKING:
    from tests.rules.conftest import Town

EXAMPLES: dict[str, list[str]] = {
    "part": ["figures", "products", "feed"],
    "purpose": ["invite"],
    "link": ["nothing"],
    "list_name": ["products"],
    "job_name": ["price"],
    "row": ["1"],
    "column": ["name"],
    "chapter": ["products"],
    "kind": ["sale.completed"],
}
"""What stands for arguments of an address that are texts; `dataset` is every dataset there is."""
SNAKE = re.compile(r"(?<!^)(?=[A-Z])")


@dataclass(frozen=True)
class Route:
    """One address of the program: what it needs, and what it takes."""

    rule: str
    endpoint: str
    methods: frozenset[str]
    arguments: tuple[str, ...]
    need: Need
    choices: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def module(self) -> str:
        return self.endpoint.partition(".")[0]

    def needs(self, url: str) -> list[Need]:
        """All it needs: a report also what its dataset needs; what is done to a list what list, job and cell need."""
        dataset = DATASETS.get(url.rpartition("/")[2]) if "dataset" in self.arguments else None
        table = TABLES["products"] if "list_name" in self.arguments else None
        job = table.bulk["price"] if table and "job_name" in self.arguments else None
        edit = table.columns["name"].edit if table and "column" in self.arguments else None
        return [self.need, *(one.needs for one in (dataset, table, job, edit) if one is not None)]


@dataclass
class Seen:
    """One answer during the walk."""

    route: Route
    url: str
    role: str
    status: int
    text: str
    kind: str
    location: str
    policy: str
    fragment: bool = False


@dataclass
class Walk:
    """All answers of the walk, and the rows it changed."""

    routes: list[Route] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    changed: dict[str, Any] = field(default_factory=dict)

    def go(self, town: Town, roles: Iterable[str]) -> None:
        """Open every page as each of these roles, whole; as the owner also as the fragment htmx would get."""
        before = dump(town)
        self.routes = self.routes or routes(town)
        for role in roles:
            client = town.client(role)
            for route in self.routes:
                if "GET" not in route.methods or (role == "administrator" and route.need != Open.PLATFORM):
                    continue
                asked = addresses(town, route, "corner-shop")
                # The owner sees records in two states, everybody else one of each.
                for url in asked if role == "owner" else asked[: 3 if "dataset" in route.arguments else 1]:
                    self.seen.append(_seen(route, url, role, client.get(url)))
                if role == "owner":
                    answer = client.get(asked[0], headers={"HX-Request": "true"})
                    self.seen.append(_seen(route, asked[0], role, answer, fragment=True))
        self.changed |= changes(before, dump(town))

    def pages(self, role: str | None = None, *, fragments: bool = False) -> Iterator[Seen]:
        """The answers that are pages, for one role or for all."""
        for one in self.seen:
            page = one.status == 200 and one.kind == "text/html" and (fragments or not one.fragment)
            if page and role in {None, one.role}:
                yield one

    def lists(self, role: str = "owner") -> dict[str, str]:
        """Where each table is shown to a role: the address by the table's name."""
        found: dict[str, str] = {}
        for one in self.pages(role, fragments=True):
            for name in re.findall(r'class="listing" id="list-([\w-]+)"', one.text):
                found.setdefault(name, one.url)
        return found

    def texts(self, role: str) -> dict[str, str]:
        """What each address showed to a role."""
        return {one.url: one.text for one in self.seen if one.role == role and not one.fragment}


PASSING = {"user_sessions", "administrator_devices", "sign_in_attempts", "audit_heads", "slow_notes"}
"""Tables that say when somebody was last here, or where the audit ends: no change to the business."""


def dump(town: Town, *, tenant_id: int | None = None) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, or those of one business."""
    found = {}
    with town.app.app_context(), across_tenants(), db.engine.connect() as connection:
        for table in Model.metadata.sorted_tables:
            if table.name in PASSING or (tenant_id is not None and "tenant_id" not in table.c):
                continue
            where = f" WHERE tenant_id = {tenant_id}" if tenant_id is not None else ""
            rows = connection.execute(text(f"SELECT * FROM {table.name}{where} ORDER BY id"))
            # A file that was taken out leaves a line in the audit, as it must, and so does a look across businesses.
            found[table.name] = [tuple(map(str, row)) for row in rows if not {"export", LOOKED} & set(map(str, row))]
    return found


def changes(before: dict[str, list[Any]], after: dict[str, list[Any]]) -> dict[str, Counter[Any]]:
    """Rows that came or went, by table."""
    return {
        name: found
        for name in before
        if (found := Counter(after[name]) - Counter(before[name]) + (Counter(before[name]) - Counter(after[name])))
    }


def _seen(route: Route, url: str, role: str, answer: TestResponse, *, fragment: bool = False) -> Seen:
    kind = answer.mimetype
    words = answer.get_data(as_text=True) if kind.startswith(("text/", "application/json")) else ""
    location, policy = answer.headers.get("Location", ""), answer.headers.get("Content-Security-Policy", "")
    return Seen(route, url, role, answer.status_code, words, kind, location, policy, fragment)


def registry(town: Town) -> Registry:
    return registry_of(town.app)


def routes(town: Town) -> list[Route]:
    """Every route but that of static files."""
    needs = registry(town).needs
    found = []
    for rule in town.app.url_map.iter_rules():
        if rule.endpoint != "static":
            methods = frozenset(rule.methods or ()) - {"HEAD", "OPTIONS"}
            need = needs.get(rule.endpoint, Open.PUBLIC)
            choices = tuple(
                (name, tuple(sorted(one.items)))
                for name, one in rule._converters.items()
                if isinstance(one, AnyConverter)
            )
            found.append(Route(rule.rule, rule.endpoint, methods, tuple(arguments_of(rule)), need, choices))
    return sorted(found, key=lambda one: (one.rule, sorted(one.methods)))


def arguments_of(rule: Rule) -> Iterator[str]:
    """The names in `<int:order_id>`, in the order of the address."""
    yield from re.findall(r"<(?:[^:<>]+:)?(\w+)>", rule.rule)


def model_of(argument: str, module: str) -> type[Model] | None:
    """The model an argument such as `order_id` names: by its class, within the module first. None for texts."""
    if not argument.endswith("_id"):
        return None
    noun = argument.removesuffix("_id")
    candidates: dict[int, list[type[Model]]] = defaultdict(list)
    for mapper in Model.registry.mappers:
        name = SNAKE.sub("_", mapper.class_.__name__).lower()
        at_home = mapper.class_.__module__.split(".")[1] == module
        if name == noun:
            candidates[0 if at_home else 1].append(mapper.class_)
        elif name.endswith(f"_{noun}"):
            candidates[2 if at_home else 3].append(mapper.class_)
    for rank in sorted(candidates):
        return candidates[rank][0]
    raise AssertionError(f"no model is called {noun}: name the argument {argument} after what it is the id of")


def addresses(town: Town, route: Route, slug: str) -> list[str]:
    """The route's addresses with the ids of records of one business: two where there are, so that states differ."""
    key = (route.rule, route.endpoint, slug)
    if key not in town.addresses:
        town.addresses[key] = _addresses(town, route, slug)
    return town.addresses[key]


def _addresses(town: Town, route: Route, slug: str) -> list[str]:
    chosen_of = {**EXAMPLES, **{name: list(values) for name, values in route.choices}}
    fixed = {name: chosen_of.get(name, ["nothing"]) for name in route.arguments if model_of(name, route.module) is None}
    if "dataset" in fixed:
        fixed["dataset"] = sorted(DATASETS)
    named = [name for name in route.arguments if name not in fixed]
    chosen: list[dict[str, Any]] = [{}]
    if named:
        with town.app.app_context():
            chosen = _records(town, slug, named, route.module)
            session.remove()
    for name, values in fixed.items():
        chosen = [{**one, name: value} for one in chosen for value in values]
    with town.app.test_request_context():
        return list(dict.fromkeys(_build(town, route, values) for values in chosen))


def _build(town: Town, route: Route, values: dict[str, Any]) -> str:
    adapter = town.app.url_map.bind("localhost")
    return str(adapter.build(route.endpoint, values, method=min(route.methods)))


def _records(town: Town, slug: str, named: list[str], module: str) -> list[dict[str, Any]]:
    last = model_of(named[-1], module)
    assert last is not None
    found = []
    with inside(town.cast(slug).tenant_id):
        rows = list(session.scalars(select(last).order_by(last.id)))
        for row in {rows[0].id: rows[0], rows[-1].id: rows[-1]}.values() if rows else ():
            values = {named[-1]: row.id}
            for name in named[:-1]:
                parent = model_of(name, module)
                assert parent is not None
                values[name] = getattr(row, name, None) or session.scalar(select(parent.id).order_by(parent.id))
            found.append(values)
    assert found, f"the town has no {last.__name__}: let tests/rules/scenario.py make one"
    return found
