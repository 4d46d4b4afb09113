"""Jobs for many rows: an example first, done at once or by a worker, refused row by row, and taken back."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy import func, select

from retail.catalog import services as catalog
from retail.catalog.jobs import repriced
from retail.catalog.models import Product, Variant
from retail.core import tasks
from retail.core.audit import AuditEntry
from retail.core.db import session, unit_of_work
from retail.core.tasks import Task
from retail.lists import queries, services
from retail.lists.models import BulkRun
from tests import make
from tests.lists.support import HTMX, change_price, names, prices, product_id


@pytest.fixture
def clerk(app: Flask, shop: make.Cast):
    for name, price in (("Cup", "4.00"), ("Mug", "8.50"), ("Tea", "2.40")):
        make.product(name, price=price)
    return make.client(app, shop, "clerk")


def test_prices_end_as_asked():
    cases = (("2.40", "10", "exact", "2.64"), ("2.40", "-10", "0.05", "2.15"), ("2.40", "10", "0.99", "2.99"))
    for price, percent, rounding, wanted in cases:
        assert repriced(Decimal(price), Decimal(percent), rounding, Decimal("0.01")) == Decimal(wanted), rounding
    assert repriced(Decimal("2.99"), Decimal(0), "0.99", Decimal("0.01")) == Decimal("2.99")
    assert repriced(Decimal("0.20"), Decimal(5), "0.95", Decimal("0.01")) == Decimal("0.95")
    assert repriced(Decimal(250), Decimal(5), "exact", Decimal(1)) == Decimal(263)


def test_what_would_be_done_is_shown_before_it_is_done(clerk, shop):
    ids = [product_id(shop, "Cup"), product_id(shop, "Tea")]
    asked = "&".join(f"ids={one}" for one in ids)
    page = clerk.get(f"/lists/products/jobs/price?{asked}&percent=10&rounding=0.10&try=1", headers=HTMX).text
    assert "For all 2 rows you chose." in page
    assert "£4.40" in page
    assert "£2.60" in page
    assert prices(shop)["Cup"] == Decimal(4), "only shown"


def test_few_rows_are_changed_at_once_written_down_and_given_back(clerk, shop):
    ids = [product_id(shop, "Cup"), product_id(shop, "Tea")]
    answer = change_price(clerk, shop, {"ids": ids, "back": "/products/?sort=-name"}, headers=HTMX)
    assert answer.headers["HX-Redirect"] == "/products/?sort=-name"
    assert "2 products have new prices." in answer.headers["HX-Trigger"]
    assert prices(shop) == {"Cup": Decimal("4.40"), "Mug": Decimal("8.50"), "Tea": Decimal("2.64")}
    with make.within(shop):
        changed = select(func.count(AuditEntry.id)).where(
            AuditEntry.subject == "variants", AuditEntry.action == "update"
        )
        assert session.scalar(changed) == 2, "each price is in the history of its variant"
        assert session.scalar(select(AuditEntry.changes).where(AuditEntry.action == "bulk"))["rows"] == 2
        run_id = session.scalars(select(BulkRun.id)).one()
    undo = re.search(r'"undo_url": "([^"]+)"', answer.headers["HX-Trigger"])[1]
    assert undo == f"/lists/runs/{run_id}/undo"
    assert make.post(clerk, undo, headers=HTMX).status_code == 204
    assert prices(shop) == {"Cup": Decimal("4.00"), "Mug": Decimal("8.50"), "Tea": Decimal("2.40")}
    assert make.post(clerk, undo).status_code == 422, "once is enough"


def test_undoing_keeps_what_was_changed_by_hand_since_and_says_which(clerk, shop):
    change_price(clerk, shop, {"all": "1", "state": ""})
    with make.within(shop):
        run_id = session.scalars(select(BulkRun.id)).one()
        mug = session.scalars(select(Variant.id).where(Variant.name == "Mug")).one()
        with unit_of_work():
            catalog.change_price(mug, Decimal("9.99"))
    page = make.post(clerk, f"/lists/runs/{run_id}/undo", follow_redirects=True).text
    assert prices(shop) == {"Cup": Decimal("4.00"), "Mug": Decimal("9.99"), "Tea": Decimal("2.40")}
    assert "Changed since: it is now £9.99." in page
    assert ">Mug<" in page
    report = clerk.get(f"/lists/runs/{run_id}/rows.csv").text.splitlines()
    assert [line for line in report if line.startswith("Mug,kept,£8.50,£9.35")]


def test_all_that_match_means_those_and_no_others(clerk, shop):
    change_price(clerk, shop, {"all": "1", "state": "price=3..", "percent": "100"})
    assert prices(shop) == {"Cup": Decimal(8), "Mug": Decimal(17), "Tea": Decimal("2.40")}
    make.post(clerk, "/lists/products/jobs/archive", {"all": "1", "state": "q=Tea"})
    assert names(clerk, "/products/") == ["Cup", "Mug"]
    assert names(clerk, "/products/?status=archived") == ["Tea"]
    make.post(clerk, "/lists/products/jobs/restore", {"ids": [product_id(shop, "Tea")]})
    assert names(clerk, "/products/") == ["Cup", "Mug", "Tea"]


def test_all_that_match_never_means_more_because_the_filters_are_long(clerk, shop):
    padding = "&".join(f"unknown{number}={'x' * 90}" for number in range(30))
    change_price(clerk, shop, {"all": "1", "state": f"{padding}&price=3..", "percent": "100"})
    assert prices(shop)["Tea"] == Decimal("2.40"), "the filter stands behind much else"
    answer = change_price(clerk, shop, {"all": "1", "state": f"q={'x' * 9000}&price=3..", "percent": "100"})
    assert answer.status_code == 422
    assert "too long to be passed on" in answer.text
    assert prices(shop) == {"Cup": Decimal(8), "Mug": Decimal(17), "Tea": Decimal("2.40")}


def test_more_rows_than_a_job_may_have_are_refused_before_anything_is_asked(clerk, shop, monkeypatch):
    monkeypatch.setattr(services, "MOST", 2)
    said = "That is more than 2 rows; narrow the list first."
    assert said in clerk.get("/lists/products/jobs/price?all=1&state=", headers=HTMX).text
    assert said in change_price(clerk, shop, {"all": "1", "state": ""}).text
    with make.within(shop):
        assert session.scalar(select(func.count(BulkRun.id))) == 0
    assert said not in clerk.get("/lists/products/jobs/price?all=1&state=price%3D3..", headers=HTMX).text


def test_what_cannot_be_changed_is_named_with_its_reason(clerk, shop):
    with make.within(shop), unit_of_work():
        category = catalog.create_category("Drinks").id
    make.post(clerk, "/lists/products/jobs/archive", {"ids": [product_id(shop, "Tea")]})
    ids = [product_id(shop, "Cup"), product_id(shop, "Tea")]
    page = make.post(
        clerk, "/lists/products/jobs/category", {"ids": ids, "category": str(category)}, follow_redirects=True
    )
    assert page.status_code == 200
    with make.within(shop):
        assert session.scalar(select(func.count(Product.id)).where(Product.category_id == category)) == 2
    answer = change_price(clerk, shop, {"ids": [*ids, "999999"]}, follow_redirects=True).text
    assert "No variant of it is on sale." in answer
    assert "1 could not be changed." in answer


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"percent": ""}, "“Percent” is needed."),
        ({"percent": "abc"}, "is not a number"),
        ({"percent": "0"}, "Type a percentage between"),
        ({"percent": "-99"}, "Type a percentage between"),
        ({"rounding": "2"}, "Choose one of the list"),
        ({"ids": []}, "Choose at least one row."),
    ],
)
def test_answers_that_cannot_be_used_are_refused_in_words(clerk, shop, data, said):
    answer = change_price(clerk, shop, {"ids": [product_id(shop, "Cup")], **data})
    assert answer.status_code == 422
    assert said in answer.text
    assert prices(shop)["Cup"] == Decimal(4)


def test_many_rows_are_changed_by_a_worker_with_progress_and_undone_by_one(clerk, shop, monkeypatch):
    monkeypatch.setattr(services, "AT_ONCE", 2)
    monkeypatch.setattr(services, "PART", 1)
    left: list[int] = []

    def told(verb):
        return lambda run, limit: left.append(verb(run, limit)) or left[-1]

    for verb in ("carry_out", "give_back"):
        monkeypatch.setattr(services, verb, told(getattr(services, verb)))
    answer = change_price(clerk, shop, {"all": "1", "state": ""})
    page = answer.headers["Location"]
    assert prices(shop)["Cup"] == Decimal(4), "nothing before a worker takes it"
    assert "0 of 3" in clerk.get(page).text
    assert 'hx-trigger="every 2s"' in clerk.get(page, headers=HTMX).text, "the page follows it by itself"
    tasks.run_due()
    assert prices(shop)["Cup"] == Decimal("4.40")
    with make.within(shop):
        task = session.scalars(select(Task).where(Task.name == "lists.carry_out")).one()
        assert (task.state, task.done, task.total, task.result["changed"]) == ("done", 3, 3, 3)
        task_id = task.id
    assert f'href="{page}"' in clerk.get(f"/tasks/{task_id}").text, "the task leads to what it did"
    shown = clerk.get(page).text
    assert "every 2s" not in shown
    assert "3 products have new prices." in shown
    assert make.post(clerk, f"{page}/undo").headers["Location"] == page
    tasks.run_due()
    assert left == [2, 1, 0, 2, 1, 0], "part by part, each a transaction of its own"
    assert prices(shop) == {"Cup": Decimal("4.00"), "Mug": Decimal("8.50"), "Tea": Decimal("2.40")}


def test_a_job_whose_worker_died_goes_on_where_it_was(clerk, shop):
    with make.within(shop):
        rows = [(row.id, row.name) for row in session.execute(select(Product.id, Product.name).order_by(Product.id))]
        with unit_of_work():
            run = services.begin("products", "price", {"percent": "10", "rounding": "exact"}, rows)
            run_id = run.id
        with unit_of_work():
            assert services.carry_out(queries.run_numbered(run_id), 2) == 1
        with unit_of_work():
            services.carry_out(queries.run_numbered(run_id), 2)
            session.rollback()
        with unit_of_work():
            assert services.carry_out(queries.run_numbered(run_id), 2) == 0
        run = queries.run_numbered(run_id)
        assert (run.state, run.changed) == ("done", 3)
    assert prices(shop) == {"Cup": Decimal("4.40"), "Mug": Decimal("9.35"), "Tea": Decimal("2.64")}, "once each"


def test_a_stopped_job_can_be_left_at_that_and_undone(clerk, shop):
    with make.within(shop):
        rows = [(row.id, row.name) for row in session.execute(select(Product.id, Product.name).order_by(Product.id))]
        with unit_of_work():
            run = services.begin("products", "price", {"percent": "10", "rounding": "exact"}, rows)
            services.carry_out(run, 1)
            run_id = run.id
    assert make.post(clerk, f"/lists/runs/{run_id}/undo").status_code == 422
    make.post(clerk, f"/lists/runs/{run_id}/stop")
    make.post(clerk, f"/lists/runs/{run_id}/undo")
    assert prices(shop)["Cup"] == Decimal(4)


def test_jobs_are_for_who_may_do_them(app, shop, rival, clerk):
    cashier = make.client(app, shop, "cashier")
    cup = product_id(shop, "Cup")
    assert "data-bulk-bar" not in cashier.get("/products/").text
    assert cashier.get(f"/lists/products/jobs/price?ids={cup}").status_code == 403
    assert change_price(cashier, shop, {"ids": [cup]}).status_code == 403
    theirs = make.client(app, rival, "owner")
    assert change_price(theirs, rival, {"ids": [cup]}).status_code == 422, "none of theirs was chosen"
    change_price(clerk, shop, {"ids": [cup]})
    with make.within(shop):
        run_id = session.scalars(select(BulkRun.id)).one()
    for path in ("", "/rows.csv"):
        assert theirs.get(f"/lists/runs/{run_id}{path}").status_code == 404
        assert cashier.get(f"/lists/runs/{run_id}{path}").status_code == 404
    assert make.post(theirs, f"/lists/runs/{run_id}/undo").status_code == 404
    assert make.post(cashier, f"/lists/runs/{run_id}/undo").status_code == 404
    assert "Change prices" in clerk.get("/lists/runs/").text
    assert "Change prices" not in cashier.get("/lists/runs/").text


def test_customers_are_archived_and_brought_back_together(app, shop):
    with make.within(shop):
        ids = [make.customer(name).id for name in ("Ada", "Ben")]
    owner = make.client(app, shop, "owner")
    make.post(owner, "/lists/customers/jobs/archive", {"ids": ids})
    assert names(owner, "/customers/") == []
    assert names(owner, "/customers/?archived=1") == ["Ada", "Ben"]
    make.post(owner, "/lists/customers/jobs/restore", {"all": "1", "state": "archived=1"})
    assert names(owner, "/customers/") == ["Ada", "Ben"]
