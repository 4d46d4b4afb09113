"""Importing products in the browser: each step as a page, and who may see it."""

from __future__ import annotations

import io
import re
from datetime import datetime

import pytest
import xlsxwriter
from sqlalchemy import func, select

from retail.catalog.models import Product, Variant
from retail.core import tasks
from retail.core.db import session, unit_of_work
from retail.core.imports import Import, engine, services
from retail.identity.services import role_called
from retail.permissions import Can
from tests import make
from tests.support.queries import count_queries

TEA = "Title,SKU,Price,Colour\nGreen tea,T1,4.50,green\nBlack tea,T2,3.95,black\nBad tea,T3,-1,red\n"


@pytest.fixture
def browser(app, shop):
    return make.client(app, shop, "manager")


def upload(browser, content=TEA, name="teas.csv"):
    content = content.encode() if isinstance(content, str) else content
    return make.post(browser, "/imports/new", {"file": (io.BytesIO(content), name)}, content_type="multipart/form-data")


def page_of(answer):
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def columns_in(text):
    """What the page proposes: column header to field."""
    found = {}
    for row in text.split('class="match"')[1:]:
        header = re.search(r'class="strong">([^<]*)<', row)[1]
        chosen = re.search(r'<option value="([^"]*)" selected', row)
        found[header] = chosen[1] if chosen else ""
    return found


def sent(text, **changes):
    """The form of the columns as the page would send it."""
    form = {f"column-{index}": field for index, field in enumerate(columns_in(text).values())}
    for name in ("location_id", "tax_rate_id"):
        form[name] = re.search(rf'name="{name}".*?<option selected value="(\d+)"', text, re.DOTALL)[1]
    return {**form, **changes}


def checked(browser, content=TEA, **changes):
    """The address of an import whose dry run is done."""
    place = page_of(upload(browser, content))
    page_of(make.post(browser, f"{place}/columns", sent(browser.get(place).text, **changes)))
    with browser.application.app_context():
        tasks.run_due()
    return place


def test_from_the_file_to_the_products(app, shop, browser):
    place = page_of(upload(browser))
    page = browser.get(place).text
    assert columns_in(page) == {"Title": "name", "SKU": "sku", "Price": "price", "Colour": "option2_value"}
    assert "Green tea · Black tea" in page

    page_of(make.post(browser, f"{place}/columns", sent(page, **{"column-3": ""})))
    waiting = browser.get(place).text
    assert 'hx-trigger="every 1s"' in waiting
    assert "Waiting for its turn" in waiting
    tasks.run_due()
    outcome = browser.get(place, headers={"HX-Request": "true"}).text
    assert "hx-trigger" not in outcome
    assert "<html" not in outcome
    assert "Import 2 rows" in outcome
    assert "below zero" in outcome
    with make.within(shop):
        assert session.scalar(select(func.count(Product.id))) == 0

    page_of(make.post(browser, f"{place}/run"))
    tasks.run_due()
    summary = browser.get(place).text
    assert "The import is done." in summary
    errors = browser.get(f"{place}/errors.csv")
    assert errors.headers["Content-Disposition"] == "attachment; filename=teas-errors.csv"
    assert "Bad tea,T3,'-1,red,4,Price:" in errors.data.decode("utf-8-sig")
    assert "Green tea" in browser.get(f"{place}/changes.csv").data.decode("utf-8-sig")
    assert browser.get(f"{place}/file").data.decode() == TEA
    with make.within(shop):
        assert session.scalars(select(Variant.sku).order_by(Variant.sku)).all() == ["T1", "T2"]

    again = checked(browser)
    assert "Apart from the rejected rows, everything is here already" in browser.get(again).text
    assert "Import 2 rows" not in browser.get(again).text
    good = checked(browser, TEA.rpartition("Bad")[0])
    assert "There was nothing to do" in browser.get(good).text
    listed = browser.get("/imports/").text
    assert listed.count("teas.csv") == 3
    assert "Ready to import" in listed


