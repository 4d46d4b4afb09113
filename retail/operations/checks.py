"""What must be true of the program's own keeping: numbers, events, tasks, files, references."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, or_, select

from retail.catalog.jewel_models import PriceLock
from retail.core import audit_proof, files, search
from retail.core.chain import OF_THE_PLATFORM
from retail.core.checks import Fault, check, faults_in, rows_without_target
from retail.core.clock import now
from retail.core.db import session
from retail.core.events import Delivery, Event
from retail.core.files import StoredFile
from retail.core.numbers import NumberSeries
from retail.core.tasks import Task
from retail.core.tenancy import current_tenant_id
from retail.inventory.models import DOCUMENT_KINDS, StockCount, StockDocument, StockTransfer
from retail.orders.models import Order
from retail.purchasing.models import GoodsReceipt, PurchaseOrder, SupplierBill, SupplierReturn
from retail.till.models import Shift

PATIENCE = timedelta(minutes=5)
"""Within this time events and tasks may be on their way; after it something does not run."""

NUMBERS_PEOPLE_MAY_CHANGE = {"customers", "suppliers", "own barcode", "sku"}
"""Series that only propose a code: a person may give another or take it off again, so a gap says nothing."""


NUMBERED_ELSEWHERE = {
    "purchase order": PurchaseOrder.number,
    "price lock": PriceLock.number,
    "refused delivery": GoodsReceipt.number,
    "supplier bill": SupplierBill.number,
    "supplier return": SupplierReturn.number,
}
"""Where the numbers stand of series that are not those of orders and stock documents."""


@check("document numbers", "Every series of numbers runs from 1 to its last without a gap.")
def numbers_have_no_gaps() -> list[Fault]:
    """Compare each series with the numbers documents carry."""
    faults: list[Fault] = []
    for series in session.scalars(select(NumberSeries).order_by(NumberSeries.name)):
        if series.name in NUMBERS_PEOPLE_MAY_CHANGE:
            continue
        kind: ColumnElement[bool]
        numbers: Any
        if series.name == "counts":
            numbers, kind = StockCount.number, StockCount.number.is_not(None)
        elif series.name == "z":
            numbers, kind = Shift.number, Shift.number.is_not(None)
        elif series.name in NUMBERED_ELSEWHERE:
            numbers = NUMBERED_ELSEWHERE[series.name]
            kind = numbers.is_not(None)
        elif series.name == "transfers":
            numbers, kind = StockTransfer.number, StockTransfer.number.is_not(None)
        elif series.name in DOCUMENT_KINDS:
            numbers, kind = StockDocument.number, StockDocument.kind == series.name
        else:
            numbers, kind = Order.number, Order.kind == series.name
        carried = session.scalars(select(numbers).where(numbers.startswith(series.prefix, autoescape=True), kind))
        taken = {int(text[len(series.prefix) :]) for text in carried if text and text[len(series.prefix) :].isdecimal()}
        missing = sorted(set(range(1, series.last + 1)) - taken)
        beyond = sorted(number for number in taken if number > series.last)
        if missing:
            faults.append(Fault(len(missing), _("%(number)s is missing", number=f"{series.prefix}{missing[0]}")))
        if beyond:
            text = _("%(number)s is beyond the last of its series", number=f"{series.prefix}{beyond[0]}")
            faults.append(Fault(len(beyond), text))
    return faults


@check("events", "Everything that happened has been told to all who listen; nothing is parked.")
def events_are_delivered() -> list[Fault]:
    """Look for parked deliveries, and for events that nobody has delivered for a while."""
    late = now() - PATIENCE
    stuck = (
        select(Delivery.handler, Delivery.event_id, Delivery.state)
        .where(
            or_(
                Delivery.state == "parked",
                (Delivery.state == "pending") & (Delivery.due_at < late),
            )
        )
        .order_by(Delivery.event_id)
    )
    unrelayed = select(Event.id, Event.kind).where(Event.relayed_at.is_(None), Event.occurred_at < late)
    return [
        *faults_in(
            stuck,
            lambda row: _(
                "event %(id)s is %(state)s at %(handler)s",
                id=row[1],
                state=_("parked") if row[2] == "parked" else _("waiting for more than 5 minutes"),
                handler=row[0],
            ),
        ),
        *faults_in(
            unrelayed.order_by(Event.id),
            lambda row: _("event %(id)s (%(kind)s) waits for the scheduler", id=row[0], kind=row[1]),
        ),
    ]


@check("tasks", "Nothing that was asked for died or is left lying.")
def tasks_are_done() -> list[Fault]:
    """Look for tasks of the last week that broke (not those refused in words), and for those that wait."""
    instant = now()
    broken = (
        (Task.state == "failed")
        & (Task.ended_at > instant - timedelta(days=7))
        & or_(Task.error.startswith("Traceback"), Task.deaths > 0)
    )
    lying = (Task.state == "queued") & (Task.due_at < instant - PATIENCE) & (Task.attempts == 0)
    statement = select(Task.id, Task.name, Task.state).where(or_(broken, lying)).order_by(Task.id)
    return faults_in(
        statement,
        lambda row: _("task %(id)s (%(name)s) is %(state)s", id=row[0], name=row[1], state=row[2]),
    )


@check("files", "Every stored file is there, as long as it was.")
def files_are_there() -> list[Fault]:
    """Look at every stored file."""
    missing: list[str] = []
    for row in session.scalars(select(StoredFile).order_by(StoredFile.id)):
        path = files.path_of(row)
        if not path.is_file() or path.stat().st_size != row.size:
            missing.append(f"{row.name} ({row.sha256[:12]})")
    return [Fault(len(missing), missing[0])] if missing else []


@check("references", "No row points to one that does not exist.", scope="database")
def references_hold() -> list[Fault]:
    """Ask the database itself."""
    lost = rows_without_target()
    return [Fault(len(lost), _("row %(id)s of %(table)s", id=lost[0][1], table=lost[0][0]))] if lost else []


@check("audit", "No entry of the audit was changed, removed or inserted.")
def audit_is_whole() -> list[Fault]:
    """Follow the chain of this business."""
    return _broken(current_tenant_id())


@check("platform audit", "No entry of the platform's own audit was changed, removed or inserted.", scope="database")
def platform_audit_is_whole() -> list[Fault]:
    """Follow the chain of what belongs to no business."""
    return _broken(OF_THE_PLATFORM)


def _broken(chain: int) -> list[Fault]:
    bad = audit_proof.prove(chain).first_bad
    if bad is None:
        return []
    row = bad.id if bad.id is not None else "–"
    return [Fault(1, _("entry %(row)s at position %(at)s: %(why)s", row=row, at=bad.position, why=bad.words))]


@check("search", "Everything is found by what it is called now, and by nothing else.")
def search_says_what_rows_say() -> list[Fault]:
    """Compare every index with the rows it is about."""
    return [fault for one in search.SEARCHED.values() for fault in search.faults(one)]
