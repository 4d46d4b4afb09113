"""Loading the demonstration: businesses, people, assortment, and then day after day of trade."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, update

from retail.core import clock, events
from retail.core.audit import Actor, act_as
from retail.core.clock import now
from retail.core.db import reading, session, unit_of_work
from retail.core.events import Event, emit
from retail.core.saved_lists import save_view
from retail.core.schedules import Schedule, run_now
from retail.core.tasks import run_due
from retail.core.tenancy import across_tenants, inside
from retail.events.integrations import HistoryImported
from retail.events.inventory import StockRanLow
from retail.finance.services import add_tax_rate
from retail.identity.pin_services import set_pin
from retail.identity.services import add_user, hasher
from retail.operations.demo.assortment import SHOPS, Shop
from retail.operations.demo.branch import staff_the_store
from retail.operations.demo.filling import fill
from retail.operations.demo.kinds import KINDS
from retail.operations.demo.stocking import furnish
from retail.operations.demo.trading import Trade
from retail.operations.founding import found_business
from retail.orders.models import Order
from retail.tenancy.models import Tenant
from retail.tenancy.services import add_location, slug_of

Tell = Callable[[str], None]
PASSWORD = "harbor-lights-2026"  # noqa: S105  known to everybody on purpose
"""The demonstration's log-ins are written down for all to read; the program refuses a public address unless asked."""
PINS = {"owner": "7391", "manager": "2580", "cashier": "1470"}
"""By which they change places at the till, and approve what cashiers may not do alone."""
DAYS, DAYS_OF_A_KIND = 365, 14
LOW_SINCE = timedelta(days=7)


VIEWS = (
    ("products", "Running low", "/products/", {"low": "1"}),
    ("products", "Archived", "/products/", {"status": "archived"}),
    ("orders", "This month's returns", "/orders/", {"kind": "return", "day": "this-month"}),
    ("levels", "Below zero", "/stock/", {"below": "1"}),
)
"""Views of lists that everybody in a business of the demo shares."""


def load_demo(logins: Path, tell: Tell, days: int | None = None, kind: str | None = None) -> int:
    """Load what is missing of the demonstration and write its log-ins to `logins`; returns how many sales were made.
    With a `kind`, the one shop of that kind is loaded instead of the two everybody gets.

    A business whose loading was cut off goes on with the day after its last one.
    """
    made = 0
    shops = SHOPS if kind is None else (KINDS[kind],)
    days = days or (DAYS if kind is None else DAYS_OF_A_KIND)
    for shop in shops:
        tenant = _business(shop)
        with inside(tenant.id):
            tell(f"{shop.name}: assortment and customers")
            if kind is not None:
                fill(kind, shop, tenant, days)
            yesterday = tenant.today() - timedelta(days=1)
            trade = Trade(shop, tenant)
            trade.prepare(days)
            past = trade.run(days, yesterday, tell)
            with unit_of_work():
                staff_the_store(shop, PASSWORD)
                _let_old_news_rest()
                if past:
                    _say_what_was_traded(yesterday, shop.timezone)
            made += past + trade.run(days, yesterday + timedelta(days=1), tell)
            with unit_of_work():
                trade.act_as_one("manager")
                furnish(tenant)
    tell("telling what happened last")
    events.drain()
    if made:
        tell("last night's work: scores, forecasts, the owner's report")
        _do_the_night()
    _write_logins(logins, shops)
    return made


def _business(shop: Shop) -> Tenant:
    with across_tenants(), reading():
        known = session.scalar(select(Tenant).where(Tenant.slug == slug_of(shop.name)))
        if known is not None:
            session.expunge(known)
    if known is None:
        known = found_business(
            shop.name,
            shop.currency,
            shop.timezone,
            locale=shop.locale,
            address=shop.address,
            tax_id=shop.tax_id,
            receipt_footer=shop.footer,
        )
        with inside(known.id), unit_of_work():
            add_location("store", shop.second_place, "warehouse")
            for code, name, rate in shop.taxes:
                add_tax_rate(code, name, Decimal(rate))
            for role, name, email in shop.people:
                user = add_user(email, name, role, PASSWORD)
                if role in PINS:
                    set_pin(user, hasher.hash(PINS[role]))
                if role == "owner":
                    for list_name, words, path, query in VIEWS:
                        save_view(list_name, user.id, words, path, query, is_shared=True)
    return known


def _let_old_news_rest() -> None:
    """Nobody is to be told today what a generated year held; what ran low this week still is, and today's news."""
    ran_low = (Event.kind == StockRanLow.kind) & (Event.occurred_at > now() - LOW_SINCE)
    session.execute(
        update(Event).where(Event.relayed_at.is_(None), ~ran_low).values(relayed_at=now()),
        execution_options={"synchronize_session": False},
    )


def _do_the_night() -> None:
    """What every business does by the clock, once, so that its pages are not empty on the first day."""
    with across_tenants(), reading():
        planned = session.execute(select(Schedule.tenant_id, Schedule.id).order_by(Schedule.id)).all()
    for tenant_id, schedule_id in planned:
        with inside(tenant_id), unit_of_work():
            act_as(Actor(name="demo"))
            run_now(schedule_id)
    run_due()
    events.drain()


def _say_what_was_traded(yesterday: date, zone: str) -> None:
    """One event for the whole past, so that whoever keeps figures counts it; told by nobody, on the evening before."""
    first, last, documents = session.execute(
        select(func.min(Order.business_date), func.max(Order.business_date), func.count())
    ).one()
    evening = datetime.combine(yesterday, time(23), ZoneInfo(zone))
    act_as(Actor(name="demo"))
    with clock.frozen(evening):
        emit(HistoryImported(first=first.isoformat(), last=last.isoformat(), documents=documents, lines=0))


def _write_logins(path: Path, shops: Sequence[Shop]) -> None:
    """The log-ins, written whole or not at all: the file says that loading came to its end. Those of other shops that
    were loaded before stay."""
    loaded = {slug_of(shop.name) for shop in shops}
    before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    rows = [row for row in before if row["tenant"] not in loaded]
    rows += [
        {"tenant": slug_of(shop.name), "role": role, "email": email, "password": PASSWORD, "pin": PINS.get(role)}
        for shop in shops
        for role, _name, email in shop.people
    ]
    aside = path.with_suffix(".part")
    aside.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    aside.chmod(0o600)
    os.replace(aside, path)
