"""Whoever works at one location only: nothing of another comes up anywhere, and nothing there can be acted on.

The town's “branch” has the role of an owner and works at the warehouse alone; all trade is at the shop.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from sqlalchemy import String, select
from sqlalchemy import Table as DatabaseTable
from sqlalchemy.sql import visitors

from retail.core.datasets import DATASETS
from retail.core.db import Model, reading, session, table_of
from retail.core.places import AtPlace, limited_to, placed_models
from retail.core.tables import TABLES
from retail.core.tenancy import inside, owned_models
from retail.permissions import OF_THE_WHOLE, ROLES, Can
from tests import make
from tests.rules.sources import Source, called, calls, none, program, source
from tests.rules.test_canary import words_in
from tests.rules.walking import _build, addresses, dump, model_of, routes

if TYPE_CHECKING:
    from tests.rules.conftest import Town

SHARED = {
    "accounts": "the plan of accounts",
    "addressees": "one's own",
    "approvals": "asked and used at one till; listed nowhere",
    "barcodes": "goods are those of the business",
    "bulk_changes": "changes of goods and customers, which are those of the business",
    "bulk_runs": "as their changes",
    "categories": "goods",
    "colors": "goods",
    "customers": "known in every shop; what they bought is an order",
    "event_deliveries": "shown with all events only",
    "exports": "one's own",
    "gallery_pictures": "goods",
    "garments": "goods",
    "jewels": "goods",
    "label_formats": "papers of the business",
    "list_layouts": "one's own",
    "locations": "names stand on transfers; `tenancy.queries.locations` offers one's own",
    "metal_rates": "a gram costs the same everywhere",
    "notification_choices": "one's own",
    "notification_mutes": "one's own",
    "notification_rules": "a setting",
    "number_series": "counters",
    "old_passwords": "one's own",
    "passkeys": "one's own",
    "price_breaks": "what suppliers ask is the same everywhere",
    "price_locks": "a promise of the business, kept in every shop",
    "products": "goods",
    "purities": "goods",
    "push_keys": "a key",
    "push_subscriptions": "one's own",
    "rate_rules": "a setting",
    "recovery_codes": "one's own",
    "replenishment_rules": "shown with proposals only",
    "roles": "the same everywhere",
    "saved_views": "conditions, not rows",
    "scale_rules": "a setting",
    "schedules": "shown with all schedules only",
    "search_entries": "of goods, customers, suppliers",
    "search_indexes": "as entries",
    "search_places": "as entries",
    "search_words": "as entries",
    "size_scales": "goods",
    "sizes": "goods",
    "sms_accounts": "a setting",
    "stock_lots": "a batch or a piece of goods by its number; where it lies is a level",
    "stock_policies": "a setting",
    "stored_files": "given out by the row that names them",
    "supplier_items": "what suppliers sell",
    "supplier_notes": "what suppliers said",
    "suppliers": "those of the business",
    "tasks": "one's own, or shown with all schedules",
    "tax_rates": "the same everywhere",
    "user_places": "who works where; the list of people is limited to colleagues",
    "user_sessions": "one's own",
    "users": "as user_places",
    "variants": "goods",
}
"""Tables whose rows lie nowhere: why whoever works at one location may read them."""
OF_ALL = {
    "audit_entries",
    "audit_heads",
    "customer_scores",
    "forecast_runs",
    "import_changes",
    "import_mappings",
    "imports",
    "journal_entries",
    "journal_lines",
    "mail_attachments",
    "mails",
    "order_proposals",
    "product_forecasts",
    "replenishment_trials",
    "score_runs",
    "slow_notes",
    "support_accesses",
    "text_messages",
    "troubles",
}
"""Tables that tell of all locations at once: a list or figure of them needs a permission of the whole business."""
NO_PLACE_OF_ROWS = {"exports", "user_sessions", "user_places"}
"""Tables with a column that names a location and yet lie at none: it says where somebody works."""


# -- what is declared -------------------------------------------------------------------------------------------------
def undeclared(models: list[type[Any]]) -> list[str]:
    placed = {table_of(one).name for one in placed_models()}
    wrong = []
    for model in models:
        table = table_of(model)
        if (table.name in placed) + (table.name in SHARED) + (table.name in OF_ALL) != 1:
            wrong.append(f"{table.name}: say where its rows lie (AtPlace), or why nowhere (SHARED, OF_ALL)")
        targets = {one.column.table.name for key in table.foreign_key_constraints for one in key.elements}
        if table.name not in placed | NO_PLACE_OF_ROWS and (
            "location_id" in table.c or "locations" in targets or (targets & placed and table.name not in OF_ALL)
        ):
            wrong.append(f"{table.name}: names a location or what lies at one, and so lies there itself (AtPlace)")
    return wrong


def test_every_table_says_where_its_rows_lie(quick_town):
    none(undeclared(owned_models()))

    class Stray:
        __table__ = type("table", (), {"name": "strays", "foreign_key_constraints": (), "c": {"location_id": None}})

    assert len(undeclared([Stray])) == 2


def _read(statement: Any) -> set[str]:
    return {one.name for one in visitors.iterate(statement) if isinstance(one, DatabaseTable)}


def test_lists_and_figures_of_all_locations_need_the_whole_business(quick_town):
    wrong, looked = [], 0
    with quick_town.app.test_request_context(), inside(quick_town.cast().tenant_id), reading():
        sources = [(f"dataset {one.name}", one.source(), one.needs) for one in DATASETS.values()]
        for name, table in sorted(TABLES.items()):
            try:
                sources.append((f"list {name}", table().source(), table.needs))
            except TypeError:
                continue  # made for one record: opened by the page that needs it
        for name, source, need in sources:
            looked += 1
            found = _read(source) & OF_ALL
            if found and isinstance(need, Can) and need not in OF_THE_WHOLE:
                wrong.append(f"{name}: reads {min(found)}, and so needs a permission of the whole business, not {need}")
    none(wrong)
    assert looked > 30


EVERYWHERE = {
    "retail/inventory/services/ends.py": "a step of a transfer changes what stands at its other end",
    "retail/reports/queries.py": "a business that trades is not welcomed as a new one",
    "retail/inventory/services/coming_back.py": "what was sold comes back as itself, wherever it was sold",
    "retail/inventory/services/lots.py": "a piece is in one place only",
    "retail/inventory/services/tracking.py": "whether goods lie anywhere that are told apart another way",
    "retail/purchasing/services/ordering.py": "the last exchange rate is that of the business",
}


def looks_elsewhere(found: Iterable[Source]) -> list[str]:
    return [
        f"{one.at(node)}: works everywhere for whoever asks; name it in EVERYWHERE with its reason"
        for one in found
        for node in calls(one)
        if called(node).split(".")[-1] == "everywhere" and one.path not in EVERYWHERE
    ]


def test_who_works_everywhere_for_others_is_named():
    none(looks_elsewhere(one for one in program() if one.kind != "places"))
    assert looks_elsewhere([source("with everywhere():\n    pass")])


# -- what comes up ----------------------------------------------------------------------------------------------------
def _numbers() -> set[str]:
    columns = [getattr(model, "number", None) for model in placed_models()]
    return {
        one
        for column in columns
        if column is not None and isinstance(column.type, String)
        for one in session.scalars(select(column))
        if one
    }


def hidden_numbers(town: Town) -> tuple[set[str], set[str]]:
    """The numbers of documents of other locations, and those of the branch's own."""
    cast = town.cast()
    with town.app.app_context(), inside(cast.tenant_id), reading():
        everything = _numbers()
        with limited_to(frozenset({cast.warehouse_id})):
            own = _numbers()
    return everything - own, own


