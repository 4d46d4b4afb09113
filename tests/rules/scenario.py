"""A lived-in town: both businesses with something of everything, made through the services.

Everything of the rival's carries the words CANARY, so that a leak shows wherever it comes up.
"""

from __future__ import annotations

import io
from dataclasses import asdict
from datetime import timedelta
from decimal import Decimal

from sqlalchemy import select

from retail.catalog import services as catalog
from retail.catalog.models import Variant
from retail.catalog.services import Description, GarmentFacts, JewelFacts, NewVariant, Stone
from retail.core import blocks, events, exports, mail, tasks, troubles
from retail.core import saved_lists as saved
from retail.core.audit import Actor, act_as
from retail.core.clock import frozen, now
from retail.core.db import session, unit_of_work
from retail.core.errors import NeedsApproval
from retail.core.events import emit
from retail.core.imports import services as imports
from retail.core.mail import MailRefused
from retail.core.rate_limits import LimitedCaller
from retail.core.schedules import STANDING, plan_standing
from retail.core.tenancy import across_tenants, inside
from retail.customers.services import create_customer
from retail.events.catalog import ProductsImported
from retail.events.customers import CustomersImported
from retail.events.identity import UserSignedIn
from retail.events.integrations import HistoryImported, ImportUndone
from retail.finance.models import TaxRate
from retail.finance.services import add_tax_rate, open_books
from retail.identity import administrator_services as administrators
from retail.identity import services as identity
from retail.identity import sessions
from retail.identity import support_services as support
from retail.identity.approval_services import approve
from retail.identity.models import Passkey, User
from retail.identity.pin_services import set_pin
from retail.identity.place_services import give_places
from retail.identity.second_factor import begin_setup
from retail.integrations.product_options import default_options
from retail.inventory import services as inventory
from retail.inventory.transfer_queries import transfer_numbered
from retail.labels import services as labels
from retail.labels.papers import SHIPPED
from retail.lists import services as lists
from retail.notifications import preference_services as preferences
from retail.notifications.preference_queries import Cell
from retail.notifications.services import Message, notify
from retail.orders.queries import lines_of
from retail.permissions import ROLES, Can
from retail.purchasing import services as purchasing
from retail.purchasing.costing import Charge
from retail.purchasing.models import PurchaseOrder, ReceivedLine, Supplier
from retail.purchasing.queries import candidates
from retail.reports.work import stock_figures
from retail.tenancy.queries import first_shop
from retail.tenancy.services import add_location, create_tenant
from retail.till import services as till
from tests import make
from tests.catalog.support import picture

CANARY = "Quokka"
WITNESS = "Zephyrine"
"""The second word of everything called after the canary: a search for the first may echo that, never this."""


A_PICTURE = picture()
GOODS = (("tea", "2.40", "4006381333931"), ("milk", "1.15", "5000159407236"), ("bread", "3.33", "7622210449283"))


def build() -> None:
    """Fill both businesses. In an application context; commits."""
    for cast, domain, word in (
        (make.corner_shop(), "corner.example", "Common"),
        (make.rival(), "rival.example", f"{CANARY} {WITNESS}"),
    ):
        with inside(cast.tenant_id):
            _live(cast, domain, word)
    with unit_of_work():
        empty = create_tenant("Empty", "EUR", "Europe/Berlin", location="Empty shop")
    with inside(empty.id), unit_of_work():
        identity.open_roles()
        open_books()
        identity.add_user("owner@empty.example", "Empty owner", "owner", None)
        add_location("store", "Empty store", "warehouse")
        till.add_register("Till 1", first_shop().id)
        add_tax_rate("none", "No tax", Decimal(0))
    with across_tenants(), unit_of_work():
        root = administrators.add_administrator("root@platform.example", "Root Keeper", make.PASSWORD)
        begin_setup(root)
        root.totp_confirmed_at = now()
        root_id = root.id
    for cast, word in ((make.corner_shop(), "Common"), (make.rival(), f"{CANARY} {WITNESS}")):
        with inside(cast.tenant_id), unit_of_work():
            refused = support.ask(root_id, "Root Keeper", f"{word} first look", 8)
            support.refuse(refused.id, cast.users["owner"], f"{word} owner")
            support.ask(root_id, "Root Keeper", f"{word} second look", 1)
    with across_tenants(), unit_of_work():
        session.add(
            LimitedCaller(
                policy="address",
                caller="address:192.0.2.9",
                label="address:192.0.2.9",
                scope="global",
                value="600 per 1 minute",
                times=3,
                first_at=now(),
                last_at=now(),
                until=now() + timedelta(days=1),
            )
        )
        blocks.block("192.0.2.0/28", "Floods us", None, "Root Keeper", own=None, sure=False)
    events.drain()
    session.remove()


