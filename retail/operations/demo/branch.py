"""The second location of a demonstration business: somebody who works there alone, and goods between the two."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import select

from retail.catalog.models import Variant
from retail.core.audit import Actor, act_as
from retail.core.db import session
from retail.identity.models import User
from retail.identity.place_services import give_places
from retail.identity.services import add_user
from retail.inventory import services as inventory
from retail.inventory.models import StockLevel
from retail.operations.demo.assortment import Shop
from retail.tenancy.models import Location
from retail.tenancy.queries import first_shop

ARTICLES = 12


def staff_the_store(shop: Shop, password: str) -> None:
    """A clerk who works at the second location only, with stock there, a transfer on its way to it and one asked for.
    Once; in the present transaction."""
    email = f"store@{shop.people[0][2].partition('@')[2]}"
    if session.scalar(select(User.id).where(User.email == email)) is not None:
        return
    act_as(Actor(name="demo"))
    here, store = first_shop().id, session.scalars(select(Location.id).where(Location.code == "store")).one()
    clerk = add_user(email, "Robin Store", "clerk", password)
    give_places(clerk, frozenset({store}))
    act_as(Actor(user_id=clerk.id, name=clerk.name))
    goods = session.scalars(select(Variant).where(Variant.cost.is_not(None)).order_by(Variant.id).limit(ARTICLES)).all()
    lines = [inventory.Movement(one.id, store, Decimal(24), one.cost) for one in goods]
    inventory.receive(store, lines, "First delivery")
    for one in goods[: ARTICLES // 3]:
        inventory.set_reorder_point(store, one.id, Decimal(30))
    inventory.request_transfer(store, here, [(one.id, Decimal(6)) for one in goods[:3]], "For the window")
    most = select(StockLevel.variant_id).where(StockLevel.location_id == here, StockLevel.on_hand >= 4)
    plenty = session.scalars(most.order_by(StockLevel.on_hand.desc(), StockLevel.id).limit(2)).all()
    if plenty:
        inventory.send(here, store, [(one, Decimal(2)) for one in plenty], "Too much on the shelf")
    act_as(Actor(name="demo"))
