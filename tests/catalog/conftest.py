"""Products of the shop, and somebody who may change them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import select

from retail.catalog import services as catalog
from retail.catalog.models import Variant
from retail.catalog.services import Description, NewVariant
from retail.core.db import session, unit_of_work
from tests import make
from tests.catalog.support import Goods


@pytest.fixture
def goods(shop):
    """Make a product of the shop, between requests."""

    def made(name="Tea", *, price="2.40", options=None, cast=shop, archived=False, **about):
        with make.within(cast), unit_of_work():
            combinations = catalog.matrix(options or {})
            product = catalog.create_product(
                Description(name, **about),
                [NewVariant(Decimal(price), cost=Decimal(1), options=one) for one in combinations],
            )
            if archived:
                catalog.archive_product(product.id)
            ids = session.scalars(
                select(Variant.id).where(Variant.product_id == product.id).order_by(Variant.position)
            ).all()
            return Goods(product.id, tuple(ids))

    return made


@pytest.fixture
def clerk(app, shop):
    return make.client(app, shop, "clerk")
