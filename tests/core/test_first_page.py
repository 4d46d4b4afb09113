"""What a phone has to fetch before a first page works: little, small, and most of it once."""

import re

import brotli
import pytest

from tests import make

MOST_BYTES = 100_000
"""The limit is 120 kB; what is added must be worth it."""
BROWSER = {"Accept-Encoding": "gzip, deflate, br"}
ADDRESS = re.compile(r'(?:href|src)="(/static/[^"#]+\.(?:css|js|svg)[^"#]*)|:"(/static/[^"]+\.js[^"]*)"')
"""Style sheets, scripts, and the modules of the import map."""

pytestmark = pytest.mark.sqlite_only


@pytest.fixture
def owner(app):
    with app.app_context():
        shop = make.corner_shop()
    return make.client(app, shop, "owner")


def test_a_first_page_with_all_it_needs_is_small(owner):
    page = owner.get("/products/", headers=BROWSER)
    assert page.headers["Content-Encoding"] == "br"
    addresses = {one or other for one, other in ADDRESS.findall(brotli.decompress(page.data).decode())}
    assert len(addresses) > 15
    files = {address: owner.get(address, headers=BROWSER) for address in addresses}
    assert {file.status_code for file in files.values()} == {200}
    assert len(page.data) + sum(len(file.data) for file in files.values()) < MOST_BYTES
    for address, file in files.items():
        assert "immutable" in file.headers["Cache-Control"], address


def test_who_takes_nothing_compressed_gets_it_plain(owner):
    page = owner.get("/products/", headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in page.headers
    assert "Accept-Encoding" in page.headers["Vary"]
    assert "</html>" in page.text


def test_a_browser_that_has_a_file_is_told_so(owner):
    first = owner.get("/static/css/shell.css", headers=BROWSER)
    assert first.headers["Content-Encoding"] in {"br", "deflate"}
    again = owner.get("/static/css/shell.css", headers=BROWSER | {"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
