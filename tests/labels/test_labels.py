"""Labels: put together by scan, from products and from a delivery; printed so that a scanner reads them."""

from __future__ import annotations

import io
import re
from decimal import Decimal

import pytest
import zxingcpp
from PIL import Image
from sqlalchemy import select

from retail.catalog import services as catalog
from retail.catalog.models import Barcode, Variant
from retail.core.db import session, unit_of_work
from retail.core.errors import NotFound, Refused
from retail.inventory import services as inventory
from retail.inventory.models import StockDocument
from retail.inventory.services import Movement
from retail.labels import printing, queries, services
from retail.labels.bars import bars_of
from retail.labels.models import LabelBatch, LabelFormat
from retail.labels.papers import SHIPPED, paper_of
from tests import make

TEA, EIGHT = "5012345678900", "96385074"
MEASURES = {
    "page_width": Decimal(210),
    "page_height": Decimal(297),
    "label_width": Decimal(70),
    "label_height": Decimal(37),
    "columns": 3,
    "rows": 8,
    "left": Decimal(0),
    "top": Decimal("0.5"),
    "step_x": Decimal(70),
    "step_y": Decimal(37),
}


@pytest.fixture
def tea(shop) -> Variant:
    made = make.product("Tea", price="2.40", sku="TEA-1")
    with unit_of_work():
        session.add(Barcode(code=TEA.zfill(14), variant_id=made.id))
    return made


def batch_with(*wanted: tuple[int, int]) -> LabelBatch:
    with unit_of_work():
        return services.begin_batch("Test", wanted)


def read(png: bytes) -> list[str]:
    """What a scanner reads off a picture."""
    return sorted(one.text for one in zxingcpp.read_barcodes(Image.open(io.BytesIO(png))))


def test_papers_lie_on_their_sheets():
    for paper in SHIPPED.values():
        assert len(set(paper.corners())) == paper.places
        for x, y in paper.corners():
            assert x >= 0
            assert y >= 0
            assert x + paper.label_width <= paper.page_width, paper.key
            assert y + paper.label_height <= paper.page_height, paper.key
        assert paper.columns == 1 or paper.step_x >= paper.label_width
        assert paper.rows == 1 or paper.step_y >= paper.label_height


def test_a_code_becomes_the_bars_it_has_on_goods():
    assert (bars_of(TEA.zfill(14), "X").kind, bars_of(TEA.zfill(14), "X").text) == ("ean13", TEA)
    assert (bars_of(EIGHT.zfill(14), "X").kind, bars_of(EIGHT.zfill(14), "X").text) == ("ean8", EIGHT)
    assert (bars_of("", "TEA-1").kind, bars_of("", "TEA-1").text) == ("code128", "TEA-1")
    # A carton's code is no EAN-13.
    assert bars_of("15012345678907", "X").kind == "code128"


@pytest.mark.parametrize("key", ["l7160", "l7651", "5160", "roll-57x32", "roll-38x25"])
def test_a_scanner_reads_every_label_of_a_sheet(shop, tea, key):
    other = make.product("Cup with a name so long that it needs two lines and more", price="12.95", sku="CUP-7")
    batch = batch_with((tea.id, 2), (other.id, 1))
    paper = SHIPPED[key]
    labels = printing.written(queries.articles_of(batch), ("price", "code"))
    assert printing.too_narrow(labels, paper) == []
    found = read(printing.picture(batch, paper, labels, pixels=3200 if not paper.is_roll else 900))
    assert found == ([TEA] if paper.is_roll else [TEA, TEA, "CUP-7"])
    assert printing.pdf(batch, paper, labels).startswith(b"%PDF")


