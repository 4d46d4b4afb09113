"""What is declared (lists, figures, tasks, schedules, events, permissions) does what it promises, on both databases."""

from __future__ import annotations

import inspect
import json
import re
import typing
from dataclasses import fields
from typing import Any

import pytest
from croniter import croniter
from flask import g
from sqlalchemy import Engine, Select, event, select

from retail.core import events
from retail.core.clock import now
from retail.core.datasets import DATASETS, Dataset
from retail.core.db import reading, session, unit_of_work
from retail.core.events import HANDLERS, KINDS, Delivery, Event, Happening
from retail.core.schedules import STANDING, Standing
from retail.core.tables import TABLES, Table, keys
from retail.core.tasks import TASKS, Declared, Task
from retail.core.tenancy import across_tenants, inside
from retail.identity.permission_words import WORDS
from retail.permissions import Can
from tests.rules.scenario import WITNESS
from tests.rules.sources import ROOT, none, program
from tests.rules.walking import changes, dump, routes

SMALL = {
    "locations", "people", "tax-rates", "forecasts", "scored-customers", "levels", "imports", "tasks",
    "order-proposals",
}  # fmt: skip
"""Lists that do not grow with trade: places and people, one line for each product or customer, or forgotten at night.
Sorting them costs little."""
NEVER_EMPTY = {"locations", "people", "products"}
"""Lists that always hold somebody or something; the page of products says itself what to do first."""
PLAIN = {int, str, bool, float, type(None), Any}


# -- lists ------------------------------------------------------------------------------------------------------------
def test_every_table_is_shown_somewhere(walk):
    shown = walk.lists() | walk.lists("administrator")
    none(f"{name}: no page shows this list; give it one or take it away" for name in TABLES if name not in shown)
    assert len(shown) >= 8


def badly_declared(table: type[Table]) -> list[str]:
    found = []
    key = table.order.lstrip("-")
    if key not in table.columns or not table.columns[key].sortable:
        found.append(f"{table.name}: order {table.order} is no column that can be sorted by")
    if table.name not in NEVER_EMPTY and not str(table.empty.get("title", "")):
        found.append(f"{table.name}: say in `empty` what to do while there is nothing")
    if not str(table.label):
        found.append(f"{table.name}: a list needs a label")
    return found


def test_every_table_is_declared_whole(quick_town):
    del quick_town
    none(line for table in TABLES.values() for line in badly_declared(table))

    class Bad(Table):
        name, order, label, columns = "bad-example", "x", "", {}

    del TABLES["bad-example"]
    assert len(badly_declared(Bad)) == 3


def paged(table: Table, sort: str, size: int = 2) -> list[int]:
    """The ids of a list read page by page, each page by the key its link would carry."""
    key = sort.lstrip("-")
    column = table.columns[key]
    found: list[int] = []
    after = None
    while True:
        statement = table.ordered(table.narrowed("", {}), sort, after)
        rows = session.execute(statement.limit(size)).all()
        found += [row.row_id for row in rows]
        if len(rows) < size or len(found) > 300:
            return found
        after = keys.unpack(keys.pack(rows[-1]._mapping[key], rows[-1].row_id, column), column)
        assert after is not None, f"{table.name}: the key of {key} cannot be read back"


def test_every_list_pages_through_all_its_rows_in_every_order(town):
    wrong = []
    with town.app.test_request_context(), inside(town.cast().tenant_id), reading():
        g.person = None
        for name, cls in TABLES.items():
            for key, column in cls.columns.items():
                if not column.sortable:
                    continue
                for sort in (key, f"-{key}"):
                    table = cls()
                    whole = session.execute(table.ordered(table.narrowed("", {}), sort)).all()
                    if paged(table, sort) != [row.row_id for row in whole][:302]:
                        wrong.append(
                            f"{name} by {sort}: pages lose or repeat rows; the key must order as the list does"
                        )
    none(wrong)


