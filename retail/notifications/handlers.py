"""What people are told of, and what wakes their screens."""

from __future__ import annotations

from decimal import Decimal

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import func, select

from retail.catalog.models import Variant
from retail.core.db import session
from retail.core.events import KINDS, Happening, on
from retail.core.mail import MailRefused
from retail.core.places import Places, limited_to
from retail.core.push import push, rooms_of
from retail.core.shown import money
from retail.core.tasks import TaskEnded
from retail.core.tenancy import current_tenant_id
from retail.events.catalog import ProductsImported
from retail.events.customers import CustomersImported
from retail.events.identity import PlacesGiven, SupportAsked, UserSignedIn
from retail.events.integrations import ImportUndone
from retail.events.inventory import StockExpires, StockRanLow, StockReplenished
from retail.events.lists import ExportMade
from retail.events.till import SaleReversed, ShiftClosed
from retail.inventory.models import StockLevel
from retail.notifications.delivery_services import note_refusal
from retail.notifications.queries import places_by_id, who_can
from retail.notifications.services import Message, forget_group, notify, retell, settle, summarize
from retail.permissions import Can
from retail.tenancy.models import Location
from retail.tenancy.queries import current_tenant
from retail.till.models import Register, Shift

LOW_STOCK = "stock.low"


@on(*KINDS.values(), batch=True, queue="high", last=True)
def push_to_screens(happenings: list[Happening]) -> None:
    """Tell the screens of those whom it concerns what kinds of things happened: each kind once, with its latest
    event."""
    latest: dict[tuple[str, str], int] = {}
    for one in happenings:
        at = {place for place in (one.event.location_id, one.event.to_location_id) if place is not None}
        latest |= {(one.kind, room): one.event.id for room in rooms_of(current_tenant_id(), at)}
    for (kind, room), event_id in latest.items():
        push(kind, event_id, room)


@on(StockRanLow, StockReplenished, batch=True, queue="high")
def tell_of_low_stock(happenings: list[Happening]) -> None:
    """One notification for all that is low, as it is now, to those who order and receive goods: each of what is low
    where they work."""
    alike: dict[Places, set[int]] = {None: set()}
    for user_id, places in places_by_id(who_can(Can.RECEIVE_STOCK)).items():
        alike.setdefault(places, set()).add(user_id)
    limited = {one for places, people in alike.items() if places is not None for one in people}
    news = [one.event.id for one in happenings if isinstance(one, StockRanLow)]
    for places, people in alike.items():
        # Whoever no longer receives goods hears as those who work everywhere that what they were told of is over.
        concerned = people.__contains__ if places is not None else lambda user_id: user_id not in limited
        with limited_to(places):
            message = _low_stock()
        if message is None:
            settle(LOW_STOCK, concerned)
        elif not news:
            retell(LOW_STOCK, message.title, message.text, message.count or 0, concerned)
        else:
            notify(people, message, max(news))


def _low_stock() -> Message | None:
    """What is low at the present places; None when nothing is."""
    is_low = (StockLevel.is_low,)
    count = session.scalar(select(func.count()).select_from(StockLevel).where(*is_low)) or 0
    if not count:
        return None
    rows = session.execute(
        select(Variant.name, StockLevel.sellable, StockLevel.reorder_point, Location.name)
        .join(Variant, Variant.id == StockLevel.variant_id)
        .join(Location, Location.id == StockLevel.location_id)
        .where(*is_low)
        .order_by(StockLevel.sellable, Variant.name)
        .limit(3)
    ).all()
    if count == 1:
        name, on_hand, point, where = rows[0]
        title = _("%(name)s is running low", name=name)
        text = _(
            "%(left)s left at %(where)s; reorder at %(point)s.",
            left=_plain(on_hand),
            where=where,
            point=_plain(point or Decimal(0)),
        )
    else:
        title = ngettext("%(num)s product is running low", "%(num)s products are running low", count)
        names = ", ".join(row[0] for row in rows)
        more = count - len(rows)
        text = (
            ngettext("%(names)s and %(num)s more", "%(names)s and %(num)s more", more, names=names) if more else names
        )
    return Message(
        "stock",
        "warning",
        title,
        text,
        "inventory.levels",
        {"low": "1"},
        group_key=LOW_STOCK,
        count=count,
        per_person=True,
    )


@on(StockExpires, batch=True, queue="high")
def tell_of_expiry(happenings: list[Happening]) -> None:
    """One notification for all that expires soon, to those who receive goods."""
    lots = [one for one in happenings if isinstance(one, StockExpires)]
    first = min(lots, key=lambda one: one.expires_on)
    title = ngettext("%(num)s lot expires soon", "%(num)s lots expire soon", len(lots))
    text = _("%(name)s, lot %(number)s, on %(day)s", name=first.name, number=first.number, day=first.expires_on)
    message = Message("stock", "warning", title, text, "inventory.lots", {"expiry": "soon"}, group_key="stock.expires")
    notify(who_can(Can.RECEIVE_STOCK), message, max(one.event.id for one in lots))


def _plain(quantity: Decimal) -> str:
    return f"{quantity.normalize():f}"


@on(ShiftClosed)
def tell_of_cash_difference(happening: ShiftClosed) -> None:
    """A drawer that did not hold what it should is told to those who see all shifts."""
    difference = Decimal(happening.difference)
    if not difference:
        return
    register = session.scalar(select(Register.name).where(Register.id == happening.register_id)) or ""
    cashier = session.scalar(select(Shift.user_id).where(Shift.id == happening.shift_id))
    amount = money(abs(difference), current_tenant().currency)
    title = (
        _("%(register)s closed %(amount)s short", register=register, amount=amount)
        if difference < 0
        else _("%(register)s closed %(amount)s over", register=register, amount=amount)
    )
    message = Message(
        "finance",
        "warning",
        title,
        _("Shift report %(number)s shows the count.", number=happening.number),
        "till.shift",
        {"shift_id": happening.shift_id},
    )
    notify(set(who_can(Can.SEE_ALL_SHIFTS)) - {cashier}, message, happening.event.id)


