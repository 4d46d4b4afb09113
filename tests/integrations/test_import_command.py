"""`flask import products`: what it prints, where rejected rows go, and how it fails."""

from __future__ import annotations

import json

import pytest
from PIL import Image
from sqlalchemy import func, select

from retail.catalog.models import Product, Variant
from retail.core.db import session
from retail.core.imports import Import
from retail.inventory.models import StockLevel
from tests import make

TEA = "Name,SKU,Price,Stock\nGreen tea,T1,4.50,3\nBlack tea,T2,3.95,0\nBad tea,T3,-1,1\n"


@pytest.fixture
def command(app, shop, tmp_path, monkeypatch):
    """Run the command in a folder of its own, as if no Redis were there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(app.config, "REDIS_URL", "redis://127.0.0.1:1/0")

    def run(*arguments, content=TEA, name="teas.csv"):
        (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return app.test_cli_runner().invoke(args=["import", "products", name, "--tenant", shop.slug, *arguments])

    return run


def test_it_imports_and_a_second_time_changes_nothing(app, shop, command, tmp_path):
    first = command("--json")
    assert first.exit_code == 0, first.stderr
    said = json.loads(first.stdout)
    assert {name: said[name] for name in ("rows", "created", "updated", "unchanged", "rejected")} == {
        "rows": 3,
        "created": 2,
        "updated": 0,
        "unchanged": 0,
        "rejected": 1,
    }
    assert said["error_file"] == "teas.errors.csv"
    assert "Bad tea,T3,'-1,1,4,Price:" in (tmp_path / "teas.errors.csv").read_text("utf-8-sig")
    again = json.loads(command("--json", "--errors", "bad.csv").stdout)
    assert (again["created"], again["updated"], again["unchanged"], again["error_file"]) == (0, 0, 2, "bad.csv")
    whole = command("--json", content=TEA.rpartition("Bad")[0])
    assert json.loads(whole.stdout)["unchanged"] == 2
    assert json.loads(whole.stdout)["error_file"] is None
    with make.within(shop):
        assert session.scalars(select(Variant.sku).order_by(Variant.sku)).all() == ["T1", "T2"]
        assert session.scalar(select(func.sum(StockLevel.on_hand))) == 3


def test_a_dry_run_says_what_would_be_and_changes_nothing(app, shop, command):
    answer = command("--dry-run")
    assert answer.exit_code == 0
    assert "2 would be created" in answer.stdout
    assert "1 rejected" in answer.stdout
    with make.within(shop):
        assert session.scalar(select(func.count(Product.id))) == 0
        assert session.scalars(select(Import.state)).all() == ["cancelled"]


@pytest.mark.parametrize(
    ("arguments", "content", "words"),
    [
        ((), b"", "The file is empty."),
        ((), b"\x89PNG\r\n\x1a\n\x00", "PNG"),
        ((), b'Name,Price\n"Tea,1\n', "row 2: A quotation mark opens here"),
        ((), b"Price,Brand\n1,Acme\n", "SKU, Barcode, Name"),
        (("--mapping", "old till"), TEA, "There is no mapping “old till”"),
        (("--location", "moon"), TEA, "there are: main, store"),
        (("--tenant", "nobody"), TEA, "nobody"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_nothing_is_kept(app, shop, command, arguments, content, words):
    answer = command(*arguments, content=content)
    assert answer.exit_code == 1
    assert words in answer.stderr
    assert answer.stderr.count("\n") == 1
    with make.within(shop):
        assert session.scalar(select(func.count(Import.id))) == 0


def test_a_file_that_is_not_there(app, shop, command):
    answer = app.test_cli_runner().invoke(args=["import", "products", "none.csv", "--tenant", shop.slug])
    assert answer.exit_code == 1
    assert "There is no file none.csv." in answer.stderr


def test_fields_are_made_of_several_columns_and_pictures_lie_in_a_folder(shop, command, tmp_path):
    (tmp_path / "photos").mkdir()
    Image.new("RGB", (20, 20), "red").save(tmp_path / "photos" / "ring.png")
    rings = "Metal,Stone,Photo,Worth\ngold,ruby,ring.png,90\nsilver,opal,,40\n"
    given = ["--set", "name={metal} ring with {Stone}", "--set", "sku=R-{row}", "--set", "price=Worth"]
    given += ["--set", "pictures=Photo", "--pictures", "photos", "--json"]
    first = json.loads(command(*given, content=rings, name="rings.csv").stdout)
    assert (first["created"], first["rejected"], first["pictures"]) == (2, 0, 1), first
    again = json.loads(command(*given, content=rings, name="rings.csv").stdout)
    assert (again["created"], again["unchanged"], again["pictures"]) == (0, 2, 0), again
    names = {row.sku: row.name for row in session.execute(select(Variant.sku, Variant.name))}
    assert names == {"R-2": "gold ring with ruby", "R-3": "silver ring with opal"}
    # What was made once is made like that again, for a file with the same columns.
    assert json.loads(command("--json", content=rings, name="rings.csv").stdout)["unchanged"] == 2
    refused = command("--set", "name={Karat}", content=rings, name="rings.csv")
    assert "The file has no column “Karat”" in refused.stderr
    assert "the fields are: name, sku" in command("--set", "nonsense", content=rings, name="rings.csv").stderr
