"""Loading the demonstration: businesses, people, assortment, and then day after day of trade."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from sqlalchemy import func, select, update

from retail.core import events
from retail.core.clock import now
from retail.core.db import reading, session, unit_of_work
from retail.core.events import Event, emit
from retail.core.tenancy import across_tenants, inside
from retail.events.integrations import HistoryImported
from retail.finance.services import add_tax_rate
from retail.identity.services import add_user
from retail.operations.demo.assortment import SHOPS, Shop
from retail.operations.demo.trading import Trade
from retail.operations.founding import found_business
from retail.orders.models import Order
from retail.tenancy.models import Tenant
from retail.tenancy.services import add_location, slug_of

Tell = Callable[[str], None]
PASSWORD = "harbor-lights-2026"  # noqa: S105  known to everybody on purpose
"""The demonstration's log-ins are written down for all to read; the program refuses a public address unless asked."""
DAYS = 365
NEWS = timedelta(days=1)


def load_demo(logins: Path, tell: Tell, days: int = DAYS) -> int:
    """Load what is missing of the demonstration and write its log-ins to `logins`; returns how many sales were made.

    A business whose loading was cut off goes on with the day after its last one.
    """
    made = 0
    for shop in SHOPS:
        tenant = _business(shop)
        with inside(tenant.id):
            tell(f"{shop.name}: assortment and customers")
            trade = Trade(shop, tenant)
            trade.prepare(days)
            made += trade.run(days, tell)
            with unit_of_work():
                _let_old_news_rest()
                _say_what_was_traded()
    tell("telling what happened last")
    events.drain()
    _write_logins(logins)
    return made


def _business(shop: Shop) -> Tenant:
    with across_tenants(), reading():
        known = session.scalar(select(Tenant).where(Tenant.slug == slug_of(shop.name)))
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
                add_user(email, name, role, PASSWORD)
    return known


def _let_old_news_rest() -> None:
    """Nobody is to be told today what a generated year held; the last day's news is delivered as usual."""
    session.execute(
        update(Event).where(Event.relayed_at.is_(None), Event.occurred_at < now() - NEWS).values(relayed_at=now()),
        execution_options={"synchronize_session": False},
    )


def _say_what_was_traded() -> None:
    """One event for the whole year, so that whoever keeps figures counts it."""
    first, last, documents = session.execute(
        select(func.min(Order.business_date), func.max(Order.business_date), func.count())
    ).one()
    if documents:
        emit(HistoryImported(first=first.isoformat(), last=last.isoformat(), documents=documents, lines=0))


def _write_logins(path: Path) -> None:
    """The log-ins, written whole or not at all: the file says that loading came to its end."""
    rows = [
        {"tenant": slug_of(shop.name), "role": role, "email": email, "password": PASSWORD}
        for shop in SHOPS
        for role, _name, email in shop.people
    ]
    aside = path.with_suffix(".part")
    aside.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    aside.chmod(0o600)
    os.replace(aside, path)
