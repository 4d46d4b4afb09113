"""Customer segments: who buys how recently, how often and for how much."""

from __future__ import annotations

from typing import Any

from flask import abort, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from retail.core import html, shown, tables
from retail.core.links import link
from retail.intelligence import insight_queries, labels, module, queries, services
from retail.intelligence.insight_queries import ScoreMeaning
from retail.intelligence.labels import SEGMENTS
from retail.intelligence.services import FORECASTING, SCORING
from retail.intelligence.tables import ScoredCustomersTable
from retail.permissions import Can

PAGES = {SCORING: "intelligence.customers", FORECASTING: "intelligence.forecasts"}


def work_shown(name: str) -> dict[str, Any]:
    """How far the work of this name is, if it waits or runs, and when it comes by itself."""
    task = queries.running_task(name)
    return {
        "name": name,
        "task": task,
        "task_url": link("operations.task_page", task_id=task.id) if task else None,
        "next_run": queries.next_run(name),
    }


@module.get("/customers", needs=Can.VIEW_SCORES)
def customers() -> Any:
    """Segments as a grid of recency and frequency, what they mean, and everybody in them."""
    context: dict[str, Any] = {}
    if not html.wants_fragment() and "format" not in request.args:
        run = queries.latest_score_run()
        context = {
            "work": work_shown(SCORING),
            "run": run,
            "grid": insight_queries.heat_cells() if run else [],
            "shares": insight_queries.segment_shares() if run else [],
            "words": SEGMENTS,
            "money_whole": labels.money_whole,
            "money_compact": labels.money_compact,
            "meanings": [_meaning(one) for one in insight_queries.score_meanings(run)] if run else [],
            "chosen": {name: request.args.get(name, "") for name in ("r", "f", "segment")},
        }
    return tables.table_page(ScoredCustomersTable(), "intelligence/customers.html", **context)


def _meaning(one: ScoreMeaning) -> tuple[str, ...]:
    return (str(one.score), _days(one), _purchases(one), _money(one))


def _days(one: ScoreMeaning) -> str:
    if one.days_to is None:
        return str(_("%(days)s days ago or longer", days=one.days_from))
    if one.days_to < one.days_from:
        return str(_("nobody"))
    if one.days_from == 1:
        return str(ngettext("at most %(num)s day ago", "at most %(num)s days ago", one.days_to))
    return str(_("%(first)s to %(last)s days ago", first=one.days_from, last=one.days_to))


def _purchases(one: ScoreMeaning) -> str:
    if one.purchases_to is None:
        return str(_("%(count)s or more", count=shown.quantity(one.purchases_from)))
    if one.purchases_to < one.purchases_from:
        return str(_("nobody"))
    if one.purchases_to == one.purchases_from:
        return shown.quantity(one.purchases_to)
    return str(_("%(first)s to %(last)s", first=one.purchases_from, last=one.purchases_to))


def _money(one: ScoreMeaning) -> str:
    if one.money_to is None:
        return str(_("more than %(amount)s", amount=shown.figure(one.money_from)))
    if one.money_from is None:
        return str(_("up to %(amount)s", amount=shown.figure(one.money_to)))
    if one.money_from == one.money_to:
        return str(_("nobody"))
    return str(_("%(first)s to %(last)s", first=shown.figure(one.money_from), last=shown.figure(one.money_to)))


def _work(name: str) -> Response:
    shown_work = work_shown(name)
    response = html.page("intelligence/work.html", fragment="work", work=shown_work)
    if shown_work["task"] is None and html.wants_fragment():
        # It has ended: everything else on the page has changed as well.
        response.headers["HX-Redirect"] = url_for(PAGES[name])
    return response


@module.get("/customers/work", needs=Can.VIEW_SCORES)
def scoring_work() -> Response:
    """How far the scoring is; asks again by itself until it has ended."""
    return _work(SCORING)


@module.get("/forecasts/work", needs=Can.VIEW_INTELLIGENCE)
def forecasting_work() -> Response:
    """How far the forecasting is; asks again by itself until it has ended."""
    return _work(FORECASTING)


@module.post("/<any(customers,forecasts):subject>/run", needs=Can.MANAGE_SCHEDULES)
def run_now(subject: str) -> Response:
    """Do tonight's work now."""
    name = {"customers": SCORING, "forecasts": FORECASTING}.get(subject) or abort(404)
    services.compute_now(name)
    return html.done(_("It was started."), to=url_for(PAGES[name]))