def _live(cast: make.Cast, domain: str, word: str) -> None:
    with unit_of_work():
        act_as(Actor(user_id=cast.users["owner"], name=f"{word} owner", address="127.0.0.1"))
        for role in sorted(ROLES.keys() - cast.users.keys()):
            identity.add_user(f"{role}@{domain}", f"{word} {role}", role, None)
        branch = identity.add_user(f"branch@{domain}", f"{word} branch", "owner", None)
        give_places(branch, frozenset({cast.warehouse_id}))
        tenant = cast.tenant
        plan_standing(tenant.timezone)
        owner = session.get_one(User, cast.users["owner"])
        sessions.begin(owner, address="192.0.2.7", device=f"{word} phone", days=1, second_factor=False)
        _prove(owner, cast, word)
        drinks = catalog.create_category(f"{word} drinks")
        rate = session.scalars(select(TaxRate.id)).first()
        customer = create_customer(f"{word} customer", code=f"{word[:2]}-1", email=f"buyer@{domain}")
        variants = []
        for number, (name, price, code) in enumerate(GOODS):
            about = Description(
                f"{word} {name}", description=f"{word} words", brand=word, category_id=drinks.id, tax_rate_id=rate
            )
            new = NewVariant(Decimal(price), Decimal("1.10"), f"{word[:3].upper()}-{number}", barcodes=(code,))
            product = catalog.create_product(about, [new])
            variants += session.scalars(select(Variant).where(Variant.product_id == product.id))
    tea, milk, bread = variants
    _tell_apart(cast, word, drinks.id)
    with unit_of_work():
        for variant in variants:
            goods = [inventory.Movement(variant.id, cast.location_id, Decimal(20), Decimal("1.10"))]
            inventory.receive(cast.location_id, goods, f"{word} delivery")
        inventory.set_reorder_point(cast.location_id, tea.id, Decimal(18))
        inventory.transfer(cast.location_id, cast.warehouse_id, [(bread.id, Decimal(1))], f"{word} van")
        inventory.adjust(cast.location_id, bread.id, Decimal(-1), min(inventory.REASONS), f"{word} note")
        inventory.set_aside(cast.location_id, bread.id, Decimal(1), "damaged", f"{word} crumbs")
        kept = inventory.set_aside(cast.location_id, milk.id, Decimal(1), "reserved", f"{word} neighbor")
        inventory.put_back(kept.id)
        asked = inventory.request_transfer(cast.location_id, cast.warehouse_id, [(milk.id, Decimal(1))], f"{word} ask")
        inventory.cancel_transfer(asked.id)
        inventory.request_transfer(cast.location_id, cast.warehouse_id, [(milk.id, Decimal(1))], f"{word} wish")
        sent = inventory.send(cast.location_id, cast.warehouse_id, [(bread.id, Decimal(3))], f"{word} cart")
        (line,) = transfer_numbered(sent.id).lines
        came = {line.line.id: inventory.Arrival(Decimal(1), Decimal(1), Decimal(0))}
        inventory.receive_transfer(sent.id, came, f"{word} wet")
        _count(cast, word, [tea, milk])
        inventory.expect("purchase", 1, {(tea.id, cast.location_id): Decimal(4)})
        labels.begin_batch(f"{word} shelf", [(tea.id, 2), (milk.id, 1)])
        sheet = {name: value for name, value in asdict(SHIPPED["l7160"]).items() if name not in {"key", "name"}}
        labels.keep_paper(None, f"{word} sheet", **sheet)
    first = make.sale(cast, (tea, 2), (milk, 1), customer_id=customer.id)
    make.sale(cast, (bread, 3), tender="card")
    third = make.sale(cast, (tea, 1))
    station = make.open_till(cast)
    with unit_of_work():
        line = lines_of(first.order_id)[0]
        till.refund(
            tenant,
            station,
            first.order_id,
            {line.id: Decimal(1)},
            "r1",
            f"{word} reason",
            "cash",
            allowance=till.WITHOUT_LIMITS,
        )
    with unit_of_work():
        till.void(tenant, station, third.order_id, "v1", f"{word} mistake", allowance=till.WITHOUT_LIMITS)
    with unit_of_work():
        till.move_cash(station.shift_id, "pay_out", Decimal("3.00"), f"{word} stamps")
    with unit_of_work():
        till.close_shift(station.shift_id, {"20": 2}, f"{word} count")
    make.sale(cast, (milk, 2), tender="card", customer_id=customer.id)
    _lists(cast, word, variants)
    _buy(cast, domain, word, variants)
    _kinds(word)
    _work(cast, domain, word)


