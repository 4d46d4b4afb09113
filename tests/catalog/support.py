"""What the tests of the product pages share."""

from __future__ import annotations

import re
from dataclasses import dataclass
from io import BytesIO

from PIL import Image
from sqlalchemy import select

from retail.core.db import session
from tests import make

HTMX = {"HX-Request": "true"}


@dataclass(frozen=True)
class Goods:
    """A product by its ids, so that it can be used between requests."""

    id: int
    variant_ids: tuple[int, ...]

    @property
    def url(self) -> str:
        return f"/products/{self.id}"


def picture(size=(40, 30), kind="PNG", color="red"):
    stream = BytesIO()
    Image.new("RGB", size, color).save(stream, kind)
    return stream.getvalue()


def sent(content, name="tea.png"):
    return {"picture": (BytesIO(content), name)}


def filled(browser, url):
    """What the forms of a page would send as they stand."""
    text = browser.get(url).text
    found = dict(
        re.findall(r'<input(?![^>]*type="(?:checkbox|file|search)")[^>]*name="([^"]+)"[^>]*value="([^"]*)"', text)
    )
    found |= dict(re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>\s*([^<]*)</textarea>', text))
    found |= {
        name: chosen
        for name, inside in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', text, re.DOTALL)
        for chosen in re.findall(r'<option selected value="([^"]*)"', inside)
    }
    return found | dict(re.findall(r'<input[^>]*\schecked\b[^>]*name="([^"]+)"[^>]*value="([^"]*)"', text))


def one(model, shop, **where):
    with make.within(shop):
        row = session.scalars(select(model).filter_by(**where)).one()
        session.expunge(row)
        return row
