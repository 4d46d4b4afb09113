"""Garments: sizes by region, colors with swatches, composition that adds up, measures, and a gallery."""

from __future__ import annotations

import re
from io import BytesIO

import pytest
from sqlalchemy import select

from retail.catalog import services as catalog
from retail.catalog.garment_models import Garment, SizeScale
from retail.catalog.garment_queries import composition_text, region_of
from retail.catalog.services import GarmentFacts
from retail.core.db import session, unit_of_work
from retail.core.errors import Refused
from tests import make
from tests.catalog.support import picture


def test_the_composition_adds_up_in_every_part_and_the_error_names_what_lacks(shop):
    read = catalog.read_composition("Shell: 79.5% wool,20.5 % polyamide\nLining: 100 viscose")
    assert composition_text(read) == "Shell: 79.5 wool, 20.5 polyamide\nLining: 100 viscose"
    for text, words in (
        ("Shell: 80 wool, 15 nylon", "Shell adds up to 95 %; 5 % are missing."),
        ("60 cotton, 50 linen", "The composition adds up to 110 %; that is 10 % too much."),
        ("wool", "write the percentage and the material"),
    ):
        with pytest.raises(Refused, match=re.escape(words)):
            catalog.read_composition(text)


def test_a_shop_sees_sizes_in_its_own_counting():
    assert [region_of(one) for one in ("en_GB", "de_DE", "en_US", "hi_IN", "nonsense")] == [
        "UK",
        "EU",
        "US",
        "IN",
        "EU",
    ]


def test_sizes_colors_measures_and_gallery_are_told_on_the_page_of_a_garment(shop, clerk, goods):
    dress = goods("Dress", options={"Size": ["S", "M"], "Color": ["Navy"]})
    scale = {"name": "Dresses", "size-0": "S", "label-0-EU": "36", "label-0-UK": "8"}
    scale |= {"size-1": "M", "label-1-EU": "38", "label-1-UK": "10"}
    assert make.post(clerk, "/products/sizes/new", scale).status_code == 303
    assert make.post(clerk, "/products/colors", {"name": "navy", "hex": "#1F3A5F"}).status_code == 303
    with make.within(shop):
        scale_id = session.scalars(select(SizeScale.id)).one()
    form = {
        "season": "Autumn 2026",
        "collection": "Harbor",
        "size_scale_id": scale_id,
        "composition": "100 wool",
        "care": "Dry clean",
        "measure-0": "Chest",
        "size-0": "S",
        "size-1": "M",
        "cell-0-0": "44",
        "cell-0-1": "46.5",
    }
    assert make.post(clerk, f"{dress.url}/garment", form).status_code == 303
    sent = {"angle": "back", "color": "Navy", "picture": (BytesIO(picture()), "back.png")}
    assert make.post(clerk, f"{dress.url}/gallery", sent).status_code == 303
    page = clerk.get(dress.url).text
    for words in ("100 % wool", "Autumn 2026", "Harbor", "Dry clean", "UK 10", "46.5", "#1f3a5f", "Back · Navy"):
        assert words in page, words
    shown = re.findall(r"/products/pictures/\d+/small", page)
    assert clerk.get(shown[-1]).status_code == 200
    assert "#1f3a5f" in clerk.get(f"{dress.url}/grid?rows=1&columns=0").text
    assert 'value="46.5"' in clerk.get(f"{dress.url}/garment").text
    assert "Garments are sized by" in make.post(clerk, f"/products/sizes/{scale_id}/remove").text
    wrong = make.post(clerk, f"{dress.url}/garment", {**form, "composition": "90 wool", "season": "Kept"})
    assert wrong.status_code == 422
    assert "10 % are missing" in wrong.text
    assert 'value="Kept"' in wrong.text
    with make.within(shop):
        assert session.scalars(select(Garment.season)).one() == "Autumn 2026"


def test_a_scale_is_changed_and_refuses_what_makes_no_scale(shop, clerk):
    scale = {"name": "Shirts", "size-0": "S", "size-1": "M"}
    make.post(clerk, "/products/sizes/new", scale)
    with make.within(shop):
        url = f"/products/sizes/{session.scalars(select(SizeScale.id)).one()}"
    make.post(clerk, url, {"name": "Shirts", "size-0": "M", "size-1": "L", "label-1-US": "16"})
    assert re.findall(r'name="size-\d" value="(\w+)"', clerk.get(url).text) == ["M", "L"]
    for bad, words in (({"name": ""}, "Give the scale a name"), ({"size-1": "s"}, "named twice")):
        answer = make.post(clerk, "/products/sizes/new", scale | {"name": "New"} | bad)
        assert answer.status_code == 422
        assert words in answer.text
    assert make.post(clerk, "/products/colors", {"name": "Sky", "hex": "blue"}).status_code == 422
    assert make.post(clerk, f"{url}/remove").status_code == 303


def test_what_is_of_another_business_is_not_there(app, shop, rival, goods):
    dress = goods("Dress")
    with make.within(shop), unit_of_work():
        scale_id = catalog.save_scale(None, "Dresses", [("S", {})]).id
        catalog.describe_garment(dress.id, GarmentFacts(size_scale_id=scale_id))
        shown = catalog.add_to_gallery(dress.id, picture(kind="WEBP"), "front", "").id
    theirs = make.client(app, rival, "owner")
    assert theirs.get(f"{dress.url}/garment").status_code == 404
    assert theirs.get(f"/products/sizes/{scale_id}").status_code == 404
    for url in (f"{dress.url}/gallery/{shown}/remove", f"/products/sizes/{scale_id}/remove"):
        assert make.post(theirs, url).status_code == 404, url