def _kinds(word: str) -> None:
    """A ring that is gold, worn in sizes, and promised to somebody."""
    with unit_of_work():
        scale = catalog.save_scale(None, f"{word} rings", [(f"{word[:3]} M", {"UK": f"{word} M"})])
        catalog.set_color(f"{word} gold", "#d4af37")
        ring = catalog.create_product(Description(f"{word} ring"), [NewVariant(Decimal(1), Decimal(1))])
        facts = GarmentFacts(f"{word} season", f"{word} line", scale.id, f"100 {word}", f"{word} care")
        catalog.describe_garment(ring.id, facts)
        catalog.add_to_gallery(ring.id, catalog.shrunk(A_PICTURE), "front", f"{word} gold")
        gold = catalog.add_purity(f"{word} gold", "22K", Decimal("0.916"))
        catalog.set_rates({gold.id: Decimal(50)})
        catalog.change_rules(48, 24)
        (piece,) = session.scalars(select(Variant).where(Variant.product_id == ring.id))
        stone = Stone(f"{word} ruby", 1, Decimal("0.1"), Decimal(5))
        weights = JewelFacts(gold.id, Decimal(5), Decimal(4), stones=[stone], certificate_number=f"{word} 1")
        catalog.describe_jewel(piece.id, weights)
        catalog.keep_certificate(piece.id, f"{word}.pdf", f"%PDF {word}".encode())
        catalog.lock_price(piece.id, f"{word} buyer")
        catalog.set_scale_rule("21", "weight", 5, 5, 3)


def _tell_apart(cast: make.Cast, word: str, category_id: int) -> None:
    """A lot that came long ago and is in the figures of the night, and what the business decided about its stock."""
    with frozen(now() - timedelta(days=40)), unit_of_work():
        about = Description(f"{word} honey", category_id=category_id)
        new = NewVariant(Decimal("5.00"), Decimal("2.00"), f"{word[:3].upper()}-L")
        product = catalog.create_product(about, [new])
        inventory.set_tracking(product.id, "lot")
        honey = session.scalars(select(Variant.id).where(Variant.product_id == product.id)).one()
        day = now().date() + timedelta(days=45)
        named = (inventory.Named(f"{word[:3].upper()}-LOT", Decimal(4), day),)
        goods = [inventory.Movement(honey, cast.location_id, Decimal(4), Decimal(2), named=named)]
        inventory.receive(cast.location_id, goods, f"{word} hive")
        inventory.set_policy(25, sells_expired=False, expiry_days=30)
    stock_figures(progress=lambda *_said: None)
    with unit_of_work():
        inventory.watch_expiry()


def _count(cast: make.Cast, word: str, variants: list[Variant]) -> None:
    """A count that was booked, one to be looked at and one that goes on."""
    for turn in range(3):
        count = inventory.start_count(cast.location_id, "full", note=f"{word} count {turn}")
        seen = [
            inventory.Counted(f"{word}-{turn}-{one.id}", one.id, Decimal(20 - turn), count.started_at)
            for one in variants[: 2 - (turn == 2)]
        ]
        inventory.enter_counts(count.id, seen)
        if turn < 2:
            inventory.finish_count(count.id)
        if turn == 0:
            inventory.post_count(count.id)


