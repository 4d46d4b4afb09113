"""The pages of stock: what they show, what they book, what they refuse, and to whom."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from retail.catalog.models import Barcode, Variant
from retail.core.db import session, unit_of_work
from retail.inventory import services as inventory
from retail.inventory.models import StockDocument, StockLevel, StockMove
from retail.permissions import Can
from tests import make
from tests.support.queries import count_queries

HTMX = {"HX-Request": "true"}


@dataclass(frozen=True)
class Goods:
    """A variant by what a page knows of it, so that it can be used between requests."""

    id: int
    product_id: int
    sku: str


@pytest.fixture
def goods(shop):
    """Make an article of the shop, between requests."""

    def made(name="", **more):
        with make.within(shop):
            row = make.product(name, **more)
            return Goods(row.id, row.product_id, row.sku)

    return made


@pytest.fixture
def clerk(app, shop):
    return make.client(app, shop, "clerk")


def lines(*wanted):
    """The lines of a page: (article, quantity, cost)."""
    form = {}
    for at, (one, quantity, *cost) in enumerate(wanted):
        form |= {f"lines-{at}-variant": str(getattr(one, "id", one)), f"lines-{at}-quantity": str(quantity)}
        if cost:
            form[f"lines-{at}-cost"] = str(cost[0])
    return form


def fields(answer):
    """What the inputs of an answer carry."""
    found = {}
    for tag in re.findall(r"<input[^>]*>", answer.text):
        named = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if "name" in named:
            found[named["name"]] = named.get("value", "")
    return found


def level(shop, one, location_id=None):
    with make.within(shop):
        row = session.execute(
            select(StockLevel.on_hand, StockLevel.value, StockLevel.reorder_point).where(
                StockLevel.variant_id == one.id, StockLevel.location_id == (location_id or shop.location_id)
            )
        ).one_or_none()
        return row and tuple(row)


def papers(shop):
    with make.within(shop):
        return session.scalar(select(func.count(StockDocument.id)))


# -- lists ------------------------------------------------------------------------------------------------------------
def test_levels_show_what_lies_where_and_what_is_low(shop, clerk, goods):
    tea, jam = goods("Tea", stock=4, cost="1.10", sku="TEA-1"), goods("Jam", stock=20)
    with make.within(shop), unit_of_work():
        inventory.set_reorder_point(shop.location_id, tea.id, Decimal(5))
    page = clerk.get("/stock/").text
    assert "TEA-1" in page
    assert "£4.40" in page
    assert "Low" in page
    low = clerk.get("/stock/?low=1", headers=HTMX).text
    assert "Tea" in low
    assert "Jam" not in low
    assert "Jam" not in clerk.get("/stock/?q=tea", headers=HTMX).text
    assert f"/stock/articles/{jam.id}" in page


def test_a_barcode_in_the_search_finds_its_article(shop, clerk, goods):
    tea, _jam = goods("Tea", stock=1), goods("Jam", stock=1)
    with make.within(shop), unit_of_work():
        session.add(Barcode(code="05012345678900", variant_id=tea.id))
    found = clerk.get("/stock/?q=5012345678900", headers=HTMX).text
    assert "Tea" in found
    assert "Jam" not in found


def test_what_costs_is_hidden_from_those_who_may_not_see_it(app, shop, goods):
    tea = goods("Tea", stock=4, cost="1.17", sku="TEA-1")
    cashier = make.client(app, shop, "cashier")
    with make.within(shop):
        paper_id = session.scalar(select(StockDocument.id))
    for url in (
        "/stock/",
        "/stock/moves",
        "/stock/papers",
        f"/stock/papers/{paper_id}",
        f"/stock/articles/{tea.id}",
        f"/stock/products/{tea.product_id}",
    ):
        page = cashier.get(url)
        assert page.status_code == 200, url
        assert "TEA-1" in page.text or "Tea" in page.text or "GR-" in page.text
        assert "4.68" not in page.text, url
        assert "1.17" not in page.text, url


def test_every_move_leads_to_its_paper_or_sale(app, shop, goods):
    tea = goods("Tea", stock=4)
    with make.within(shop):
        sold = make.sale(shop, (session.get_one(Variant, tea.id), 1))
    manager = make.client(app, shop, "manager")
    page = manager.get("/stock/moves").text
    assert f"/orders/{sold.order_id}" in page
    paper = re.search(r"/stock/papers/\d+", page)
    assert paper
    assert "GR-1" in manager.get(paper[0]).text
    assert "GR-1" in manager.get("/stock/papers").text
    assert "Received" not in manager.get("/stock/moves?reason=sold", headers=HTMX).text.partition("<tbody")[2]


def test_the_panel_of_a_product_comes_alone_and_as_a_page(shop, clerk, goods):
    tea = goods("Tea", stock=4)
    part = clerk.get(f"/stock/products/{tea.product_id}", headers=HTMX).text
    assert 'id="product_stock"' in part
    assert "<html" not in part
    assert "<html" in clerk.get(f"/stock/products/{tea.product_id}").text


@pytest.mark.parametrize(
    ("url", "sorts"),
    [
        ("/stock/", ("product", "-sku", "on_hand", "-reorder_point", "value")),
        ("/stock/moves", ("-when", "when")),
        ("/stock/papers", ("-when", "when")),
    ],
)
def test_paging_shows_every_row_once_in_whatever_order(shop, clerk, url, sorts):
    with make.within(shop):
        made = make.products(*({"name": f"Article {number % 7}", "stock": number % 4 + 1} for number in range(53)))
        first = made[0].id
    with make.within(shop), unit_of_work():
        inventory.set_reorder_point(shop.location_id, first, Decimal(2))
    for sort in sorts:
        page = clerk.get(f"{url}?sort={sort}", headers=HTMX).text
        after = re.search(r'href="([^"]*after=[^"]*)"', page)
        assert after, sort
        rest = clerk.get(after[1].replace("&amp;", "&"), headers=HTMX).text
        ids = [re.findall(r'data-row="(\d+)"', text) for text in (page, rest)]
        assert (len(ids[0]), len(ids[1])) == (50, 3), sort
        assert len({*ids[0], *ids[1]}) == 53, sort


# -- receiving --------------------------------------------------------------------------------------------------------
def test_scanning_adds_lines_with_the_last_cost_and_scanning_again_counts(shop, clerk, goods):
    tea, jam = goods("Tea", cost="1.10", sku="TEA-1"), goods("Jam", cost="0.50", sku="JAM-1")
    one = make.post(clerk, "/stock/receive", {"do": "find", "q": "tea-1"}, headers=HTMX)
    two = make.post(clerk, "/stock/receive", {**fields(one), "do": "find", "q": "JAM-1"}, headers=HTMX)
    three = make.post(clerk, "/stock/receive", {**fields(two), "do": "find", "q": "TEA-1"}, headers=HTMX)
    sent = fields(three)
    assert (sent["lines-0-variant"], sent["lines-0-quantity"], sent["lines-0-cost"]) == (str(tea.id), "2", "1.10")
    assert sent["lines-1-variant"] == str(jam.id)
    assert "£2.70" in three.text
    assert papers(shop) == 0


def test_an_unknown_code_keeps_what_was_typed(shop, clerk, goods):
    tea = goods("Tea")
    sent = lines((tea, "7", "1.234"))
    answer = make.post(clerk, "/stock/receive", {**sent, "do": "find", "q": "nobody"}, headers=HTMX)
    assert answer.status_code == 422
    assert "nobody" in answer.text
    assert answer.headers["HX-Trigger"] == "goods-unknown"
    assert {name: fields(answer)[name] for name in sent} == sent


def test_a_text_that_may_mean_several_is_to_be_chosen_from(shop, clerk, goods):
    goods("Green tea"), goods("Black tea")
    answer = make.post(clerk, "/stock/receive", {"do": "find", "q": "tea"})
    assert "Green tea" in answer.text
    assert "Black tea" in answer.text
    assert "add:" in clerk.get("/stock/find?q=tea", headers=HTMX).text


def test_a_delivery_is_booked_once_however_often_it_is_sent(app, shop, clerk, goods):
    tea, jam = goods("Tea", cost="1.10", stock=2), goods("Jam", cost=None)
    key = fields(clerk.get("/stock/receive"))["key"]
    sent = {"key": key, "location": shop.location_id, "reference": "DN 4711"} | lines(
        (tea, 3, "1.40"), (jam, "2.5", "0")
    )

    first, again = (make.post(clerk, "/stock/receive", sent) for _ in range(2))

    assert first.status_code == again.status_code == 303
    assert first.location == again.location
    assert level(shop, tea)[:2] == (5, Decimal("6.40"))
    assert level(shop, jam)[:2] == (Decimal("2.5"), 0)
    page = clerk.get(first.location).text
    assert "DN 4711" in page
    assert "£4.20" in page
    with make.within(shop):
        assert session.get_one(Variant, tea.id).cost == Decimal("1.40")


@pytest.mark.parametrize(
    ("quantity", "cost", "said"),
    [
        ("", "1", "Give a quantity of more than nothing."),
        ("0", "1", "Give a quantity of more than nothing."),
        ("-3", "1", "Give a quantity of more than nothing."),
        ("lots", "1", "“lots” is not a number."),
        ("1", "", "Give what one of it costs"),
        ("1", "-1", "A cost is not below zero."),
        ("1.2345", "1", "At most 3 decimal places"),
    ],
)
def test_a_faulty_line_is_said_and_everything_typed_stays(shop, clerk, goods, quantity, cost, said):
    tea, jam = goods("Tea"), goods("Jam")
    sent = {"key": "k", "location": str(shop.location_id), "reference": "DN 1"} | lines(
        (tea, quantity, cost), (jam, 9, 1)
    )
    answer = make.post(clerk, "/stock/receive", sent)
    assert answer.status_code == 422
    assert said in answer.text
    assert "Tea: " in answer.text
    kept = fields(answer)
    assert kept["lines-0-quantity"] == quantity
    assert kept["lines-0-cost"] == cost
    assert kept["lines-1-quantity"] == "9"
    assert "DN 1" in answer.text
    assert papers(shop) == 0
    assert level(shop, jam) is None


def test_an_empty_paper_is_refused_with_a_sentence(shop, clerk):
    answer = make.post(clerk, "/stock/receive", {"location": shop.location_id})
    assert answer.status_code == 422
    assert "Add at least one line to receive." in answer.text


def test_somebody_who_may_not_see_costs_receives_at_the_last_one(app, shop, goods):
    tea = goods("Tea", cost="1.10")
    with make.within(shop), unit_of_work():
        from_role(shop, "cashier", Can.RECEIVE_STOCK)
    cashier = make.client(app, shop, "cashier")
    page = make.post(cashier, "/stock/receive", lines((tea, 2)) | {"do": "update"})
    assert "1.10" not in page.text
    sent = {"location": shop.location_id} | lines((tea, 2, "0.01"))
    assert make.post(cashier, "/stock/receive", sent).status_code == 303
    assert level(shop, tea)[:2] == (2, Decimal("2.20"))


def from_role(shop, name, *more):
    """Give a role of the shop further permissions."""
    role = session.scalars(select(make.identity.Role).where(make.identity.Role.name == name)).one()
    role.permissions = [*role.permissions, *more]


# -- adjusting and reorder points -------------------------------------------------------------------------------------
def test_a_count_sets_the_level_and_a_loss_lowers_it(shop, clerk, goods):
    tea = goods("Tea", stock=10, cost="1.10")
    url = f"/stock/articles/{tea.id}/adjust"
    form = {"location": shop.location_id, "how": "counted", "quantity": "7", "reason": "correction", "note": "shelf"}
    assert make.post(clerk, url, {**form, "key": "a"}).status_code == 303
    assert level(shop, tea)[:2] == (7, Decimal("7.70"))
    assert make.post(clerk, url, {**form, "key": "a", "quantity": "1"}).status_code == 303
    assert level(shop, tea)[0] == 7
    make.post(clerk, url, {**form, "key": "b", "how": "less", "quantity": "2", "reason": "damaged"})
    make.post(clerk, url, {**form, "key": "c", "how": "more", "quantity": "1", "reason": "found"})
    assert level(shop, tea)[0] == 6
    page = clerk.get(f"/stock/articles/{tea.id}").text
    assert "Damaged" in page
    assert "ADJ-2" in page


def test_a_count_that_agrees_books_nothing(shop, clerk, goods):
    tea = goods("Tea", stock=10)
    before = papers(shop)
    form = {"location": shop.location_id, "how": "counted", "quantity": "10", "reason": "correction"}
    assert make.post(clerk, f"/stock/articles/{tea.id}/adjust", form).status_code == 303
    assert papers(shop) == before


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"quantity": "many"}, "is not a number"),
        ({"quantity": ""}, "This field is required"),
        ({"quantity": "0", "how": "less"}, "changes nothing"),
        ({"quantity": "-1"}, "A count cannot be below zero."),
        ({"reason": "boredom"}, "Not a valid choice"),
        ({"location": "999999"}, "Not a valid choice"),
    ],
)
def test_a_faulty_adjustment_is_said_and_stays_typed(shop, clerk, goods, change, said):
    tea = goods("Tea", stock=10)
    form = {
        "location": shop.location_id,
        "how": "counted",
        "quantity": "7",
        "reason": "lost",
        "note": "under the shelf",
    }
    answer = make.post(clerk, f"/stock/articles/{tea.id}/adjust", form | change)
    assert answer.status_code == 422
    assert said in answer.text
    assert "under the shelf" in answer.text
    assert level(shop, tea)[0] == 10


def test_a_location_that_refuses_negative_stock_says_what_is_left(shop, clerk, goods):
    tea = goods("Tea", stock=3)
    refuse_negative(shop)
    form = {"location": shop.location_id, "how": "less", "quantity": "4", "reason": "lost"}
    answer = make.post(clerk, f"/stock/articles/{tea.id}/adjust", form)
    assert answer.status_code == 422
    assert "Only 3 of Tea left at" in answer.text
    assert level(shop, tea)[0] == 3


def refuse_negative(shop):
    with make.within(shop), unit_of_work():
        for place in session.scalars(select(make.Location)):
            place.allows_negative_stock = False


def test_a_reorder_point_is_set_and_taken_away(shop, clerk, goods):
    tea = goods("Tea", stock=3)
    url = f"/stock/articles/{tea.id}/reorder-point"
    assert make.post(clerk, url, {"location": shop.location_id, "reorder_point": "5"}).status_code == 303
    assert level(shop, tea)[2] == 5
    assert make.post(clerk, url, {"location": shop.warehouse_id, "reorder_point": "2"}).status_code == 303
    assert level(shop, tea, shop.warehouse_id) == (0, 0, 2)
    assert make.post(clerk, url, {"location": shop.location_id, "reorder_point": ""}).status_code == 303
    assert level(shop, tea)[2] is None
    answer = make.post(clerk, url, {"location": shop.location_id, "reorder_point": "-1"})
    assert answer.status_code == 422
    assert "cannot be below zero" in answer.text


# -- transfers --------------------------------------------------------------------------------------------------------
def test_a_transfer_takes_goods_and_their_worth_along(shop, clerk, goods):
    tea = goods("Tea", stock=10, cost="1.10")
    sent = {"key": "t", "location": shop.location_id, "to_location": shop.warehouse_id} | lines((tea, 4))
    first, again = (make.post(clerk, "/stock/transfer", sent) for _ in range(2))
    assert first.location == again.location
    assert level(shop, tea)[:2] == (6, Decimal("6.60"))
    assert level(shop, tea, shop.warehouse_id)[:2] == (4, Decimal("4.40"))
    assert "TR-1" in clerk.get(first.location).text


def test_a_transfer_that_cannot_be_is_refused_and_stays_typed(shop, clerk, goods):
    tea = goods("Tea", stock=3)
    refuse_negative(shop)
    form = {"location": str(shop.location_id), "to_location": str(shop.warehouse_id)} | lines((tea, 4))
    too_many = make.post(clerk, "/stock/transfer", form)
    assert too_many.status_code == 422
    assert "Only 3 of Tea left at" in too_many.text
    assert fields(too_many)["lines-0-quantity"] == "4"
    same = make.post(clerk, "/stock/transfer", form | {"to_location": str(shop.location_id)})
    assert "Choose two different locations." in same.text
    assert level(shop, tea)[0] == 3
    assert level(shop, tea, shop.warehouse_id) is None


# -- who may, and whose ------------------------------------------------------------------------------------------------
def test_whoever_may_only_look_changes_nothing(app, shop, goods):
    tea = goods("Tea", stock=3)
    cashier = make.client(app, shop, "cashier")
    form = {"location": shop.location_id, "how": "less", "quantity": "1", "reason": "lost", "reorder_point": "1"}
    for url in (f"/stock/articles/{tea.id}/adjust", f"/stock/articles/{tea.id}/reorder-point", "/stock/transfer"):
        assert make.post(cashier, url, form).status_code == 403
    assert make.post(cashier, "/stock/receive", lines((tea, 1, 1))).status_code == 403
    assert cashier.get("/stock/receive").status_code == 403
    page = cashier.get(f"/stock/articles/{tea.id}").text
    assert "Put a level right" not in page
    assert level(shop, tea)[0] == 3
    assert app.test_client().get("/stock/").status_code == 303


def test_what_belongs_to_another_business_is_not_there(app, shop, rival, goods):
    tea = goods("Tea", stock=3)
    with make.within(shop):
        paper_id = session.scalar(select(StockDocument.id))
    theirs = make.client(app, rival, "clerk")
    for url in (f"/stock/articles/{tea.id}", f"/stock/products/{tea.product_id}", f"/stock/papers/{paper_id}"):
        assert theirs.get(url).status_code == 404, url
    form = {"location": rival.location_id, "how": "less", "quantity": "1", "reason": "lost", "reorder_point": "1"}
    assert make.post(theirs, f"/stock/articles/{tea.id}/adjust", form).status_code == 404
    assert make.post(theirs, f"/stock/articles/{tea.id}/reorder-point", form).status_code == 404
    assert make.post(theirs, "/stock/receive", {"location": rival.location_id} | lines((tea, 1, 1))).status_code == 404
    assert theirs.get(f"/stock/receive?variant={tea.id}").status_code == 404
    ours = make.client(app, shop, "clerk")
    sent = {"location": rival.location_id} | lines((tea, 1, 1))
    assert make.post(ours, "/stock/receive", sent).status_code == 422
    assert level(shop, tea)[0] == 3
    for url in ("/stock/", "/stock/moves", "/stock/papers", "/stock/find?q=tea"):
        assert "Tea" not in theirs.get(url, headers=HTMX).text


# -- what pages cost --------------------------------------------------------------------------------------------------
def test_pages_ask_no_more_of_the_database_when_there_is_more_to_show(shop, clerk, goods):
    first = goods("One", stock=1)
    urls = (
        "/stock/",
        "/stock/moves",
        "/stock/papers",
        f"/stock/articles/{first.id}",
        f"/stock/products/{first.product_id}",
        "/stock/receive",
    )

    def asked():
        counts = {}
        for url in urls:
            with count_queries() as statements:
                assert clerk.get(url).status_code == 200
            counts[url] = len(statements)
        return counts

    few = asked()
    more = [goods(f"More {number}", stock=2) for number in range(12)]
    with make.within(shop), unit_of_work():
        for _ in range(5):
            inventory.adjust(shop.location_id, first.id, Decimal(1), "found")
    many = asked()
    assert many == few
    assert max(many.values()) <= 14, many
    form = lines(*((one, 1, 1) for one in more))
    with count_queries() as twelve:
        make.post(clerk, "/stock/receive", {**form, "do": "update"}, headers=HTMX)
    assert len(twelve) <= 9, twelve


def test_receiving_costs_little_for_each_line(shop, clerk, goods):
    some = [goods(f"Article {number}") for number in range(24)]

    def booked(number):
        sent = {"location": shop.location_id, "key": f"n{number}"} | lines(*((one, 1, 1) for one in some[:number]))
        with count_queries() as statements:
            assert make.post(clerk, "/stock/receive", sent).status_code == 303
        return len(statements)

    booked(24)
    assert booked(24) <= booked(2) + 22


def test_nothing_is_written_while_lines_are_gathered(shop, clerk, goods):
    tea = goods("Tea", sku="TEA-1")
    with count_queries() as statements:
        make.post(clerk, "/stock/receive", lines((tea, 1, 1)) | {"do": "find", "q": "TEA-1"}, headers=HTMX)
    assert not [one for one in statements if one.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE"))]
    with make.within(shop):
        assert session.scalar(select(func.count(StockMove.id))) == 0
