"""A business goes into one file and comes out again, on either database: the same in every figure."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from retail.core import audit_proof, db, events, files, tasks
from retail.core.archive import businesses, rows
from retail.core.archive.rows import NewIds, all_tables, points_to
from retail.core.audit import AuditEntry
from retail.core.checks import run_checks
from retail.core.datasets import DATASETS
from retail.core.db import reading, session, unit_of_work
from retail.core.errors import Refused
from retail.core.events import Delivery, Event
from retail.core.tasks import Task
from retail.core.tenancy import across_tenants, inside
from retail.identity.models import User, UserSession
from retail.inventory.models import StockMove
from retail.operations.travel import holds_an_id, travel
from retail.tenancy.models import Tenant
from tests import make
from tests.rules import scenario
from tests.support.portrait import figures, portrait

CHANGED_BY_TRAVEL = frozenset({"users", "tasks", "audit_entries", "event_deliveries", "notification_deliveries"})


def run(app, *arguments):
    session.rollback()
    return app.test_cli_runner().invoke(args=["tenant", *map(str, arguments)])


def travelled(app, tmp_path, name="Second Shop"):
    """The corner shop, exported and imported; the id of the copy."""
    file = tmp_path / "shop.zip"
    out = run(app, "export", "--tenant", "corner-shop", file)
    assert out.exit_code == 0, out.output
    back = run(app, "import", file, "--as", name, "--json")
    assert back.exit_code == 0, back.output
    told = json.loads(back.output)
    assert told["audit"] == "whole"
    with across_tenants(), reading():
        return session.scalars(select(Tenant.id).where(Tenant.slug == told["tenant"])).one()


def test_every_figure_and_every_row_is_the_same(context, lived_in, tmp_path):
    before = portrait(lived_in.tenant_id, without=CHANGED_BY_TRAVEL), figures(lived_in.tenant_id)
    copy = travelled(context, tmp_path)
    there = portrait(copy, without=CHANGED_BY_TRAVEL), figures(copy)
    for name, found in before[0].items():
        assert there[0][name] == found, name
    for question, answer in before[1].items():
        assert there[1][question] == answer, question
    assert sum(map(len, before[0].values())) > 200
    assert len(before[1]) > 60


def test_the_copy_checks_out_and_lives_on(context, lived_in, tmp_path):
    copy = travelled(context, tmp_path)
    assert [one for one in run_checks([copy, lived_in.tenant_id]) if one.faults] == []
    with inside(copy), reading():
        tenant = session.get_one(Tenant, copy)
        assert (tenant.slug, tenant.name, tenant.suspended_at) == ("second-shop", "Second Shop", None)
        proof = audit_proof.prove(copy)
        arrival = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
        assert proof.ok
        assert (arrival.action, arrival.changes["from"]) == ("arrive", "corner-shop")
        assert proof.entries == arrival.position
    cast = make.Cast(copy, "second-shop", *_places(copy))
    with inside(copy):
        sold = make.sale(cast, (make.product("New", stock=5), 1))
        events.drain()
    assert sold.number
    assert [one for one in run_checks([copy]) if one.faults] == []


def _places(tenant_id):
    with inside(tenant_id):
        registers = next(one for one in all_tables() if one.name == "registers")
        found = session.connection().execute(select(registers).where(registers.c.tenant_id == tenant_id)).first()
        users = {one.email.partition("@")[0].partition("+")[0]: one.id for one in session.scalars(select(User))}
        session.rollback()
    return found.location_id, found.location_id, found.id, 0, users


def test_people_keep_their_password_under_an_address_of_their_own_and_no_session(context, lived_in, tmp_path):
    with inside(lived_in.tenant_id), unit_of_work():
        session.execute(update(User).values(totp_secret="sealed here"))
    copy = travelled(context, tmp_path)
    with inside(lived_in.tenant_id), reading():
        old = {one.email: one.password_hash for one in session.scalars(select(User))}
        assert session.scalar(select(func.count()).select_from(UserSession))
    with inside(copy), reading():
        new = {one.email: one.password_hash for one in session.scalars(select(User))}
        assert session.scalars(select(User.totp_secret).distinct()).all() == [None]
        assert session.scalar(select(func.count()).select_from(UserSession)) == 0
    assert {mail.replace("+second-shop", ""): kept for mail, kept in new.items()} == old
    answer = context.test_client().get("/sign-in")
    assert answer.status_code == 200


def test_what_was_under_way_is_not_done_twice_and_what_was_not_told_is_told(context, lived_in, tmp_path):
    with inside(lived_in.tenant_id), unit_of_work():
        tasks.ask_for("operations.tidy")
        session.execute(update(Delivery).values(state="pending"))
    with inside(lived_in.tenant_id):
        make.sale(lived_in, (make.product("Untold", stock=5), 1))
    copy = travelled(context, tmp_path)
    with inside(copy), reading():
        assert "queued" not in session.scalars(select(Task.state))
        assert session.scalar(select(func.count()).select_from(Delivery)) > 5
        told = session.execute(
            select(Delivery.event_id, Delivery.aggregate, Event.id, Event.aggregate).outerjoin(
                Event, Event.id == Delivery.event_id
            )
        ).all()
        assert all(row[2] is not None and row[1] == row[3] for row in told)
        orders = set(session.scalars(select(Event.aggregate).where(Event.kind == "sale.completed")))
        assert orders == {
            f"order:{row['order_id']}"
            for row in session.scalars(select(Event.data).where(Event.kind == "sale.completed"))
        }
    events.drain()
    assert [one for one in run_checks([copy]) if one.faults] == []


def test_files_travel_and_missing_ones_are_named(context, lived_in, tmp_path):
    with inside(lived_in.tenant_id), reading():
        stored = session.scalars(select(files.StoredFile).order_by(files.StoredFile.id)).all()
        contents = [(row.name, files.path_of(row).read_bytes()) for row in stored]
    copy = travelled(context, tmp_path)
    with inside(copy), reading():
        there = session.scalars(select(files.StoredFile).order_by(files.StoredFile.id)).all()
        assert [(row.name, files.path_of(row).read_bytes()) for row in there] == contents
        assert contents
    shutil.rmtree(files.folder_of(lived_in.tenant_id))
    out = run(context, "export", "--tenant", "corner-shop", tmp_path / "again.zip")
    assert out.exit_code == 0
    assert "is missing among the stored files" in out.output


# -- what is refused --------------------------------------------------------------------------------------------------
def tenants():
    with across_tenants(), reading():
        return session.scalar(select(func.count()).select_from(Tenant))


def repacked(source: Path, target: Path, change) -> Path:
    """The archive with some members changed."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            content = change(name, old.read(name))
            if content is not None:
                new.writestr(name, content)
    return target


