"""The grid of variants: only what is ticked or first used is made, and a style of thousands stays quick."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from retail.catalog import services as catalog
from retail.catalog.grid_queries import View, grid_of, styles_of
from retail.catalog.models import Barcode, Product, Variant
from retail.catalog.services import Description, NewVariant, bulk
from retail.core.db import session, unit_of_work
from retail.core.errors import Refused
from retail.inventory.models import StockLevel
from tests import make
from tests.support.queries import count_queries

COLORS = [f"Color {n:02}" for n in range(50)]
SIZES = [f"{n}" for n in range(100)]


def style(name="Linen shirt", sizes=("S", "M", "L"), colors=("Red", "Blue"), pattern=""):
    """A style of which one combination is sold. Inside a tenant; commits."""
    with unit_of_work():
        made = catalog.create_product(
            Description(name), [NewVariant(Decimal(20), options={"Size": sizes[0], "Color": colors[0]})]
        )
        catalog.set_options(made.id, {"Size": list(sizes), "Color": list(colors)}, pattern)
        return made.id


def sent(browser, product_id, **query):
    """What the grid's form would send as it stands."""
    text = browser.get(f"/products/{product_id}/grid", query_string=query).text
    text = text[text.index("data-grid") :]
    found = {}
    for tag in re.findall(r"<input[^>]*>", text):
        name, value = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and ("checkbox" not in tag or " checked" in tag):
            found[name[1]] = value[1] if value else ""
    return found


def names(product_id, **where):
    statement = select(Variant.name).where(Variant.product_id == product_id).filter_by(**where)
    return session.scalars(statement.order_by(Variant.position)).all()


@pytest.fixture
def clerk(app, shop):
    return make.client(app, shop, "clerk")


def test_nothing_is_made_by_naming_values_and_only_what_is_ticked_becomes_a_variant(shop, clerk):
    with make.within(shop):
        product_id = style(pattern="LIN-{2}-{1}")
        assert names(product_id) == ["Linen shirt – S / Red"]
    form = sent(clerk, product_id)
    form |= {"cell-2-1": "1", "cell-1-0": "1", "price-2": "24.50", "stock-2": "5"}
    assert make.post(clerk, f"/products/{product_id}/grid", form).status_code == 303
    with make.within(shop):
        rows = session.execute(
            select(Variant.name, Variant.sku, Variant.price)
            .where(Variant.product_id == product_id)
            .order_by(Variant.id)
        ).all()
        assert [tuple(row) for row in rows[1:]] == [
            ("Linen shirt – M / Red", "LIN-RED-M", 20),
            ("Linen shirt – L / Blue", "LIN-BLUE-L", Decimal("24.50")),
        ]
        stock = session.scalars(select(StockLevel.on_hand).join(Variant).where(Variant.name.like("%L / Blue"))).all()
        assert stock == [5]


def test_unticking_archives_ticking_again_brings_back_and_what_others_made_meanwhile_stays(shop, clerk):
    with make.within(shop):
        product_id = style()
    url = f"/products/{product_id}/grid"
    make.post(clerk, url, sent(clerk, product_id) | {"cell-1-0": "1"})
    old_page = sent(clerk, product_id)
    with make.within(shop), unit_of_work():
        catalog.ensure_variant(product_id, {"Size": "l", "Color": "blue"})
    del old_page["cell-1-0"]
    make.post(clerk, url, old_page)
    with make.within(shop):
        assert names(product_id, archived_at=None) == ["Linen shirt – S / Red", "Linen shirt – L / Blue"]
    make.post(clerk, url, sent(clerk, product_id) | {"cell-1-0": "1"})
    with make.within(shop):
        assert len(names(product_id, archived_at=None)) == 3
    nothing = {name: value for name, value in sent(clerk, product_id).items() if not name.startswith("cell-")}
    refused = make.post(clerk, url, nothing)
    assert refused.status_code == 422
    assert "archive the product instead" in refused.text


def test_prices_skus_and_barcodes_are_changed_cell_by_cell_and_a_fault_is_shown_at_its_cell(shop, clerk):
    with make.within(shop):
        product_id = style()
        make.product("Mug", sku="MUG-1")
        with unit_of_work():
            catalog.ensure_variant(product_id, {"Size": "M", "Color": "Red"})
    url = f"/products/{product_id}/grid"
    make.post(clerk, url, sent(clerk, product_id, show="price") | {"cell-1-0": "31"})
    make.post(clerk, url, sent(clerk, product_id, show="cost") | {"cell-1-0": "9"})
    make.post(clerk, url, sent(clerk, product_id, show="sku") | {"cell-1-0": "OWN-1"})
    make.post(clerk, url, sent(clerk, product_id, show="code") | {"cell-1-0": "4006381333931 96385074"})
    with make.within(shop):
        row = session.scalars(select(Variant).where(Variant.sku == "OWN-1")).one()
        assert (row.price, row.cost) == (31, 9)
        assert session.scalar(select(func.count(Barcode.id)).where(Barcode.variant_id == row.id)) == 2
    for show, value, words in (
        ("price", "lots", "M / Red: “lots” is not a number"),
        ("price", "-1", "below zero"),
        ("sku", "mug-1", "belongs to “Mug”"),
        ("code", "4006381333932", "last digit should be 1"),
    ):
        answer = make.post(clerk, url, sent(clerk, product_id, show=show) | {"cell-1-0": value})
        assert answer.status_code == 422, show
        assert words in answer.text, show
        assert f'value="{value}"' in answer.text, show


