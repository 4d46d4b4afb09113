"""The owner's report: what the mail says, what is attached, when it comes, and to whom."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import select

from retail.core import clock, events, files, mail, schedules
from retail.core.db import session, unit_of_work
from retail.core.mail import Mail
from retail.core.schedules import Schedule
from retail.core.tasks import run_due
from retail.identity.models import User
from retail.reports import owner_mail, owner_report, work  # noqa: F401  work declares the schedule
from tests import make
from tests.reports.support import SATURDAY, trade

SUNDAY = SATURDAY.replace(day=22, hour=7)


def send(app, *arguments):
    return app.test_cli_runner().invoke(args=["report", "send", "--tenant", "corner-shop", *arguments])


@pytest.fixture
def mails(app, shop):
    """The mails of yesterday's report after a day of trade."""
    trade(shop)
    events.drain()
    session.rollback()
    sent = send(app, "--date", "2026-11-21")
    assert sent.exit_code == 0, sent.output
    return list(session.scalars(select(Mail)))


def attached(message, ending):
    row = next(one.file for one in message.attachments if one.file.name.endswith(ending))
    return files.path_of(row).read_bytes()


def test_the_subject_says_the_result(mails):
    (message,) = mails
    assert message.to_address == "owner@corner.example"
    assert message.subject == "Corner Shop · Sat 21 Nov: £14.82, −51% on last week"
    assert message.state == "sent"


def test_html_and_text_say_the_same_figures(mails):
    (message,) = mails
    for said in (message.text, message.html):
        for figure in ("£14.82", "£30.00", "Tea", "£9.38", "£5.95", "Card", "Returns", "£2.18", "Voids"):
            assert figure in said, figure
    assert 'src="cid:sales-by-hour"' in message.html
    assert "<script" not in message.html


def test_picture_workbook_and_pdf_travel_along(mails):
    (message,) = mails
    assert attached(message, ".png").startswith(b"\x89PNG")
    assert attached(message, ".pdf").startswith(b"%PDF")
    book = CalamineWorkbook.from_filelike(io.BytesIO(attached(message, ".xlsx")))
    assert book.sheet_names == ["Day", "Hours", "Products", "Tenders"]
    day = {row[0]: row[1:] for row in book.get_sheet_by_name("Day").to_python()[1:]}
    assert day["Sales"] == [14.82, 30]
    products = book.get_sheet_by_name("Products").to_python()
    assert products[1] == ["Tea", 4, 9.38]
    whole = mail.as_message(message)
    kinds = [part.get_content_type() for part in whole.walk()]
    assert {"text/plain", "text/html", "image/png", "application/pdf"} <= set(kinds)


def test_a_day_without_trade_reads_well(app, shop):
    sent = send(app, "--date", "2026-11-20", "--to", "me@shop.example")
    assert sent.exit_code == 0, sent.output
    message = session.scalars(select(Mail)).one()
    assert message.to_address == "me@shop.example"
    assert message.subject == "Corner Shop · Fri 20 Nov: no sales"
    assert "Nothing was sold on this day." in message.html
    assert "Nothing was sold on this day." in message.text
    assert attached(message, ".pdf").startswith(b"%PDF")


def test_what_cannot_be_sent_is_one_line(app, shop):
    for arguments in (["--to", "nobody"], ["--tenant", "nowhere"]):
        sent = send(app, *arguments)
        assert sent.exit_code == 1
        assert len(sent.stderr.strip().splitlines()) == 1
    with unit_of_work():
        session.scalars(select(User).where(User.email == "owner@corner.example")).one().active = False
    assert "no active owner" in send(app).stderr


def test_an_owner_may_say_no(shop):
    with unit_of_work():
        owner = session.scalars(select(User).where(User.email == "owner@corner.example")).one()
        owner.preferences = {"daily_report": False}
    assert owner_mail.recipients() == []


@pytest.mark.parametrize(
    ("zone", "instant", "expected"),
    [
        ("Europe/London", datetime(2026, 11, 20, 12, tzinfo=UTC), datetime(2026, 11, 21, 7, tzinfo=UTC)),
        ("Europe/London", datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 3, 29, 6, tzinfo=UTC)),
        ("Asia/Kolkata", datetime(2026, 11, 20, 12, tzinfo=UTC), datetime(2026, 11, 21, 1, 30, tzinfo=UTC)),
    ],
)
def test_it_is_planned_for_seven_on_the_shops_clock(shop, zone, instant, expected):
    with clock.frozen(instant), unit_of_work():
        schedules.plan_standing(zone)
    planned = session.scalars(select(Schedule).where(Schedule.name == "owner-report")).one()
    assert planned.next_run_at == expected
    assert planned.next_run_at.astimezone(ZoneInfo(zone)).hour == 7


def test_at_seven_yesterdays_report_is_mailed_once(shop):
    trade(shop)
    events.drain()
    session.rollback()
    with clock.frozen(SATURDAY), unit_of_work():
        schedules.plan_standing("Europe/London")
    with clock.frozen(SUNDAY):
        schedules.fire_due()
        schedules.fire_due()
        run_due()
    subjects = list(session.scalars(select(Mail.subject).where(Mail.category == "report")))
    assert subjects == ["Corner Shop · Sat 21 Nov: £14.82, −51% on last week"]


def test_the_report_equals_the_dashboards_figures(shop):
    trade(shop)
    events.drain()
    report = owner_report.make(shop.tenant, SATURDAY.date())
    assert {one.label: one.value for one in report.figures} == {
        "Sales": "£14.82",
        "Orders": "3",
        "Average basket": "£4.94",
        "Margin": "£5.95",
        "Units": "5",
        "Net sales": "£12.35",
    }
    assert make.corner_shop().slug == report.tenant.slug