def manifest_with(**changes):
    def change(name, content):
        return json.dumps(json.loads(content) | changes).encode() if name == "manifest.json" else content

    return change


def middle_of_the_largest(file):
    """Where the contents of the largest part lie: elsewhere a bit may stand for a time that nobody reads."""
    with zipfile.ZipFile(file) as archive:
        largest = max(archive.infolist(), key=lambda part: part.compress_size)
    head = file.read_bytes()[largest.header_offset :][:30]
    names, extra = int.from_bytes(head[26:28], "little"), int.from_bytes(head[28:30], "little")
    return largest.header_offset + 30 + names + extra + largest.compress_size // 2


def test_what_is_damaged_newer_or_something_else_is_refused_before_anything_is_written(context, lived_in, tmp_path):
    good = tmp_path / "good.zip"
    assert run(context, "export", "--tenant", "corner-shop", good).exit_code == 0
    before = tenants()
    cut = tmp_path / "cut.zip"
    cut.write_bytes(good.read_bytes()[:-200])
    flipped = bytearray(good.read_bytes())
    flipped[middle_of_the_largest(good)] ^= 1
    (tmp_path / "flipped.zip").write_bytes(flipped)
    (tmp_path / "text.zip").write_text("hello")
    first = repacked(good, tmp_path / "row.zip", lambda name, content: content.replace(b"Common tea", b"Common pea"))
    less = repacked(good, tmp_path / "less.zip", lambda name, content: None if "orders" in name else content)
    newer = repacked(good, tmp_path / "newer.zip", manifest_with(version=99))
    other = repacked(good, tmp_path / "other.zip", manifest_with(kind="something"))
    tables = [{"name": "robots", "columns": ["id"], "rows": 0, "sha256": "x"}]
    future = repacked(good, tmp_path / "future.zip", manifest_with(tables=tables))
    escaping = repacked(good, tmp_path / "dots.zip", manifest_with(files=[{"name": "files/../x", "sha256": ""}]))
    for file, words in (
        (cut, "was cut off"),
        (tmp_path / "flipped.zip", "damaged"),
        (tmp_path / "text.zip", "no archive"),
        (tmp_path / "none.zip", "no file"),
        (first, "is not what was written"),
        (less, "cannot be read"),
        (newer, "newer version"),
        (other, "another kind"),
        (future, "newer version"),
        (escaping, "strange name"),
    ):
        answer = run(context, "import", file, "--as", "Another")
        assert answer.exit_code == 1, file
        assert words in answer.output, answer.output
        assert len(answer.output.strip().splitlines()) == 1
    assert tenants() == before
    taken = run(context, "import", good, "--as", "Rival")
    assert "exists already" in taken.output
    assert run(context, "import", good, "--as", "!!!").exit_code == 1
    unwritable = run(context, "export", "--tenant", "corner-shop", tmp_path / "no" / "where.zip")
    assert "cannot be written" in unwritable.output


