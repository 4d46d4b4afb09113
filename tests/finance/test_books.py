"""The books on screen and as a dataset: balanced, equal to the sales, and only for those who may look."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from sqlalchemy import select

from retail.core import clock, datasets
from retail.core.db import session
from retail.finance.models import JournalEntry
from tests import make
from tests.reports.support import SATURDAY, trade
from tests.support.queries import count_queries


def text_of(answer):
    return " ".join(re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)).split())


def test_net_sales_are_the_credit_of_account_4000_on_every_day(shop):
    trade(shop)
    sales = {row["day"]: row["net_revenue"] for row in datasets.get("sales").ask(("net_revenue",), ("day",))}
    booked = datasets.get("journal").ask(("amount",), ("day",), where={"account": "4000"})
    assert sales == {row["day"]: -row["amount"] for row in booked}
    whole = datasets.get("journal").one(("debit", "credit", "amount"))
    assert whole["debit"] == whole["credit"] > 0
    assert whole["amount"] == 0


def test_the_journal_is_filtered_by_account_day_and_source(app, shop):
    trade(shop)
    browser = make.client(app, shop, "manager")
    assert "Journal" in text_of(browser.get("/journal/"))
    on_cards = browser.get("/journal/?account=1010&from=2026-11-21&to=2026-11-21").get_data(as_text=True)
    assert on_cards.count("data-row=") == 2, "one sale by card and its return"
    assert browser.get("/journal/?source=shift&from=2026-11-14").get_data(as_text=True).count("data-row=") == 1


def test_an_entry_shows_its_lines_and_leads_to_its_document(app, shop):
    trade(shop)
    of_orders = select(JournalEntry.id, JournalEntry.source_id).where(JournalEntry.source == "order")
    entry_id, order_id = session.execute(of_orders.order_by(JournalEntry.id)).first()
    session.rollback()
    page = make.client(app, shop, "manager").get(f"/journal/{entry_id}")
    assert "1000 Cash in drawers £24.00" in text_of(page)
    assert f"/{order_id}" in page.get_data(as_text=True)


def test_other_peoples_books_are_not_there(app, shop, rival):
    trade(shop)
    entry_id = session.scalar(select(JournalEntry.id).order_by(JournalEntry.id.desc()).limit(1))
    session.rollback()
    stranger, cashier = make.client(app, rival, "manager"), make.client(app, shop, "cashier")
    assert stranger.get(f"/journal/{entry_id}").status_code == 404
    assert cashier.get("/journal/").status_code == 403


def test_the_trial_balance_at_a_day(app, shop):
    trade(shop)
    sold = datasets.get("sales").one(("net_revenue",), between=(None, date(2026, 11, 14)))
    assert sold["net_revenue"] == Decimal("25.00")
    session.rollback()
    browser = make.client(app, shop, "manager")
    with clock.frozen(SATURDAY.replace(hour=20)):
        now, before = browser.get("/trial-balance"), browser.get("/trial-balance?to=2026-11-14")
    assert "Debits and credits come to the same." in text_of(now)
    assert "4000 Sales £25.00" in text_of(before)
    assert browser.get("/trial-balance?to=soon").status_code == 422


def test_the_journal_asks_little_of_the_database(app, shop):
    trade(shop)
    browser = make.client(app, shop, "manager")
    browser.get("/journal/")
    with count_queries() as asked:
        browser.get("/journal/")
    assert len([one for one in asked if one.lstrip().upper().startswith("SELECT")]) <= 8
