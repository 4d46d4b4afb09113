"""The canary, and roles, where data leaves by other doors than pages: files, counts, suggestions, rooms, jobs."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from retail.core.db import Model, reading, session
from retail.core.tables import TABLES
from retail.core.tenancy import across_tenants, inside, owned_models
from retail.permissions import ROLES, Can
from tests.rules.scenario import CANARY, WITNESS
from tests.rules.sources import none
from tests.rules.walking import dump, routes
from tests.support.sockets import Listener, Served, serving

if TYPE_CHECKING:
    from tests.rules.conftest import Town

FORMS = ("csv", "xlsx")


def words_in(content: bytes) -> str:
    """All text of a file: of a workbook that of its sheets, for it is a packed folder."""
    if not content.startswith(b"PK"):
        return content.decode("utf-8", "replace")
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return " ".join(book.read(name).decode("utf-8", "replace") for name in book.namelist())


# -- files ------------------------------------------------------------------------------------------------------------
def test_no_file_of_a_list_holds_what_is_anothers(quick_touched, owner_walk):
    town = quick_touched
    wrong, sang = [], 0
    for slug in ("corner-shop", "rival"):
        client = town.client("owner", slug)
        for url in owner_walk.lists().values():
            for form in FORMS:
                words = words_in(client.get(f"{url}?format={form}").data)
                sang += slug == "rival" and WITNESS in words
                if slug != "rival" and WITNESS in words:
                    wrong.append(f"{url}?format={form}: holds another business's {WITNESS}")
    none(wrong)
    assert sang >= 10, "the canary must sing in the rival's own files, or its silence elsewhere says nothing"


def test_a_list_leaves_as_a_file_only_for_who_may_see_it_and_export(quick_touched, owner_walk):
    town = quick_touched
    needs = {name: table.needs for name, table in TABLES.items()}
    pages = {route.rule: route.need for route in routes(town) if "GET" in route.methods}
    wrong = []
    for role, held in sorted(ROLES.items()):
        client = town.client(role)
        for name, url in owner_walk.lists().items():
            asked = {one for one in (needs[name], pages.get(url)) if isinstance(one, Can)}
            may = Can.EXPORT in held and asked <= held
            for form in FORMS if role == "clerk" else FORMS[:1]:
                answer = client.get(f"{url}?format={form}")
                if may != (answer.status_code == 200) and url in pages:
                    wrong.append(f"{url}?format={form}: {role} {'may' if may else 'may not'}, got {answer.status_code}")
                if not may and answer.status_code != 403 and url in pages:
                    wrong.append(f"{url}?format={form}: {role} may not, and must be told so with 403")
    none(wrong)


# -- counts -----------------------------------------------------------------------------------------------------------
def test_counts_are_of_one_business(quick_town):
    """What the businesses count of a table comes, taken together, to what lies in it: nobody counts another's rows."""
    with quick_town.app.app_context():
        ids = [quick_town.cast(slug).tenant_id for slug in ("corner-shop", "rival")]
        wrong, counted = [], 0
        for model in owned_models():
            each = [_count(model, tenant_id) for tenant_id in ids]
            with across_tenants(), reading():
                rows = session.execute(select(model.tenant_id, func.count()).group_by(model.tenant_id)).all()
            truth = {row[0]: row[1] for row in rows}
            counted += sum(each)
            if each != [truth.get(tenant_id, 0) for tenant_id in ids]:
                wrong.append(f"{model.__name__}: counted {each} of {truth}")
        none(wrong)
        assert counted > 200


def _count(model: type[Any], tenant_id: int) -> int:
    with inside(tenant_id), reading():
        return session.scalar(select(func.count()).select_from(model)) or 0


# -- suggestions ------------------------------------------------------------------------------------------------------
SUGGESTING = ("/palette", "/till/products", "/till/customers")
"""What answers while one types."""


def test_nobody_is_suggested_what_they_may_not_open(quick_town):
    wrong, offered = [], 0
    for role in sorted(ROLES):
        client = quick_town.client(role)
        for where in SUGGESTING:
            for text in ("Common", "new", CANARY):
                answer = client.get(f"{where}?q={text}&customer_q={text}", headers={"HX-Request": "true"})
                words = answer.get_data(as_text=True) if answer.status_code == 200 else ""
                if WITNESS in words:
                    wrong.append(f"{where}?q={text}: {role} is suggested another business's {WITNESS}")
                for url in set(map(unescape, re.findall(r'href="(/[^"#]*)"', words))):
                    offered += 1
                    if client.get(url).status_code == 403:
                        wrong.append(f"{where}?q={text}: {role} is suggested {url}, which is closed to them")
    none(wrong)
    assert offered > 10


