"""Who is told of what, once; and what people do with what they were told."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace

import pytest
from sqlalchemy import select, update

from retail.core import events, tasks
from retail.core.clock import frozen
from retail.core.db import reading, session, unit_of_work
from retail.core.events import Delivery, emit
from retail.core.push import push_after_commit
from retail.core.tasks import TaskEnded
from retail.events.catalog import ProductsImported
from retail.events.identity import UserSignedIn
from retail.inventory import services as inventory
from retail.inventory.services import Movement
from retail.notifications import queries
from retail.notifications.models import Notification
from retail.notifications.services import Message, notify
from retail.till import services as till
from tests import make
from tests.support.queries import count_queries


@pytest.fixture
def pushed(monkeypatch):
    """What screens were told: (kind, user or None)."""
    told = []

    def push(kind, _id, room):
        whose, _colon, number = room.partition(":")
        told.append((kind, int(number) if whose == "user" else None))

    monkeypatch.setattr("retail.core.push.push", push)
    monkeypatch.setattr("retail.notifications.handlers.push", push)
    monkeypatch.setattr("retail.reports.handlers.push", lambda *_a, **_k: None)
    return told


def told(shop, role):
    with reading():
        rows = session.scalars(select(Notification).where(Notification.user_id == shop.users[role]))
        return [(row.title, row.count, row.is_unread) for row in rows]


def low(shop, name, stock=5, point="3"):
    variant = make.product(name, stock=stock)
    with unit_of_work():
        inventory.set_reorder_point(shop.location_id, variant.id, Decimal(point))
        return SimpleNamespace(id=variant.id)


def test_the_manager_is_told_once_however_many_products_run_low(shop, pushed):
    tea, milk = low(shop, "Tea"), low(shop, "Milk")
    make.sale(shop, (tea, 2))
    events.drain()
    assert told(shop, "manager") == [("Tea is running low", 1, True)]
    assert ("notification", shop.users["manager"]) in pushed
    assert ("stock.low", None) in pushed
    assert told(shop, "cashier") == []

    make.sale(shop, (milk, 4))
    events.drain()
    assert told(shop, "manager") == [("2 products are running low", 2, True)]


def test_who_was_to_be_told_by_what_failed_is_told_once_by_what_follows(shop, pushed):
    def ask(kind):
        push_after_commit(kind, None, user_id=1)

    session.execute(select(Notification))
    ask("failed")
    session.rollback()
    assert pushed == []
    for turn in ("one", "two"):
        with unit_of_work():
            session.execute(select(Notification))
            ask(turn)
    assert pushed == [("one", 1), ("two", 1)]


def test_what_is_full_again_needs_no_reading(shop, pushed):
    tea, milk = low(shop, "Tea"), low(shop, "Milk")
    make.sale(shop, (tea, 2), (milk, 3))
    events.drain()

    def refill(variant):
        with unit_of_work():
            inventory.receive(shop.location_id, [Movement(variant.id, shop.location_id, Decimal(10), Decimal(1))])
        events.drain()

    refill(tea)
    assert told(shop, "manager") == [("Milk is running low", 1, True)]
    refill(milk)
    assert told(shop, "manager") == [("Milk is running low", 1, False)]


def test_delivering_every_event_again_changes_nothing(shop, pushed):
    tea = low(shop, "Tea")
    make.sale(shop, (tea, 2))
    station = make.open_till(shop)
    with unit_of_work():
        till.close_shift(station.shift_id, {"50": 1})
    with unit_of_work():
        emit(UserSignedIn(user_id=shop.users["cashier"], device="Firefox", address="10.0.0.9"))
        emit(TaskEnded(task_id=1, name="x", label="Import", state="done", user_id=shop.users["clerk"]))
        emit(TaskEnded(task_id=1, name="x", label="Nightly", state="failed", user_id=None))
    events.drain()
    before = {role: told(shop, role) for role in shop.users}
    for _turn in range(2):
        with unit_of_work():
            session.execute(update(Delivery).values(state="pending"))
        events.drain()
    assert {role: told(shop, role) for role in shop.users} == before
    assert ("New sign-in", 1, True) in before["cashier"]
    assert before["clerk"] == [("Tea is running low", 1, True), ("Import is done", 1, True)]
    assert ("Nightly failed", 1, True) in before["owner"]
    assert ("Till 1 closed £4.80 short", 1, True) in before["owner"]


def test_a_balanced_shift_is_no_news(shop, pushed):
    station = make.open_till(shop)
    with unit_of_work():
        till.close_shift(station.shift_id, {"50": 1})
    events.drain()
    assert told(shop, "owner") == []


def test_who_asked_for_work_hears_of_its_end(shop, pushed, monkeypatch):
    monkeypatch.setattr(tasks, "TASKS", dict(tasks.TASKS))

    @tasks.task("test.long", "Count everything")
    def long(progress):
        raise ZeroDivisionError

    with unit_of_work():
        row = tasks.ask_for("test.long")
        row.user_id = shop.users["clerk"]
    tasks.run_due()
    events.drain()
    assert told(shop, "clerk") == [("Count everything failed", 1, True)]


def test_an_import_says_what_became_of_it(shop, pushed):
    with unit_of_work():
        emit(ProductsImported(import_id=1, created=4, updated=2, rejected=1))
        session.execute(update(events.Event).values(user_id=shop.users["clerk"]))
    events.drain()
    with reading():
        assert session.scalars(select(Notification.text)).one() == "4 new, 2 changed, 1 refused."


def tell(shop, role, title="News", **more):
    with make.within(shop), unit_of_work():
        notify([shop.users[role]], Message("system", "info", title, **more))
    with make.within(shop), reading():
        return session.scalars(select(Notification.id).order_by(Notification.id.desc())).first()


def test_the_bell_counts_what_is_unread_for_one_query(app, shop, pushed):
    browser = make.client(app, shop, "manager")
    first = tell(shop, "manager", "First")
    tell(shop, "manager", "Second")
    tell(shop, "owner", "Not for the manager")
    assert browser.get("/notifications/bell").text == "2"
    page = browser.get("/notifications/").text
    assert "First" in page
    assert "Not for the manager" not in page

    answer = make.post(browser, f"/notifications/{first}/read")
    assert answer.status_code == 303
    assert browser.get("/notifications/bell").text == "1"
    make.post(browser, f"/notifications/{first}/unread")
    assert browser.get("/notifications/bell").text == "2"
    make.post(browser, f"/notifications/{first}/archive")
    assert "First" not in browser.get("/notifications/").text
    assert "First" in browser.get("/notifications/?view=archive").text
    make.post(browser, "/notifications/read-all")
    assert browser.get("/notifications/bell").text == ""
    assert "up to date" in browser.get("/notifications/?view=unread").text
    with count_queries() as asked:
        browser.get("/notifications/bell")
    assert sum("notifications" in one for one in asked) == 1


def test_what_was_put_away_comes_back_as_it_was(app, shop, pushed):
    browser = make.client(app, shop, "manager")
    first = tell(shop, "manager", "First", group_key="g")
    htmx = {"HX-Request": "true", "HX-Target": "told"}
    answer = make.post(browser, f"/notifications/{first}/archive", {"view": "unread"}, headers=htmx)
    assert f"/notifications/{first}/restore" in answer.headers["HX-Trigger"]
    assert "up to date" in answer.text
    assert browser.get("/notifications/bell").text == ""
    tell(shop, "manager", "Second", group_key="g")
    undone = make.post(browser, f"/notifications/{first}/restore", headers={"HX-Request": "true"})
    assert (undone.status_code, undone.headers["HX-Trigger"]) == (204, "notification")
    assert browser.get("/notifications/bell").text == "2", "it is unread again, beside what came meanwhile"


def test_the_history_is_narrowed_by_what_its_address_says(app, shop, pushed):
    browser = make.client(app, shop, "manager")
    with make.within(shop), frozen(datetime(2026, 3, 1, 12, tzinfo=UTC)), unit_of_work():
        notify([shop.users["manager"]], Message("stock", "warning", "Low in March"))
    with make.within(shop), frozen(datetime(2026, 4, 1, 22, 30, tzinfo=UTC)), unit_of_work():
        notify([shop.users["manager"]], Message("finance", "danger", "Short in April", actor="Ada"))

    def shown(query):
        page = browser.get(f"/notifications/?{query}").text
        return ["Low in March" in page, "Short in April" in page]

    assert shown("") == [True, True]
    assert shown("category=stock") == [True, False]
    assert shown("severity=danger") == [False, True]
    assert shown("last=2026-03-01") == [True, False]
    assert shown("first=2026-03-02&last=2026-04-01") == [False, True]
    assert shown("first=2026-04-02") == [False, False]
    assert shown("category=nonsense&first=never&severity=x&before=zero") == [True, True]
    assert shown("first=0001-01-01&last=9999-12-31") == [True, True]
    assert "Nothing matches" in browser.get("/notifications/?category=support").text
    make.post(browser, "/notifications/read-all", {"category": "stock"})
    assert browser.get("/notifications/bell").text == "1"


def test_refunds_and_voids_of_a_day_are_one_line(shop, pushed):
    tea = make.product("Tea", stock=9)
    sold = [make.sale(shop, (tea, 1)) for _turn in range(3)]
    station = make.open_till(shop)
    for number, one in enumerate(sold):
        with unit_of_work():
            till.void(shop.tenant, station, one.order_id, f"void-{number}", "mistake", allowance=till.WITHOUT_LIMITS)
        events.drain()
        if not number:
            assert told(shop, "manager") == [("Voided: £2.40", 1, True)]
    assert told(shop, "manager") == [("3 refunds and voids today", 3, True)]


def test_thousands_are_told_in_few_statements_and_each_screen_once(shop, pushed):
    with count_queries() as asked, unit_of_work():
        for number in range(10):
            notify(shop.users.values(), Message("orders", "info", f"News {number}"))
    assert len([one for one in asked if "INSERT" in one.upper()]) <= 20
    assert sorted(user for kind, user in pushed if kind == "notification") == sorted(shop.users.values())


def test_opening_one_reads_it_and_goes_to_what_it_is_about(app, shop, pushed):
    browser = make.client(app, shop, "manager")
    one = tell(shop, "manager", endpoint="notifications.index", arguments={"view": "archive"})
    answer = make.post(browser, f"/notifications/{one}/open")
    assert (answer.status_code, answer.location) == (303, "/notifications/?view=archive")
    assert browser.get("/notifications/bell").text == ""


def test_another_persons_notification_is_not_there(app, shop, rival, pushed):
    one = tell(shop, "owner")
    for browser in (make.client(app, shop, "manager"), make.client(app, rival, "owner")):
        for verb in ("open", "read", "unread", "archive"):
            assert make.post(browser, f"/notifications/{one}/{verb}").status_code == 404
    with make.within(shop):
        assert told(shop, "owner") == [("News", 1, True)]


def test_history_is_read_page_by_page(app, shop, pushed, monkeypatch):
    monkeypatch.setattr(queries, "PAGE_SIZE", 3)
    for number in range(7):
        tell(shop, "manager", f"News {number}")
    with make.within(shop):
        found, before = [], None
        while True:
            page = queries.told(shop.users["manager"], before=before)
            found += [row.title for row in page.rows]
            before = page.before
            if before is None:
                break
    assert found == [f"News {number}" for number in reversed(range(7))]


def test_a_message_kept_as_unread_stays_beside_news_of_its_group(app, shop, pushed):
    browser = make.client(app, shop, "manager")
    one = tell(shop, "manager", "Old", group_key="g")
    make.post(browser, f"/notifications/{one}/read")
    tell(shop, "manager", "New", group_key="g")
    assert make.post(browser, f"/notifications/{one}/unread").status_code == 303
    assert browser.get("/notifications/bell").text == "2"


def test_the_bell_of_every_page_opens_the_latest_beside_it(app, shop, pushed):
    browser = make.client(app, shop, "manager")
    assert 'hx-get="/notifications/drawer"' in browser.get("/notifications/").text
    assert "up to date" in browser.get("/notifications/drawer", headers={"HX-Request": "true"}).text
    one = tell(shop, "manager", "First")
    drawer = browser.get("/notifications/drawer", headers={"HX-Request": "true"}).text
    assert drawer.strip().startswith("<section")
    assert "First" in drawer
    assert f'action="/notifications/{one}/open"' in drawer
    assert 'href="/notifications/"' in drawer
