"""Demand forecasts: the list of products, and the page of one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from flask import request, url_for
from flask_babel import gettext as _
from markupsafe import Markup
from sqlalchemy import func, select
from werkzeug.wrappers import Response

from retail.core import html, shown, tables
from retail.core.charts import Chart, Series, figure
from retail.core.db import session
from retail.core.links import link
from retail.core.module import can
from retail.core.money import ZERO
from retail.intelligence import insight_queries, module, queries
from retail.intelligence.datasets import DEMAND_FORECASTS
from retail.intelligence.forecasting import describe
from retail.intelligence.insight_queries import by_week
from retail.intelligence.labels import cover_words, error_words, rounded
from retail.intelligence.models import ProductForecast
from retail.intelligence.services import FORECASTING
from retail.intelligence.tables import ForecastTable, cover, to_order, with_stock
from retail.intelligence.views import work_shown
from retail.permissions import Can

WHOLE_WIDTH = 1100


@module.get("/forecasts", needs=Can.VIEW_INTELLIGENCE)
def forecasts() -> Any:
    """What every product is expected to sell, how long stock lasts, what to order, and how good that has been."""
    context: dict[str, Any] = {}
    if not html.wants_fragment() and "format" not in request.args:
        run = queries.latest_forecast_run()
        context = {"work": work_shown(FORECASTING), "run": run}
        if run is not None:
            context |= {
                "figures": DEMAND_FORECASTS.one(["expected_28", "sold_28"]),
                "orders": _to_order() if can(Can.VIEW_STOCK) else None,
                "course": _course(_("All products by day"), run.recent, run.daily, run.as_of, 1, WHOLE_WIDTH),
                "usual": error_words(run.wape_total),
                "simple": error_words(run.baseline_wape_total),
            }
    return tables.table_page(ForecastTable(), "intelligence/forecasts.html", **context)


def _to_order() -> int:
    statement = with_stock(select(func.count(ProductForecast.id)).select_from(ProductForecast))
    return session.scalar(statement.where(to_order > ZERO)) or 0


@module.get("/forecasts/<int:variant_id>", needs=Can.VIEW_INTELLIGENCE)
def forecast_page(variant_id: int) -> Response:
    """One product: what it sold, what is expected, how sure that is, what to order."""
    found = insight_queries.forecast_of(variant_id)
    weekly = request.args.get("by") != "day"
    return html.page(
        "intelligence/forecast.html",
        fragment="course",
        forecast=found,
        weekly=weekly,
        course=_course_of(found, weekly),
        stock=_stock_of(found) if can(Can.VIEW_STOCK) else None,
        blend=[(_sentence(describe(name)), shown.percent(share, 0)) for name, share in found.blend.items()],
        errors=_errors_of(found),
        run=queries.latest_forecast_run(),
        expected_7=rounded(found.expected_7),
        expected_28=rounded(found.expected_28),
        product_url=link("catalog.product_page", product_id=found.variant.product_id),
        breadcrumbs=[(_("Demand forecasts"), url_for("intelligence.forecasts")), (found.variant.name, None)],
    )


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _errors_of(one: ProductForecast) -> list[tuple[str, str, str]]:
    return [
        (_("Four weeks’ total"), error_words(one.wape_total) or "–", error_words(one.baseline_wape_total) or "–"),
        (_("Single days"), error_words(one.wape) or "–", error_words(one.baseline_wape) or "–"),
    ]


def _stock_of(found: ProductForecast) -> dict[str, Any]:
    days, order = session.execute(
        with_stock(select(cover, to_order).select_from(ProductForecast)).where(ProductForecast.id == found.id)
    ).one()
    places = insight_queries.on_hand_of(found.variant.sku)
    return {
        "is_stocked": found.variant.product.is_stocked,
        "on_hand": sum((quantity for _place, quantity in places), Decimal(0)),
        "places": [(place, shown.quantity(quantity)) for place, quantity in places],
        "cover": cover_words(days),
        "is_short": days is not None and days < 7,
        "to_order": order,
    }


def _course_of(found: ProductForecast, weekly: bool) -> Markup:
    if weekly:
        return _course(_("Units by week"), by_week(found.recent), by_week(found.daily), found.as_of, 7)
    return _course(_("Units by day"), found.recent, found.daily, found.as_of, 1)


def _course(
    title: str, sold: Sequence[float], expected: Sequence[float], as_of: date, step: int, wide: int = 640
) -> Markup:
    """What was sold up to `as_of`, and what is expected from it on, each value of so many days."""
    first = as_of - timedelta(days=step * len(sold))
    labels = [shown.day_and_month(first + timedelta(days=step * at)) for at in range(len(sold) + len(expected))]
    ahead: list[float | None] = [None] * len(sold)
    if sold:
        # The two lines meet, so that the eye reads them as one course.
        ahead[-1] = sold[-1]
    chart = Chart(
        "line",
        title,
        [Series(_("Sold"), [*sold, *([None] * len(expected))]), Series(_("Expected"), [*ahead, *expected])],
        labels,
        format=lambda value: shown.quantity(round(Decimal(value), 1)),
        note=_("What was sold, and what is expected from %(day)s on.", day=shown.day_and_month(as_of)),
    )
    return figure(chart, wide=wide)