@on(SaleReversed)
def tell_of_reversal(happening: SaleReversed) -> None:
    """What was given back or voided is told to those who see all shifts, but for who did it: one line of all of it
    while it is unread."""
    actor = happening.event
    amount = money(abs(Decimal(happening.total)), current_tenant().currency)
    what = (
        _("Voided: %(amount)s", amount=amount) if happening.by == "void" else _("Refunded: %(amount)s", amount=amount)
    )
    key = f"reversals:{happening.business_date}:{happening.location_id}"
    people = set(who_can(Can.SEE_ALL_SHIFTS)) - {actor.user_id}
    message = Message(
        "sales",
        "info",
        what,
        _("Document %(number)s.", number=happening.number),
        "orders.order_page",
        {"order_id": happening.order_id},
        group_key=key,
        actor=actor.user_name,
    )
    if not notify(people, message, actor.id):
        return
    summarize(
        key,
        lambda count: (
            ngettext("%(num)s refund or void today", "%(num)s refunds and voids today", count),
            _("The latest: document %(number)s over %(amount)s.", number=happening.number, amount=amount),
        ),
        "orders.order_list",
    )


@on(MailRefused)
def stop_refused_address(happening: MailRefused) -> None:
    """Nothing more is mailed to an address that will never take it."""
    note_refusal(happening.mail_id, happening.address, happening.reason)


@on(TaskEnded)
def tell_who_asked(happening: TaskEnded) -> None:
    """Long work ends with a word to whoever asked for it; nightly work that failed, to those who keep the schedules."""
    failed = happening.state == "failed"
    people = [happening.user_id] if happening.user_id is not None else who_can(Can.MANAGE_SCHEDULES)
    title = _("%(task)s failed", task=happening.label) if failed else _("%(task)s is done", task=happening.label)
    message = Message(
        "work" if happening.user_id is not None else "system",
        "danger" if failed else "success",
        title,
        _("Open it to see what went wrong.") if failed else _("Open it to see the result."),
        "operations.task_page",
        {"task_id": happening.task_id},
        group_key=f"task:{happening.name}" if happening.user_id is None else None,
    )
    notify(people, message, happening.event.id)


@on(ProductsImported)
def tell_of_import(happening: ProductsImported) -> None:
    """What an import of products came to, for whoever started it."""
    _tell_of_import(happening, _("Products were imported"))


@on(CustomersImported)
def tell_of_customers(happening: CustomersImported) -> None:
    """What an import of customers came to, for whoever started it."""
    _tell_of_import(happening, _("Customers were imported"))


@on(ExportMade)
def tell_of_export(happening: ExportMade) -> None:
    """A file that was asked for is ready, for whoever asked."""
    user_id = happening.event.user_id
    if user_id is None:
        return
    message = Message(
        "work",
        "success",
        _("Your export is ready"),
        ngettext("%(title)s, %(num)s row", "%(title)s, %(num)s rows", happening.rows, title=happening.title),
        "lists.export_page",
        {"export_id": happening.export_id},
    )
    notify([user_id], message, happening.event.id)


def _tell_of_import(happening: ProductsImported | CustomersImported, title: str) -> None:
    user_id = happening.event.user_id
    if user_id is None:
        return
    text = _(
        "%(created)s new, %(updated)s changed, %(rejected)s refused.",
        created=happening.created,
        updated=happening.updated,
        rejected=happening.rejected,
    )
    severity = "warning" if happening.rejected else "success"
    message = Message("work", severity, title, text, "integrations.import_page", {"import_id": happening.import_id})
    notify([user_id], message, happening.event.id)


@on(ImportUndone)
def tell_of_undone_import(happening: ImportUndone) -> None:
    """What undoing an import came to, for whoever asked for it."""
    user_id = happening.event.user_id
    if user_id is None:
        return
    message = Message(
        "work",
        "warning" if happening.kept else "success",
        _("The import of %(file)s is undone", file=happening.filename),
        _("%(rows)s rows taken back, %(kept)s kept.", rows=happening.rows, kept=happening.kept),
        "integrations.import_page",
        {"import_id": happening.import_id},
    )
    notify([user_id], message, happening.event.id)


@on(UserSignedIn)
def tell_of_new_device(happening: UserSignedIn) -> None:
    """Somebody who did not sign in on a new device should hear of it."""
    message = Message(
        "security",
        "info",
        _("New sign-in"),
        _(
            "%(device)s, from %(address)s. If this was not you, change your password.",
            device=happening.device or _("Unknown device"),
            address=happening.address or _("an unknown address"),
        ),
        "identity.security",
    )
    notify([happening.user_id], message, happening.event.id)


@on(PlacesGiven)
def forget_what_was_low(happening: PlacesGiven) -> None:
    """What was low where somebody works no longer is no news of theirs; the next time it is told of what is theirs."""
    forget_group(LOW_STOCK, happening.user_id)


@on(SupportAsked)
def tell_of_support(happening: SupportAsked) -> None:
    """Support asks to be let in: told to those who may answer."""
    message = Message(
        "support",
        "warning",
        _("%(name)s of support asks to look into your business", name=happening.name),
        ngettext(
            "For %(num)s hour: %(reason)s", "For %(num)s hours: %(reason)s", happening.hours, reason=happening.reason
        ),
        "identity.support_access",
        {"support_access_id": happening.access_id},
        actor=happening.name,
    )
    notify(who_can(Can.ANSWER_SUPPORT), message, happening.event.id)
