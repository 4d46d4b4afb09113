"""A year of trade: who comes in, what they take, what comes back, what is ordered again. Seeded by business and day, so
that the same day is the same every time."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from stdnum import ean

from retail.catalog import services as catalog
from retail.catalog.models import Product, Variant
from retail.catalog.services import Description, NewVariant
from retail.core import clock
from retail.core.audit import Actor, act_as
from retail.core.clock import as_utc, now
from retail.core.db import session, unit_of_work
from retail.core.money import ZERO
from retail.customers.models import Customer
from retail.customers.services import create_customer
from retail.finance.models import TaxRate
from retail.identity.models import User
from retail.inventory import services as inventory
from retail.inventory.models import StockLevel
from retail.inventory.services import Movement
from retail.operations.demo.assortment import Article, Shop
from retail.operations.demo.buying import Buying
from retail.orders.models import Order, OrderLine
from retail.payments.services import Tender
from retail.pricing.services import Discount
from retail.tenancy.models import Tenant
from retail.tenancy.queries import first_shop
from retail.till import services as till
from retail.till.models import Register, Shift
from retail.till.queries import Station, station_at
from retail.till.services.cart_prices import Wanted

OPENS, CLOSES = 9, 18
WEEKDAYS = (0.75, 0.8, 0.9, 0.95, 1.2, 1.65, 0.85)
MONTHS = (0.72, 0.8, 0.9, 1.0, 1.08, 1.1, 1.12, 1.08, 0.98, 1.0, 1.22, 1.75)
HOURS = (0.5, 0.9, 1.3, 1.6, 1.4, 1.2, 1.3, 1.1, 0.6)
PROMOTIONS = ((1, 5, 20, 15, "January sale"), (6, 20, 30, 10, "Summer days"), (11, 24, 30, 20, "Late November offer"))
"""Month, first and last day, percent, name."""
FLOAT = Decimal(100)


def _own_code(shop: Shop, number: int) -> str:
    """A printed code of the range that no manufacturer has: an EAN-13 with its check digit."""
    body = f"29{shop.seed:02d}{number:08d}"
    return body + str(ean.calc_check_digit(body))


class Trade:
    """The trade of one demonstration business; call inside its tenant."""

    def __init__(self, shop: Shop, tenant: Tenant) -> None:
        self.shop, self.tenant = shop, tenant
        self.variants: list[tuple[int, Article, Decimal, Decimal]] = []
        self.regulars: list[tuple[int, float, float]] = []
        self.buying: Buying | None = None

    def prepare(self, days: int) -> None:
        """Make the assortment and the customers, or read them when they are there."""
        start = datetime.combine(self.tenant.today() - timedelta(days=days), time(8))
        with clock.frozen(as_utc(start, self.shop.timezone)):
            if session.scalar(select(func.count()).select_from(Product)) == 0:
                session.rollback()
                with unit_of_work():
                    self._make_assortment()
                    self._make_customers()
            self._read()
            session.rollback()
            assert self.buying is not None
            with unit_of_work():
                self.act_as_one("manager")
                self.buying.prepare(self.variants)
        session.rollback()

    def _make_assortment(self) -> None:
        rates = {rate.code: rate.id for rate in session.scalars(select(TaxRate))}
        categories: dict[str, int] = {}
        number = 0
        for article in self.shop.articles:
            if article.category not in categories:
                categories[article.category] = catalog.create_category(article.category).id
            variants = []
            for option in article.options or ("",):
                number += 1
                variants.append(
                    NewVariant(
                        sku=f"{article.category[:2].upper()}{number:03d}",
                        options={"Style": option} if option else {},
                        price=Decimal(article.price),
                        cost=Decimal(article.cost),
                        barcodes=(_own_code(self.shop, number),),
                    )
                )
            about = Description(article.name, category_id=categories[article.category], tax_rate_id=rates[article.tax])
            catalog.create_product(about, variants)

    def _make_customers(self) -> None:
        country = "United Kingdom" if self.shop.currency == "GBP" else "Germany"
        for number, name in enumerate(self.shop.customers, start=1):
            mail = name.lower().replace(" ", ".") + "@example.com"
            create_customer(name, code=f"K{number:04d}", email=mail, country=country)

    def _read(self) -> None:
        by_name = {article.name: article for article in self.shop.articles}
        rows = session.execute(
            select(Variant.id, Variant.price, Variant.cost, Product.name)
            .join(Product, Product.id == Variant.product_id)
            .where(Product.name.in_(by_name))
            .order_by(Variant.id)
        )
        self.variants = [(row.id, by_name[row.name], row.price, row.cost or ZERO) for row in rows]
        draw = random.Random(self.shop.seed)
        ids = session.scalars(select(Customer.id).order_by(Customer.id)).all()
        # Some customers are there all year, some come once, some leave, some are new.
        for customer_id in ids:
            begins, stays = draw.choice(((0.0, 1.0), (0.0, 1.0), (0.0, 0.45), (0.5, 0.5), (0.8, 0.2), (0.3, 0.3)))
            self.regulars.append((customer_id, begins, begins + stays))
        self.users = {
            email: (user_id, name)
            for user_id, name, email in session.execute(select(User.id, User.name, User.email)).all()
        }
        self.location_id = first_shop().id
        register_id = session.scalar(select(Register.id).order_by(Register.id))
        assert register_id is not None
        self.register_id = register_id
        self.buying = Buying(self.shop.name, self.shop.seed, self.shop.timezone, self.location_id)

    def run(self, days: int, until: date, tell: Callable[[str], None]) -> int:
        """Trade from the day after the last one to `until`, today until this hour; returns how many sales were made."""
        today = self.tenant.today()
        first = today - timedelta(days=days)
        last = session.scalar(select(func.max(Order.business_date)).where(Order.channel == "pos"))
        session.rollback()
        begin = first if last is None else last + timedelta(days=1)
        if last is None:
            self._restock(first, opening=True, days=days)
        made = 0
        for number in range((until - begin).days + 1):
            day = begin + timedelta(days=number)
            if day.day == 1 or day == begin:
                tell(f"{self.shop.name}: {day:%B %Y}")
            age = (day - first).days / max(days, 1)
            made += self._day(day, age, is_today=day == today)
            if day.weekday() == 0 and day != today:
                self._restock(day, opening=False, days=days)
        if until == today and made:
            self._last_touches(today)
        if until == today and self.buying is not None:
            with unit_of_work():
                self.act_as_one("clerk")
                self.buying.under_way(today, self.variants)
        return made

    def _day(self, day: date, age: float, *, is_today: bool) -> int:
        if day.weekday() in self.shop.closed_weekdays or (day.month, day.day) in {(12, 25), (12, 26), (1, 1)}:
            return 0
        draw = random.Random(f"{self.shop.seed}:{day.isoformat()}")
        # Trade grows by a sixth over the year; rain and luck make every day its own.
        expected = self.shop.sales_a_day * WEEKDAYS[day.weekday()] * MONTHS[day.month - 1] * (0.92 + 0.16 * age)
        count = max(1, round(expected * draw.lognormvariate(0, 0.16)))
        promotion = next((one for one in PROMOTIONS if one[0] == day.month and one[1] <= day.day <= one[2]), None)
        zone = ZoneInfo(self.shop.timezone)
        hours = draw.choices(range(OPENS, CLOSES), weights=HOURS, k=count)
        moments = sorted(datetime.combine(day, time(hour, draw.randrange(60), draw.randrange(60))) for hour in hours)
        if is_today:
            moments = [at for at in moments if as_utc(at, self.shop.timezone) <= now()]
        if not moments:
            return 0
        opening = as_utc(datetime.combine(day, time(OPENS - 1, 50)), self.shop.timezone)
        if is_today and opening > now():
            return 0
        with unit_of_work():
            with clock.frozen(opening):
                station = self._open()
            sold: list[int] = []
            for at in moments:
                with clock.frozen(at.replace(tzinfo=zone)):
                    sold.append(self._sale(draw, station, day, age, promotion))
                    if draw.random() < 0.018 and len(sold) > 2:
                        self._refund(draw, station, day)
                    if draw.random() < 0.004:
                        self.act_as_one("cashier")
                        till.void(
                            self.tenant,
                            station,
                            sold[-1],
                            f"v:{sold[-1]}",
                            "rung up twice",
                            allowance=till.WITHOUT_LIMITS,
                        )
            if not is_today:
                with clock.frozen(as_utc(datetime.combine(day, time(CLOSES, 20)), self.shop.timezone)):
                    self._close(draw, station)
        return len(sold)

    def _open(self) -> Station:
        self.act_as_one("cashier")
        till.open_shift(self.register_id, FLOAT, self._user("cashier")[0])
        station = station_at(self.register_id)
        assert station is not None
        return station

    def _close(self, draw: random.Random, station: Station) -> None:
        from_sales = till.expected_cash(_shift(station.shift_id))
        miscounted = draw.choice((ZERO,) * 9 + (Decimal("-0.50"), Decimal("0.20"), Decimal(-5)))
        till.close_shift(station.shift_id, _pieces(from_sales + miscounted))

    def _sale(
        self,
        draw: random.Random,
        station: Station,
        day: date,
        age: float,
        promotion: tuple[int, int, int, int, str] | None,
    ) -> int:
        self.act_as_one("cashier" if draw.random() < 0.8 else "manager")
        weights = [_pull(article, day, age) for _id, article, _price, _cost in self.variants]
        size = min(1 + int(draw.expovariate(0.62)), 9)
        lines: dict[int, Wanted] = {}
        for variant_id, article, _price, _cost in draw.choices(self.variants, weights=weights, k=size):
            more = 1 + (draw.random() < (0.35 if "card" in article.name or article.category == "Parts" else 0.12))
            kept = lines.get(variant_id)
            lines[variant_id] = Wanted(variant_id, Decimal(more) + (kept.quantity if kept else ZERO))
        wanted = list(lines.values())
        discount = Discount("percent", Decimal(promotion[3]), promotion[4]) if promotion else None
        if discount is None and draw.random() < 0.03:
            discount = Discount("percent", Decimal(10), "Regular customer")
        present = [one for one in self.regulars if one[1] <= age < one[2] or age >= 1 <= one[2]]
        customer_id = None
        if present and draw.random() < 0.38:
            customer_id = draw.choices(present, weights=[1 / (1 + place) for place in range(len(present))])[0][0]
        due = till.price_cart(self.tenant, wanted, discount).priced.gross
        key = f"demo:{self.shop.seed}:{clock.now().isoformat()}:{draw.random():.12f}"
        sale = till.ring_up(
            self.tenant,
            station,
            wanted,
            _tenders(draw, due),
            key,
            discount=discount,
            customer_id=customer_id,
            allowance=till.WITHOUT_LIMITS,
        )
        return sale.order_id

    def _refund(self, draw: random.Random, station: Station, day: date) -> None:
        """Somebody brings back one thing bought in the last three weeks."""
        self.act_as_one("manager")
        line = session.execute(
            select(OrderLine.id, OrderLine.order_id)
            .join(Order, Order.id == OrderLine.order_id)
            .where(
                Order.kind == "sale",
                Order.state.in_(("paid", "part_refunded")),
                Order.business_date >= day - timedelta(days=21),
                OrderLine.returned == ZERO,
            )
            .order_by(OrderLine.id)
            .offset(draw.randrange(40))
            .limit(1)
        ).first()
        if line is None:
            return
        why = draw.choice(("changed their mind", "a gift twice", "damaged", "does not fit"))
        method = draw.choice(("cash", "card"))
        till.refund(
            self.tenant,
            station,
            line.order_id,
            {line.id: Decimal(1)},
            f"r:{line.id}",
            why,
            method,
            allowance=till.WITHOUT_LIMITS,
        )

    def _restock(self, day: date, *, opening: bool, days: int) -> None:
        """Order back to about five weeks of what each article sells."""
        draw = random.Random(f"{self.shop.seed}:stock:{day.isoformat()}")
        today = self.tenant.today()
        levels = {row[0]: row[1] for row in session.execute(select(StockLevel.variant_id, StockLevel.on_hand))}
        session.rollback()
        total = sum(article.pull / max(len(article.options), 1) for article in self.shop.articles for _ in (0,))
        lines = []
        for variant_id, article, _price, cost in self.variants:
            a_week = 7 * self.shop.sales_a_day * 2.2 * article.pull / max(len(article.options), 1) / total
            season = _pull(article, day + timedelta(days=14), 0.5) / max(article.pull, 0.01)
            aim = math.ceil(a_week * 4.5 * max(season, 0.6) * (0.9 + 0.2 * draw.random())) + 3
            missing = aim - int(levels.get(variant_id, ZERO))
            if missing >= aim * (0.0 if opening else 0.45):
                lines.append(Movement(variant_id, self.location_id, Decimal(missing), unit_cost=cost))
        if not lines:
            return
        with unit_of_work(), clock.frozen(as_utc(datetime.combine(day, time(8, 15)), self.shop.timezone)):
            self.act_as_one("clerk")
            if not opening and self.buying is not None:
                articles = {variant_id: article for variant_id, article, _price, _cost in self.variants}
                self.buying.restock(day, lines, articles, today=today)
            if opening:
                inventory.receive(self.location_id, lines, "Opening stock")
                for variant_id, article, _price, _cost in self.variants:
                    a_week = 7 * self.shop.sales_a_day * 2.2 * article.pull / max(len(article.options), 1) / total
                    inventory.set_reorder_point(self.location_id, variant_id, Decimal(max(2, round(a_week * 1.2))))

    def _last_touches(self, today: date) -> None:
        """A breakage this week, so that adjustments are not empty."""
        if session.scalar(select(func.count()).select_from(Order)) == 0:
            return
        session.rollback()
        known = session.scalars(select(StockLevel.variant_id).where(StockLevel.on_hand > 3).limit(3)).all()
        session.rollback()
        with unit_of_work(), clock.frozen(now() - timedelta(hours=2)):
            self.act_as_one("clerk")
            for variant_id in known[: 1 + today.day % 2]:
                inventory.adjust(self.location_id, variant_id, Decimal(-1), "damaged", "fell from the shelf")

    def _user(self, role: str) -> tuple[int, str]:
        email = next(email for one, _name, email in self.shop.people if one == role)
        return self.users[email]

    def act_as_one(self, role: str) -> None:
        """What follows is done by somebody of this role."""
        user_id, name = self._user(role)
        act_as(Actor(user_id=user_id, name=name, address="demo"))


def _pull(article: Article, day: date, age: float) -> float:
    """How strongly an article sells on a day, per variant of it."""
    if not article.ages[0] <= age <= article.ages[1]:
        return 0.0
    in_season = 1.0 if not article.season else (2.4 if day.month in article.season else 0.55)
    return article.pull * in_season / max(len(article.options), 1)


def _tenders(draw: random.Random, due: Decimal) -> list[Tender]:
    if not due:
        return []
    if draw.random() < 0.66:
        return [Tender("card", due, "approved")]
    if draw.random() < 0.05 and due > 20:
        part = Decimal(10)
        return [Tender("card", due - part, "approved"), Tender("cash", part)]
    handed = next((Decimal(note) for note in (5, 10, 20, 50, 100) if note >= due), due)
    return [Tender("cash", handed if draw.random() < 0.7 else due)]


def _pieces(total: Decimal) -> dict[str, int]:
    """A drawer's contents as coins and notes, largest first."""
    pieces: dict[str, int] = {}
    for face in ("50", "20", "10", "5", "2", "1", "0.50", "0.20", "0.10", "0.05", "0.02", "0.01"):
        count = int(total / Decimal(face))
        if count > 0:
            pieces[face] = count
            total -= count * Decimal(face)
    return pieces


def _shift(shift_id: int) -> Shift:
    return session.get_one(Shift, shift_id)
