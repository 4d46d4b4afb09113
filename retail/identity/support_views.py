"""Support access as the business sees it: who asks, who was let in, what they looked at; and the way in and out."""

from __future__ import annotations

from typing import Any

from flask import g, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from retail.core import audit, html, tables
from retail.core.clock import now
from retail.core.links import link
from retail.core.platform_door import writing_into
from retail.identity import administrator_sessions, module
from retail.identity import support_services as support
from retail.identity.forms import AllowSupportForm
from retail.identity.proof import fresh
from retail.identity.support_tables import STATES, TONES, SupportAccesses, SupportLooks, state_of
from retail.permissions import PLATFORM, SIGNED_IN, Can
from retail.tenancy.queries import current_tenant
from retail.tenancy.settings_tabs import TABS, settings_tabs

TABS.append((_l("Support access"), "identity.support_page"))


@module.get("/settings/support", needs=Can.ANSWER_SUPPORT)
def support_page() -> Any:
    """What waits for an answer, who is in now, and every time before."""
    return tables.table_page(
        SupportAccesses(),
        "identity/support.html",
        title=_("Settings"),
        subtitle=None,
        tabs=settings_tabs(),
        present=support.open_accesses(),
    )


@module.get("/settings/support/<int:support_access_id>", needs=Can.ANSWER_SUPPORT)
def support_access(support_access_id: int) -> Any:
    """One question of support: what for, what came of it, and what was looked at."""
    row = support.access_numbered(support_access_id)
    state = state_of(row)
    return tables.table_page(
        SupportLooks(),
        "identity/support_access.html",
        title=row.administrator_name,
        subtitle=row.reason,
        row=row,
        state=state,
        state_word=str(STATES[state]),
        state_tone=TONES.get(state, "neutral"),
        form=AllowSupportForm(formdata=None),
        audit_url=link("operations.audit", q=row.administrator_name),
        breadcrumbs=[(_("Support access"), url_for("identity.support_page")), (row.administrator_name, None)],
    )


@module.post("/settings/support/<int:support_access_id>/allow", needs=Can.ANSWER_SUPPORT)
@fresh
def allow_support(support_access_id: int) -> Response:
    """Let support in, after the password was given again."""
    form = AllowSupportForm()
    row = support.allow(support_access_id, g.person.id, g.person.name, may_change=bool(form.may_change.data))
    return html.done(
        _("%(name)s is let in. You can end it at any time.", name=row.administrator_name),
        to=url_for("identity.support_access", support_access_id=row.id),
    )


@module.post("/settings/support/<int:support_access_id>/refuse", needs=Can.ANSWER_SUPPORT)
def refuse_support(support_access_id: int) -> Response:
    """Do not let support in."""
    row = support.refuse(support_access_id, g.person.id, g.person.name)
    return html.done(_("%(name)s is not let in.", name=row.administrator_name), to=url_for("identity.support_page"))


@module.post("/settings/support/<int:support_access_id>/end", needs=Can.ANSWER_SUPPORT)
def end_support(support_access_id: int) -> Response:
    """End an access at once."""
    row = support.access_numbered(support_access_id, lock=True)
    support.end_access(row, g.person.name)
    return html.done(_("The access has ended."), to=url_for("identity.support_access", support_access_id=row.id))


@module.post("/support/leave", needs=SIGNED_IN)
def leave_support() -> Response:
    """Leave a business that support looked into; while the access is in force, one may come back."""
    standing = g.person.support
    if standing is None:
        return html.done("", to="/")
    administrator_sessions.look_into(standing.session_id, None)
    audit.record("support_left", "support_accesses", standing.access_id, g.person.real_name)
    return html.done("", to=url_for("operations.platform_tenant", tenant_id=g.person.tenant_id))


@module.post("/platform/tenants/<int:tenant_id>/support/<int:support_access_id>/enter", needs=PLATFORM)
def enter_support(tenant_id: int, support_access_id: int) -> Response:
    """Look into a business whose owner consented."""
    with writing_into(tenant_id):
        row = support.access_of(support_access_id, g.person.id)
        support.check_in_force(row, now())
        audit.record("support_entered", "support_accesses", row.id, row.administrator_name)
        audit.record_for_platform("support_entered", "tenants", tenant_id, current_tenant().name)
        administrator_sessions.look_into(g.person.session_id, row.id)
    return html.done("", to="/")


@module.post("/platform/tenants/<int:tenant_id>/support/<int:support_access_id>/withdraw", needs=PLATFORM)
def withdraw_support(tenant_id: int, support_access_id: int) -> Response:
    """Take a question back, or end an access one no longer needs."""
    with writing_into(tenant_id):
        row = support.access_of(support_access_id, g.person.id)
        if row.state == "asked":
            support.withdraw(row)
        else:
            support.end_access(row, g.person.name)
    return html.done(_("That is over."), to=url_for("operations.platform_tenant", tenant_id=tenant_id))