def test_a_page_that_is_older_than_the_options_changes_nothing(shop, clerk):
    with make.within(shop):
        product_id = style()
    form = sent(clerk, product_id) | {"cell-1-1": "1"}
    options = {"option-0-name": "Size", "option-1-name": "Color", "option-1-values": "Red, Green, Blue"}
    assert make.post(clerk, f"/products/{product_id}/options", options | {"option-0-values": "M, L"}).status_code == 422
    make.post(clerk, f"/products/{product_id}/options", options | {"option-0-values": "XS, S, M, L"})
    answer = make.post(clerk, f"/products/{product_id}/grid", form)
    assert "changed meanwhile" in answer.text
    with make.within(shop):
        assert len(names(product_id)) == 1
        assert session.get_one(Product, product_id).option_values["Size"] == ["XS", "S", "M", "L"]


def test_a_plain_product_becomes_one_of_several_and_keeps_its_stock(shop, clerk):
    with make.within(shop):
        mug = make.product("Mug", price="14", stock=5, sku="MUG")
        product_id, variant_id = mug.product_id, mug.id
    make.post(clerk, f"/products/{product_id}/options", {"option-0-name": "Color", "option-0-values": "Chalk, Moss"})
    make.post(clerk, f"/products/{product_id}/grid", sent(clerk, product_id) | {"cell-1-0": "1", "price-1": "15"})
    with make.within(shop):
        assert session.get_one(Variant, variant_id).name == "Mug – Chalk"
        assert names(product_id) == ["Mug – Chalk", "Mug – Moss"]
        assert session.scalar(select(StockLevel.on_hand).where(StockLevel.variant_id == variant_id)) == 5


def test_a_missing_combination_is_made_on_first_use_at_the_price_of_what_is_most_like_it(shop):
    product_id = style()
    with unit_of_work():
        blue = catalog.ensure_variant(product_id, {"Size": "S", "Color": "Blue"})
        catalog.change_price(blue.id, Decimal(25))
    assert [one.name for one in styles_of([blue.id])] == ["Linen shirt"]
    with unit_of_work():
        made = catalog.ensure_variant(product_id, {"Size": "m", "Color": "blue"})
        assert (made.name, made.price) == ("Linen shirt – M / Blue", 25)
        assert catalog.ensure_variant(product_id, {"Size": "M", "Color": "Blue"}).id == made.id
    with unit_of_work(), pytest.raises(Refused, match="does not come in “Pink”"):
        catalog.ensure_variant(product_id, {"Size": "M", "Color": "Pink"})


def test_a_pattern_that_cannot_tell_variants_apart_is_refused(shop):
    for pattern in ("LIN-{1}", "LIN-{3}-{n}", "LIN"):
        with pytest.raises(Refused):
            style(pattern=pattern)


def test_five_thousand_variants_of_one_style_cost_no_more_statements_than_five(shop, clerk):
    with make.within(shop):
        product_id = style(sizes=SIZES, colors=COLORS)
        with unit_of_work():
            combinations = [{"Size": size, "Color": color} for size in SIZES for color in COLORS][1:]
            bulk.insert_variants(
                [
                    {
                        "product_id": product_id,
                        "sku": f"L-{n}",
                        "name": f"Linen – {n}",
                        "options": one,
                        "price": Decimal(20),
                    }
                    for n, one in enumerate(combinations)
                ]
            )
        grid = grid_of(product_id, View(page=2, across=2))
        assert (grid.sold, grid.possible) == (5000, 5000)
        assert all(cell.is_sold for cell in grid.cells())
    form = sent(clerk, product_id, show="price")
    for url, most in ((f"/products/{product_id}/grid", 7), (f"/products/{product_id}", 14), ("/products/", 10)):
        with count_queries() as asked:
            answer = clerk.get(url)
        assert answer.status_code == 200
        assert len([one for one in asked if not one.startswith("SET TRANSACTION")]) <= most, "\n".join(asked)
        assert len(answer.data) < 400_000
    form |= {name: "21" for name in form if re.fullmatch(r"cell-\d+-\d+", name)}
    with count_queries() as asked:
        assert make.post(clerk, f"/products/{product_id}/grid", form).status_code == 303
    assert len(asked) < 30, "\n".join(asked)
    with make.within(shop):
        changed = select(func.count()).where(Variant.product_id == product_id, Variant.price == 21)
        assert session.scalar(changed) == 320


def test_the_till_and_a_delivery_make_a_missing_combination_when_it_is_first_needed(app, shop, clerk):
    with make.within(shop):
        product_id = style()
        make.open_till(shop)
    cashier = make.client(app, shop, "cashier")
    make.post(cashier, f"/till/registers/{shop.register_id}/use")
    assert f'value="make:{product_id}"' in cashier.get("/till/products?q=linen", headers={"HX-Request": "true"}).text
    chosen = {"do": f"make:{product_id}", f"make-{product_id}-0": "M", f"make-{product_id}-1": "Blue"}
    cart = make.post(cashier, "/till/cart", {"key": "k" * 20, **chosen}, headers={"HX-Request": "true"})
    assert "Linen shirt – M / Blue" in cart.text
    assert f'value="make:{product_id}"' in clerk.get("/stock/find?q=linen", headers={"HX-Request": "true"}).text
    chosen[f"make-{product_id}-0"] = "L"
    paper = make.post(clerk, "/stock/receive", {"key": "p" * 20, "location": shop.location_id, **chosen})
    assert "Linen shirt – L / Blue" in paper.text
    with make.within(shop):
        assert len(names(product_id)) == 3
    chosen[f"make-{product_id}-0"] = "Huge"
    refused = make.post(cashier, "/till/cart", {"key": "k" * 20, **chosen})
    assert "does not come in “Huge”" in refused.text