def _mentions(words: str, numbers: set[str]) -> set[str]:
    return set(re.findall(r"[A-Z]+-\d+", words)) & numbers


def test_no_page_list_or_file_tells_of_another_location(quick_town, owner_walk):
    hidden, own = hidden_numbers(quick_town)
    assert {one.partition("-")[0] for one in hidden} >= {"S", "R", "V", "Z", "GR", "ADJ", "PO", "BILL"}
    client, wrong, sang, opened = quick_town.client("branch"), [], set(), 0
    lists = owner_walk.lists()
    for route in routes(quick_town):
        if "GET" not in route.methods or route.endpoint.startswith("operations.help"):
            continue
        for url in addresses(quick_town, route, "corner-shop"):
            for look in [url, *([f"{url}?format=csv"] if url in lists.values() else [])]:
                answer = client.get(look)
                words = words_in(answer.data)
                opened += answer.status_code == 200
                sang |= _mentions(words, own)
                if answer.status_code >= 500:
                    wrong.append(f"{look}: {answer.status_code}, it broke")
                if leaked := _mentions(words, hidden):
                    wrong.append(f"{look}: tells of {sorted(leaked)[:4]}, which are of another location")
    none(wrong)
    assert opened > 80
    assert sang, "the branch must see what is its own, or its silence says nothing"