def test_every_filter_and_search_of_a_list_answers(town):
    with town.app.test_request_context(), inside(town.cast().tenant_id), reading():
        g.person = None
        for cls in TABLES.values():
            table = cls()
            session.execute(table.narrowed("tea 50% _", {}).limit(1))
            for name, one in cls.filters.items():
                usual = {
                    "flag": ["1"],
                    "text": ["tea"],
                    "date": ["2026-01-01"],
                    "number": ["3"],
                    "choice": ["x"],
                    "days": ["this-month", "2026-01-01..", "..2026-01-31"],
                    "numbers": ["1..20", "..3"],
                }[one.kind]
                for value in [value for value, _label in one.choices()] if one.choices else usual:
                    if value:
                        session.execute(table.narrowed("", {name: str(value)}).limit(1))


def test_a_list_takes_any_address(quick_town, owner_walk):
    """Nonsense in the address is passed over, not an error of the program."""
    client = quick_town.client("owner")
    wrong = []
    for name, url in owner_walk.lists().items():
        nonsense = "&".join(f"{one}=%E2%98%83" for one in TABLES[name].filters)
        for query in (f"sort=-nothing&after=%E2%98%83&{nonsense}", "after=WzEsMl0&sort=%00", "format=exe"):
            status = client.get(f"{url}?{query}").status_code
            if status >= 500:
                wrong.append(f"{url}?{query}: {status}")
    none(wrong)


def test_every_list_leaves_as_files_that_hold_the_same(quick_touched, owner_walk):
    client = quick_touched.client("owner")
    wrong = []
    for name, url in owner_walk.lists().items():
        page = client.get(url).get_data(as_text=True)
        csv, xlsx = (client.get(f"{url}?format={form}") for form in ("csv", "xlsx"))
        if (csv.status_code, xlsx.status_code) != (200, 200) or not xlsx.data.startswith(b"PK"):
            wrong.append(f"{url}: exports answer {csv.status_code} and {xlsx.status_code}")
        rows = len(re.findall(r"<tr[^>]*data-row|<tr class=\"row|<tr[^>]*data-id", page))
        lines = csv.get_data(as_text=True).strip().count("\n")
        if rows and lines < rows:
            wrong.append(f"{name}: the page shows {rows} rows, the file {lines}")
    none(wrong)


def sorts_everything(engine: Engine, statement: Select[Any]) -> bool:
    """Whether SQLite reads and sorts all rows for the first page."""
    asked: list[tuple[str, Any]] = []

    def note(_connection, _cursor, sql, parameters, _context, _many) -> None:
        asked.append((sql, parameters))

    event.listen(engine, "before_cursor_execute", note)
    try:
        session.execute(statement)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    sql, parameters = asked[-1]
    plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", parameters)
    return any("USE TEMP B-TREE FOR ORDER BY" in str(row) for row in plan)


def test_the_usual_order_of_a_long_list_is_kept_by_an_index(quick_town):
    wrong = []
    with quick_town.app.test_request_context(), inside(quick_town.cast().tenant_id), reading():
        g.person = None
        for name, cls in TABLES.items():
            table = cls()
            statement = table.ordered(table.narrowed("", {}), cls.order).limit(51)
            if name not in SMALL and sorts_everything(session.get_bind(), statement):
                wrong.append(
                    f"{name}: reads all rows to show the first page; index (tenant_id, {cls.order.lstrip('-')})"
                )
        customers = select(Task.id).order_by(Task.message)
        assert sorts_everything(session.get_bind(), customers)
    none(wrong)


# -- numbers ----------------------------------------------------------------------------------------------------------
def is_additive(dataset: Dataset, name: str) -> bool:
    """Whether parts of a figure add up to the whole: a sum or count, neither a ratio nor a count of kinds."""
    words = str(dataset.measures[name].expression).lower()
    return not re.search(r"distinct| / |avg\(|max\(|min\(|nullif|round", words)


