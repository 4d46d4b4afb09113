"""Jewelry: the price follows the day's rate, shows how it came about, is frozen in the sale, and can be promised."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from io import BytesIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sqlalchemy import func, select

from retail.catalog import services as catalog
from retail.catalog.jewel_models import Jewel, PriceLock, Purity
from retail.catalog.jewel_pricing import DayRate, Piece, in_words, work_out
from retail.catalog.models import Variant
from retail.catalog.services import JewelFacts, Stone
from retail.core import clock
from retail.core.clock import now
from retail.core.db import session, unit_of_work
from retail.core.errors import Refused
from retail.orders.models import OrderLine
from retail.payments.services import Tender
from retail.till import services as till
from retail.till.services.cart_prices import Wanted
from tests import make

SALE = {"allowance": till.WITHOUT_LIMITS}
RING = JewelFacts(0, Decimal("8.5"), Decimal(8), "per_gram", Decimal(450), "percent", Decimal(4))


def gold(rate="6250", name="22K", fineness="0.916"):
    """Gold with a rate of now. Inside a tenant; commits."""
    with unit_of_work():
        purity = catalog.add_purity("Gold", name, Decimal(fineness))
        if rate:
            catalog.set_rates({purity.id: Decimal(rate)})
        return purity.id


def ring(purity_id, **more):
    """A ring of 8 g net with 4 % wastage and making by the gram. Inside a tenant; commits."""
    variant = make.product("Ring", price="1", stock=3)
    facts = {**RING.__dict__, "purity_id": purity_id, **more}
    with unit_of_work():
        catalog.describe_jewel(variant.id, JewelFacts(**facts))
    return variant.id


def test_the_price_is_metal_wastage_making_stones_and_charges_each_to_the_smallest_coin():
    rate = DayRate("Gold 22K", Decimal(6250), now())
    piece = Piece(Decimal(8), "per_gram", Decimal(450), "percent", Decimal(4), Decimal(18000), Decimal("53.1"))
    working = work_out(piece, rate, "INR")
    assert [(kind, amount) for kind, amount, _told in working.parts] == [
        ("metal", 50000),
        ("wastage", 2000),
        ("making", 3600),
        ("stones", 18000),
        ("other", Decimal("53.1")),
    ]
    assert working.price == Decimal("73653.1")
    by_percent = Piece(Decimal(8), "percent", Decimal(10), "grams", Decimal("0.32"))
    assert work_out(by_percent, rate, "INR").price == Decimal(57200)
    assert work_out(Piece(Decimal(8), "fixed", Decimal(999), "percent", Decimal(0)), rate, "INR").price == 50999


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    some.decimals("0.001", "2000", places=3),
    some.sampled_from(["per_gram", "fixed", "percent"]),
    some.decimals(0, 100, places=2),
    some.sampled_from(["percent", "grams"]),
    some.decimals(0, 20, places=2),
    some.decimals("0.01", "99999", places=2),
)
def test_the_parts_always_add_up_to_the_price(net, making_kind, making, wastage_kind, wastage, rate):
    working = work_out(Piece(net, making_kind, making, wastage_kind, wastage), DayRate("Gold", rate, now()), "INR")
    assert sum(amount for _kind, amount, _told in working.parts) == working.price
    assert all(amount == amount.quantize(Decimal("0.01")) for _kind, amount, _told in working.parts)


def test_a_new_rate_gives_pieces_new_prices_and_a_sale_keeps_the_old_one_with_its_working(shop):
    purity_id = gold()
    variant_id = ring(purity_id)
    assert session.get_one(Variant, variant_id).price == 55600
    variant = session.get_one(Variant, variant_id)
    sold = make.sale(shop, (variant, 1))
    with unit_of_work():
        assert catalog.set_rates({purity_id: Decimal(7000)}) == 1
    assert session.get_one(Variant, variant_id).price == 61840
    line = session.scalars(select(OrderLine).where(OrderLine.order_id == sold.order_id)).one()
    assert (line.gross, line.working["rate"], line.working["purity"]) == (55600, "6250", "Gold 22K")
    assert [what for what, _amount in in_words(line.working, "GBP")] == [
        "Gold 22K, 8 g at £6,250.00",
        "Wastage, 4 %",
        "Making, £450.00 a gram",
    ]


def test_the_till_asks_for_a_rate_that_is_missing_or_too_old(shop):
    purity_id = gold(rate="")
    variant_id = ring(purity_id)
    with pytest.raises(Refused, match="Gold 22K has no rate yet"):
        till.price_cart(shop.tenant, [Wanted(variant_id, Decimal(1))])
    with unit_of_work():
        catalog.set_rates({purity_id: Decimal(6250)})
    assert till.price_cart(shop.tenant, [Wanted(variant_id, Decimal(1))]).priced.gross == 55600
    with clock.frozen(now() + timedelta(hours=25)), pytest.raises(Refused, match="too old to sell at"):
        till.price_cart(shop.tenant, [Wanted(variant_id, Decimal(1))])
    with unit_of_work():
        catalog.change_rules(48, 24)
    with clock.frozen(now() + timedelta(hours=25)):
        assert till.price_cart(shop.tenant, [Wanted(variant_id, Decimal(1))]).priced.gross == 55600


def test_a_promised_price_sells_one_piece_once_until_its_time_is_over(shop):
    purity_id = gold()
    variant_id = ring(purity_id)
    with unit_of_work():
        number = catalog.lock_price(variant_id, "Mrs. Patel").number
        late = catalog.lock_price(variant_id, "Mr. Rao").number
        catalog.set_rates({purity_id: Decimal(9000)})
    wanted = [Wanted(variant_id, Decimal(1), lock=number)]
    station = make.open_till(shop)
    with unit_of_work():
        sold = till.ring_up(shop.tenant, station, wanted, [Tender("cash", Decimal(55600))], "promised-1", **SALE)
    assert sold.total == 55600
    line = session.scalars(select(OrderLine).where(OrderLine.order_id == sold.order_id)).one()
    assert line.working["lock"] == number
    with unit_of_work(), pytest.raises(Refused, match="was sold already"):
        till.ring_up(shop.tenant, station, wanted, [Tender("cash", Decimal(55600))], "promised-2", **SALE)
    with pytest.raises(Refused, match="one piece"):
        till.price_cart(shop.tenant, [Wanted(variant_id, Decimal(2), lock=late)])
    with clock.frozen(now() + timedelta(hours=49)), pytest.raises(Refused, match="was promised until"):
        till.price_cart(shop.tenant, [Wanted(variant_id, Decimal(1), lock=late)])
    assert session.scalar(select(func.count()).where(PriceLock.sold_at.is_not(None))) == 1


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"net_weight": Decimal(0)}, "net weight"),
        ({"gross_weight": Decimal(7)}, "at least net weight"),
        ({"stones": [Stone("diamond", 1, Decimal(5), Decimal(1))]}, "at least net weight and stones: 9 g"),
        ({"making": Decimal(-1)}, "not below zero"),
        ({"making_kind": "percent", "making": Decimal(101)}, "at most 100"),
        ({"huid": "12"}, "six letters and digits"),
        ({"purity_id": 999_999}, "Choose the metal"),
    ],
)
def test_what_contradicts_itself_is_refused(shop, wrong, words):
    with pytest.raises(Refused, match=words):
        ring(**{"purity_id": gold(), **wrong})


def test_the_board_is_set_in_the_morning_and_a_piece_is_described_on_its_page(app, shop):
    manager = make.client(app, shop, "manager")
    assert "No metals yet" in manager.get("/products/rates").text
    make.post(manager, "/products/rates/purities", {"metal": "Gold", "name": "18K", "fineness": "0.75"})
    with make.within(shop):
        purity_id = session.scalars(select(Purity.id)).one()
        variant = make.product("Pendant", price="1")
        variant_id, url = variant.id, f"/products/{variant.product_id}"
    assert "none yet" in manager.get("/products/rates").text
    assert make.post(manager, "/products/rates", {f"rate-{purity_id}": "lots"}).status_code == 422
    piece = {
        "purity_id": purity_id, "gross_weight": "4.2", "net_weight": "4", "making_kind": "percent", "making": "12",
        "wastage_kind": "percent", "wastage": "2.5", "stones": "3 rubies, 0.6 ct, 120", "other_charges": "",
        "certificate_number": "GIA 1", "huid": "", "certificate": (BytesIO(b"%PDF-1.7 x"), "gia.pdf"),
    }  # fmt: skip
    jewel = f"{url}/variants/{variant_id}/jewel"
    assert make.post(manager, jewel, piece).status_code == 303
    assert "no rate yet" in manager.get(url).text
    assert make.post(manager, "/products/rates", {f"rate-{purity_id}": "50"}).status_code == 303
    page = manager.get(url).text
    for words in ("Gold 18K, 4 g at £50.00", "Making, 12 %", "3 rubies, 0.6 ct", "GIA 1", "£349.60"):
        assert words in page, words
    assert manager.get(f"{url}/variants/{variant_id}/certificate").data == b"%PDF-1.7 x"
    assert "3 rubies, 0.6 ct, 120" in manager.get(jewel).text
    answer = make.post(manager, jewel, {**piece, "stones": "some rubies", "certificate": (BytesIO(b""), "")})
    assert answer.status_code == 422
    assert "write count and name" in answer.text
    assert make.post(manager, f"{url}/variants/{variant_id}/lock", {"promised_to": "Ada"}).status_code == 303
    assert "kept for Ada until" in manager.get(url).text
    assert make.post(make.client(app, shop, "clerk"), "/products/rates", {f"rate-{purity_id}": "1"}).status_code == 403
    cashier = make.client(app, shop, "cashier")
    with make.within(shop):
        make.open_till(shop)
        number = session.scalars(select(PriceLock.number)).one()
    make.post(cashier, f"/till/registers/{shop.register_id}/use")
    cart = make.post(cashier, "/till/cart", {"key": "k" * 20, "do": "find", "q": number.lower()})
    assert f'name="lines-0-lock" value="{number}"' in cart.text
    with make.within(shop):
        assert session.scalars(select(Jewel.stone_weight)).one() == Decimal("0.12")
