"""What replenishment reads: demand, stock for sale and on its way, how long deliveries take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from statistics import mean, stdev

from flask_babel import gettext as _
from sqlalchemy import func, select

from retail.catalog.models import Product, Variant
from retail.core.db import session
from retail.core.errors import NotFound
from retail.core.money import ZERO, QuantityType
from retail.intelligence.models import ProductForecast
from retail.inventory.models import StockLevel
from retail.purchasing.models import (
    OrderProposal,
    PriceBreak,
    PurchaseOrder,
    ReceivedLine,
    ReplenishmentRule,
    ReplenishmentTrial,
    Supplier,
    SupplierItem,
)
from retail.purchasing.replenishing import Demand, LeadTime, Terms

FEWEST_DELIVERIES = 3
"""With fewer the supplier's word counts."""
LATEST_DELIVERIES = 20
USUAL_SPREAD = 0.25
"""By how much deliveries of a supplier vary who was not measured yet, as a share of what they say."""


@dataclass(frozen=True)
class Candidate:
    """A variant that may have to be ordered, with all that decides how many."""

    variant_id: int
    supplier_id: int
    currency: str
    cost: Decimal
    on_hand: Decimal
    incoming: Decimal
    demand: Demand
    lead: LeadTime
    terms: Terms
    breaks: list[tuple[Decimal, Decimal]] = field(default_factory=list)


def lead_times() -> dict[int, LeadTime]:
    """How long each supplier's deliveries take: measured from the latest ones, else as they say."""
    taken: dict[int, list[int]] = {}
    rows = session.execute(
        select(ReceivedLine.supplier_id, ReceivedLine.receipt_id, func.max(ReceivedLine.days).label("days"))
        .group_by(ReceivedLine.supplier_id, ReceivedLine.receipt_id)
        .order_by(ReceivedLine.receipt_id.desc())
    )
    for row in rows:
        of_them = taken.setdefault(row.supplier_id, [])
        if len(of_them) < LATEST_DELIVERIES:
            of_them.append(int(row.days))
    found = {}
    for supplier_id, stated in session.execute(select(Supplier.id, Supplier.lead_days)):
        days = taken.get(supplier_id, [])
        if len(days) >= FEWEST_DELIVERIES:
            found[supplier_id] = LeadTime(mean(days), stdev(days), len(days))
        else:
            found[supplier_id] = LeadTime(float(stated), USUAL_SPREAD * stated)
    return found


def candidates() -> list[Candidate]:
    """Every article that has a preferred supplier and may be ordered, with what decides how many."""
    on_hand: dict[int, Decimal] = {}
    coming: dict[int, Decimal] = {}
    points: dict[int, Decimal] = {}
    for row in session.execute(
        select(
            StockLevel.variant_id,
            func.sum(StockLevel.sellable, type_=QuantityType).label("there"),
            func.sum(StockLevel.incoming, type_=QuantityType).label("coming"),
            func.sum(StockLevel.reorder_point, type_=QuantityType).label("point"),
        ).group_by(StockLevel.variant_id)
    ):
        on_hand[row.variant_id], coming[row.variant_id] = row.there, row.coming
        if row.point is not None:
            points[row.variant_id] = row.point
    demands = {
        row.variant_id: Demand(row.mean, row.wape_total)
        for row in session.execute(select(ProductForecast.variant_id, ProductForecast.mean, ProductForecast.wape_total))
    }
    rules = {one.variant_id: one for one in session.scalars(select(ReplenishmentRule))}
    leads, breaks = lead_times(), _all_breaks()
    rows = session.execute(
        select(SupplierItem, Supplier)
        .join(Supplier, Supplier.id == SupplierItem.supplier_id)
        .join(Variant, Variant.id == SupplierItem.variant_id)
        .join(Product, Product.id == Variant.product_id)
        .where(
            SupplierItem.preferred,
            Supplier.archived_at.is_(None),
            Variant.archived_at.is_(None),
            Product.is_stocked,
        )
        .order_by(SupplierItem.id)
    )
    found = []
    for item, supplier in rows:
        rule, demand = rules.get(item.variant_id), demands.get(item.variant_id, Demand((), None))
        floor = rule.minimum if rule is not None and rule.minimum is not None else points.get(item.variant_id)
        kind = rule.kind if rule is not None else "forecast"
        if kind == "forecast" and not demand.daily and floor is None:
            continue
        found.append(
            Candidate(
                variant_id=item.variant_id,
                supplier_id=supplier.id,
                currency=supplier.currency,
                cost=item.cost,
                on_hand=on_hand.get(item.variant_id, ZERO),
                incoming=coming.get(item.variant_id, ZERO),
                demand=demand,
                lead=leads[supplier.id],
                terms=Terms(
                    service_level=float(supplier.service_level),
                    review_days=supplier.review_days,
                    pack=item.pack_size,
                    minimum=item.minimum,
                    kind=kind,
                    floor=floor,
                    ceiling=rule.maximum if rule is not None else None,
                ),
                breaks=breaks.get(item.id, []),
            )
        )
    return found