# -- live rooms -------------------------------------------------------------------------------------------------------
@pytest.fixture
def listening(quick_town) -> Iterator[tuple[Served, dict[tuple[str, str], Listener]]]:
    """Every role of both businesses with a screen that listens."""
    with serving(quick_town.app) as served:
        yield (
            served,
            {
                (slug, role): _listen(served, quick_town, slug, role, None)
                for slug in ("corner-shop", "rival")
                for role in ("owner", "cashier", "clerk")
            },
        )


def _listen(served: Served, town: Town, slug: str, role: str, since: int | None) -> Listener:
    line = served.listen(town.client(role, slug), since)
    assert line.listen(10, lambda: any(kind == "position" for kind, *_rest in line.heard))
    return line


def test_a_room_is_heard_by_its_business_and_its_person_alone(quick_town, listening):
    served, lines = listening
    rival, corner = quick_town.cast("rival"), quick_town.cast("corner-shop")

    def hearing(kind: str, event_id: int, room: str) -> set[tuple[str, str]]:
        served.say(kind, event_id, room)
        # Told last and to all: who has heard it has heard whatever was theirs before.
        for cast in (rival, corner):
            served.say("end", event_id, f"tenant:{cast.tenant_id}")
        assert all(line.listen(10, lambda line=line: ("end", event_id) in _heard(line)) for line in lines.values())
        return {who for who, line in lines.items() if (kind, event_id) in _heard(line)}

    assert hearing("sale.completed", 90001, f"tenant:{rival.tenant_id}") == {who for who in lines if who[0] == "rival"}
    assert hearing("notification", 90002, f"user:{corner.users['clerk']}") == {("corner-shop", "clerk")}


def _heard(line: Listener) -> list[tuple[str, int | None]]:
    return [(kind, event_id) for kind, event_id, _at in line.heard]


def test_what_was_missed_is_told_as_kind_and_number_only(quick_town):
    """Business data never goes out live: a screen reads it again by its address, where its role is looked at."""
    with serving(quick_town.app) as served:
        told = {event_id for _kind, event_id in _heard(_listen(served, quick_town, "corner-shop", "clerk", 0))}
    # That nothing goes out but a kind and a number is held by every test that listens, in `Listener`.
    assert len(told) > 3
    with quick_town.app.app_context(), inside(quick_town.cast("rival").tenant_id), reading():
        latest_of_rival = told & set(_event_ids())
    assert not latest_of_rival, "an event of another business was told of"


def _event_ids() -> list[int]:
    events = next(model for model in owned_models() if model.__tablename__ == "events")
    return list(session.scalars(select(events.id)))


# -- jobs -------------------------------------------------------------------------------------------------------------
def test_what_jobs_wrote_into_a_business_is_its_own(quick_town):
    """Every event was delivered, every task run: no row and no file of a business holds another's canary."""
    corner, rival = (quick_town.cast(slug).tenant_id for slug in ("corner-shop", "rival"))
    rows, theirs = dump(quick_town, tenant_id=corner), dump(quick_town, tenant_id=rival)
    none(f"{name}: a row of another business holds {WITNESS}" for name in rows if WITNESS in str(rows[name]))
    none(f"{path}: holds {WITNESS}" for path in _files(quick_town, corner) if WITNESS in words_in(path.read_bytes()))
    at_home = {name for name in theirs if WITNESS in str(theirs[name])}
    assert {"tasks", "mails", "notifications", "events", "audit_entries"} <= at_home, at_home
    assert any(WITNESS in words_in(path.read_bytes()) for path in _files(quick_town, rival))


def _files(town: Town, tenant_id: int) -> list[Path]:
    folder = Path(town.app.config["INSTANCE_DIR"]) / "files" / str(tenant_id)
    return [path for path in folder.rglob("*") if path.is_file()]


def test_every_model_of_a_business_is_looked_at(quick_town):
    assert {model.__tablename__ for model in owned_models()} <= set(Model.metadata.tables)
    assert words_in(b"plain") == "plain"