def _prove(owner: User, cast: make.Cast, word: str) -> None:
    """What people prove themselves by, and what they approved."""
    identity.replace_password(owner, owner.password_hash or "")
    set_pin(owner, owner.password_hash or "")
    session.add(
        Passkey(user_id=owner.id, name=f"{word} key", credential_id=word[:3] * 8, public_key=b"x", created_at=now())
    )
    need = NeedsApproval(
        word, Can.REFUND, action="refund", measure=Decimal(5), amount=Decimal(5), bound_to=f"{word} refund"
    )
    act_as(Actor(user_id=cast.users["cashier"], name=f"{word} cashier", address="127.0.0.1"))
    approve(need, owner, None)
    act_as(Actor(user_id=owner.id, name=f"{word} owner", address="127.0.0.1"))


def _buy(cast: make.Cast, domain: str, word: str, variants: list[Variant]) -> None:
    """A supplier, and orders in every state: from a draft to one that was received, billed and partly sent back."""
    tea, milk, bread = variants
    with unit_of_work():
        mill = purchasing.create_supplier(
            f"{word} mill",
            "GBP",
            code=f"{word[:2]}-V1",
            email=f"mill@{domain}",
            orders_itself=True,
            monthly_budget=Decimal(500),
            price_tolerance=Decimal("0.01"),
        )
        for variant in variants:
            breaks = [(Decimal(100), Decimal("1.00"))]
            purchasing.set_item(mill, variant.id, Decimal("1.20"), code=f"{word[:2]}-{variant.id}", breaks=breaks)
        purchasing.note_down(mill, "call", f"{word} said something")
        purchasing.set_rule(milk.id, "min_max", Decimal(100), Decimal(150))
        purchasing.set_rule(bread.id, "min_max", Decimal(90), Decimal(95))

        def order(*lines: tuple[Variant, int]) -> PurchaseOrder:
            made = purchasing.draw_up(
                mill.id, cast.location_id, [purchasing.OrderedLine(one.id, Decimal(n)) for one, n in lines]
            )
            made.reference = f"{word} reference"
            return made

        order((tea, 5))
        waiting = order((tea, 50), (milk, 20))
        purchasing.submit(waiting, Decimal(0))
        gone = order((bread, 1))
        purchasing.submit(gone, None)
        purchasing.cancel(gone, f"{word} mistake")
        for number, came in ((1, 10), (2, 4)):
            placed = order((tea, 10), (milk, 4))
            purchasing.submit(placed, None)
            purchasing.send_order(placed)
            first = placed.lines[0]
            if number == 2:
                purchasing.amend(placed, {first.id: Decimal(9)}, {}, f"{word} reason", None)
            purchasing.receive_order(
                placed,
                [purchasing.Arrival(first.id, Decimal(came), Decimal(1 if number == 2 else 0), f"{word} box")],
                charges=[Charge("freight", Decimal("3.00"), "value")],
                reference=f"{word} note",
            )
            cost = Decimal("1.20") if number == 1 else Decimal("1.50")
            bill = purchasing.enter_bill(
                placed,
                f"{word} {number}",
                [purchasing.Billed(first.id, Decimal(3), cost)],
                billed_on=placed.business_date,
                total=3 * cost,
            )
            if number == 1:
                purchasing.approve_bill(bill)
                row = session.scalars(select(ReceivedLine).where(ReceivedLine.order_line_id == first.id)).one()
                purchasing.send_goods_back(placed, {row.id: Decimal(2)}, "faulty", f"{word} dents")
        purchasing.keep_trial(now().date(), EMPTY_TRIAL)
    with unit_of_work():
        purchasing.keep_proposals(now().date(), candidates())
    with unit_of_work():
        purchasing.order_by_itself(session.get_one(Supplier, mill.id))
        purchasing.set_rule(tea.id, "min_max", Decimal(500), Decimal(600))
    with unit_of_work():
        purchasing.keep_proposals(now().date(), candidates())


_NOTHING = {
    "service": 1.0,
    "stock_value": 2.0,
    "stock_units": 1.0,
    "lost_units": 0.0,
    "orders": 1,
    "daily_value": [2.0],
}
EMPTY_TRIAL = {
    "first": "2026-01-01", "last": "2026-01-01", "articles": 1, "units": 1.0, "ours": _NOTHING, "plain": _NOTHING,
    "equal": None, "frontier": [],
}  # fmt: skip