def test_a_code_too_long_for_a_label_is_named_and_fits_as_dots(shop):
    sku = "A-VERY-LONG-CODE-0123456789-ABCDEF"
    long = make.product("Long", sku=sku)
    batch, paper = batch_with((long.id, 1)), SHIPPED["l7651"]
    articles = queries.articles_of(batch)
    assert printing.too_narrow(printing.written(articles, ("code",)), paper) == ["Long"]
    dots = printing.written(articles, ("price", "code", "qr"))
    assert printing.too_narrow(dots, paper) == []
    assert read(printing.picture(batch, paper, dots, pixels=3200)) == [sku]


def test_places_that_are_gone_stay_empty(shop, tea):
    batch = batch_with((tea.id, 3))
    with unit_of_work():
        services.choose(batch, "l7160", ["price", "code"], 20)
    labels = printing.written(queries.articles_of(batch), batch.shows)
    assert printing._places(batch, labels) == [None] * 20 + [0, 0, 0]
    # One label on the first sheet, two on the second.
    assert read(printing.picture(batch, SHIPPED["l7160"], labels, pixels=3200)) == [TEA]


def test_a_label_printer_is_told_what_to_print(shop, tea):
    sly = make.product("Sly ^XZ ~JA _5E", price="3.00", sku="SLY-1")
    batch = batch_with((tea.id, 4), (sly.id, 1))
    said = printing.zpl(SHIPPED["roll-57x32"], printing.written(queries.articles_of(batch), ("price", "code")))
    first, second, *rest = said.splitlines()
    assert not rest
    assert first.startswith("^XA^CI28^PW456^LL256")
    assert "^BEN," in first
    assert f"^FD{TEA[:-1]}^FS" in first
    assert first.endswith("^PQ4^XZ")
    # What people typed commands nothing.
    assert "Sly _5EXZ _7EJA _5F5E" in second
    assert second.count("^XZ") == 1


def test_the_page_counts_scans_and_names_what_is_unknown(app, shop, tea):
    client = make.client(app, shop, "clerk")
    page = make.post(client, "/labels/new")
    where = page.headers["Location"]
    for _twice in range(2):
        assert make.post(client, where, {"do": "find", "q": TEA}).status_code == 200
    shown = client.get(where).text
    assert re.search(r'name="copies-\d+" value="2"', shown)
    assert "2 labels" in shown
    assert "1 sheet" in shown
    unknown = make.post(client, where, {"do": "find", "q": "999"})
    assert unknown.status_code == 422
    assert "Nothing has the code or name “999”" in unknown.text
    line = re.search(r'name="(copies-\d+)"', shown)[1]
    wrong = make.post(client, where, {line: "many"})
    assert "“many” labels of Tea: type a whole number up to 999." in wrong.text
    beyond = make.post(client, where, {line: "3", "format": "l7160", "used": "21"})
    assert "0 to 20 may be gone" in beyond.text
    assert 'value="2"' in client.get(where).text, "nothing of a refused step is kept"
    assert (
        make.post(client, where, {line: "5", "format": "roll-57x32", "shows": "code", "do": "book"}).status_code == 303
    )
    with make.within(shop):
        batch = session.scalars(select(LabelBatch)).one()
        assert (batch.format, batch.shows, batch.printed_at is not None) == ("roll-57x32", ["code"], True)
    assert client.get(f"{where}/labels.pdf").data.startswith(b"%PDF")
    assert "^PQ5" in client.get(f"{where}/labels.zpl").text
    assert read(client.get(f"{where}/sheet.png").data) == [TEA]
    # The next batch begins as the last one ended.
    again = make.post(client, "/labels/new").headers["Location"]
    assert 'value="roll-57x32" selected' in client.get(again).text