def test_a_difference_is_shown_before_it_is_made(app, shop, browser):
    with make.within(shop):
        make.product("Green tea", price="4.25", sku="T1")
    page = browser.get(checked(browser, "SKU,Price\nT1,4.50\n")).text
    assert "<del>4.25</del> → <ins>4.50</ins>" in page
    assert "Import 1 row<" in page


def test_a_file_read_wrongly_is_read_again_as_the_person_says(app, shop, browser):
    content = "Název;SKU;Cena\nČaj;C1;1,250\nKáva;C2;2,500\n".encode("cp1250")
    place = page_of(upload(browser, content, "čaje.csv"))
    page = browser.get(place).text
    assert "does not say how its letters are written" in page

    form = {"encoding": "cp1252", "delimiter": ",", "decimals": "comma"}
    answer = make.post(browser, f"{place}/reading", form, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert len(columns_in(answer.text)) == 1
    form = {"encoding": "cp1250", "delimiter": ";", "decimals": "comma"}
    page_of(make.post(browser, f"{place}/reading", form))
    page = browser.get(place).text
    assert "Čaj · Káva" in page
    assert list(columns_in(page)) == ["Název", "SKU", "Cena"]
    chosen = sent(page, **{"column-0": "name", "column-1": "sku", "column-2": "price"})
    page_of(make.post(browser, f"{place}/columns", chosen))
    tasks.run_due()
    assert "Price: <ins>1.25</ins>" in browser.get(place).text


def test_an_encoding_that_does_not_fit_is_said_and_nothing_changes(app, shop, browser):
    place = page_of(upload(browser, "Name,Price\nCafé,1\n".encode("cp1252")))
    answer = make.post(browser, f"{place}/reading", {"encoding": "utf-8", "delimiter": ",", "decimals": ""})
    assert answer.status_code == 422
    assert "row 2" in answer.text
    assert "Choose another encoding" in answer.text
    assert "Café" in browser.get(place).text


def test_two_columns_cannot_be_one_field(app, shop, browser):
    place = page_of(upload(browser, "A,B\nx,1\n"))
    form = sent(browser.get(place).text, **{"column-0": "name", "column-1": "name"})
    answer = make.post(browser, f"{place}/columns", form)
    assert answer.status_code == 422
    assert "“A” and “B” are matched with the same field" in answer.text
    assert columns_in(answer.text) == {"A": "name", "B": "name"}


def test_rows_must_be_told_apart_by_something(app, shop, browser):
    place = page_of(upload(browser, "Price,Brand\n1,Acme\n"))
    answer = make.post(browser, f"{place}/columns", sent(browser.get(place).text))
    assert answer.status_code == 422
    assert "SKU, Barcode, Name" in answer.text


def test_columns_matched_once_are_matched_like_that_again(app, shop, browser):
    content = "Was,Nr,Kostet\nTee,T1,2\n"
    place = page_of(upload(browser, content))
    chosen = {"column-0": "name", "column-1": "sku", "column-2": "price", "name": "till export"}
    page_of(make.post(browser, f"{place}/columns", sent(browser.get(place).text, **chosen)))
    again = browser.get(page_of(upload(browser, "Kostet,Nr,Was\n3,T1,Tee\n"))).text
    assert columns_in(again) == {"Kostet": "price", "Nr": "sku", "Was": "name"}


def test_going_back_to_the_columns_and_giving_up(app, shop, browser):
    place = checked(browser)
    page_of(make.post(browser, f"{place}/back"))
    assert columns_in(browser.get(place).text)["SKU"] == "sku"
    page_of(make.post(browser, f"{place}/cancel"))
    assert "was given up" in browser.get(place).text
    assert make.post(browser, f"{place}/run").status_code == 422


def test_nothing_is_run_twice(app, shop, browser):
    place = checked(browser)
    page_of(make.post(browser, f"{place}/run"))
    assert make.post(browser, f"{place}/run").status_code == 422
    tasks.run_due()
    assert make.post(browser, f"{place}/run").status_code == 422
    assert make.post(browser, f"{place}/back").status_code == 422


def test_work_that_broke_stands_still_until_somebody_goes_on(app, shop, browser, monkeypatch):
    place = checked(browser)
    page_of(make.post(browser, f"{place}/run"))

    def broken(*_given):
        raise RuntimeError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(engine, "_write_chunk", broken)
        with make.within(shop), unit_of_work():
            task = services.task_of(session.scalars(select(Import)).one())
            task.attempts = 99
        tasks.run_due()
    page = browser.get(place).text
    assert "The work stands still" in page
    assert "disk" not in page
    page_of(make.post(browser, f"{place}/go-on"))
    tasks.run_due()
    assert "The import is done." in browser.get(place).text


BAD_FILES = {
    "empty": (b"", "The file is empty."),
    "spaces": (b"  \n\n", "The file is empty."),
    "header-only": (b"Name,SKU,Price\n", "no rows below the header"),
    "unclosed-quote": (b'Name,SKU,Price\nTea,T1,2\n"Coffee,T2,3\nCake,T3,4\n', "row 3: A quotation mark opens here"),
    "zip": (b"PK\x03\x04" + b"\x00" * 200, "damaged"),
    "picture": (b"\x89PNG\r\n\x1a\n" + b"\x00" * 100, "It is a PNG file"),
    "binary": (bytes(range(256)) * 40, "not a spreadsheet"),
}


@pytest.mark.parametrize("kind", list(BAD_FILES))
def test_what_is_no_table_is_refused_at_the_file_and_nothing_is_kept(app, shop, browser, kind):
    content, words = BAD_FILES[kind]
    answer = upload(browser, content, "products.csv")
    assert answer.status_code == 422
    assert words in answer.text
    assert "products.csv" in answer.text
    with make.within(shop):
        assert session.scalar(select(func.count(Import.id))) == 0


def test_a_form_without_a_file_says_so(app, shop, browser):
    answer = make.post(browser, "/imports/new", {}, content_type="multipart/form-data")
    assert answer.status_code == 422
    assert "Choose a file first." in answer.text


def test_an_upload_beyond_the_limit_is_turned_away_unread(app, shop, browser):
    class Unreadable(io.BytesIO):
        def read(self, *_size):
            raise AssertionError("the upload was read")

        readline = readinto = read

    answer = browser.post(
        "/imports/new",
        input_stream=Unreadable(),
        content_type="multipart/form-data; boundary=x",
        environ_overrides={"CONTENT_LENGTH": str(200 * 1024 * 1024)},
    )
    assert answer.status_code == 413
    assert "At most 64 MB can be uploaded" in answer.text


def test_who_may_not_import_sees_none_of_it(app, shop, browser):
    place = page_of(upload(browser))
    cashier = make.client(app, shop, "cashier")
    for path in ("/imports/", "/imports/new", "/imports/example.csv", place, f"{place}/file"):
        assert cashier.get(path).status_code == 403
    assert "/imports/" not in cashier.get("/notifications/").text
    assert "/imports/" in browser.get("/notifications/").text


def test_the_imports_of_another_business_are_not_there(app, shop, rival, browser):
    place = checked(browser)
    stranger = make.client(app, rival, "owner")
    for rest in ("", "/errors.csv", "/changes.csv", "/file"):
        assert stranger.get(place + rest).status_code == 404
    for rest in ("/reading", "/columns", "/run", "/back", "/cancel", "/go-on"):
        assert make.post(stranger, place + rest).status_code == 404
    assert "teas.csv" not in stranger.get("/imports/").text
    assert "Ready to import" in browser.get(place).text


def test_the_example_imports_as_it_is(app, shop, browser):
    example = browser.get("/imports/example.csv").data
    place = checked(browser, example)
    assert "Import 3 rows" in browser.get(place).text
    page_of(make.post(browser, f"{place}/run"))
    tasks.run_due()
    with make.within(shop):
        assert session.scalars(select(Product.name).order_by(Product.name)).all() == ["Green tea 100 g", "T-shirt"]


def test_a_page_asks_little_of_the_database(app, shop, browser):
    place = checked(browser)
    browser.get(place)
    with count_queries() as asked:
        browser.get(place)
    assert len(asked) <= 12, asked


def test_a_sheet_without_a_table_is_said_where_it_was_chosen(app, shop, browser, tmp_path):
    with xlsxwriter.Workbook(str(tmp_path / "book.xlsx")) as book:
        for name in ("Products", "Notes"):
            sheet = book.add_worksheet(name)
            if name == "Products":
                sheet.write_row(0, 0, ["Name", "SKU", "Price", "Since"])
                sheet.write_row(1, 0, ["Blanket", "B1"])
                sheet.write_formula(1, 2, "=10*2.5", None, 25)
                sheet.write_datetime(1, 3, datetime(2026, 3, 1), book.add_format({"num_format": "dd/mm/yyyy"}))
    place = page_of(upload(browser, (tmp_path / "book.xlsx").read_bytes(), "book.xlsx"))
    page = browser.get(place).text
    assert "2026-03-01" in page
    assert columns_in(page)["Price"] == "price"
    answer = make.post(browser, f"{place}/reading", {"sheet": "Notes", "decimals": ""}, headers={"HX-Request": "true"})
    assert answer.status_code == 422
    assert "The sheet is empty" in answer.text
    assert answer.text.lstrip().startswith('<div id="stage"')
    assert "Blanket" in browser.get(place).text


def test_all_products_are_taken_edited_and_uploaded_again(app, shop, browser):
    with make.within(shop):
        make.product("Green tea", price="4.25", sku="T1", stock=7)
        make.product("Mug", price="8", sku="M1")
    answer = browser.get("/imports/products.csv")
    text = answer.data.decode("utf-8-sig")
    assert answer.headers["Content-Disposition"] == "attachment; filename=products.csv"
    assert "Opening stock" not in text
    place = checked(browser, text.replace("4.25", "4.75").encode())
    page = browser.get(place).text
    assert "Import 1 row<" in page
    assert "Price: <del>4.25</del> → <ins>4.75</ins>" in page
    assert make.client(app, shop, "cashier").get("/imports/products.csv").status_code == 403


def test_a_row_that_names_several_variants_is_not_taken_for_a_new_product(app, shop, browser):
    content = "Handle,Name,Option1 Value,SKU,Price\ns,Shirt,S,S1,9\ns,Shirt,M,S2,9\n"
    page_of(make.post(browser, f"{checked(browser, content)}/run"))
    tasks.run_due()
    page = browser.get(checked(browser, "Name,Price\nShirt,8\n")).text
    assert "give the SKU" in page


SHOPIFY = (
    "Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price,Variant Inventory Qty,Image Src\n"
    "mug,Mug,Size,S,M-S,9.00,0,https://x.example/1.jpg\nmug,,,L,M-L,11.00,0,\nmug,,,,,,,https://x.example/2.jpg\n"
)


def test_another_programs_file_needs_no_matching_and_the_import_can_be_undone(app, shop, browser):
    place = page_of(upload(browser, SHOPIFY, "shopify.csv"))
    page = browser.get(place).text
    assert "A file of Shopify" in page
    assert 'name="column-0"' not in page
    assert 'name="column-0"' in browser.get(f"{place}?columns=all").text
    page_of(make.post(browser, f"{place}/columns", sent(page, layout="shopify")))
    tasks.run_due()
    assert "Import 2 rows" in browser.get(place).text
    page_of(make.post(browser, f"{place}/run"))
    tasks.run_due()
    assert "Undo this import…" in browser.get(place).text
    with make.within(shop), unit_of_work():
        session.scalars(select(Variant).where(Variant.sku == "M-S")).one().price = 8
    page_of(make.post(browser, f"{place}/weigh"))
    assert "Looking at what undoing would change" in browser.get(place).text
    tasks.run_due()
    weighed = browser.get(place).text
    assert "imported 9, now <ins>8</ins>" in weighed
    page_of(make.post(browser, f"{place}/leave"))
    assert "Undo this import…" in browser.get(place).text
    page_of(make.post(browser, f"{place}/weigh"))
    tasks.run_due()
    page_of(make.post(browser, f"{place}/undo"))
    tasks.run_due()
    assert "This import is undone." in browser.get(place).text
    assert "2,Mug – S,Price,9,8," in browser.get(f"{place}/kept.csv").data.decode("utf-8-sig")
    with make.within(shop):
        assert session.scalars(select(Variant.sku)).all() == ["M-S"]


def test_a_file_without_prices_says_what_new_products_will_cost(app, shop, browser):
    content = "Name,SKU\nTea,T1\n"
    place = page_of(upload(browser, content))
    form = sent(browser.get(place).text)
    wrong = make.post(browser, f"{place}/columns", {**form, "price": "much"})
    assert wrong.status_code == 422
    assert "“much” is no price" in wrong.text
    page_of(make.post(browser, f"{place}/columns", {**form, "price": "2.50"}))
    tasks.run_due()
    assert "new products come in at £2.50" in browser.get(place).text
    empty = checked(browser, content, price="")
    assert "A new product needs a price." in browser.get(empty).text


def test_customers_come_in_by_the_same_steps_for_those_who_may(app, shop, browser):
    file = {"file": (io.BytesIO(b"Full name,E-mail\nAda Byron,ada@x.example\n"), "people.csv")}
    answer = make.post(browser, "/imports/customers/new", file, content_type="multipart/form-data")
    place = page_of(answer)
    page = browser.get(place).text
    assert columns_in(page) == {"Full name": "name", "E-mail": "email"}
    assert "Opening stock lies at" not in page
    page_of(make.post(browser, f"{place}/columns", {"column-0": "name", "column-1": "email", "name": ""}))
    tasks.run_due()
    page_of(make.post(browser, f"{place}/run"))
    tasks.run_due()
    assert "See the customers" in browser.get(place).text
    # A clerk imports goods, not people.
    clerk = make.client(app, shop, "clerk")
    assert clerk.get(place).status_code == 404
    assert clerk.get("/imports/customers/new").status_code == 403
    assert "people.csv" not in clerk.get("/imports/").text
    assert "people.csv" in browser.get("/imports/").text
    assert browser.get("/imports/customers.csv").data.decode("utf-8-sig").count("ada@x.example") == 1
    assert "Corner Café" in browser.get("/imports/customers/example.csv").data.decode("utf-8-sig")
    shape = browser.get("/imports/products.csv?shape=shopify")
    assert shape.headers["Content-Disposition"] == "attachment; filename=products-shopify.csv"
    assert shape.data.decode("utf-8-sig").startswith("Handle,Title,")


def test_all_of_a_kind_as_a_file_is_for_who_may_take_files_out(app, shop, browser):
    files = ("/imports/products.csv", "/imports/customers.csv")
    assert [browser.get(one).status_code for one in files] == [200, 200]
    with make.within(shop), unit_of_work():
        manager = role_called("manager")
        manager.permissions = [one for one in manager.permissions if one != Can.EXPORT]
    assert [browser.get(one).status_code for one in files] == [403, 403]
    assert browser.get("/imports/customers/new").status_code == 200, "taking in is another matter"
    clerk = make.client(app, shop, "clerk")
    assert clerk.get("/imports/customers.csv").status_code == 403, "exports, but does not import people"
