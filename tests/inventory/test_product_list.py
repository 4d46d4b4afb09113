"""What the list of products shows of their stock."""

from __future__ import annotations

import re
from decimal import Decimal

from retail.core.db import unit_of_work
from retail.inventory import services as inventory
from retail.inventory.services import Movement
from tests import make

HTMX = {"HX-Request": "true"}


def rows(browser, url):
    """The cells of a list by the name in the first of them."""
    text = browser.get(url, headers=HTMX).text
    found = {}
    for row in re.findall(r'<tr data-row="\d+"[^>]*>(.*?)</tr>', text, re.DOTALL):
        cells = [
            re.sub(r"<[^>]+>|\s+", " ", cell).strip()
            for cell in re.findall(r'<td class="align.*?>(.*?)</td>', row, re.DOTALL)
        ]
        found[cells[0].split()[-1]] = cells
    return found


def test_the_list_of_products_tells_what_is_on_hand_everywhere_and_what_runs_low(app, shop):
    with make.within(shop):
        tea, cup = make.product("Tea", stock=5), make.product("Cup", stock=9)
        make.product("Postage", is_stocked=False)
        make.product("Pot")
        with unit_of_work():
            inventory.set_reorder_point(shop.location_id, cup.id, Decimal(10))
            inventory.receive(shop.warehouse_id, [Movement(tea.id, shop.warehouse_id, Decimal(2), Decimal(1))])
    clerk = make.client(app, shop, "clerk")
    shown = {name: cells[4] for name, cells in rows(clerk, "/products/").items()}
    assert shown == {"Tea": "7", "Cup": "9", "Postage": "–", "Pot": "0"}
    assert list(rows(clerk, "/products/?low=1")) == ["Cup"]
    assert next(iter(rows(clerk, "/products/?sort=-on_hand"))) == "Cup"