def _all_breaks() -> dict[int, list[tuple[Decimal, Decimal]]]:
    found: dict[int, list[tuple[Decimal, Decimal]]] = {}
    for row in session.execute(select(PriceBreak.item_id, PriceBreak.from_quantity, PriceBreak.cost)):
        found.setdefault(row.item_id, []).append((row.from_quantity, row.cost))
    return found


def waiting_proposals(supplier_id: int | None = None) -> list[OrderProposal]:
    """What is proposed and is in no order yet, what runs out first before the rest."""
    statement = select(OrderProposal).where(OrderProposal.order_id.is_(None))
    if supplier_id is not None:
        statement = statement.where(OrderProposal.supplier_id == supplier_id)
    return list(session.scalars(statement.order_by(OrderProposal.cover_days, OrderProposal.id)))


def latest_trial() -> ReplenishmentTrial | None:
    """The last trial on history, or None before the first."""
    return session.scalar(select(ReplenishmentTrial).order_by(ReplenishmentTrial.id.desc()).limit(1))


UNKNOWN = (7.0, 7 * USUAL_SPREAD, 7.0, 1.0, 0.95)
"""How what has no supplier yet is taken to come: lead time, its spread, days an order lasts, pack, service level."""


def terms_of(variant_ids: Sequence[int]) -> list[tuple[float, float, float, float, float, float]]:
    """For each variant what a trial needs: cost, lead time and its spread, days an order lasts, pack, service level.
    What has no supplier yet is taken to come within a week; what has no known cost, to cost half of its price."""
    leads = lead_times()
    rows: dict[int, tuple[SupplierItem, Supplier]] = {
        row[0].variant_id: (row[0], row[1])
        for row in session.execute(
            select(SupplierItem, Supplier)
            .join(Supplier, Supplier.id == SupplierItem.supplier_id)
            .where(SupplierItem.preferred)
        )
    }
    costs = {
        row.id: row.price / 2 if row.cost is None else row.cost
        for row in session.execute(select(Variant.id, Variant.cost, Variant.price))
    }
    found = []
    for variant_id in variant_ids:
        known = rows.get(variant_id)
        if known is None:
            found.append((float(costs[variant_id]), *UNKNOWN))
            continue
        item, supplier = known
        lead = leads[supplier.id]
        found.append(
            (
                float(costs[variant_id]),
                lead.days,
                lead.spread,
                float(supplier.review_days),
                float(item.pack_size),
                float(supplier.service_level),
            )
        )
    return found


@dataclass(frozen=True)
class ProposalShown:
    """A proposal with the names of its article and supplier."""

    proposal: OrderProposal
    name: str
    sku: str
    supplier: str
    currency: str
    order_number: str


def proposal_numbered(proposal_id: int) -> ProposalShown:
    """A proposal; NotFound when there is none, as after the next night."""
    row = session.execute(
        select(
            OrderProposal,
            Variant.name,
            Variant.sku,
            Supplier.name,
            Supplier.currency,
            func.coalesce(PurchaseOrder.number, ""),
        )
        .join(Variant, Variant.id == OrderProposal.variant_id)
        .join(Supplier, Supplier.id == OrderProposal.supplier_id)
        .outerjoin(PurchaseOrder, PurchaseOrder.id == OrderProposal.order_id)
        .where(OrderProposal.id == proposal_id)
    ).one_or_none()
    if row is None:
        raise NotFound(_("There is no such proposal any more; the night has made new ones."))
    return ProposalShown(*row)


def rule_of(variant_id: int) -> ReplenishmentRule | None:
    """What somebody said about how a variant is ordered again."""
    return session.scalar(select(ReplenishmentRule).where(ReplenishmentRule.variant_id == variant_id))


@dataclass(frozen=True)
class Waiting:
    """What waits to be ordered of a supplier: how many articles, at which cost; whether that reaches their smallest
    order, and how soon the first of them runs out."""

    supplier_id: int
    name: str
    currency: str
    articles: int
    cost: Decimal
    minimum_order: Decimal
    first_days: int | None

    @property
    def is_enough(self) -> bool:
        return self.cost >= self.minimum_order


def proposals_by_supplier() -> list[Waiting]:
    """The proposals that are in no order yet, summed up by supplier; who runs out first before the rest."""
    rows = session.execute(
        select(
            Supplier.id,
            Supplier.name,
            Supplier.currency,
            func.count(),
            func.sum(OrderProposal.cost, type_=OrderProposal.cost.type),
            Supplier.minimum_order,
            func.min(OrderProposal.cover_days),
        )
        .join(Supplier, Supplier.id == OrderProposal.supplier_id)
        .where(OrderProposal.order_id.is_(None))
        .group_by(Supplier.id, Supplier.name, Supplier.currency, Supplier.minimum_order)
        .order_by(func.min(OrderProposal.cover_days), Supplier.name)
    )
    return [Waiting(*row) for row in rows]