def untied(dataset: Dataset) -> list[str]:
    """Dimensions by which the figures do not come to the total."""
    names = [name for name in dataset.measures if is_additive(dataset, name)]
    total = dataset.one(list(dataset.measures))
    wrong = []
    for dimension in dataset.all_dimensions:
        rows = dataset.ask(list(dataset.measures), by=[dimension])
        for name in names:
            parts = sum((row[name] or 0) for row in rows)
            if parts != (total[name] or 0):
                wrong.append(f"{dataset.name}: {name} by {dimension} comes to {parts}, in all it is {total[name]}")
    return wrong


@pytest.mark.parametrize("business", ["corner-shop", "empty"])
def test_figures_come_to_the_same_whatever_they_are_broken_down_by(town, business):
    with town.app.app_context(), inside(town.cast(business).tenant_id), reading():
        none(line for dataset in DATASETS.values() for line in untied(dataset))
        if business == "corner-shop":
            assert sum(is_additive(one, name) for one in DATASETS.values() for name in one.measures) > 20
            assert any(dataset.one(["gross_revenue"])["gross_revenue"] for dataset in [DATASETS["sales"]])


def test_no_figure_is_of_another_tenant(quick_town):
    def told(slug: str) -> set[str]:
        with quick_town.app.app_context(), inside(quick_town.cast(slug).tenant_id), reading():
            return {
                name
                for name, dataset in DATASETS.items()
                for dimension in dataset.all_dimensions
                if WITNESS in str(dataset.ask(list(dataset.measures)[:1], by=[dimension]))
            }

    assert told("corner-shop") == set()
    assert len(told("rival")) >= 4, "the canary must sing at home"


def test_every_figure_says_what_it_means(quick_town):
    del quick_town
    none(
        f"{dataset.name}.{name}: needs a label"
        for dataset in DATASETS.values()
        for name, measure in dataset.measures.items()
        if not str(measure.label)
    )
    none(f"{name}: say in one sentence what it is about" for name, one in DATASETS.items() if not str(one.about))
    none(
        f"{dataset.name}: default_measures name no measure"
        for dataset in DATASETS.values()
        if not set(dataset.default_measures) <= set(dataset.measures) or not dataset.default_measures
    )


# -- work -------------------------------------------------------------------------------------------------------------
def badly_named_work(task: Declared) -> list[str]:
    found = []
    if not str(task.label).strip() or str(task.label) == task.name:
        found.append(f"{task.name}: a task needs a label people understand")
    if not 0 < task.timeout <= 6 * 3600:
        found.append(f"{task.name}: a task needs an end, its timeout is {task.timeout}")
    if task.queue not in {"high", "default", "low"}:
        found.append(f"{task.name}: there is no queue {task.queue}")
    hints = typing.get_type_hints(task.work)
    given = [name for name in inspect.signature(task.work).parameters if name != "progress"]
    strange = [name for name in given if not is_plain(hints.get(name, Any))]
    return found + [f"{task.name}: {name} is no plain value and cannot be kept as JSON" for name in strange]


def is_plain(kind: Any) -> bool:
    """Whether values of a type survive JSON: numbers, texts, lists and mappings of them."""
    if kind in PLAIN:
        return True
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    return (origin in {list, dict, typing.Union} or "Union" in str(origin)) and all(map(is_plain, parts))


def test_every_task_has_a_name_an_end_and_plain_arguments(quick_town):
    del quick_town
    none(line for task in TASKS.values() for line in badly_named_work(task))
    bad = Declared("x", "", lambda progress, when: None, "fast", 0, (), False)
    assert len(badly_named_work(bad)) == 3


def wrongly_planned(one: Standing) -> list[str]:
    found = [] if one.task in TASKS else [f"{one.name}: there is no task {one.task}"]
    return found if croniter.is_valid(one.cron) else [*found, f"{one.name}: {one.cron} is no cron line"]


def test_every_schedule_names_a_task_and_a_time(quick_town):
    del quick_town
    none(line for one in STANDING.values() for line in wrongly_planned(one))
    assert len(wrongly_planned(Standing("x", "x", "no.such", "never"))) == 2