def test_nothing_is_suggested_of_another_location(quick_town):
    hidden, _own = hidden_numbers(quick_town)
    client, owner, wrong, heard = quick_town.client("branch"), quick_town.client("owner"), [], 0
    for one in {number.partition("-")[0]: number for number in sorted(hidden)}.values():
        for where in ("/palette", "/till/products", "/till/customers"):
            url = f"{where}?q={one}&customer_q={one}"
            heard += "/orders/" in owner.get(url, headers={"HX-Request": "true"}).get_data(as_text=True)
            words = client.get(url, headers={"HX-Request": "true"}).get_data(as_text=True)
            if re.search(r'href="/(orders|inventory/papers|purchasing/orders)/\d', words):
                wrong.append(f"{url}: suggests what lies at another location")
    none(wrong)
    assert heard


def test_figures_are_those_of_ones_own_places(quick_town):
    """What each figure comes to for the branch is what it comes to at its location for everybody else."""
    cast, compared, wrong = quick_town.cast(), 0, []
    with quick_town.app.app_context(), inside(cast.tenant_id), reading():
        name = next(one.name for one in session.scalars(select(_model("locations"))) if one.id == cast.warehouse_id)
        for dataset in DATASETS.values():
            if "location" not in dataset.dimensions:
                continue
            measures = list(dataset.measures)
            there = dataset.one(measures, where={"location": name})
            with limited_to(frozenset({cast.warehouse_id})):
                alone = dataset.one(measures)
            compared += 1
            if alone != there:
                wrong.append(f"{dataset.name}: {alone} for the branch, {there} at its location")
    none(wrong)
    assert compared >= 5


def _model(table: str) -> type[Any]:
    return next(one for one in owned_models() if table_of(one).name == table)


# -- what can be done -------------------------------------------------------------------------------------------------
def _elsewhere(town: Town) -> dict[type[Model], Any]:
    """One row of each model that lies at other locations only."""
    cast, found = town.cast(), {}
    with town.app.app_context(), inside(cast.tenant_id), reading():
        for model in placed_models():
            rows = list(session.scalars(select(model).order_by(model.id.desc()).limit(50)))
            with limited_to(frozenset({cast.warehouse_id})):
                visible = set(session.scalars(select(model.id)))
            strays = [one for one in rows if one.id not in visible]
            if strays:
                session.expunge(strays[0])
                found[model] = strays[0]
    return found


def test_what_lies_at_another_location_is_not_there(quick_touched):
    """Every address that names such a thing answers 404, read or written, and nothing changes."""
    town = quick_touched
    cast, client, strays, wrong, asked = town.cast(), town.client("branch"), _elsewhere(town), [], 0
    before = dump(town, tenant_id=cast.tenant_id)
    for route in routes(town):
        named = [name for name in route.arguments if name.endswith("_id")]
        model = model_of(named[-1], route.module) if named else None
        if model is None or not issubclass(model, AtPlace) or model not in strays or len(named) < len(route.arguments):
            continue
        row = strays[model]
        values = {name: getattr(row, name, None) or row.id for name in named} | {named[-1]: row.id}
        with town.app.test_request_context():
            url = _build(town, route, values)
        for method in sorted(route.methods):
            asked += 1
            answer = client.get(url) if method == "GET" else make.post(client, url)
            if answer.status_code != (403 if route.need in OF_THE_WHOLE else 404):
                wrong.append(f"{method} {url}: {answer.status_code} for what lies at another location; it must be 404")
    none(wrong)
    assert asked > 25
    assert dump(town, tenant_id=cast.tenant_id) == before


def test_what_concerns_the_whole_business_is_closed(quick_town):
    client, wrong, asked = quick_town.client("branch"), [], 0
    for route in routes(quick_town):
        if route.need in OF_THE_WHOLE:
            for url in addresses(quick_town, route, "corner-shop")[:1]:
                for method in sorted(route.methods):
                    asked += 1
                    status = (client.get(url) if method == "GET" else make.post(client, url)).status_code
                    if status != 403:
                        wrong.append(f"{method} {url}: {status} for somebody who works at one location")
    none(wrong)
    assert asked > 40
    assert set(OF_THE_WHOLE) <= ROLES["owner"]
