"""The pages of buying: what people do on them, what is refused, to whom, and what another business sees."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from sqlalchemy import select

from retail.catalog.models import Barcode
from retail.core.db import session, unit_of_work
from retail.inventory.models import StockLevel
from retail.purchasing import services as purchasing
from retail.purchasing.models import PurchaseOrder, Supplier, SupplierBill, SupplierItem, SupplierNote
from retail.purchasing.services import OrderedLine
from tests import make

HTMX = {"HX-Request": "true"}
CODE = "4006381333931"
TERMS = {
    "payment_days": "30", "discount": "2", "discount_days": "10", "lead_days": "5", "review_days": "7",
    "minimum_order": "0", "over_tolerance": "10", "under_tolerance": "0", "price_tolerance": "0",
    "service_level": "95", "monthly_budget": "0",
}  # fmt: skip


@pytest.fixture
def owner(app, shop):
    return make.client(app, shop, "owner")


@pytest.fixture
def clerk(app, shop):
    return make.client(app, shop, "clerk")


@pytest.fixture
def tea(shop):
    with make.within(shop):
        row = make.product("Tea", sku="TEA-1")
        with unit_of_work():
            session.add(Barcode(code=CODE.zfill(14), variant_id=row.id))
        return row.id


def supplier(shop, **more):
    with make.within(shop), unit_of_work():
        return purchasing.create_supplier("Mill & Sons", "GBP", email="orders@mill.example", **more).id


def ordered(shop, variant_id, quantity="10", cost="2"):
    of = supplier(shop)
    with make.within(shop), unit_of_work():
        order = purchasing.draw_up(of, shop.location_id, [OrderedLine(variant_id, Decimal(quantity), Decimal(cost))])
        purchasing.submit(order, None)
        return order.id, order.lines[0].id


def row(shop, model, **which):
    with make.within(shop):
        found = session.scalars(select(model).filter_by(**which)).one_or_none()
        session.expunge_all()
        return found


def test_a_supplier_is_added_with_terms_articles_and_a_log(owner, shop, tea):
    answer = make.post(owner, "/purchasing/suppliers/new", {"name": "Mill & Sons", "currency": "eur", **TERMS})
    made = row(shop, Supplier)
    assert answer.headers["Location"].endswith(f"/purchasing/suppliers/{made.id}")
    assert (made.currency, made.discount, made.over_tolerance) == ("EUR", Decimal("0.02"), Decimal("0.1"))
    page = f"/purchasing/suppliers/{made.id}"
    sent = {
        "article": CODE,
        "cost": "1.90",
        "their_code": "T-77",
        "pack_size": "6",
        "minimum": "12",
        "breaks": "60: 1.70, 600: 1.5",
    }
    assert make.post(owner, f"{page}/items", sent).status_code == 303
    assert row(shop, SupplierItem).pack_size == 6
    assert make.post(owner, f"{page}/notes", {"kind": "call", "text": "New prices in May"}).status_code == 303
    assert row(shop, SupplierNote).user_name
    text = owner.get(page).get_data(as_text=True)
    assert "T-77" in text
    assert "from 60" in text
    assert "New prices in May" in text


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("currency", "XQQ", "no currency"),
        ("name", "", "required"),
        ("email", "mill", "no e-mail"),
        ("discount", "120", "percentage"),
    ],
)
def test_what_is_wrong_with_a_supplier_stands_beside_the_field(owner, shop, field, value, said):
    data = {"name": "Mill", "currency": "GBP", **TERMS, field: value}
    answer = make.post(owner, "/purchasing/suppliers/new", data)
    assert answer.status_code == 422
    assert said in answer.get_data(as_text=True)
    assert row(shop, Supplier) is None


def test_an_order_is_written_by_scan_in_packs_and_sent_by_mail(owner, shop, tea):
    of = supplier(shop)
    with make.within(shop), unit_of_work():
        purchasing.set_item(
            session.get_one(Supplier, of),
            tea,
            Decimal("1.90"),
            pack_size=Decimal(6),
            breaks=[(Decimal(12), Decimal("1.50"))],
        )
    answer = make.post(owner, "/purchasing/orders/new", {"key": "k", "supplier": of, "location": shop.location_id})
    desk = answer.headers["Location"]
    head = {"location": shop.location_id, "expected_on": ""}
    answer = make.post(owner, desk, {**head, "do": "find", "q": CODE}, headers=HTMX)
    assert 'value="6"' in answer.get_data(as_text=True)
    lines = {f"lines-{tea}-quantity": "6", f"lines-{tea}-cost": "1.90"}
    answer = make.post(owner, desk, {**head, **lines, "do": f"plus:{tea}"}, headers=HTMX)
    assert 'value="12"' in answer.get_data(as_text=True)
    answer = make.post(owner, desk, {**head, **lines, "do": "find", "q": "nothing of that"}, headers=HTMX)
    assert answer.status_code == 422
    assert "unchanged" in answer.get_data(as_text=True)
    make.post(owner, desk, {**head, f"lines-{tea}-quantity": "12", f"lines-{tea}-cost": "1.5", "do": "book"})
    order = row(shop, PurchaseOrder)
    assert (order.state, order.net) == ("approved", Decimal(18))
    assert owner.get(f"/purchasing/orders/{order.id}/order.pdf").data.startswith(b"%PDF")
    make.post(owner, f"/purchasing/orders/{order.id}/send", {"address": ""})
    assert row(shop, PurchaseOrder).state == "sent"


def test_nonsense_in_a_line_is_answered_in_words_and_nothing_typed_is_lost(owner, shop, tea):
    of = supplier(shop)
    desk = make.post(owner, "/purchasing/orders/new", {"supplier": of, "location": shop.location_id}).headers[
        "Location"
    ]
    data = {"location": shop.location_id, f"lines-{tea}-quantity": "a few", f"lines-{tea}-cost": "-1", "do": "book"}
    answer = make.post(owner, desk, data)
    assert answer.status_code == 422
    text = answer.get_data(as_text=True)
    assert "“a few” is not a number" in text
    assert 'value="a few"' in text
    assert row(shop, PurchaseOrder).state == "draft"


def test_goods_are_received_by_scan_and_the_rest_stays_on_back_order(clerk, shop, tea):
    order_id, line_id = ordered(shop, tea)
    page = f"/purchasing/orders/{order_id}/receive"
    key = re.search(r'name="key"[^>]*value="([^"]+)"', clerk.get(page).get_data(as_text=True))[1]
    answer = make.post(
        clerk,
        page,
        {"do": "find", "q": CODE, f"lines-{line_id}-good": "6", "key": key, "spread": "value"},
        headers=HTMX,
    )
    assert f'name="lines-{line_id}-good" value="7"' in answer.get_data(as_text=True)
    data = {"do": "book", f"lines-{line_id}-good": "7", f"lines-{line_id}-damaged": "1", "key": key, "spread": "value"}
    assert make.post(clerk, page, data).status_code == 303
    make.post(clerk, page, data)
    assert row(shop, StockLevel).on_hand == 7
    assert row(shop, PurchaseOrder).state == "part_received"
    answer = make.post(clerk, page, {"do": "book", f"lines-{line_id}-good": "9", "key": "other", "spread": "value"})
    assert answer.status_code == 422
    assert "at most 10 are taken" in answer.get_data(as_text=True)


def test_the_history_of_an_order_says_from_which_state_to_which(owner, shop, tea):
    order_id, line_id = ordered(shop, tea)
    with make.within(shop), unit_of_work():
        order = purchasing.locked(order_id)
        purchasing.receive_order(order, [purchasing.Arrival(line_id, Decimal(4))], key="history")
    page = owner.get(f"/purchasing/orders/{order_id}").text
    assert "state: approved → part received" in page
    assert "•••" not in page


def test_what_is_not_on_the_order_is_not_counted(clerk, shop, tea):
    order_id, _line = ordered(shop, tea)
    answer = make.post(
        clerk, f"/purchasing/orders/{order_id}/receive", {"do": "find", "q": "5000159407236"}, headers=HTMX
    )
    assert answer.status_code == 422
    assert "not on the order" in answer.get_data(as_text=True)


def test_a_bill_that_differs_is_held_until_somebody_says_why(owner, shop, tea):
    order_id, line_id = ordered(shop, tea)
    make.post(
        owner,
        f"/purchasing/orders/{order_id}/receive",
        {"do": "book", f"lines-{line_id}-good": "10", "spread": "value"},
    )
    form = owner.get(f"/purchasing/orders/{order_id}/bill").get_data(as_text=True)
    assert f'name="lines-{line_id}-quantity" value="10"' in form
    sent = {"reference": "R-1", "billed_on": "2026-11-20", "charges": "0", "tax": "0", "total": "25"}
    make.post(
        owner,
        f"/purchasing/orders/{order_id}/bill",
        data={**sent, f"lines-{line_id}-quantity": "10", f"lines-{line_id}-cost": "2.5"},
    )
    bill = row(shop, SupplierBill)
    page = owner.get(f"/purchasing/bills/{bill.id}").get_data(as_text=True)
    assert "Another cost than agreed" in page
    assert make.post(owner, f"/purchasing/bills/{bill.id}/approve", {"accepted": ""}).status_code == 422
    make.post(owner, f"/purchasing/bills/{bill.id}/approve", {"accepted": "agreed"})
    assert row(shop, SupplierBill).state == "approved"
    assert row(shop, PurchaseOrder).state == "billed"


def test_a_clerk_orders_within_the_limit_and_sees_no_bills(clerk, shop, tea):
    of = supplier(shop)
    desk = make.post(clerk, "/purchasing/orders/new", {"supplier": of, "location": shop.location_id}).headers[
        "Location"
    ]
    data = {"location": shop.location_id, f"lines-{tea}-quantity": "501", f"lines-{tea}-cost": "1", "do": "book"}
    make.post(clerk, desk, data)
    order = row(shop, PurchaseOrder)
    assert order.state == "to_approve"
    assert make.post(clerk, f"/purchasing/orders/{order.id}/approve").status_code == 403
    assert clerk.get("/purchasing/bills/").status_code == 403


def test_another_business_sees_nothing(app, shop, rival, tea):
    order_id, _line = ordered(shop, tea)
    other = make.client(app, rival, "owner")
    for page in ("", "/edit", "/receive", "/bill", "/return", "/amend", "/order.pdf"):
        assert other.get(f"/purchasing/orders/{order_id}{page}").status_code == 404
    assert make.post(other, f"/purchasing/orders/{order_id}/cancel", {"reason": "x"}).status_code == 404
