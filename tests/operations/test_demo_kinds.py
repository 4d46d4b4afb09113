"""A demonstration shop of each kind: it has what its kind has, and loading it twice adds nothing."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import func, select

from retail.catalog.garment_models import GalleryPicture, Garment
from retail.catalog.jewel_models import Jewel, MetalRate
from retail.catalog.models import Barcode, Product, ScaleRule, Variant
from retail.core.db import reading, session
from retail.core.tenancy import across_tenants, inside
from retail.operations.demo import loading
from retail.operations.demo.kinds import KINDS
from retail.orders.models import Order, OrderLine
from retail.tenancy.models import Tenant
from retail.tenancy.services import slug_of

HAS = {"garments": (Garment, GalleryPicture), "jewellery": (Jewel, MetalRate), "grocery": (ScaleRule, Barcode)}
pytestmark = [pytest.mark.slow, pytest.mark.sqlite_only]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_shop_of_a_kind_is_loaded_once_and_sells(context, tmp_path, monkeypatch, kind):
    monkeypatch.setattr(loading, "_do_the_night", lambda: None)
    logins = tmp_path / "logins.json"
    logins.write_text(json.dumps([{"tenant": "another", "role": "owner"}]), encoding="utf-8")
    assert loading.load_demo(logins, lambda _what: None, 1, kind) > 0
    slug = slug_of(KINDS[kind].name)
    told = json.loads(logins.read_text(encoding="utf-8"))
    assert {one["tenant"] for one in told} == {"another", slug}
    with across_tenants(), reading():
        tenant_id = session.scalars(select(Tenant.id).where(Tenant.slug == slug)).one()
    with inside(tenant_id), reading():
        for model in (*HAS[kind], Variant, Order):
            assert session.scalar(select(func.count()).select_from(model)), model
        assert session.scalar(select(func.count()).where(Product.image_file_id.is_(None))) == 0
        lines = session.scalars(select(OrderLine).where(OrderLine.quantity > 0)).all()
        assert all((one.working is not None) == (kind == "jewellery") for one in lines)
        count = session.scalar(select(func.count(Variant.id)))
    loading.load_demo(logins, lambda _what: None, 1, kind)
    with inside(tenant_id), reading():
        assert session.scalar(select(func.count(Variant.id))) == count
