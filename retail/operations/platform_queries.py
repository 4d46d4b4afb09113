"""What the platform knows of its businesses without looking into them: how large they are, when something last
happened, what is wrong. To be asked across tenants."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Row, case, func, literal, select, union_all
from sqlalchemy.sql.elements import ColumnElement

from retail.core.audit import AuditEntry, PlatformEntry
from retail.core.db import Model, session, table_of
from retail.core.errors import NotFound
from retail.core.events import Delivery, Event
from retail.core.files import StoredFile
from retail.core.platform_door import LOOKED
from retail.core.tenancy import owned_models
from retail.core.troubles import Trouble
from retail.identity.administrator_models import SupportAccess
from retail.identity.models import User
from retail.orders.models import Order
from retail.tenancy.models import Tenant

COUNTED_TO = 10_000
"""Rows of a business are counted so far in the list, where fifty of them stand."""
SIZED_TO = 100_000
"""And so far on its own page."""


def _of(what: Any, model: Any, *conditions: Any) -> ColumnElement[Any]:
    return (
        select(what)
        .select_from(model)
        .where(model.tenant_id == Tenant.id, *conditions)
        .correlate(Tenant)
        .scalar_subquery()
    )


def _counted(model: Any, *conditions: Any) -> ColumnElement[int]:
    some = select(literal(1)).select_from(model).where(model.tenant_id == Tenant.id, *conditions)
    limited = some.limit(COUNTED_TO + 1).correlate(Tenant).subquery()
    return select(func.count()).select_from(limited).correlate(Tenant).scalar_subquery()


STATE = case((Tenant.suspended_at.is_(None), "in force"), else_="suspended")
PEOPLE = _of(func.count(User.id), User, User.active)
DOCUMENTS = _counted(Order)
FILE_BYTES = func.coalesce(_of(func.sum(StoredFile.size), StoredFile), 0)
LAST_ACTIVITY = func.coalesce(
    _of(func.max(AuditEntry.occurred_at), AuditEntry), _of(func.max(Event.occurred_at), Event)
)
OPEN_ERRORS = _of(func.count(Trouble.id), Trouble, Trouble.resolved_at.is_(None))
PARKED = _of(func.count(Delivery.id), Delivery, Delivery.state == "parked")
STANDING = (
    Tenant.slug.label("tenant"),
    Tenant.name,
    Tenant.created_at,
    Tenant.suspended_at,
    Tenant.suspended_reason.label("reason"),
    PEOPLE.label("people"),
    _of(func.count(Order.id), Order).label("documents"),
    _of(func.count(Event.id), Event).label("events"),
    FILE_BYTES.label("file_bytes"),
    LAST_ACTIVITY.label("last_activity"),
    OPEN_ERRORS.label("errors_open"),
    PARKED.label("parked"),
)
"""What is told of a business."""


def standings() -> Sequence[Row[Any]]:
    """How every business stands, by short name."""
    return session.execute(select(*STANDING).select_from(Tenant).order_by(Tenant.slug)).all()


def standing_of(tenant_id: int) -> Row[Any]:
    """How one business stands."""
    return session.execute(select(*STANDING).select_from(Tenant).where(Tenant.id == tenant_id)).one()


def business_numbered(tenant_id: int) -> Tenant:
    """A business by its id; NotFound when there is none."""
    found = session.get(Tenant, tenant_id)
    if found is None:
        raise NotFound(_("There is no such business."))
    return found


KINDS = {
    "core.audit": _l("Audit"),
    "core.events": _l("Events"),
    "core.files": _l("Files"),
    "core.mail": _l("Mails"),
    "core.tasks": _l("Tasks"),
    "core.imports": _l("Imports"),
    "core.troubles": _l("Errors"),
    "catalog": _l("Products"),
    "customers": _l("Customers"),
    "finance": _l("Books"),
    "identity": _l("People and roles"),
    "integrations": _l("Imports"),
    "intelligence": _l("Insights"),
    "inventory": _l("Stock"),
    "notifications": _l("Notifications"),
    "orders": _l("Sales"),
    "payments": _l("Payments"),
    "reports": _l("Reports"),
    "till": _l("Till"),
}
"""What the tables of a module hold, as people call it; those that are not named are “other”."""


def _kind_of(model: type[Model]) -> str:
    _retail, module, *file = model.__module__.split(".")
    known = KINDS.get(module) or KINDS.get(f"{module}.{file[0]}" if file else "")
    return str(known or _("Other"))


def sizes_of(tenant_id: int) -> list[tuple[str, int]]:
    """How many rows of each kind a business has, the most first. Each table is counted to SIZED_TO and one."""

    def counted(model: type[Model]) -> Any:
        rows = table_of(model)
        some = select(literal(1)).select_from(rows).where(rows.c.tenant_id == tenant_id).limit(SIZED_TO + 1).subquery()
        return select(literal(_kind_of(model)).label("kind"), func.count().label("rows")).select_from(some)

    found: Counter[str] = Counter()
    for row in session.execute(union_all(*(counted(model) for model in owned_models()))):
        found[row.kind] += row.rows
    return [(kind, rows) for kind, rows in found.most_common() if rows]


def errors_of(tenant_id: int, limit: int = 10) -> Sequence[Any]:
    """The open errors of a business, the latest first: what kind and where in the program. What they said may hold what
    is the business's own, and is not told here."""
    return session.execute(
        select(Trouble.kind, Trouble.place, Trouble.count, Trouble.last_seen_at, Trouble.last_reference)
        .where(Trouble.tenant_id == tenant_id, Trouble.resolved_at.is_(None))
        .order_by(Trouble.last_seen_at.desc(), Trouble.id.desc())
        .limit(limit)
    ).all()


def latest_access(tenant_id: int, administrator_id: int) -> SupportAccess | None:
    """What an administrator last asked of a business; to be looked at, not changed."""
    found = session.scalars(
        select(SupportAccess)
        .where(SupportAccess.tenant_id == tenant_id, SupportAccess.administrator_id == administrator_id)
        .order_by(SupportAccess.id.desc())
        .limit(1)
    ).first()
    if found is not None:
        session.expunge(found)
    return found


def done_to(tenant_id: int, limit: int = 12) -> Sequence[PlatformEntry]:
    """What the platform did to a business, the latest first; not who looked at it."""
    return session.scalars(
        select(PlatformEntry)
        .where(PlatformEntry.subject == "tenants", PlatformEntry.subject_id == tenant_id)
        .where(PlatformEntry.action != LOOKED)
        .order_by(PlatformEntry.id.desc())
        .limit(limit)
    ).all()
