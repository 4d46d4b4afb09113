"""Pictures come in with a file: out of a ZIP or from their addresses, once, and go again when it is undone."""

from __future__ import annotations

import io
import zipfile
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from PIL import Image
from sqlalchemy import select

from retail.catalog.models import Product
from retail.core import files, outside, tasks
from retail.core.db import reading, session, unit_of_work
from retail.core.errors import Refused
from retail.core.imports import begin_undo, engine, services, undo
from retail.core.outside import Unreachable, fetch
from retail.integrations.product_fields import pictures_in
from tests import make
from tests.integrations.support import quiet, taken_in

TABLE = """\
name,sku,price,image
Apple,A,1,iconic/apple.jpg
Pear,P,2,.\\Pear.JPG
Plum,L,3,gone.jpg
Fig,F,4,broken.jpg|
Nut,N,5,
"""


def picture(color, exif=False):
    content = io.BytesIO()
    image = Image.new("RGB", (1600, 1200), color)
    given = image.getexif()
    if exif:
        given[271] = "Camera of somebody"
    image.save(content, "JPEG", exif=given)
    return content.getvalue()


@pytest.fixture
def browser(app, shop):
    return make.client(app, shop, "owner")


def zipped(**more):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("shop/iconic/apple.jpg", picture("red", exif=True))
        archive.writestr("shop/pear.jpg", picture("green"))
        archive.writestr("shop/broken.jpg", b"no picture")
        archive.writestr("__MACOSX/shop/._pear.jpg", b"x")
        for name, text in more.items():
            archive.writestr(name.replace("__", "."), text)
    return content.getvalue()


def shown():
    with reading():
        rows = session.execute(select(Product.name, Product.image_file_id))
        return {row.name: row.image_file_id for row in rows if row.image_file_id}


def outcome(import_id):
    with reading():
        row = services.get(import_id)
        faults = files.read(row.error_file_id)[1].decode() if row.error_file_id else ""
        return (row.created, row.updated, row.unchanged, row.rejected, row.attached, row.unattached), faults


def undone(import_id):
    with unit_of_work():
        begin_undo(services.get(import_id, lock=True))
    return undo(import_id, quiet)


def test_pictures_come_in_from_a_zip_and_those_that_fail_are_named(shop):
    first = taken_in(TABLE, pictures=zipped())
    counts, faults = outcome(first)
    # A picture that fails costs its row nothing.
    assert counts == (5, 0, 0, 0, 2, 2)
    assert "gone.jpg" in faults
    assert "broken.jpg" in faults
    assert "Apple" not in faults
    pictures = shown()
    assert sorted(pictures) == ["Apple", "Pear"]
    with reading():
        image = Image.open(io.BytesIO(files.read(pictures["Apple"])[1]))
    assert (image.format, max(image.size), dict(image.getexif())) == ("WEBP", 800, {})
    # The same again changes nothing; another picture under the name does.
    again = taken_in(TABLE, pictures=zipped())
    assert outcome(again)[0][:5] == (0, 0, 5, 0, 0)
    assert shown() == pictures
    other = taken_in("name,sku,image\nApple,A,other.jpg\n", pictures=zipped(other__jpg=picture("blue")))
    assert outcome(other)[0] == (0, 0, 1, 0, 1, 0)
    assert shown()["Apple"] != pictures["Apple"]
    assert undone(other)["restored"] == 1
    assert shown() == pictures
    result = undone(first)
    assert (result["removed"], result["kept"]) == (5, 0), result
    assert shown() == {}


def test_a_picture_that_somebody_changed_since_stays_with_its_product(shop):
    first = taken_in(TABLE, pictures=zipped())
    with unit_of_work():
        mine = files.store("mine.webp", "image/webp", b"mine").id
        session.scalars(select(Product).where(Product.name == "Apple")).one().image_file_id = mine
    result = undone(first)
    assert (result["removed"], result["kept"]) == (4, 1), result
    assert shown() == {"Apple": mine}


def test_table_and_pictures_come_in_one_zip(shop):
    counts, _faults = outcome(taken_in(zipped(table__csv=TABLE), name="goods.zip"))
    assert counts == (5, 0, 0, 0, 2, 2)
    with pytest.raises(Refused, match=r"several tables in this ZIP \(a.csv, b.csv\)"):
        taken_in(zipped(a__csv=TABLE, b__csv=TABLE), name="goods.zip")
    with pytest.raises(Refused, match="no table in this ZIP"):
        taken_in(zipped(), name="goods.zip")