def _lists(cast: make.Cast, word: str, variants: list[Variant]) -> None:
    """Views somebody saved and columns they chose; prices changed in bulk and back again."""
    owner = cast.users["owner"]
    with unit_of_work():
        view = saved.save_view("products", owner, f"{word} view", "/products/", {"brand": word}, is_shared=True)
        saved.choose_columns("orders", owner, ["when", "total"])
        saved.open_with("orders", owner, None)
        saved.save_view("orders", owner, f"{word} own view", "/orders/", {"kind": "sale"}, view.columns)
        rows = [(one.product_id, one.name) for one in variants]
        for percent in ("10", "-5"):
            run = lists.begin("products", "price", {"percent": percent, "rounding": "exact"}, rows)
            lists.carry_out(run, lists.PART)
            lists.take_back(run)
            lists.give_back(run, lists.PART)
        exports.ask(f"{word} export", "/products/?format=csv", sessions.person_numbered(owner, cast.location_id))


def _work(cast: make.Cast, domain: str, word: str) -> None:
    """Mail, tasks, imports, news."""
    with unit_of_work():
        attachments = [(f"{word}.txt", "text/plain", word.encode())]
        mail.send(f"owner@{domain}", f"{word} subject", word, f"<p>{word}</p>", attachments=attachments)
        for one in STANDING.values():
            if one.task.startswith("intelligence"):
                tasks.ask_for(one.task)
        act_as(Actor(user_id=cast.users["manager"], name=f"{word} manager", address="127.0.0.1"))
        content = f"Name,SKU,Price,Cost\n{word} jam,{word[:3].upper()}-9,4.50,2.00\n".encode()
        row = imports.upload("products", f"{word}.csv", "text/csv", io.BytesIO(content), default_options())
        sheet = imports.open_sheet(row)
        found = {name: match.header for name, match in imports.proposed(row, sheet).items()}
        imports.choose_columns(row, found, sheet.headers, f"{word} layout")
        imports.ask_check(row)
        gone = mail.send(f"telecaller@{domain}", f"{word} subject", word, f"<p>{word}</p>")
        emit(MailRefused(mail_id=gone.id, address=gone.to_address, reason=f"550 {word}"))
        emit(UserSignedIn(user_id=cast.users["owner"], device=f"{word} phone", address="192.0.2.7"))
        emit(ProductsImported(import_id=row.id, created=1, updated=0, rejected=0))
        emit(CustomersImported(import_id=row.id, created=1, updated=0, rejected=0))
        emit(ImportUndone(import_id=row.id, filename=row.filename, rows=1, kept=1))
        emit(HistoryImported(first="2026-01-01", last="2026-01-02", documents=1, lines=1))
        _reach(cast, word)
    for kind in (ValueError, LookupError):
        troubles.note_error(cast.tenant_id, kind(f"{word} trouble"), where=f"GET /{word}")
    troubles.note_slow(cast.tenant_id, "request", {"what": f"GET /{word}", "milliseconds": 900})
    session.remove()
    events.drain()
    tasks.run_due()
    events.drain()
    session.remove()
    with inside(cast.tenant_id), unit_of_work():
        tasks.ask_for("reports.owner_daily")


def _reach(cast: make.Cast, word: str) -> None:
    """Somebody who is told by every way, mutes something, and works where something is fixed."""
    owner = cast.users["owner"]
    preferences.rule({("security", "email"): Cell("now", True)})
    preferences.choose(owner, {("work", "email"): "now", ("work", "sms"): "now", ("work", "push"): "now"})
    preferences.mute(owner, "support", None)
    preferences.set_reach(
        owner,
        phone="+447700900123",
        quiet_from=None,
        quiet_to=None,
        urgent_anyway=True,
        digest="daily",
        digest_hour=8,
    )
    preferences.set_sms_account("AC" + "0" * 32, f"{word} token", "+447700900000", active=False)
    public = preferences.push_key().public
    browser = preferences.subscribe(
        owner,
        f"https://fcm.googleapis.com/{word}".replace(" ", ""),
        public,
        "BTBZMqHH6r4Tts7J_aSIgg",
        f"{word} browser",
    )
    notify([owner], Message("work", "success", f"{word} work is done", endpoint="orders.order_list"))
    # Nothing of a test goes out into the world.
    preferences.unsubscribe(browser.id, owner)
