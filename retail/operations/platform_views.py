"""The platform's own pages: all businesses, each from outside, and what was done to them."""

from __future__ import annotations

from typing import Any

from flask import g, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from retail.core import audit, db, history, html, shown, tables
from retail.core.clock import now
from retail.core.forms import refusals
from retail.core.module import MenuItem
from retail.core.platform_door import across_businesses, writing_into
from retail.identity import support_services
from retail.operations import module, platform_queries
from retail.operations.founding import found_business
from retail.operations.platform_forms import AskForAccessForm, NewBusinessForm, SuspendForm
from retail.operations.platform_services import resume_business, suspend_business
from retail.operations.platform_tables import STATES, TONES, Businesses, PlatformAudit, megabytes
from retail.permissions import PLATFORM

module.menu += [
    MenuItem(
        _l("Businesses"),
        "operations.platform_tenants",
        "building-store",
        _l("Platform"),
        order=10,
        shortcut="b",
        primary=True,
    ),
    MenuItem(_l("Audit"), "operations.platform_audit", "history", _l("Platform"), order=40, primary=True),
]


@module.get("/platform/", needs=PLATFORM)
def platform_tenants() -> Any:
    """Every business: in force or not, how large, when something last happened, what is wrong."""
    with across_businesses("list of businesses"):
        return tables.table_page(
            Businesses(),
            "operations/platform_tenants.html",
            title=_("Businesses"),
            subtitle=_("How they stand, from outside; what is in them stays theirs."),
        )


@module.get("/platform/audit", needs=PLATFORM)
def platform_audit() -> Any:
    """What was done to the installation, and by whom."""
    return tables.table_page(
        PlatformAudit(),
        "operations/platform_list.html",
        title=_("Audit of the platform"),
        subtitle=_("What administrators and commands did; nobody can alter it."),
    )


@module.route("/platform/tenants/new", methods=["GET", "POST"], needs=PLATFORM)
def platform_new_tenant() -> Response:
    """A new business, whose owner is invited by mail."""
    form = NewBusinessForm()
    if form.validate_on_submit():
        with refusals(form):
            owner = (form.owner_email.data, form.owner_name.data, None)
            made = found_business(
                form.name.data, form.currency.data, form.timezone.data, locale=form.locale.data, owner=owner
            )
            with db.unit_of_work():
                audit.record_for_platform("create", "tenants", made.id, made.name)
            return html.done(
                _("%(name)s is founded; %(owner)s is sent a link to sign in.", name=made.name, owner=owner[1]),
                to=url_for("operations.platform_tenant", tenant_id=made.id),
            )
    return html.page(
        "operations/platform_new_tenant.html",
        status=422 if form.is_submitted() else 200,
        form=form,
        breadcrumbs=_crumbs(_("New business")),
    )


def _crumbs(last: str) -> list[tuple[str, str | None]]:
    return [(_("Businesses"), url_for("operations.platform_tenants")), (last, None)]


@module.get("/platform/tenants/<int:tenant_id>", needs=PLATFORM)
def platform_tenant(tenant_id: int) -> Response:
    """One business, from outside."""
    return _tenant_page(tenant_id)


def _tenant_page(
    tenant_id: int, *, suspending: SuspendForm | None = None, asking: AskForAccessForm | None = None, status: int = 200
) -> Response:
    """The page of a business, with what was typed into its forms."""
    if status >= 400:
        html.settle(keep=False)
    one = platform_queries.business_numbered(tenant_id)
    with across_businesses("page of a business", one.id, one.name):
        standing = platform_queries.standing_of(tenant_id)
        sizes = platform_queries.sizes_of(tenant_id)
        errors = platform_queries.errors_of(tenant_id)
        access = platform_queries.latest_access(tenant_id, g.person.id)
        done = history.as_timeline(platform_queries.done_to(tenant_id))
    state = "suspended" if standing.suspended_at else "in force"
    return html.page(
        "operations/platform_tenant.html",
        status=status,
        tenant_id=tenant_id,
        standing=standing,
        state=str(STATES[state]),
        state_tone=TONES[state],
        files=megabytes(standing.file_bytes),
        sizes=[(label, _rows(rows)) for label, rows in sizes],
        errors=errors,
        done=done,
        suspending=suspending or SuspendForm(formdata=None),
        asking=asking or AskForAccessForm(formdata=None),
        access=access,
        may_enter=access is not None and access.is_in_force(now()),
        breadcrumbs=_crumbs(standing.name),
    )


def _rows(count: int) -> str:
    limit = platform_queries.SIZED_TO
    return str(_("more than %(n)s", n=shown.quantity(limit))) if count > limit else shown.quantity(count)


@module.post("/platform/tenants/<int:tenant_id>/suspend", needs=PLATFORM)
def platform_suspend(tenant_id: int) -> Response:
    """Put a business out of force."""
    one, form = platform_queries.business_numbered(tenant_id), SuspendForm()
    if form.validate():
        with refusals(form), writing_into(one.id):
            suspend_business(form.reason.data)
        if not form.errors and not form.form_errors:
            return html.done(_("%(name)s is suspended.", name=one.name), _page_of(tenant_id))
    return _tenant_page(tenant_id, suspending=form, status=422)


@module.post("/platform/tenants/<int:tenant_id>/resume", needs=PLATFORM)
def platform_resume(tenant_id: int) -> Response:
    """Put a suspended business in force again."""
    one = platform_queries.business_numbered(tenant_id)
    with writing_into(one.id):
        resume_business()
    return html.done(_("%(name)s is in force again; what waited goes on.", name=one.name), _page_of(tenant_id))


@module.post("/platform/tenants/<int:tenant_id>/support", needs=PLATFORM)
def platform_ask_access(tenant_id: int) -> Response:
    """Ask the owners of a business to be let in."""
    one, form = platform_queries.business_numbered(tenant_id), AskForAccessForm()
    if form.validate():
        with refusals(form), writing_into(one.id):
            support_services.ask(g.person.id, g.person.name, form.purpose.data, form.hours.data)
        if not form.errors and not form.form_errors:
            return html.done(_("The owners of %(name)s are asked.", name=one.name), _page_of(tenant_id))
    return _tenant_page(tenant_id, asking=form, status=422)


def _page_of(tenant_id: int) -> str:
    return url_for("operations.platform_tenant", tenant_id=tenant_id)