def test_a_dry_run_says_which_pictures_would_come_in(shop):
    taken_in(TABLE)
    with unit_of_work():
        row = services.get(taken_in("sku,image\nA,apple.jpg\n", pictures=zipped()))
        file_id, options = row.file_id, row.options
        again = services.upload("products", "a.csv", "text/csv", io.BytesIO(b"sku,image\nP,pear.jpg\nN,\n"), options)
        sheet = services.open_sheet(again)
        services.choose_columns(again, {"sku": "sku", "pictures": "image"}, sheet.headers)
        services.begin_check(again)
    assert file_id
    assert engine.check(again.id, quiet)["attached"] == 1
    with reading():
        # No row would change, but there is something to do.
        assert services.get(again.id).state == "checked"


class Server(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        self.send_response(302 if self.path == "/moved" else 200)
        self.send_header("Location", "file:///etc/passwd")
        self.end_headers()
        self.wfile.write(picture("red"))

    def log_message(self, *_words):
        pass


@pytest.fixture
def server():
    with HTTPServer(("127.0.0.1", 0), Server) as running:
        running.asked = []
        Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


def test_pictures_are_fetched_only_when_asked_and_only_once(shop, server, monkeypatch):
    monkeypatch.setattr(outside, "is_public", lambda _address: True)
    place = f"http://127.0.0.1:{server.server_port}"
    table = f"name,sku,price,image\nApple,A,1,{place}/a.jpg\nPear,P,1,{place}/moved\n"
    assert outcome(taken_in(table))[0] == (2, 0, 0, 0, 0, 0)
    assert server.asked == []
    counts, faults = outcome(taken_in(table, fetch_pictures=True))
    assert counts == (0, 0, 2, 0, 1, 1)
    assert "/moved" in faults
    assert outcome(taken_in(table, fetch_pictures=True))[0] == (0, 0, 2, 0, 0, 1)
    assert server.asked.count("/a.jpg") == 1


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "10.0.0.8", "169.254.169.254", "[64:ff9b::7f00:1]"],
)
def test_nothing_of_the_own_network_is_fetched(server, host):
    with pytest.raises(Unreachable):
        fetch(f"http://{host}:{server.server_port}/a.jpg", largest=100, seconds=2)
    assert server.asked == []


def test_a_cell_names_several_pictures():
    assert pictures_in(" a.jpg | b.jpg|a.jpg") == ("a.jpg", "b.jpg")
    assert pictures_in("a.jpg, b c.jpg") == ("a.jpg", "b c.jpg")
    assert pictures_in("https://x.example/a,b.jpg?v=1,2, https://x.example/c.jpg") == (
        "https://x.example/a,b.jpg?v=1,2",
        "https://x.example/c.jpg",
    )


def test_the_page_takes_a_zip_beside_the_table_and_shows_what_came_of_it(app, shop, browser):
    sent = {"file": (io.BytesIO(b"Title,Code,Photo\nx,A,apple.jpg\ny,B,gone.jpg\n"), "goods.csv")}
    answer = make.post(
        browser,
        "/imports/new",
        {**sent, "pictures": (io.BytesIO(zipped()), "photos.zip")},
        content_type="multipart/form-data",
    )
    place = answer.headers["Location"]
    assert "The pictures are here" in browser.get(place).text
    columns = {"column-2": "pictures", "made-name": "Fruit {title}", "made-sku": "F-{Code}", "price": "2"}
    with reading():
        columns |= {"location_id": str(shop.location_id), "tax_rate_id": str(shop.tax_rate_id)}
    assert make.post(browser, f"{place}/columns", columns).status_code == 303
    with app.app_context():
        tasks.run_due()
    page = browser.get(place).text
    assert "2 pictures are looked for once the rows are in" in page
    assert "gone.jpg (not among the pictures)" in page
    assert "Fruit x" in page
    make.post(browser, f"{place}/run")
    with app.app_context():
        tasks.run_due()
    page = browser.get(place).text
    assert "1 picture came in." in page
    assert "1 picture could not be taken." in page
    assert "gone.jpg" in browser.get(f"{place}/errors.csv").text
    refused = make.post(
        browser,
        "/imports/new",
        {"file": (io.BytesIO(b"Name\nx\n"), "goods.csv"), "pictures": (io.BytesIO(b"no"), "photos.zip")},
        content_type="multipart/form-data",
    )
    assert refused.status_code == 422
    assert "The pictures come as a ZIP" in refused.text
