"""Where the demonstration's goods come from: suppliers, a year of orders with their deliveries and bills, and what is
under way today. Seeded as the trade is."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from sqlalchemy import func, select

from retail.core import clock
from retail.core.clock import as_utc
from retail.core.db import session
from retail.core.money import ZERO, to_minor
from retail.inventory.services import Movement
from retail.operations.demo.assortment import Article
from retail.purchasing import services as purchasing
from retail.purchasing.models import PurchaseOrder, Supplier

CENT = Decimal("0.01")


@dataclass(frozen=True)
class Source:
    """A supplier of the demonstration: who, where, in which currency at which rate, which categories, how many days a
    delivery takes, in packs of how many, and how often something is wrong."""

    name: str
    contact: str
    currency: str
    rate: str
    categories: tuple[str, ...]
    days: int
    pack: int = 1
    trouble: float = 0.05
    country: str = "United Kingdom"


SOURCES: dict[str, tuple[Source, ...]] = {
    "Harbor & Pine": (
        Source("Penhale Paper", "Jenna Penhale", "GBP", "1", ("Paper", "Children"), 4, pack=5),
        Source("Atlantic Larder", "Tom Keast", "GBP", "1", ("Pantry", "Bath"), 3, pack=6, trouble=0.12),
        Source("Lindqvist Keramik", "Maja Lindqvist", "EUR", "0.86", ("Kitchen",), 9, pack=4, country="Sweden"),
        Source("Wren & Daughters", "Ruth Wren", "GBP", "1", (), 7),
    ),
    "Speiche": (
        Source("Nordrad Teile", "Kai Brodersen", "EUR", "1", ("Parts", "Care", "Tools"), 3, pack=2, country="Germany"),
        Source(
            "Velolux", "Claire Maurin", "CHF", "1.05", ("Lights", "Security"), 8, trouble=0.15, country="Switzerland"
        ),
        Source("Pack & Helm", "Silke Arndt", "EUR", "1", (), 6, country="Germany"),
    ),
    "Selvedge": (Source("Lanyon Mills", "Wella Lanyon", "GBP", "1", (), 8),),
    "Suvarna Jewels": (Source("Sagar Refinery", "Nitin Sagar", "INR", "1", (), 5, country="India"),),
    "Quay Market": (Source("Bandon Growers", "Deirdre Hurley", "EUR", "1", (), 2, pack=6, country="Ireland"),),
}
"""By business; the last one sells every other category."""


class Buying:
    """The buying of one demonstration business; call inside its tenant."""

    def __init__(self, shop_name: str, seed: int, zone: str, location_id: int) -> None:
        self.sources, self.seed, self.zone, self.location_id = SOURCES[shop_name], seed, zone, location_id
        self.known: dict[str, int] = {}

    def prepare(self, articles: Sequence[tuple[int, Article, Decimal, Decimal]]) -> None:
        """Make the suppliers and their articles, or read them when they are there."""
        self.known = {row.name: row.id for row in session.execute(select(Supplier.id, Supplier.name))}
        if self.known:
            return
        for source in self.sources:
            supplier = purchasing.create_supplier(
                source.name,
                source.currency,
                contact=source.contact,
                email=f"orders@{source.name.split()[0].lower()}.example",
                country=source.country,
                lead_days=source.days,
                payment_days=30,
                discount=Decimal("0.02"),
                discount_days=10,
                over_tolerance=Decimal("0.05"),
                minimum_order=Decimal(40),
            )
            self.known[source.name] = supplier.id
            for variant_id, article, _price, cost in articles:
                if self.source_of(article) is source:
                    asked = _asked(cost, source)
                    purchasing.set_item(
                        supplier,
                        variant_id,
                        asked,
                        code=f"{source.name[:2].upper()}{variant_id:04d}",
                        pack_size=Decimal(source.pack),
                        breaks=[(Decimal(source.pack * 20), round(asked * Decimal("0.95"), 2))] if asked > 1 else [],
                    )
        purchasing.note_down(
            session.get_one(Supplier, self.known[self.sources[0].name]),
            "call",
            "Prices hold until the end of the year.",
        )

    def source_of(self, article: Article) -> Source:
        """Who sells an article."""
        return next((one for one in self.sources if article.category in one.categories), self.sources[-1])

    def restock(self, day: date, lines: Sequence[Movement], articles: dict[int, Article], *, today: date) -> None:
        """Have goods delivered on a day: ordered days before, mostly complete, billed and approved a few days later."""
        draw = random.Random(f"{self.seed}:buying:{day.isoformat()}")
        for source in self.sources:
            wanted = [one for one in lines if self.source_of(articles[one.variant_id]) is source]
            if wanted:
                self._delivery(draw, day, source, wanted, today)

    def _delivery(
        self, draw: random.Random, day: date, source: Source, wanted: Sequence[Movement], today: date
    ) -> None:
        placed = day - timedelta(days=source.days + draw.choice((-1, 0, 0, 0, 1, 2)))
        rate = Decimal(source.rate) + Decimal(draw.randrange(-20, 21)) / 1000 if source.rate != "1" else Decimal(1)
        with clock.frozen(self._at(placed, 17)):
            order = purchasing.draw_up(
                self.known[source.name],
                self.location_id,
                [
                    purchasing.OrderedLine(one.variant_id, one.quantity, _asked(one.unit_cost or ZERO, source))
                    for one in wanted
                ],
                rate=rate,
                expected_on=placed + timedelta(days=source.days + 1),
            )
            if order.net < order.supplier.minimum_order:
                order.supplier.minimum_order = ZERO
            purchasing.submit(order, None)
            purchasing.mark_sent(order)
        with clock.frozen(self._at(day, 8)):
            self._arrival(draw, order, source)
        paid = day + timedelta(days=3)
        if paid < today and order.state != "cancelled":
            with clock.frozen(self._at(paid, 11)):
                self._bill(draw, order, source)

    def _arrival(self, draw: random.Random, order: PurchaseOrder, source: Source) -> None:
        arrivals = []
        for line in order.lines:
            damaged = Decimal(1) if line.quantity > 3 and draw.random() < source.trouble / 2 else ZERO
            missing = Decimal(1) if line.quantity > 5 and draw.random() < source.trouble else ZERO
            arrivals.append(purchasing.Arrival(line.id, line.quantity - damaged - missing, damaged))
        charges = [purchasing.Charge("freight", Decimal("7.50"), "value")] if order.net < 400 else []
        if source.currency not in {"EUR", "GBP"}:
            charges.append(
                purchasing.Charge("duty", to_minor(order.net * order.rate * Decimal("0.03"), "EUR"), "value")
            )
        purchasing.receive_order(order, arrivals, charges=charges, reference=f"LS {draw.randrange(10_000, 99_999)}")
        if order.state == "part_received":
            purchasing.close_short(order, "credited by the supplier")

    def _bill(self, draw: random.Random, order: PurchaseOrder, source: Source) -> None:
        lines, net = [], ZERO
        for line in order.lines:
            if line.to_bill:
                dearer = round(line.unit_cost * Decimal("1.04"), 2) if draw.random() < source.trouble / 3 else ZERO
                cost = max(line.unit_cost, dearer)
                lines.append(purchasing.Billed(line.id, line.to_bill, cost))
                net += to_minor(line.to_bill * cost, order.currency)
        landed = purchasing.landed_to_bill(order)
        bill = purchasing.enter_bill(
            order,
            f"{order.supplier.code}/{draw.randrange(1000, 9999)}-{order.id}",
            lines,
            billed_on=self._day(order),
            charges=landed,
            total=net + landed,
        )
        purchasing.approve_bill(bill, "agreed by telephone" if bill.state == "held" else "")

    def _day(self, order: PurchaseOrder) -> date:
        return order.received_on or order.business_date

    def _at(self, day: date, hour: int) -> datetime:
        return as_utc(datetime.combine(day, time(hour, 10)), self.zone)

    def under_way(self, today: date, articles: Sequence[tuple[int, Article, Decimal, Decimal]]) -> None:
        """What is going on today: an order sent, one half received with a bill that differs, one that waits for
        approval, goods sent back."""
        if session.scalar(select(func.count()).where(PurchaseOrder.state == "part_received")):
            return
        for number, source in enumerate(self.sources[:3]):
            theirs = [one for one in articles if self.source_of(one[1]) is source][:6]
            lines = [
                purchasing.OrderedLine(variant_id, Decimal(source.pack * (2 + number)), _asked(cost, source))
                for variant_id, _article, _price, cost in theirs
            ]
            with clock.frozen(self._at(today - timedelta(days=3), 16)):
                order = purchasing.draw_up(self.known[source.name], self.location_id, lines, rate=Decimal(source.rate))
                order.supplier.minimum_order = ZERO
                if number == 2:
                    purchasing.submit(order, ZERO)
                    continue
                purchasing.submit(order, None)
                purchasing.send_order(order)
            if number == 1:
                self._half(order, today)

    def _half(self, order: PurchaseOrder, today: date) -> None:
        with clock.frozen(self._at(today - timedelta(days=1), 9)):
            half = [purchasing.Arrival(line.id, line.quantity) for line in order.lines[: len(order.lines) // 2 + 1]]
            purchasing.receive_order(order, half, reference="LS 20417")
            billed = [
                purchasing.Billed(line.id, line.received, line.unit_cost + (CENT * 20 if at == 0 else 0))
                for at, line in enumerate(order.lines)
                if line.received
            ]
            total = sum((to_minor(one.quantity * one.unit_cost, order.currency) for one in billed), ZERO)
            purchasing.enter_bill(
                order, f"{order.supplier.code}/7731", billed, billed_on=today - timedelta(days=1), total=total
            )


def _asked(cost: Decimal, source: Source) -> Decimal:
    return max(round(cost / Decimal(source.rate), 2), CENT)