def test_labels_for_chosen_products_and_for_a_delivery(app, shop, tea):
    make.product("Cup", stock=3, sku="CUP")
    client = make.client(app, shop, "clerk")
    with make.within(shop):
        ids = list(session.scalars(select(Variant.product_id).order_by(Variant.id)))
    asked = client.get(f"/lists/products/jobs/labels?ids={ids[0]}&ids={ids[1]}").text
    assert "One for each piece in stock" in asked
    made = make.post(client, "/lists/products/jobs/labels", {"ids": ids, "copies": "pieces"})
    shown = client.get(made.headers["Location"]).text
    assert "3 labels" in shown
    assert "Tea" not in re.sub(r"<title>.*?</title>", "", shown.split("goods-lines")[1].split("</ol>")[0])
    with make.within(shop), unit_of_work():
        paper = inventory.receive(
            shop.location_id,
            [Movement(tea.id, shop.location_id, Decimal(6), unit_cost=Decimal(1))],
            "Delivery",
            key="labels",
        )
        number = paper.id
    assert f"/labels/papers/{number}/labels" in client.get(f"/stock/papers/{number}").text
    of_delivery = make.post(client, f"/labels/papers/{number}/labels")
    assert "6 labels" in client.get(of_delivery.headers["Location"]).text


def test_nothing_to_print_is_said(shop, tea):
    with unit_of_work(), pytest.raises(Refused, match="Nothing of it lies in stock"):
        services.begin_for_products([tea.product_id], per_piece=True)
    with unit_of_work(), pytest.raises(NotFound):
        services.begin_for_document(session.scalar(select(StockDocument.id)) or 4711)
    with pytest.raises(Refused, match="at most 5,000 labels"):
        batch_with(*((make.product(f"P{n}").id, 999) for n in range(6)))
    with unit_of_work(), pytest.raises(Refused, match="Scan or search"):
        services.mark_printed(services.begin_batch("Empty"))


def test_a_paper_of_ones_own_is_checked_and_kept(app, shop, tea):
    client = make.client(app, shop, "clerk")
    typed = {name: str(value) for name, value in MEASURES.items()} | {"name": "Herma 4674"}
    beside = make.post(client, "/labels/papers/new", typed | {"page_width": "200"})
    assert "The labels end at 210 mm, the sheet at 200 mm" in beside.text
    on_each_other = make.post(client, "/labels/papers/new", typed | {"step_x": "60"})
    assert "at least the label itself: 70 mm" in on_each_other.text
    assert make.post(client, "/labels/papers/new", typed).status_code == 303
    assert "There is a paper called" in make.post(client, "/labels/papers/new", typed | {"name": "HERMA 4674"}).text
    with make.within(shop):
        row = session.scalars(select(LabelFormat)).one()
        paper = paper_of(row)
        assert paper.places == 24
        assert paper.corners()[-1] == (Decimal(140), Decimal("259.5"))
        key, number = paper.key, row.id
    where = make.post(client, "/labels/new").headers["Location"]
    assert make.post(client, where, {"format": key, "used": "0"}).status_code == 200
    assert make.post(client, f"/labels/papers/{number}/archive").status_code == 303
    assert f'value="{key}"' not in client.get(where).text
    assert "Choose a paper of the list." in make.post(client, where, {"format": key}).text
    assert make.post(client, f"/labels/papers/{number}/restore").status_code == 303
    assert f'value="{key}" selected' in client.get(where).text


def test_who_may_not_print_sees_no_labels(app, shop, tea):
    cashier = make.client(app, shop, "cashier")
    assert cashier.get("/labels/").status_code == 403
    assert "Print labels" not in cashier.get("/products/").text


def test_a_label_tells_the_price_of_a_kilogram_beside_the_price(shop, tea):
    with unit_of_work():
        catalog.measure_variant(tea.id, Decimal(200), "g")
        catalog.add_barcode(tea.id, "CASE-OF-TEA", Decimal(12))
    batch = batch_with((tea.id, 1))
    (label,) = printing.written(queries.articles_of(batch), ("price", "code"))
    assert (label.price, label.per, label.code) == ("£2.40", "£1.20 per 100 g", TEA)
    assert "£1.20 per 100 g" in printing.zpl(SHIPPED["roll-57x32"], [label])
    (bare,) = printing.written(queries.articles_of(batch), ("code",))
    assert bare.per == ""
