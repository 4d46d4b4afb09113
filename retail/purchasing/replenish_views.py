"""What the night would order and why, and what its rules would have done on the history."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from flask import request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from retail.core import html, shown, tables
from retail.core.charts import Chart, Series, figure
from retail.core.forms import refusals
from retail.core.links import link
from retail.core.module import can, person_or_none
from retail.permissions import Can
from retail.purchasing import module, queries, services
from retail.purchasing.forms import RuleForm
from retail.purchasing.order_views import purchase_tabs
from retail.purchasing.reasons import reasons
from retail.purchasing.tables import ProposalTable


@module.get("/proposals/", needs=Can.VIEW_PROPOSALS)
def proposal_list() -> Any:
    """What the night would order, by supplier."""
    whole = not html.wants_fragment()
    return tables.table_page(
        ProposalTable(),
        "purchasing/proposals.html",
        title=_("Purchasing"),
        subtitle=None,
        tabs=purchase_tabs("proposal_list"),
        groups=queries.proposals_by_supplier() if whole else [],
    )


@module.get("/proposals/<int:order_proposal_id>", needs=Can.VIEW_PROPOSALS)
def proposal_page(order_proposal_id: int) -> Response:
    """One proposal with the reason for every figure, and the rule of its article."""
    return _proposal_page(order_proposal_id)


def _proposal_page(order_proposal_id: int, form: RuleForm | None = None) -> Response:
    if form is not None:
        html.settle(keep=False)
    found = queries.proposal_numbered(order_proposal_id)
    rule = queries.rule_of(found.proposal.variant_id)
    return html.page(
        "purchasing/proposal.html",
        status=422 if form is not None else 200,
        one=found.proposal,
        found=found,
        reasons=reasons(found.proposal),
        form=form or RuleForm(formdata=None, obj=rule),
        stock_url=link("inventory.article", variant_id=found.proposal.variant_id),
        breadcrumbs=[
            (_("Purchasing"), url_for("purchasing.order_list")),
            (_("Proposals"), url_for("purchasing.proposal_list")),
            (found.name, None),
        ],
    )


@module.post("/proposals/<int:order_proposal_id>/rule", needs=Can.ORDER_PROPOSED)
def set_rule(order_proposal_id: int) -> Response:
    """Say how an article is ordered again."""
    found, form = queries.proposal_numbered(order_proposal_id), RuleForm()
    if form.validate():
        with refusals(form):
            services.set_rule(found.proposal.variant_id, form.kind.data, form.minimum.data, form.maximum.data)
            to = (
                url_for("purchasing.proposal_list")
                if form.kind.data == "never"
                else url_for("purchasing.proposal_page", order_proposal_id=order_proposal_id)
            )
            return html.done(_("Saved; it counts from tonight."), to=to)
    return _proposal_page(order_proposal_id, form)


@module.post("/proposals/order", needs=Can.ORDER_PROPOSED)
def order_proposals() -> Response:
    """Turn proposals into drafts: all of them, or those of one supplier."""
    waiting = queries.waiting_proposals(request.form.get("supplier", type=int))
    if not waiting:
        return html.done(
            _("These proposals have become orders already."), to=url_for("purchasing.proposal_list"), level="info"
        )
    made = services.drafts_from(waiting, person_or_none().location_id)
    if len(made) == 1:
        to = url_for("purchasing.edit_order", purchase_order_id=made[0].id)
    else:
        to = url_for("purchasing.order_list", state="draft")
    return html.done(
        ngettext("%(num)s draft is made. Look at it and order.", "%(num)s drafts are made. Look at them.", len(made)),
        to=to,
    )


@module.post("/proposals/reckon", needs=Can.ORDER_PROPOSED)
def reckon_anew() -> Response:
    """Let the night's work be done now."""
    services.ask_for_proposals()
    return html.done(
        _("The proposals are made anew; they are here in a moment."),
        to=url_for("purchasing.proposal_list"),
        level="info",
    )


@module.get("/trial", needs=Can.VIEW_PROPOSALS)
def trial_page() -> Response:
    """What the rules would have ordered on the history, against a plain minimum and maximum."""
    trial = queries.latest_trial()
    return html.page(
        "purchasing/trial.html",
        trial=trial,
        result=trial.result if trial is not None else None,
        first=date.fromisoformat(trial.result["first"]) if trial is not None else None,
        last=date.fromisoformat(trial.result["last"]) if trial is not None else None,
        chart=_chart(trial.result) if trial is not None and can(Can.VIEW_COSTS) else None,
        breadcrumbs=[
            (_("Purchasing"), url_for("purchasing.order_list")),
            (_("Proposals"), url_for("purchasing.proposal_list")),
            (_("Trial on history"), None),
        ],
    )


@module.post("/trial", needs=Can.ORDER_PROPOSED)
def ask_trial() -> Response:
    """Try the rules on the history."""
    services.ask_for_trial()
    return html.done(
        _("The trial runs; you are told when it is done."), to=url_for("purchasing.trial_page"), level="info"
    )


def _chart(result: Mapping[str, Any]) -> Any:
    first = date.fromisoformat(result["first"])
    ours, plain = result["ours"]["daily_value"], result["plain"]["daily_value"]
    days = range(0, len(ours), max(len(ours) // 60, 1))
    return figure(
        Chart(
            "line",
            _("Stock held, at cost"),
            [
                Series(_("By the forecast"), [ours[day] for day in days]),
                Series(_("Minimum and maximum"), [plain[day] for day in days], muted=True),
            ],
            [shown.day_and_month(first + timedelta(days=day)) for day in days],
            format=lambda amount: shown.figure(Decimal(str(amount))),
        )
    )
