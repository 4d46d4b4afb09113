"""The pages on which the program shows itself: mailbox, schedules, tasks, events."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, update

from retail.core import clock, events, mail, schedules, tasks
from retail.core.db import reading, session, unit_of_work
from retail.core.events import Delivery
from retail.core.mail import Mail
from retail.core.schedules import Schedule
from retail.core.tasks import Task
from retail.operations.cron_words import Rhythm, cron_of, in_words, rhythm_of
from tests import make
from tests.support.queries import count_queries

PIXEL = bytes.fromhex("89504e470d0a1a0a")


@pytest.fixture
def letter(shop):
    with unit_of_work():
        row = mail.send(
            "ada@example.com",
            "Your report <today>",
            "All is well.",
            '<style>p{color:red}</style><p>All is well.</p><script>alert(1)</script><img src="cid:chart">',
            name="Ada",
            attachments=[("report.pdf", "application/pdf", b"%PDF-1.7 ...")],
            inline=[("chart", "chart.png", "image/png", PIXEL)],
        )
        return row.id


def test_a_mail_is_seen_as_its_reader_sees_it_but_shut_off(app, shop, letter):
    browser = make.client(app, shop, "manager")
    assert "Your report &lt;today&gt;" in browser.get("/mailbox/").text
    page = browser.get(f"/mailbox/{letter}")
    assert "report.pdf" in page.text
    assert "All is well." in page.text
    assert "chart.png" not in page.text
    assert "<script>alert" not in page.text

    body = browser.get(f"/mailbox/{letter}/html")
    policy = body.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox; default-src 'none'")
    assert "script-src" not in policy
    assert 'src="data:image/png;base64,' in body.text


def test_an_attachment_is_downloaded_never_shown(app, shop, letter):
    browser = make.client(app, shop, "manager")
    attachment = next(
        link.split('"')[0]
        for link in browser.get(f"/mailbox/{letter}").text.split('href="')
        if link.startswith(f"/mailbox/{letter}/attachments/")
    )
    file = browser.get(attachment)
    assert file.data == b"%PDF-1.7 ..."
    assert file.headers["Content-Disposition"].startswith("attachment")


def test_the_mail_of_another_business_is_not_there(app, rival, letter):
    browser = make.client(app, rival, "owner")
    assert [browser.get(f"/mailbox/{letter}{rest}").status_code for rest in ("", "/html", "/attachments/1")] == [
        404
    ] * 3


def test_a_cashier_sees_none_of_this(app, shop):
    browser = make.client(app, shop, "cashier")
    for page in ("/mailbox/", "/schedules/", "/events/", "/tasks/"):
        assert browser.get(page).status_code == 403


@pytest.fixture
def night(shop, monkeypatch):
    monkeypatch.setattr(tasks, "TASKS", dict(tasks.TASKS))
    monkeypatch.setattr(schedules, "TASKS", tasks.TASKS)

    @tasks.task("test.night", "Count the stars")
    def count(progress):
        progress(3, 10, "third star")
        return {"stars_counted": 3}

    with clock.frozen(datetime(2026, 11, 1, 12, tzinfo=UTC)), unit_of_work():
        return schedules.plan("night", "Nightly stars", "test.night", "0 3 * * *", "Europe/London").id


def test_a_schedule_is_paused_resumed_moved_and_run(app, shop, night):
    browser = make.client(app, shop, "manager")
    page = browser.get("/schedules/").text
    assert "Nightly stars" in page
    assert "every day at 03:00" in page
    make.post(browser, f"/schedules/{night}/pause")
    assert "Paused" in browser.get("/schedules/").text
    make.post(browser, f"/schedules/{night}/resume")

    answer = make.post(
        browser, f"/schedules/{night}/edit", {"every": "week", "time": "6:30", "weekday": "0", "day": "1"}
    )
    assert answer.status_code == 303
    assert "every Sunday at 06:30" in browser.get("/schedules/").text

    wrong = make.post(
        browser, f"/schedules/{night}/edit", {"every": "day", "time": "25:00", "weekday": "0", "day": "1"}
    )
    assert wrong.status_code == 422
    assert "Write a time such as 07:30." in wrong.text
    odd = make.post(
        browser,
        f"/schedules/{night}/edit",
        {"every": "custom", "cron": "0 0 31 2 *", "weekday": "0", "time": "", "day": "1"},
    )
    assert odd.status_code == 422

    started = make.post(browser, f"/schedules/{night}/run")
    assert started.location.startswith("/tasks/")
    with make.within(shop):
        tasks.run_due()
        with reading():
            row = session.get_one(Schedule, night)
            assert (row.cron, row.paused) == ("30 6 * * 0", False)
    done = browser.get(started.location).text
    assert "stars counted" in done
    assert "Done" in done


def test_a_schedule_of_another_business_cannot_be_touched(app, shop, rival, night):
    browser = make.client(app, rival, "owner")
    for verb in ("/edit", "/pause", "/resume", "/run"):
        assert make.post(browser, f"/schedules/{night}{verb}").status_code == 404


def test_progress_re_reads_itself_until_the_end(app, shop, night):
    with unit_of_work():
        row = tasks.ask_for("test.night")
        row.user_id = shop.users["clerk"]
        task_id = row.id
    clerk, cashier = make.client(app, shop, "clerk"), make.client(app, shop, "cashier")
    address = f"/tasks/{task_id}/progress"
    waiting = clerk.get(address, headers={"HX-Request": "true"}).text
    assert waiting.strip().startswith("<section")
    assert 'hx-trigger="every 1s"' in waiting
    assert cashier.get(address).status_code == 404
    with make.within(shop):
        tasks.run_due()
    ended = clerk.get(address, headers={"HX-Request": "true"}).text
    assert "every 1s" not in ended
    assert "third star" in ended
    assert clerk.get(f"/tasks/{task_id}").status_code == 200


def test_somebody_can_cancel_what_they_asked_for(app, shop, night):
    with unit_of_work():
        row = tasks.ask_for("test.night")
        row.user_id = shop.users["clerk"]
        task_id = row.id
    assert make.post(make.client(app, shop, "cashier"), f"/tasks/{task_id}/cancel").status_code == 404
    assert make.post(make.client(app, shop, "clerk"), f"/tasks/{task_id}/cancel").status_code == 303
    with make.within(shop), reading():
        assert session.get_one(Task, task_id).state == "cancelled"


def test_a_parked_delivery_is_shown_and_replayed_by_the_owner(app, shop):
    tea = make.product("Tea", stock=3)
    make.sale(shop, (tea, 1))
    events.drain()
    with unit_of_work():
        one = session.scalars(select(Delivery.id)).first()
        session.execute(
            update(Delivery)
            .where(Delivery.id == one)
            .values(state="parked", error="Traceback:\nOSError: printer on fire")
        )
    manager, owner = make.client(app, shop, "manager"), make.client(app, shop, "owner")
    page = manager.get("/events/").text
    assert "printer on fire" in page
    assert "sale.completed" in page
    assert "Deliver again" not in page
    assert make.post(manager, f"/events/deliveries/{one}/replay").status_code == 403
    assert make.post(owner, f"/events/deliveries/{one}/replay").status_code == 303
    assert make.post(owner, f"/events/deliveries/{one}/replay").status_code == 404
    with make.within(shop):
        events.drain()
    assert "nothing is parked" in owner.get("/events/").text


def test_the_pages_ask_few_questions(app, shop, night, letter):
    browser = make.client(app, shop, "owner")
    for page in ("/mailbox/", f"/mailbox/{letter}", "/schedules/", "/events/", "/tasks/", "/notifications/"):
        browser.get(page)
        with count_queries() as asked:
            assert browser.get(page).status_code == 200
        assert len([one for one in asked if one.startswith("SELECT")]) <= 10, page


@pytest.mark.parametrize(
    ("cron", "words"),
    [
        ("0 7 * * *", "every day at 07:00"),
        ("5 * * * *", "every hour at 5 past"),
        ("0 * * * *", "every hour"),
        ("30 6 * * 1", "every Monday at 06:30"),
        ("30 6 * * 0", "every Sunday at 06:30"),
        ("30 6 * * 7", "every Sunday at 06:30"),
        ("0 2 1 * *", "on day 1 of every month at 02:00"),
        ("*/15 * * * *", "every 15 minutes"),
        ("0 7 * * 1-5", "0 7 * * 1-5"),
    ],
)
def test_cron_in_words(app, cron, words):
    with app.test_request_context():
        assert in_words(cron) == words


@pytest.mark.parametrize(
    "rhythm",
    [
        Rhythm("day", "07:05"),
        Rhythm("week", "23:00", weekday=3),
        Rhythm("month", "02:00", day=9),
        Rhythm("hour", "00:20"),
    ],
    ids=lambda rhythm: rhythm.every,
)
def test_a_rhythm_survives_its_cron_line(rhythm):
    again = rhythm_of(cron_of(rhythm))
    assert (again.every, again.time, again.weekday, again.day) == (
        rhythm.every,
        rhythm.time,
        rhythm.weekday,
        rhythm.day,
    )


def test_a_mail_is_sent_by_its_task(shop, letter):
    tasks.run_due()
    with reading():
        assert session.get_one(Mail, letter).state == "sent"


def test_events_are_counted_of_ones_own_business_only(app, shop, rival):
    make.sale(shop, (make.product("Tea", stock=3), 1))
    events.drain()
    session.rollback()

    def sales(cast):
        page = make.client(app, cast, "owner").get("/events/").text
        row = page.partition('/events/kinds/sale.completed">')[2].partition("</tr>")[0]
        return re.findall(r'data-label="Lately">(\d+)', row)

    assert sales(shop) == ["1"]
    assert sales(rival) == ["0"]


def test_a_failed_task_is_tried_again_by_who_may(app, shop, monkeypatch):
    monkeypatch.setattr(tasks, "TASKS", dict(tasks.TASKS))
    monkeypatch.setattr("retail.operations.task_views.TASKS", tasks.TASKS)
    luck = []

    @tasks.task("test.luck", "Try one's luck")
    def try_luck(progress):
        luck.append(1)
        if len(luck) == 1:
            raise ZeroDivisionError

    with unit_of_work():
        task_id = tasks.ask_for("test.luck").id
    tasks.run_due()
    manager, cashier = make.client(app, shop, "manager"), make.client(app, shop, "cashier")
    assert "Try again" in manager.get(f"/tasks/{task_id}").text
    assert make.post(cashier, f"/tasks/{task_id}/again").status_code == 404
    assert make.post(manager, f"/tasks/{task_id}/again").status_code == 303
    with make.within(shop):
        tasks.run_due()
    page = manager.get(f"/tasks/{task_id}").text
    assert "Done" in page
    assert "Try again" not in page
    assert make.post(manager, f"/tasks/{task_id}/again").status_code == 422


def test_a_mail_that_could_not_be_sent_is_sent_again(app, shop, rival, letter, monkeypatch):
    answers = [mail.Problem("550 no such user", is_final=True)]
    monkeypatch.setattr(mail, "_deliver", lambda _message: answers.pop() if answers else None)
    tasks.run_due()
    manager = make.client(app, shop, "manager")
    page = manager.get(f"/mailbox/{letter}").text
    assert "550 no such user" in page
    assert "Send again" in page
    assert make.post(make.client(app, shop, "clerk"), f"/mailbox/{letter}/again").status_code == 403
    assert make.post(make.client(app, rival, "owner"), f"/mailbox/{letter}/again").status_code == 404
    assert make.post(manager, f"/mailbox/{letter}/again").status_code == 303
    with make.within(shop):
        tasks.run_due()
        with reading():
            assert session.get_one(Mail, letter).state == "sent"
    assert make.post(manager, f"/mailbox/{letter}/again").status_code == 422