def test_an_import_that_breaks_off_leaves_nothing_and_can_be_repeated(context, lived_in, tmp_path, monkeypatch):
    file = tmp_path / "shop.zip"
    assert run(context, "export", "--tenant", "corner-shop", file).exit_code == 0
    before = tenants()
    usual = businesses._Arrival.take
    removed = businesses.remove_business

    def breaks(self, table):
        if table.name == "order_lines":
            raise Refused("the disk is full")
        return usual(self, table)

    monkeypatch.setattr(businesses._Arrival, "take", breaks)
    assert "disk is full" in run(context, "import", file, "--as", "Third").output
    assert tenants() == before
    monkeypatch.setattr(businesses, "remove_business", lambda tenant_id: None)
    run(context, "import", file, "--as", "Third")
    monkeypatch.setattr(businesses, "remove_business", removed)
    monkeypatch.setattr(businesses._Arrival, "take", usual)
    with across_tenants(), reading():
        assert session.scalars(select(Tenant.arriving_at).where(Tenant.slug == "third")).one() is not None
    events.drain()
    assert "has not arrived whole" in run(context, "resume", "--tenant", "third").output
    again = run(context, "import", file, "--as", "Third")
    assert again.exit_code == 0, again.output
    assert tenants() == before + 1


def test_a_suspended_business_is_not_taken_for_a_half_import(context, tmp_path):
    file = tmp_path / "shop.zip"
    assert run(context, "export", "--tenant", "corner-shop", file).exit_code == 0
    assert run(context, "suspend", "--tenant", "rival", "--reason", "arriving").exit_code == 0
    before = tenants()
    assert "exists already" in run(context, "import", file, "--as", "Rival").output
    assert tenants() == before
    assert run(context, "resume", "--tenant", "rival").exit_code == 0


def test_two_imports_under_one_name_do_not_take_each_others_rows(context, tmp_path, monkeypatch):
    file, told = tmp_path / "shop.zip", []
    assert run(context, "export", "--tenant", "corner-shop", file).exit_code == 0
    usual = businesses._Arrival.point_to_what_came_later

    def meanwhile(self):
        if not told:
            told.append(run(context, "import", file, "--as", "Third").output)
        usual(self)

    monkeypatch.setattr(businesses._Arrival, "point_to_what_came_later", meanwhile)
    first = run(context, "import", file, "--as", "Third")
    assert first.exit_code == 0, first.output
    assert "is being imported already" in told[0]


def test_an_audit_that_was_tampered_with_stays_known_as_such(context, lived_in, tmp_path):
    with inside(lived_in.tenant_id), unit_of_work():
        victim = session.scalars(select(AuditEntry).order_by(AuditEntry.id).offset(5).limit(1)).one()
        session.execute(update(AuditEntry).where(AuditEntry.id == victim.id).values(user_name="Nobody"))
        position = victim.position
    file = tmp_path / "shop.zip"
    assert run(context, "export", "--tenant", "corner-shop", file).exit_code == 0
    back = run(context, "import", file, "--as", "Copy")
    assert f"damaged at position {position}" in back.output
    with across_tenants(), reading():
        copy = session.scalars(select(Tenant.id).where(Tenant.slug == "copy")).one()
        last = session.scalars(
            select(AuditEntry).where(AuditEntry.tenant_id == copy).order_by(AuditEntry.id.desc())
        ).first()
        assert "damaged" in last.changes["audit"]


