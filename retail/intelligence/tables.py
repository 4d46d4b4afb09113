"""The lists of scored customers and of forecasts."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from markupsafe import Markup
from sqlalchemy import BigInteger, Row, Select, case, cast, column, func, select, type_coerce

from retail.catalog.models import Category, Product, Variant
from retail.core import datasets, html, shown
from retail.core.links import link
from retail.core.money import ZERO, QuantityType
from retail.core.tables import Column, Filter, FoundBy, Table
from retail.customers.models import Customer
from retail.intelligence.labels import LONGEST_COVER, SEGMENTS, cover_words, error_words, family, rounded, segment_label
from retail.intelligence.models import CustomerScore, ProductForecast
from retail.intelligence.rfm import Segment
from retail.permissions import Can

SCORES = tuple((str(score), str(score)) for score in range(5, 0, -1))


def _segment(row: Row[Any]) -> Markup:
    return html.drawn("badge", segment_label(row.segment), SEGMENTS[Segment(row.segment)].tone)


def _by_score(name: str) -> Filter:
    expression = {"r": CustomerScore.r, "f": CustomerScore.f, "m": CustomerScore.m}[name]
    label = {"r": _l("Recency"), "f": _l("Frequency"), "m": _l("Money")}[name]

    def apply(statement: Select[Any], value: str) -> Select[Any]:
        return statement.where(expression == int(value)) if value in {"1", "2", "3", "4", "5"} else statement

    return Filter(label, apply, "choice", lambda: SCORES)


class ScoredCustomersTable(Table):
    """Every customer who bought, with scores and segment."""

    name = "scored-customers"
    label = _l("Customers by score")
    order = "-monetary"
    needs = Can.VIEW_SCORES
    row_id = CustomerScore.id
    columns = {
        "name": Column(
            _l("Customer"),
            Customer.name,
            link=lambda row: link("customers.customer_page", customer_id=row.customer_id) or "",
            search=True,
        ),
        "code": Column(_l("Code"), Customer.code, search=True),
        "segment": Column(_l("Segment"), CustomerScore.segment, show=segment_label, draw=_segment),
        "recency": Column(
            _l("Last bought"),
            CustomerScore.recency_days,
            "integer",
            show=lambda days: ngettext("%(num)s day ago", "%(num)s days ago", days),
        ),
        "frequency": Column(_l("Purchases"), CustomerScore.frequency, "integer"),
        "monetary": Column(_l("Spent"), CustomerScore.monetary, "money", show=shown.figure),
        "r": Column(_l("R"), CustomerScore.r, "integer"),
        "f": Column(_l("F"), CustomerScore.f, "integer"),
        "m": Column(_l("M"), CustomerScore.m, "integer"),
    }
    found_by = FoundBy("customers", CustomerScore.customer_id)
    also = {"customer_id": CustomerScore.customer_id}
    filters = {
        "segment": Filter(
            _l("Segment"),
            lambda statement, value: statement.where(CustomerScore.segment == value),
            "choice",
            lambda: [(one.value, one.label) for one in Segment],
        ),
        "r": _by_score("r"),
        "f": _by_score("f"),
        "m": _by_score("m"),
    }
    empty = {
        "title": _l("Nobody to score yet"),
        "text": _l("Scores are of customers who bought under their name; choose the customer at the till."),
        "icon": "chart-donut",
    }

    def source(self) -> Select[Any]:
        return select(CustomerScore).join(Customer, Customer.id == CustomerScore.customer_id)


on_hand = func.coalesce(column("on_hand", QuantityType), ZERO, type_=QuantityType)
"""From the figures of stock, which the source joins; in all places together."""


def _thousandths(expression: Any) -> Any:
    # A cast and no mere change of type: PostgreSQL's sums are numeric, whose quotients have fractions.
    return cast(type_coerce(expression, BigInteger), BigInteger)


_days = _thousandths(on_hand) * 28 // _thousandths(ProductForecast.expected_28)
cover = case(
    (Product.is_stocked.is_(False), None),
    (on_hand <= ZERO, 0),
    (ProductForecast.expected_28 <= ZERO, LONGEST_COVER),
    (_days > LONGEST_COVER, LONGEST_COVER),
    else_=_days,
)
"""How many days what is on hand lasts, if as much sells as is expected; None of what is not kept in stock."""
to_order = type_coerce(
    case(
        (Product.is_stocked.is_(False), 0),
        (on_hand <= ZERO, _thousandths(ProductForecast.needed_28)),
        (ProductForecast.needed_28 > on_hand, _thousandths(ProductForecast.needed_28) - _thousandths(on_hand)),
        else_=0,
    ),
    QuantityType,
)
"""What is needed for four weeks less what is on hand; stock below zero is a fault of the books, and counts as none."""


def with_stock(statement: Select[Any]) -> Select[Any]:
    """Join variant, product and the figures of stock to a statement on forecasts."""
    stock = datasets.get("stock").statement(["on_hand"], by=["sku"]).order_by(None).subquery("stock_now")
    return (
        statement.join(Variant, Variant.id == ProductForecast.variant_id)
        .join(Product, Product.id == Variant.product_id)
        .outerjoin(Category, Category.id == Product.category_id)
        .outerjoin(stock, stock.c.sku == Variant.sku)
    )


def _urgency(days: int | None) -> str | None:
    if days is None or days >= 28:
        return None
    return "danger" if days < 7 else "warning"


def _product(row: Row[Any]) -> Markup:
    return _noted(Markup('<span class="cell-name">{}</span>').format(row.product), row.sku)


def _beside_the_past(row: Row[Any]) -> Markup:
    return _noted(rounded(row.expected_28), _("sold: %(units)s", units=shown.quantity(row.sold_28)))


def _beside_the_baseline(row: Row[Any]) -> Markup:
    if row.wape_total is None:
        return Markup('<span class="muted">–</span>')
    simple = _("simple rule: %(error)s", error=error_words(row.baseline) or "–")
    return _noted(error_words(row.wape_total), simple)


def _noted(text: str, note: str) -> Markup:
    return Markup('<span>{}<span class="cell-note">{}</span></span>').format(text, note)


class ForecastTable(Table):
    """What is expected of every product that still sells, and what to order."""

    name = "forecasts"
    label = _l("Demand forecasts")
    order = "-to_order"
    needs = Can.VIEW_INTELLIGENCE
    row_id = ProductForecast.id
    columns = {
        "product": Column(
            _l("Product"),
            Variant.name,
            link=lambda row: url_for("intelligence.forecast_page", variant_id=row.variant_id),
            draw=_product,
            search=True,
        ),
        "expected_7": Column(_l("Next 7 days"), ProductForecast.expected_7, "quantity", show=rounded),
        "expected_28": Column(
            _l("Next 28 days"), ProductForecast.expected_28, "quantity", show=rounded, draw=_beside_the_past
        ),
        "on_hand": Column(_l("On hand"), on_hand, "quantity", needs=Can.VIEW_STOCK),
        "cover": Column(_l("Lasts"), cover, "integer", show=cover_words, tone=_urgency, needs=Can.VIEW_STOCK),
        "to_order": Column(_l("Order"), to_order, "quantity", needs=Can.VIEW_STOCK),
        "wape_total": Column(
            _l("Usual error"), ProductForecast.wape_total, "percent", show=error_words, draw=_beside_the_baseline
        ),
        "method": Column(_l("Method"), ProductForecast.method, show=family, sortable=False),
    }
    also = {
        "variant_id": ProductForecast.variant_id,
        "sku": Variant.sku,
        "baseline": ProductForecast.baseline_wape_total,
        "sold_28": ProductForecast.sold_28,
    }
    found_by = FoundBy("variants", ProductForecast.variant_id)
    filters = {
        "order": Filter(_l("To order"), lambda statement, _value: statement.where(to_order > ZERO)),
        "short": Filter(
            _l("Lasts less than a week"),
            lambda statement, _value: statement.where(cover < 7, ProductForecast.expected_28 > ZERO),
        ),
        "simple": Filter(
            _l("Simple rule kept"), lambda statement, _value: statement.where(ProductForecast.baseline_kept)
        ),
    }
    empty = {
        "title": _l("Nothing to forecast yet"),
        "text": _l("Forecasts begin after two weeks of sales, for what sold in the last half year."),
        "icon": "chart-line",
    }

    def source(self) -> Select[Any]:
        return with_stock(select(ProductForecast))
