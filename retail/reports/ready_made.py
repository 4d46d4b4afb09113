"""Reports everybody needs, each a question to a dataset with a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from retail.core.charts import Kind
from retail.permissions import Can


@dataclass(frozen=True)
class ReadyMade:
    """A report by name: what is asked, for which period to begin with, and how it is drawn."""

    key: str
    group: Any
    label: Any
    about: Any
    icon: str
    dataset: str
    measures: tuple[str, ...]
    by: tuple[str, ...]
    period: str = "30d"
    where: dict[str, list[str]] = field(default_factory=dict)
    order: str | None = None
    chart: Kind = "bar"
    needs: Can | None = None


_SALES, _BACK, _MONEY, _STOCK = _l("Sales"), _l("Given back"), _l("Money"), _l("Stock")

READY_MADE: Sequence[ReadyMade] = (
    ReadyMade("sales-by-day", _SALES, _l("Sales by day"), _l("How trade goes, day after day."), "calendar",
              "sales", ("gross_revenue", "net_revenue", "orders", "units"), ("day",), chart="line"),
    ReadyMade("sales-by-month", _SALES, _l("Sales by month"), _l("The year at a glance."), "chart-bar",
              "sales", ("gross_revenue", "net_revenue", "orders", "units"), ("month",), period="12m"),
    ReadyMade("sales-by-hour", _SALES, _l("Sales by hour"), _l("When to have how many people in the shop."), "clock",
              "sales", ("gross_revenue", "orders", "units"), ("hour",)),
    ReadyMade("sales-by-weekday", _SALES, _l("Sales by weekday"), _l("Monday is 1. Which days carry the week."),
              "calendar", "sales", ("gross_revenue", "orders", "units"), ("weekday",), period="90d"),
    ReadyMade("sales-by-product", _SALES, _l("Sales by product"), _l("What sells, best first."), "package",
              "sales", ("units", "gross_revenue", "net_revenue", "orders"), ("product",), order="-gross_revenue",
              chart="horizontal_bar"),
    ReadyMade("sales-by-category", _SALES, _l("Sales by category"), _l("Which shelves earn their place."), "category",
              "sales", ("units", "gross_revenue", "net_revenue"), ("category",), order="-gross_revenue",
              chart="horizontal_bar"),
    ReadyMade("sales-by-cashier", _SALES, _l("Sales by cashier"), _l("Who sold how much, and what they gave away."),
              "users", "sales", ("orders", "gross_revenue", "discount"), ("cashier",), order="-gross_revenue",
              chart="horizontal_bar"),
    ReadyMade("sales-by-location", _SALES, _l("Sales by location"), _l("The shops side by side."), "building-store",
              "sales", ("orders", "gross_revenue", "units"), ("location",), order="-gross_revenue",
              chart="horizontal_bar"),
    ReadyMade("best-customers", _SALES, _l("Best customers"), _l("Known customers by what they spent."), "user",
              "sales", ("orders", "gross_revenue", "units"), ("customer_name",), where={"identified": ["yes"]},
              order="-gross_revenue", chart="horizontal_bar"),
    ReadyMade("margins", _MONEY, _l("Margins by product"), _l("What is left after the goods are paid."), "percentage",
              "sales", ("net_revenue", "cost", "margin"), ("product",), order="-margin", chart="horizontal_bar",
              needs=Can.VIEW_COSTS),
    ReadyMade("tax", _MONEY, _l("Tax on sales"), _l("Net, tax and gross by tax code."), "building-bank",
              "sales", ("net_revenue", "tax", "gross_revenue"), ("tax_code",), period="this-month", chart="bar"),
    ReadyMade("tenders", _MONEY, _l("Money by tender"), _l("Cash, card and account, day by day."), "cash",
              "tenders", ("amount", "payments"), ("method",), order="-amount", chart="horizontal_bar"),
    ReadyMade("discounts", _MONEY, _l("Discounts"), _l("What was given away, by product."), "rosette-discount",
              "sales", ("discount", "gross_revenue"), ("product",), order="-discount", chart="horizontal_bar"),
    ReadyMade("returns", _BACK, _l("Returns and voids"), _l("What came back, by product."), "receipt-refund",
              "sales", ("orders", "units", "gross_revenue"), ("product", "kind"), where={"kind": ["return", "void"]},
              order="gross_revenue", chart="horizontal_bar"),
    ReadyMade("stock-summary", _STOCK, _l("Stock summary"), _l("What lies where now, what is held and what is coming."),
              "building-warehouse", "stock", ("on_hand", "available", "held", "incoming", "low", "below_zero"),
              ("location", "category"), period="", order="-on_hand", chart="horizontal_bar"),
    ReadyMade("stock-value", _STOCK, _l("Stock value"), _l("What lies on the shelves now, at cost."), "coin",
              "stock", ("value", "on_hand", "variants"), ("category",), period="", order="-value",
              chart="horizontal_bar", needs=Can.VIEW_COSTS),
    ReadyMade("stock-value-as-of", _STOCK, _l("Stock value by month"), _l("What it was worth as each month ended."),
              "chart-line", "stock_months", ("closing_value", "closing", "change_value"), ("month",), period="12m",
              needs=Can.VIEW_COSTS),
    ReadyMade("stock-movement", _STOCK, _l("Stock movement"), _l("What came, was sold, carried over and corrected."),
              "switch-horizontal", "stock_months", ("received", "sold", "transferred", "adjusted", "change"),
              ("month",), period="12m"),
    ReadyMade("stock-age", _STOCK, _l("Age of stock"), _l("How long the goods have been lying there, in days."),
              "clock", "stock_ages", ("value", "quantity", "articles"), ("age",), period="",
              needs=Can.VIEW_COSTS),
    ReadyMade("stock-turnover", _STOCK, _l("Stock turnover"), _l("How often a year the stock is sold, by category."),
              "refresh", "stock_months", ("turnover", "days_of_stock", "average_value", "cost"), ("category",),
              period="12m", order="-cost", chart="horizontal_bar", needs=Can.VIEW_COSTS),
    ReadyMade("stock-cover", _STOCK, _l("Days of cover"), _l("How long what lies there lasts, as it sells now."),
              "calendar", "stock_standings", ("cover", "on_hand", "sold_28", "sold_90"), ("product",), period="",
              order="cover", chart="horizontal_bar"),
    ReadyMade("stock-dead", _STOCK, _l("Dead stock"), _l("Not sold and not bought for half a year: money asleep."),
              "moon", "stock_standings", ("dead_value", "dead", "idle"), ("product", "last_sold"), period="",
              where={"is_dead": ["yes"]}, order="-dead_value", chart="horizontal_bar", needs=Can.VIEW_COSTS),
    ReadyMade("stock-outs", _STOCK, _l("Sold out and lost sales"), _l("What was not there when it was wanted."),
              "alert-triangle", "stock_months", ("lost_worth", "lost", "days_out", "outs", "out_share"), ("product",),
              period="90d", where={"missed": ["yes"]}, order="-lost_worth", chart="horizontal_bar"),
    ReadyMade("stock-classes", _STOCK, _l("ABC and XYZ"), _l("What carries the shop, and what of it sells steadily."),
              "star", "stock_standings", ("cost_90", "value", "levels"), ("grade", "steadiness"), period="",
              order="grade", chart="horizontal_bar", needs=Can.VIEW_COSTS),
    ReadyMade("stock-fill-rate", _STOCK, _l("Fill rate"), _l("How much of what was wanted was there."),
              "circle-check", "stock_months", ("sold", "lost", "fill_rate"), ("category",), period="90d",
              order="fill_rate", chart="horizontal_bar"),
    ReadyMade("stock-carrying", _STOCK, _l("Carrying cost"), _l("What keeping the goods costs, month by month."),
              "wallet", "stock_months", ("carrying_cost", "average_value"), ("month",), period="12m",
              needs=Can.VIEW_COSTS),
    ReadyMade("stock-gmroi", _STOCK, _l("Return on stock (GMROI)"), _l("What a year brings for each 1 in stock."),
              "activity", "stock_months", ("margin", "gmroi", "average_value", "net"), ("category",), period="12m",
              order="-margin", chart="horizontal_bar", needs=Can.VIEW_COSTS),
    ReadyMade("stock-sell-through", _STOCK, _l("Sell-through"), _l("How much of what there was has been sold."),
              "shopping-bag", "stock_standings", ("sold_90", "on_hand", "sell_through"), ("category",), period="",
              order="-sell_through", chart="horizontal_bar"),
)  # fmt: skip

BY_KEY = {one.key: one for one in READY_MADE}


def periods(today: date) -> dict[str, tuple[str, date | None, date | None]]:
    """The periods one may choose: key to name, first and last business date."""
    month, year = today.replace(day=1), today.replace(month=1, day=1)
    last_month_end = month - timedelta(days=1)
    twelve_months_ago = date(today.year - 1, today.month, 1)
    return {
        "today": (_("Today"), today, today),
        "yesterday": (_("Yesterday"), today - timedelta(days=1), today - timedelta(days=1)),
        "7d": (_("Last 7 days"), today - timedelta(days=6), today),
        "30d": (_("Last 30 days"), today - timedelta(days=29), today),
        "90d": (_("Last 90 days"), today - timedelta(days=89), today),
        "this-month": (_("This month"), month, today),
        "last-month": (_("Last month"), last_month_end.replace(day=1), last_month_end),
        "12m": (_("Last 12 months"), twelve_months_ago, today),
        "this-year": (_("This year"), year, today),
        "all": (_("All time"), None, None),
    }