# -- from one database to the other -----------------------------------------------------------------------------------
def leave():
    session.remove()
    db.db.engine.dispose()


@pytest.mark.postgres
def test_a_business_moves_between_databases(two_databases, tmp_path):
    source, target = two_databases
    file = tmp_path / "shop.zip"
    with source.app_context():
        scenario.build()
        cast = make.corner_shop()
        before = portrait(cast.tenant_id, without=CHANGED_BY_TRAVEL), figures(cast.tenant_id)
        assert run(source, "export", "--tenant", "corner-shop", file).exit_code == 0
        leave()
    with target.app_context():
        assert run(target, "import", file, "--as", "Moved").exit_code == 0
        with across_tenants(), reading():
            copy = session.scalars(select(Tenant.id).where(Tenant.slug == "moved")).one()
        assert (portrait(copy, without=CHANGED_BY_TRAVEL), figures(copy)) == before
        assert [one for one in run_checks([copy]) if one.faults] == []
        leave()


# -- what the engine rests on -----------------------------------------------------------------------------------------
def test_every_column_that_holds_an_id_is_known(context):
    rules = travel()
    unknown = [
        f"{table.name}.{column.name}"
        for table in all_tables()
        if table.name not in rules.stays and "tenant_id" in table.c
        for column in table.c
        if holds_an_id(column.name)
        and column.name not in {*points_to(table), *rules.named, "tenant_id"}
        and f"{table.name}.{column.name}" not in rules.kinds
    ]
    assert unknown == [], "say in retail/operations/travel.py of which table these are"
    names = {one.name for one in all_tables()}
    assert {*rules.named.values(), *rules.last, *rules.only, *rules.changed} <= names
    assert [one for kind, tables in rules.kinds.values() for one in (tables or {}).values() if one not in names] == []


def test_every_id_in_the_data_of_an_event_is_known(context):
    rules = travel()
    unknown = [
        f"{kind}.{name}"
        for kind, one in events.KINDS.items()
        for name in one.__dataclass_fields__
        if holds_an_id(name) and name not in rules.named and name not in {"bulk_run_id", "export_id"}
    ]
    assert unknown == [], "say in retail/operations/travel.py of which table these are"


def test_every_table_comes_after_those_it_points_to(context):
    order = [one.name for one in businesses.tables_of_a_business(travel())]
    for table in businesses.tables_of_a_business(travel()):
        for target in points_to(table).values():
            assert order.index(target) <= order.index(table.name)
    assert order[-len(travel().last) :] == list(travel().last)


def test_new_ids_are_found_in_runs_and_gaps():
    ids = NewIds()
    ids.add("t", [3, 4, 5, 9, 12], [10, 11, 12, 13, 20])
    assert [ids.get("t", one) for one in (2, 3, 5, 6, 9, 10, 12, 13)] == [None, 10, 12, None, 13, None, 20, None]
    assert ids.get("other", 1) is None
    assert ids.get("t", None) is None


@pytest.mark.slow
def test_rows_pass_in_pieces(context, lived_in, tmp_path, monkeypatch):
    monkeypatch.setattr(businesses, "CHUNK", 3)
    monkeypatch.setattr(rows, "CHUNK", 3)
    before = figures(lived_in.tenant_id)
    assert figures(travelled(context, tmp_path)) == before
    with inside(lived_in.tenant_id), reading():
        assert session.scalar(select(func.count()).select_from(StockMove)) > 3


def test_no_figure_is_broken_down_by_what_differs_in_every_database():
    ids = [
        f"{name} by {dimension}"
        for name, one in DATASETS.items()
        for dimension, of in one.all_dimensions.items()
        if str(getattr(of.expression, "key", "")).endswith("id")
    ]
    assert ids == []
