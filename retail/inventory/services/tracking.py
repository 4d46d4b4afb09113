"""Whether goods are told apart, what a business decides about its stock, and who is told that something expires."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from flask_babel import gettext as _
from sqlalchemy import func, select

from retail.catalog import services as catalog
from retail.catalog.models import Variant
from retail.core.db import session
from retail.core.errors import Refused
from retail.core.events import emit
from retail.core.money import ZERO, QuantityType
from retail.core.places import everywhere
from retail.core.tenancy import insert_owned
from retail.events.inventory import StockExpires
from retail.inventory.models import TRACKING, StockLevel, StockLot, StockLotLevel, StockMove, StockPolicy
from retail.inventory.services.announcing import plain
from retail.inventory.services.ledger import Movement, lock_levels
from retail.inventory.services.lots import Moving, Named, split
from retail.inventory.services.papers import check_goods, document_of, draw_up, paper_of
from retail.tenancy.queries import current_tenant


def set_tracking(product_id: int, tracking: str, warranty_months: int = 0) -> None:
    """Say how the goods of a product are told apart, and for how many months a piece has warranty.

    What lies there already has no number until it is given one. Refused while goods lie there that are told apart
    another way.
    """
    if tracking not in TRACKING:
        raise Refused(_("Goods are told apart by lot, by serial number, or not at all."), field="tracking")
    if not 0 <= warranty_months <= 600:
        raise Refused(_("Give the warranty in months, from 0 to 600."), field="warranty_months")
    of_product = select(Variant.id).where(Variant.product_id == product_id)
    with everywhere():
        lowest = session.scalar(
            select(func.min(StockLevel.on_hand, type_=QuantityType)).where(StockLevel.variant_id.in_(of_product))
        )
        left = session.scalar(
            select(func.sum(StockLotLevel.on_hand, type_=QuantityType))
            .join(StockLot, StockLot.id == StockLotLevel.lot_id)
            .where(StockLotLevel.variant_id.in_(of_product), StockLot.kind != tracking)
        )
    if tracking == "serial" and lowest is not None and lowest < 0:
        raise Refused(_("More of it was sold than there was; count it first."), field="tracking")
    if left:
        raise Refused(
            _("%(n)s of it lie there under numbers; sell, move or scrap these first.", n=plain(left)), field="tracking"
        )
    catalog.tell_apart(product_id, tracking, warranty_months)


def set_policy(carrying_percent: int, *, sells_expired: bool, expiry_days: int) -> None:
    """Decide what keeping goods costs, whether expired ones are sold, and how early somebody is told."""
    if not 0 <= carrying_percent <= 100:
        raise Refused(_("Give the cost of keeping goods in percent, from 0 to 100."), field="carrying_percent")
    if not 0 <= expiry_days <= 365:
        raise Refused(_("Give the days before the expiry, from 0 to 365."), field="expiry_days")
    row = session.scalar(select(StockPolicy))
    if row is None:
        row = StockPolicy()
        session.add(row)
    row.carrying_percent, row.sells_expired, row.expiry_days = carrying_percent, sells_expired, expiry_days
    session.flush()


def expiry_days() -> int:
    """How many days before it expires somebody is told of a lot."""
    days = session.scalar(select(StockPolicy.expiry_days))
    return 14 if days is None else days


def watch_expiry() -> int:
    """Tell once of every lot that lies somewhere and expires within the days the business chose; returns how many."""
    today = current_tenant().today()
    limit = today + timedelta(days=expiry_days())
    there = (
        select(StockLotLevel.lot_id, func.sum(StockLotLevel.on_hand, type_=QuantityType).label("on_hand"))
        .where(StockLotLevel.on_hand > 0)
        .group_by(StockLotLevel.lot_id)
        .subquery()
    )
    rows = session.execute(
        select(StockLot, there.c.on_hand, Variant.name)
        .join(there, there.c.lot_id == StockLot.id)
        .join(Variant, Variant.id == StockLot.variant_id)
        .where(StockLot.expires_on <= limit, StockLot.warned_on.is_(None))
        .order_by(StockLot.expires_on, StockLot.id)
        .limit(500)
    ).all()
    for lot, on_hand, name in rows:
        lot.warned_on = today
        emit(
            StockExpires(
                lot_id=lot.id,
                number=lot.number,
                name=name,
                expires_on=lot.expires_on.isoformat(),
                on_hand=plain(on_hand),
            )
        )
    session.flush()
    return len(rows)


def name_goods(location_id: int, variant_id: int, named: list[Named], *, key: str = "") -> None:
    """Give goods that lie there without a number the number of a lot, or each piece its own. They neither move nor
    change their worth. Refused for more than lie there without one."""
    if paper_of(key, location_id):
        return
    check_goods([variant_id])
    level = lock_levels([Movement(variant_id, location_id, ZERO)])[variant_id, location_id]
    held = session.scalar(
        select(func.sum(StockLotLevel.on_hand, type_=QuantityType)).where(
            StockLotLevel.variant_id == variant_id, StockLotLevel.location_id == location_id
        )
    )
    without, wanted = level.on_hand - (held or ZERO), sum((one.quantity for one in named), ZERO)
    if wanted <= 0 or level.tracking == "none":
        raise Refused(_("Give at least one number and a quantity."), field="numbers")
    if wanted > without:
        raise Refused(_("Only %(n)s lie there without a number.", n=plain(max(without, Decimal(0)))), field="numbers")
    paper = draw_up("adjustment", location_id, key, reason="numbered")
    document = document_of(paper, "adjustment", "numbered")
    moving = Moving(
        variant_id,
        location_id,
        wanted,
        ZERO,
        level.on_hand,
        level.tracking,
        False,
        paper.business_date,
        paper.occurred_at,
    )
    parts = split(moving, (), named)
    common = {
        "variant_id": variant_id,
        "location_id": location_id,
        "counterpart": document.counterpart,
        "value": ZERO,
        "reason": document.reason,
        "source": document.source,
        "source_id": document.source_id,
        "note": "",
        "business_date": document.business_date,
        "occurred_at": document.occurred_at,
        "user_id": paper.user_id,
    }
    rows = [{**common, "lot_id": None, "quantity": -wanted}]
    rows += [{**common, "lot_id": part.lot_id, "quantity": part.quantity} for part in parts]
    insert_owned(StockMove, rows)
    paper.lines = len(rows)
    session.flush()
