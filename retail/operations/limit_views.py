"""The platform's pages of limits and blocks: what holds, who is stopped now, and letting them go on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import g, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from werkzeug.wrappers import Response

from retail.core import audit, blocks, html, rate_limits, tables
from retail.core.clock import now
from retail.core.db import session
from retail.core.errors import NotFound
from retail.core.forms import refusals
from retail.core.module import MenuItem
from retail.core.rate_limits import POLICIES, LimitedCaller, Policy, choose_limit, chosen_limits
from retail.identity.throttle_services import let_try, waiting_addresses
from retail.operations import module
from retail.operations.limit_tables import Blocks, LimitedCallers
from retail.operations.platform_forms import BlockForm, LimitsForm
from retail.permissions import PLATFORM

module.menu += [
    MenuItem(_l("Limits"), "operations.platform_limits", "scale", _l("Platform"), order=20, primary=True),
    MenuItem(_l("Blocks"), "operations.platform_blocks", "hand-stop", _l("Platform"), order=30),
]
NOW_SHOWN = 20
CHOOSABLE = tuple(one.name for one in POLICIES.values() if one.setting)


@module.get("/platform/limits", needs=PLATFORM)
def platform_limits() -> Any:
    """The limits in force, who is stopped by one now, and everybody who was."""
    chosen = chosen_limits().get()
    limited = session.scalars(
        select(LimitedCaller).where(LimitedCaller.until > now()).order_by(LimitedCaller.last_at.desc()).limit(NOW_SHOWN)
    ).all()
    return tables.table_page(
        LimitedCallers(),
        "operations/platform_limits.html",
        title=_("Limits"),
        subtitle=_("How much one caller may ask for; whoever asks for more is told to wait."),
        policies=[
            (one.words, one.value or _("no limit"), _chosen_by(one, chosen), f"“{one.name}”")
            for one in POLICIES.values()
        ],
        limited=[(one, str(POLICIES[one.policy].words) if one.policy in POLICIES else one.policy) for one in limited],
        waiting=waiting_addresses(),
    )


def _chosen_by(policy: Policy, chosen: Mapping[str, int]) -> str:
    if policy.name in chosen:
        return str(_("chosen here"))
    return str(_("setting %(name)s", name=policy.setting) if policy.setting else _("fixed"))


@module.route("/platform/limits/choose", methods=["GET", "POST"], needs=PLATFORM)
def platform_choose_limits() -> Response:
    """Allow more or less than the settings of the installation say, without a restart."""
    form = LimitsForm(data=chosen_limits().get())
    if form.validate_on_submit():
        with refusals(form):
            for name in CHOOSABLE:
                choose_limit(name, form[name].data, g.person.name)
            return html.done(_("The limits are chosen."), to=url_for("operations.platform_limits"))
    return html.page(
        "operations/platform_choose_limits.html",
        status=422 if form.is_submitted() else 200,
        form=form,
        by_setting={name: POLICIES[name].by_setting for name in CHOOSABLE},
        breadcrumbs=[(_("Limits"), url_for("operations.platform_limits")), (_("Choose limits"), None)],
    )


@module.post("/platform/limits/<int:limited_caller_id>/release", needs=PLATFORM)
def platform_release(limited_caller_id: int) -> Response:
    """Let somebody go on who is over a limit."""
    row = session.get(LimitedCaller, limited_caller_id)
    if row is None:
        raise NotFound(_("There is no such caller."))
    rate_limits.release(row, g.person.name)
    audit.record_for_platform("released", "limited_callers", row.id, row.label)
    return html.done(_("%(who)s may go on.", who=row.label), to=url_for("operations.platform_limits"))


@module.post("/platform/limits/release-address", needs=PLATFORM)
def platform_release_address() -> Response:
    """Let an address try to sign in again."""
    address = request.form.get("address", "").strip()[:64]
    forgiven = let_try(address) if address else 0
    if not forgiven:
        raise NotFound(_("Nobody waits at this address."))
    return html.done(_("%(who)s may try again.", who=address), to=url_for("operations.platform_limits"))


@module.get("/platform/blocks", needs=PLATFORM)
def platform_blocks() -> Any:
    """Addresses and networks that are not served."""
    return tables.table_page(
        Blocks(),
        "operations/platform_blocks.html",
        title=_("Blocked addresses"),
        subtitle=_("They are turned away before anything else is asked, also at sockets."),
    )


@module.route("/platform/blocks/new", methods=["GET", "POST"], needs=PLATFORM)
def platform_new_block() -> Response:
    """Serve an address or network no more."""
    form = BlockForm(network=request.args.get("network", "")[:64])
    if form.validate_on_submit():
        hours = form.hours.data
        with refusals(form):
            row = blocks.block(
                form.network.data,
                form.reason.data,
                now() + timedelta(hours=hours) if hours else None,
                g.person.name,
                own=request.remote_addr,
                sure=form.sure.data,
            )
            return html.done(
                _("%(network)s is blocked.", network=row.network), to=url_for("operations.platform_blocks")
            )
    return html.page(
        "operations/platform_new_block.html",
        status=422 if form.is_submitted() else 200,
        form=form,
        own=request.remote_addr,
        breadcrumbs=[(_("Blocked addresses"), url_for("operations.platform_blocks")), (_("Block an address"), None)],
    )


@module.get("/platform/blocks/<int:blocked_network_id>", needs=PLATFORM)
def platform_block(blocked_network_id: int) -> Response:
    """One block."""
    row = blocks.block_numbered(blocked_network_id)
    return html.page(
        "operations/platform_block.html",
        row=row,
        over=row.until is not None and row.until <= now(),
        breadcrumbs=[(_("Blocked addresses"), url_for("operations.platform_blocks")), (row.network, None)],
    )


@module.post("/platform/blocks/<int:blocked_network_id>/remove", needs=PLATFORM)
def platform_unblock(blocked_network_id: int) -> Response:
    """Serve an address or network again."""
    row = blocks.block_numbered(blocked_network_id)
    blocks.unblock(row)
    return html.done(_("%(network)s is served again.", network=row.network), to=url_for("operations.platform_blocks"))
