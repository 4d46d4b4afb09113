"""Shifts over HTTP: cash in and out, the blind count, what is frozen at closing, and who may see it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import select

from retail.core import datasets
from retail.core.db import reading, session
from retail.till.models import CashMovement, Shift
from tests import make


@pytest.fixture
def shift_id(shop):
    """A shift of the cashier with a float of 50 and a cash sale of 4.80."""
    with make.within(shop):
        make.sale(shop, (make.product("Tea", price="2.40", stock=9), 2))
        return make.open_till(shop).shift_id


def shift(shop, shift_id):
    with make.within(shop):
        found = session.get_one(Shift, shift_id)
        session.expunge(found)
        return found


def move(browser, shift_id, kind, amount, reason):
    return make.post(browser, f"/till/shifts/{shift_id}/cash", {"kind": kind, "amount": amount, "reason": reason})


def close(browser, shift_id, note="", **counts):
    form = {f"count-{face.removeprefix('f').replace('_', '.')}": pieces for face, pieces in counts.items()}
    return make.post(browser, f"/till/shifts/{shift_id}/close", {**form, "note": note})


def test_cash_is_moved_with_a_reason(app, shop, shift_id):
    browser = make.client(app, shop, "cashier")
    assert move(browser, shift_id, "pay_out", "3", "milk").status_code == 303
    assert move(browser, shift_id, "drop", "20", "to the safe").status_code == 303
    assert move(browser, shift_id, "pay_in", "10", "change fetched").status_code == 303
    page = browser.get(f"/till/shifts/{shift_id}").text
    assert "milk" in page
    assert "-£20.00" in page
    with make.within(shop):
        assert list(session.scalars(select(CashMovement.amount).order_by(CashMovement.id))) == [-3, -20, 10]


@pytest.mark.parametrize(
    ("kind", "amount", "reason"),
    [("pay_out", "3", ""), ("pay_out", "-3", "milk"), ("pay_out", "0", "milk"), ("gift", "3", "milk")],
    ids=["no reason", "below zero", "nothing", "no such kind"],
)
def test_cash_that_makes_no_sense_does_not_move(app, shop, shift_id, kind, amount, reason):
    assert move(make.client(app, shop, "cashier"), shift_id, kind, amount, reason).status_code == 422
    with make.within(shop):
        assert session.scalar(select(CashMovement.id)) is None


def test_the_count_is_blind_and_the_difference_shows_afterwards(app, shop, shift_id):
    browser = make.client(app, shop, "cashier")
    for path in (f"/till/shifts/{shift_id}", f"/till/shifts/{shift_id}/close"):
        page = browser.get(path).text
        assert "Expected" not in page
        assert "54.80" not in page
        assert "4.80" not in page

    assert close(browser, shift_id, f50="1", f2="2", f0_50="1", note="one coin fell down").status_code == 303

    page = browser.get(f"/till/shifts/{shift_id}").text
    assert all(text in page for text in ("Z-1", "£54.80", "£54.50", "-£0.30", "short", "one coin fell down"))


def test_the_figures_so_far_are_for_those_who_may_see_them(app, shop, shift_id):
    page = make.client(app, shop, "manager").get(f"/till/shifts/{shift_id}").text
    assert "£54.80" in page
    assert "so far (X)" in page


def test_the_z_report_stays_as_it_was_printed(app, shop, shift_id):
    browser = make.client(app, shop, "cashier")
    assert browser.get(f"/till/shifts/{shift_id}/z").status_code == 404
    move(browser, shift_id, "pay_out", "3", "milk")
    close(browser, shift_id, f50="1", f1="1")
    before = browser.get(f"/till/shifts/{shift_id}/z").text
    assert all(text in before for text in ("Z-1", "£51.80", "£51.00", "-£0.80", "1 × £50.00", "milk", "Sale × 1"))

    with make.within(shop):
        make.sale(shop, (make.product("Cup", price="5.00", stock=3), 1))

    assert browser.get(f"/till/shifts/{shift_id}/z").text == before


@pytest.mark.parametrize("pieces", ["-1", "many", "1.5"])
def test_a_count_that_is_none_closes_nothing(app, shop, shift_id, pieces):
    answer = close(make.client(app, shop, "cashier"), shift_id, f50=pieces)
    assert answer.status_code == 422
    assert f'value="{pieces}"' in answer.text
    assert shift(shop, shift_id).closed_at is None


def test_a_shift_is_closed_once(app, shop, shift_id):
    browser = make.client(app, shop, "cashier")
    close(browser, shift_id, f50="1")
    again = close(browser, shift_id, f50="2")
    assert again.status_code == 422
    assert "This shift is closed" in again.text
    assert shift(shop, shift_id).counted == 50
    assert browser.get(f"/till/shifts/{shift_id}/close").status_code == 303


def test_a_manager_closes_what_somebody_else_left_open(app, shop, shift_id):
    assert close(make.client(app, shop, "manager"), shift_id, f50="1").status_code == 303
    closed = shift(shop, shift_id)
    assert (closed.user_id, closed.closed_by_id) == (shop.users["cashier"], shop.users["manager"])


def test_a_cashier_sees_own_shifts_only(app, shop):
    with make.within(shop):
        make.open_till(shop)
    other = make.client(app, shop, "manager")
    with make.within(shop):
        mine = make.open_till(shop).shift_id
    close(other, mine, f50="1")
    make.post(other, f"/till/registers/{shop.register_id}/open", {"opening_float": "10"})
    with make.within(shop):
        theirs = make.open_till(shop).shift_id

    browser = make.client(app, shop, "cashier")
    page = browser.get("/till/shifts").text
    assert f"/till/shifts/{mine}" in page
    assert f"/till/shifts/{theirs}" not in page
    assert browser.get(f"/till/shifts/{theirs}").status_code == 404
    assert move(browser, theirs, "pay_out", "3", "milk").status_code == 404
    assert f"/till/shifts/{theirs}" in other.get("/till/shifts").text


def test_the_other_tenants_shifts_do_not_exist(app, shop, rival):
    with make.within(rival):
        theirs = make.open_till(rival).shift_id
    browser = make.client(app, shop, "owner")
    assert browser.get(f"/till/shifts/{theirs}").status_code == 404
    assert close(browser, theirs, f50="1").status_code == 404
    assert shift(rival, theirs).closed_at is None


def test_a_register_is_open_once(app, shop, shift_id):
    again = make.post(
        make.client(app, shop, "manager"), f"/till/registers/{shop.register_id}/open", {"opening_float": "10"}
    )
    assert again.status_code == 422
    assert "is open already" in again.text


def test_figures_of_shifts_and_of_money_taken(app, shop, shift_id):
    with make.within(shop):
        make.sale(shop, (make.product("Cup", price="5.00", stock=3), 1), tender="card")
    close(make.client(app, shop, "cashier"), shift_id, f50="1")
    with make.within(shop), reading():
        figures = datasets.get("shifts").ask(["shifts", "expected", "counted", "difference"], by=["day", "state"])
        assert [(row["shifts"], row["state"]) for row in figures] == [(1, "closed")]
        assert figures[0]["day"] == shop.tenant.today().isoformat()
        assert (figures[0]["expected"], figures[0]["counted"]) == (Decimal("54.80"), Decimal(50))
        assert figures[0]["difference"] == Decimal("-4.80")
        taken = datasets.get("tenders").ask(["payments", "amount", "taken", "given_back"], by=["method"])
        assert {row["method"]: (row["payments"], row["amount"]) for row in taken} == {
            "cash": (1, Decimal("4.80")),
            "card": (1, Decimal("5.00")),
        }
        assert sum(row["given_back"] for row in taken) == 0
