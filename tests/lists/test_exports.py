"""Files of many rows: asked for, made by a worker with progress, told of, and handed to nobody else."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from retail.core import clock, events, files, tasks
from retail.core import exports as exporting
from retail.core.audit import AuditEntry
from retail.core.db import reading, session, unit_of_work
from retail.core.exports import Export
from retail.core.files import StoredFile
from retail.core.retention import forget_past
from retail.core.tasks import Task
from retail.identity.models import Role
from retail.notifications.models import Notification
from tests import make

GOODS = ("Apple", "Bread", "Cider", "Dates", "Eggs")
ADDRESS = "/products/?sort=-name&format=csv"


@pytest.fixture
def few(app, shop, monkeypatch):
    """More than three rows are many; there are five products."""
    monkeypatch.setitem(app.config, "EXPORT_ROWS_AT_ONCE", 3)
    monkeypatch.setattr(exporting, "REPORT_EVERY", 2)
    for name in GOODS:
        make.product(name, stock=3)


@pytest.fixture
def clerk(app, shop, few):
    return make.client(app, shop, "clerk")


def ask(client, address=ADDRESS, title="Products"):
    answer = make.post(client, "/lists/exports/", {"address": address, "title": title})
    assert answer.status_code == 303, answer.text
    return answer.location


def work(shop):
    with make.within(shop):
        tasks.run_due()
        events.drain()


def names(content):
    return [row[0] for row in csv.reader(io.StringIO(content.decode("utf-8-sig")))][1:]


def test_a_short_list_is_sent_at_once_and_a_long_one_is_offered_to_be_made(app, shop, clerk):
    short = clerk.get("/products/?q=Apple&format=csv")
    assert names(short.data) == ["Apple"]
    long = clerk.get(ADDRESS)
    assert long.mimetype == "text/html"
    assert "more than 3 rows as CSV" in long.text
    assert f'value="{ADDRESS.replace("&", "&amp;")}"' in long.text
    assert 'download href="/products/?format=csv"' not in clerk.get("/products/").text
    with make.within(shop), reading():
        assert session.scalars(select(Export)).all() == [], "looking changes nothing"


def test_the_file_is_what_the_page_shows_and_its_reader_is_told(app, shop, clerk):
    page = ask(clerk)
    waiting = clerk.get(page, headers={"HX-Request": "true"}).text
    assert 'hx-trigger="every 1s"' in waiting
    assert "Waiting for its turn" in waiting
    work(shop)
    ready = clerk.get(page).text
    assert "The file is ready" in ready
    assert "every 1s" not in ready
    file = clerk.get(f"{page}/file")
    assert names(file.data) == [*reversed(GOODS)]
    assert "attachment" in file.headers["Content-Disposition"]
    with make.within(shop), reading():
        task = session.scalars(select(Task).where(Task.name == exporting.TASK)).one()
        assert (task.state, task.total, task.done) == ("done", 5, 4)
        told = session.scalars(select(Notification).where(Notification.user_id == shop.users["clerk"])).all()
        assert [(one.title, one.text) for one in told] == [("Your export is ready", "Products, 5 rows")]
        done = select(AuditEntry.subject, AuditEntry.user_id).where(AuditEntry.action == "export")
        assert session.execute(done.order_by(AuditEntry.id)).all() == [
            ("products", shop.users["clerk"]),
            ("exports", shop.users["clerk"]),
        ], "when it was made, and when it was taken"
        notification_id = told[0].id
    assert clerk.get(f"/notifications/{notification_id}/go").location == page


@pytest.mark.parametrize("form", ["xlsx", "json", "pdf"])
def test_every_form_is_made(app, shop, clerk, form):
    page = ask(clerk, f"/products/?format={form}")
    work(shop)
    content = clerk.get(f"{page}/file").data
    if form == "json":
        assert sorted(row["name"] for row in json.loads(content)) == sorted(GOODS)
    assert content.startswith({"xlsx": b"PK", "json": b"[", "pdf": b"%PDF"}[form])


def test_a_report_is_made_with_what_its_address_asks(app, shop, few):
    for name in GOODS:
        make.sale(shop, (make.product(f"Fine {name}", stock=2), 1))
    events.drain()
    owner = make.client(app, shop, "owner")
    address = "/reports/sales?measures=gross_revenue&by=product&period=30d&format=csv"
    shown = owner.get(address).text
    assert "5 rows as CSV" in shown
    page = ask(owner, address, "Sales")
    work(shop)
    assert sorted(names(owner.get(f"{page}/file").data))[:2] == ["Fine Apple", "Fine Bread"]


def test_nobody_else_is_handed_the_file(app, shop, rival, clerk):
    page = ask(clerk)
    work(shop)
    for cast, role in ((shop, "owner"), (shop, "manager"), (rival, "owner")):
        other = make.client(app, cast, role)
        assert other.get(page).status_code == 404
        assert other.get(f"{page}/file").status_code == 404
        assert page not in other.get("/lists/exports/").text
    assert make.client(app, shop, "cashier").get(f"{page}/file").status_code == 403


def test_who_lost_a_permission_does_not_get_what_was_made_with_it(app, shop, clerk):
    page = ask(clerk)
    work(shop)
    with make.within(shop), unit_of_work():
        role = session.scalars(select(Role).where(Role.name == "clerk")).one()
        role.permissions = [one for one in role.permissions if one != "catalog:cost:view"]
    assert clerk.get(f"{page}/file").status_code == 403
    assert "permissions that you no longer hold" in clerk.get(page).text


def test_who_may_not_see_a_list_cannot_have_it_made(app, shop, clerk):
    for address in ("/audit/?format=csv", "/finance/journal?format=csv"):
        assert make.post(clerk, "/lists/exports/", {"address": address, "title": "x"}).status_code in {403, 422}
    for address in ("https://elsewhere.example/?format=csv", "//elsewhere.example/", "/nowhere/", "", "/" + "x" * 9000):
        assert make.post(clerk, "/lists/exports/", {"address": address, "title": "x"}).status_code == 422
    page = ask(clerk)
    with make.within(shop), unit_of_work():
        session.execute(update(Role).where(Role.name == "clerk").values(permissions=["reports:data:export"]))
    work(shop)
    assert "You may no longer see this list." in clerk.get(page).text


def test_an_address_that_gives_no_file_fails_in_words(app, shop, clerk):
    page = ask(clerk, "/products/")
    work(shop)
    assert "There is no file at this address any more." in clerk.get(page).text
    assert clerk.get(f"{page}/file").status_code == 404


def test_it_can_be_cancelled_while_it_is_made(app, shop, clerk, monkeypatch):
    page = ask(clerk)
    with make.within(shop), reading():
        task_id = session.scalars(select(Task.id).where(Task.name == exporting.TASK)).one()
    usual = exporting.report_progress

    def cancel_at_two(rows):
        if rows == 2:
            with app.app_context(), make.within(shop), unit_of_work():
                tasks.cancel(task_id)
        usual(rows)

    monkeypatch.setattr("retail.core.table_files.report_progress", cancel_at_two)
    work(shop)
    assert "It was cancelled" in clerk.get(page).text
    with make.within(shop), reading():
        assert session.scalars(select(StoredFile)).all() == []


def test_a_file_is_deleted_after_a_week_and_another_of_the_same_contents_stays(app, shop, clerk):
    pages = [ask(clerk), ask(clerk)]
    work(shop)
    with make.within(shop), unit_of_work():
        rows = session.scalars(select(Export).order_by(Export.id)).all()
        rows[0].created_at -= timedelta(days=8)
        paths = [files.path_of(session.get_one(StoredFile, row.file_id)) for row in rows]
    assert paths[0] == paths[1]
    with make.within(shop):
        assert forget_past(shop.tenant_id)["exports"] == 1
    assert clerk.get(pages[0]).status_code == 404
    assert clerk.get(f"{pages[1]}/file").status_code == 200
    with clock.frozen(clock.now() + timedelta(days=9)), make.within(shop):
        assert forget_past(shop.tenant_id)["exports"] == 1
    assert not paths[1].exists()


def test_a_pdf_of_too_many_rows_is_refused_at_once(app, shop, clerk, monkeypatch):
    for place in ("retail.core.table_files", "retail.core.tables.exporting"):
        monkeypatch.setattr(f"{place}.MOST_PRINTED", 4)
    answer = clerk.get("/products/?format=pdf")
    assert answer.status_code == 422
    assert "A PDF holds at most 4 rows" in answer.text
