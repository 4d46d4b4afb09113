"""Jobs for many rows at another time: planned, called off, taken back by themselves, kept after all."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from retail.catalog import services as catalog
from retail.catalog.models import Product
from retail.core import clock, tasks
from retail.core.audit import AuditEntry
from retail.core.db import session, unit_of_work
from retail.core.tasks import Task
from retail.lists.models import BulkRun
from tests import make
from tests.lists.support import change_price, prices, product_id

LONDON = ZoneInfo("Europe/London")


@pytest.fixture
def clerk(app, shop):
    for name, price in (("Cup", "4.00"), ("Tea", "2.40")):
        make.product(name, price=price)
    return make.client(app, shop, "clerk")


def in_hours(hours: int) -> str:
    """A time to come as the form's field writes it."""
    return (clock.now().astimezone(LONDON) + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M")


def plan(clerk, shop, **when: str):
    return change_price(clerk, shop, {"ids": [product_id(shop, "Cup"), product_id(shop, "Tea")], **when})


def work_at(hours: int) -> None:
    """What workers do then."""
    with clock.frozen(clock.now() + timedelta(hours=hours)):
        tasks.run_due()


def only_run(shop):
    with make.within(shop):
        return session.execute(select(BulkRun.id, BulkRun.state, BulkRun.changed, BulkRun.restored, BulkRun.kept)).one()


def test_prices_change_when_their_time_comes_and_go_back_when_it_is_over(clerk, shop):
    said = plan(clerk, shop, starts_at=in_hours(2), ends_at=in_hours(50), follow_redirects="1")
    assert said.status_code == 303
    page = clerk.get(said.headers["Location"]).text
    assert "It is planned for" in page
    assert "Nothing has been changed yet." in page
    work_at(1)
    assert prices(shop) == {"Cup": Decimal(4), "Tea": Decimal("2.40")}
    work_at(3)
    assert prices(shop) == {"Cup": Decimal("4.40"), "Tea": Decimal("2.64")}
    assert "Taken back by itself" in clerk.get(said.headers["Location"]).text
    with make.within(shop), unit_of_work():
        catalog.price_product(product_id(shop, "Tea"), Decimal(3))
    work_at(49)
    assert prices(shop)["Cup"] == Decimal("4.40")
    work_at(51)
    assert prices(shop) == {"Cup": Decimal(4), "Tea": Decimal(3)}, "what was changed by hand since stays"
    run = only_run(shop)
    assert (run.state, run.changed, run.restored, run.kept) == ("undone", 2, 1, 1)


def test_a_planned_change_is_called_off(clerk, shop):
    page = plan(clerk, shop, starts_at=in_hours(2)).headers["Location"]
    assert make.post(clerk, f"{page}/undo").status_code == 422
    assert make.post(clerk, f"{page}/call-off").status_code == 303
    work_at(3)
    assert prices(shop) == {"Cup": Decimal(4), "Tea": Decimal("2.40")}
    assert only_run(shop).state == "called_off"
    assert "Called off" in clerk.get(page).text
    assert make.post(clerk, f"{page}/call-off").status_code == 422
    with make.within(shop):
        assert session.scalars(select(Task.state).where(Task.name == "lists.carry_out")).all() == ["cancelled"]
        assert session.scalar(select(AuditEntry.id).where(AuditEntry.action == "call_off"))


def test_what_was_to_be_taken_back_is_kept_after_all(clerk, shop):
    page = plan(clerk, shop, ends_at=in_hours(5)).headers["Location"]
    run = only_run(shop)
    assert prices(shop)["Cup"] == Decimal("4.40"), "it began at once"
    where = f"/lists/runs/{run.id}"
    assert make.post(clerk, f"{where}/keep").status_code == 303, page
    work_at(6)
    assert prices(shop)["Cup"] == Decimal("4.40")
    assert make.post(clerk, f"{where}/keep").status_code == 422
    assert make.post(clerk, f"{where}/undo").status_code in {204, 303}, "it can still be undone by hand"
    assert prices(shop)["Cup"] == Decimal(4)


def test_undone_by_hand_it_is_not_undone_again(clerk, shop):
    plan(clerk, shop, ends_at=in_hours(5))
    make.post(clerk, f"/lists/runs/{only_run(shop).id}/undo")
    with make.within(shop), unit_of_work():
        catalog.price_product(product_id(shop, "Cup"), Decimal("4.40"))
    work_at(6)
    assert prices(shop)["Cup"] == Decimal("4.40")
    assert only_run(shop).state == "undone"


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ({"starts_at": "2020-01-01T08:00"}, "That is past; leave it empty to begin at once."),
        ({"starts_at": "tomorrow"}, "“tomorrow” is no date and time."),
        ({"ends_at": "2020-01-01T08:00"}, "It would end before it begins."),
        ({"starts_at": "9999-12-31T23:59"}, "Choose a time within 80 days."),
    ],
)
def test_a_time_that_cannot_be_is_refused_at_its_field(clerk, shop, when, said):
    answer = plan(clerk, shop, **when)
    assert answer.status_code == 422
    assert said in answer.text
    assert "<details" in answer.text
    assert "open" in answer.text.split('<details class="details-table"')[1].split(">")[0]
    assert prices(shop)["Cup"] == Decimal(4)


def test_a_time_on_the_shops_clock_is_one_instant():
    summer = clock.typed_instant("2026-07-01T08:00", "Europe/London")
    assert summer == datetime(2026, 7, 1, 7, 0, tzinfo=ZoneInfo("UTC"))
    # An hour that happens twice is the first, one that never happens comes with the next.
    assert clock.typed_instant("2026-10-25T01:30", "Europe/London").isoformat() == "2026-10-25T00:30:00+00:00"
    assert clock.typed_instant("2026-03-29T01:30", "Europe/London").isoformat() == "2026-03-29T01:30:00+00:00"


def test_tax_and_brand_of_many_are_set_and_given_back(clerk, shop):
    ids = [product_id(shop, "Cup"), product_id(shop, "Tea")]
    make.post(clerk, "/lists/products/jobs/brand", {"ids": ids, "brand": "  Harbor   &  Pine "})
    make.post(clerk, "/lists/products/jobs/tax", {"ids": ids, "tax_rate": str(shop.tax_rate_id)})
    with make.within(shop):
        brand, tax = session.execute(select(BulkRun.id, BulkRun.changed, BulkRun.unchanged).order_by(BulkRun.id))
    assert (brand.changed, tax.unchanged) == (2, 2)
    assert "Harbor &amp; Pine" in clerk.get("/products/?columns=name,brand").text
    assert make.post(clerk, f"/lists/runs/{brand.id}/undo").status_code in {204, 303}
    with make.within(shop):
        assert set(session.scalars(select(Product.brand))) == {""}