def test_the_work_of_the_town_was_done(quick_town):
    with quick_town.app.app_context(), across_tenants(), reading():
        failed = session.scalars(select(Task).where(Task.state == "failed")).all()
        none(f"{one.name}: {one.error}" for one in failed)
        stuck = session.scalars(select(Delivery).where(Delivery.state != "done")).all()
        none(f"{one.handler}: {one.error}" for one in stuck)


# -- happenings -------------------------------------------------------------------------------------------------------
EXAMPLES = {int: 7, str: "text", bool: True, float: 1.5}


def badly_told(kind: str, cls: type[Happening]) -> list[str]:
    found = []
    if not re.fullmatch(r"[a-z]+(\.[a-z_]+)+", kind):
        found.append(f"{kind}: an event is called noun.verb, in the past tense")
    if not (cls.__doc__ or "").strip() or (cls.__doc__ or "").startswith(f"{cls.__name__}("):
        found.append(f"{kind}: say in a docstring what happened and what its fields mean")
    hints = typing.get_type_hints(cls)
    made: dict[str, Any] = {}
    for one in fields(cls):  # type: ignore[arg-type]
        if not is_plain(hints[one.name]):
            found.append(f"{kind}.{one.name}: {hints[one.name]} is no plain value")
        made[one.name] = EXAMPLES.get(hints[one.name])
    if not found and cls(**json.loads(json.dumps(made))) != cls(**made):
        found.append(f"{kind}: does not survive JSON")
    return found


def test_every_event_is_of_plain_values_and_says_what_happened(quick_town):
    del quick_town
    none(line for kind, cls in KINDS.items() for line in badly_told(kind, cls))
    assert len(KINDS) >= 10


def test_handlers_may_be_told_twice(touched):
    """Every event of the town is delivered again to every handler: nothing changes but the deliveries. Each handler was
    told of each kind it listens to, or the second time would prove nothing of it."""
    with touched.app.app_context():
        before = dump(touched)
        with across_tenants(), reading():
            pairs = select(Delivery.handler, Event.kind).join(Event, Event.id == Delivery.event_id).distinct()
            heard = {(handler, kind) for handler, kind in session.execute(pairs)}
        missing = {(one.name, kind) for one in HANDLERS.values() for kind in one.kinds} - heard
        none(f"{name}: the scenario has no {kind} for it" for name, kind in sorted(missing))
        with across_tenants(), unit_of_work():
            for row in session.scalars(select(Delivery)):
                row.state, row.due_at, row.done_at = "pending", now(), None
        told = events.drain()
        session.remove()
        after = dump(touched)
    assert told > 20
    # What is summed up anew has other ids and the same figures.
    known, seen = ({name: [row[1:] for row in rows] for name, rows in one.items()} for one in (before, after))
    found = {name: rows for name, rows in changes(known, seen).items() if name != "event_deliveries"}
    none(f"a second delivery changed {name}: {list(rows)[:2]}" for name, rows in found.items())


# -- permissions ------------------------------------------------------------------------------------------------------
def permissions_in_use() -> set[str]:
    used = set()
    for one in program():
        if one.path == "retail/permissions.py" or one.path.endswith("permission_words.py"):
            continue
        used |= set(re.findall(r"\bCan\.([A-Z_]+)", one.text))
    texts = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "templates").rglob("*.html"))
    return {Can[name].value for name in used} | {one.value for one in Can if f'"{one.value}"' in texts}


def test_every_permission_opens_something_and_has_words(quick_town):
    none(f"{one.value}: opens nothing; use it or take it away" for one in Can if one.value not in permissions_in_use())
    none(
        f"{one.value}: has no words on the roles page (identity/permission_words.py)" for one in Can if one not in WORDS
    )
    none(f"{one.value}: is not of the form module:noun:verb" for one in Can if len(one.value.split(":")) != 3)
    needed = {route.need for route in routes(quick_town)}
    assert len(needed) > 15
