"""The figures of stock that need sales and suppliers beside it: by month, by article as of last night, and by age."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import BigInteger, and_, case, func, literal_column, or_, select, type_coerce

from retail.catalog.models import Category, Product, Variant
from retail.catalog.queries import category_choices
from retail.core.datasets import Dataset, Dimension, Lookup, Measure
from retail.core.db import session
from retail.core.money import AmountType, QuantityType
from retail.inventory.models import StockAge, StockMonth, StockStanding
from retail.permissions import Can
from retail.purchasing.models import Supplier, SupplierItem
from retail.tenancy.models import Location

DEAD_DAYS = 180
"""After so many days without a sale, goods that came before them are dead stock."""
THOUSANDTHS = 10**3

_GOODS = {
    "product": Dimension(_l("Product"), func.coalesce(Product.name, "")),
    "sku": Dimension(_l("SKU"), Variant.sku),
    "category": Dimension(_l("Category"), func.coalesce(Category.path, "")),
    "supplier": Dimension(_l("Supplier"), func.coalesce(Supplier.name, "")),
    "location": Dimension(_l("Location"), Location.name),
}


def _categories() -> list[str]:
    return [path for _category_id, path in category_choices()]


def _suppliers() -> list[str]:
    return list(session.scalars(select(Supplier.name).where(Supplier.archived_at.is_(None)).order_by(Supplier.name)))


_CHOICES = {"category": _categories, "supplier": _suppliers}


def _of_goods(model: Any) -> tuple[Lookup, ...]:
    return (
        Lookup(Variant, Variant.id == model.variant_id),
        Lookup(Product, Product.id == Variant.product_id),
        Lookup(Category, Category.id == Product.category_id),
        Lookup(SupplierItem, and_(SupplierItem.variant_id == model.variant_id, SupplierItem.preferred.is_(True))),
        Lookup(Supplier, Supplier.id == SupplierItem.supplier_id),
        Lookup(Location, Location.id == model.location_id),
    )


def _whole(expression: Any) -> Any:
    """What the database keeps of an amount or a quantity: a whole number, whatever it is a part of."""
    return func.sum(type_coerce(expression, BigInteger))


def _share(part: Any, whole: Any) -> Any:
    return part * literal_column("1.0") / func.nullif(whole, 0)


def _ratio(part: Any, whole: Any) -> Any:
    """To a hundredth: more digits of days and turns would claim to be known."""
    return func.round(_share(part, whole), 2)


_days = func.max(StockMonth.last_day) - func.min(StockMonth.first_day) + 1
_cost = _whole(StockMonth.sold_cost)
_value_days = _whole(StockMonth.value_days)
_margin = _whole(StockMonth.net) - _cost
_demand = _whole(StockMonth.sold) + _whole(StockMonth.lost)

STOCK_MONTHS = Dataset(
    name="stock_months",
    label=_l("Stock by month"),
    about=_l(
        "What each month did to the stock, reckoned every night from the movements, until yesterday evening. Suppliers "
        "are those the article is ordered from today."
    ),
    source=lambda: select().select_from(StockMonth),
    lookups=_of_goods(StockMonth),
    at=StockMonth.month,
    monthly=True,
    needs=Can.VIEW_STOCK,
    default_measures=("received", "sold", "adjusted"),
    measures={
        "received": Measure(
            _l("Received"),
            func.sum(StockMonth.received),
            "quantity",
            _l("Pieces that came from suppliers or as opening stock, less those sent back."),
        ),
        "sold": Measure(
            _l("Sold"), func.sum(StockMonth.sold), "quantity", _l("Pieces sold, less those customers gave back.")
        ),
        "transferred": Measure(
            _l("Transferred"),
            func.sum(StockMonth.transferred),
            "quantity",
            _l("Pieces that came from other locations, less those sent to them."),
        ),
        "adjusted": Measure(
            _l("Corrected"),
            func.sum(StockMonth.adjusted),
            "quantity",
            _l("Pieces found by counts and corrections, less those lost, damaged and scrapped."),
        ),
        "change": Measure(
            _l("Change"),
            func.sum(StockMonth.closing - StockMonth.opening, type_=QuantityType),
            "quantity",
            _l("Received − sold + transferred + corrected: what the period added to what lies there."),
        ),
        "change_value": Measure(
            _l("Change in worth"),
            func.sum(StockMonth.closing_value - StockMonth.opening_value, type_=AmountType),
            "money",
            _l("What the period added to the worth of the stock at cost."),
            needs=Can.VIEW_COSTS,
        ),
        "closing": Measure(
            _l("On hand at the end"),
            func.sum(StockMonth.closing),
            "quantity",
            _l("What lay there on the last evening of a month; break it down by month, for months do not add up."),
        ),
        "closing_value": Measure(
            _l("Worth at the end"),
            func.sum(StockMonth.closing_value),
            "money",
            _l("Worth at cost on the last evening of a month; break it down by month, for months do not add up."),
            needs=Can.VIEW_COSTS,
        ),
        "cost": Measure(
            _l("Cost of goods sold"),
            func.sum(StockMonth.sold_cost),
            "money",
            _l("What the goods sold were worth at cost when they left, less those given back."),
            needs=Can.VIEW_COSTS,
        ),
        "average_value": Measure(
            _l("Average stock"),
            type_coerce(_value_days / func.nullif(_days, 0), AmountType),
            "money",
            _l("Sum of the worth on every evening ÷ days of the period."),
            needs=Can.VIEW_COSTS,
        ),
        "turnover": Measure(
            _l("Turns a year"),
            _ratio(_cost * 365, _value_days),
            "decimal",
            _l("Cost of goods sold × 365 ÷ sum of the worth on every evening: how often a year the stock is sold."),
        ),
        "days_of_stock": Measure(
            _l("Days to sell"),
            _ratio(_value_days, _cost),
            "decimal",
            _l("Sum of the worth on every evening ÷ cost of goods sold: how many days goods lie until they are sold."),
        ),
        "carrying_cost": Measure(
            _l("Carrying cost"),
            func.sum(StockMonth.carrying_cost),
            "money",
            _l("Worth on every evening × the yearly rate of the stock settings ÷ 365: what keeping the goods cost."),
            needs=Can.VIEW_COSTS,
        ),
        "net": Measure(
            _l("Net revenue"),
            func.sum(StockMonth.net),
            "money",
            _l("Before tax, after discounts, of the goods in stock, from the sales documents."),
        ),
        "margin": Measure(
            _l("Margin"),
            type_coerce(_margin, AmountType),
            "money",
            _l("Net revenue − cost of goods sold."),
            needs=Can.VIEW_COSTS,
        ),
        "gmroi": Measure(
            _l("GMROI"),
            _ratio(_margin * 365, _value_days),
            "decimal",
            _l("Margin × 365 ÷ sum of the worth on every evening: what a year brings for each 1 that lies in stock."),
            needs=Can.VIEW_COSTS,
        ),
        "days_out": Measure(
            _l("Days out of stock"),
            func.sum(StockMonth.days_out),
            "integer",
            _l("Days on which there was nothing of an article that sells, added up over articles and locations."),
        ),
        "outs": Measure(
            _l("Times sold out"), func.sum(StockMonth.outs), "integer", _l("How often the last piece left.")
        ),
        "out_share": Measure(
            _l("Share of days out"),
            _share(func.sum(StockMonth.days_out), func.sum(StockMonth.last_day - StockMonth.first_day + 1)),
            "percent",
            _l("Days out of stock ÷ days the articles were kept."),
        ),
        "lost": Measure(
            _l("Lost sales"),
            func.sum(StockMonth.lost),
            "quantity",
            _l("Days out of stock × what is sold on a day on which there is something to sell, by article."),
        ),
        "lost_worth": Measure(
            _l("Lost revenue"),
            type_coerce(
                func.sum(
                    type_coerce(StockMonth.lost, BigInteger) * type_coerce(Variant.price, BigInteger) / THOUSANDTHS
                ),
                AmountType,
            ),
            "money",
            _l("Lost sales × the price of today."),
        ),
        "fill_rate": Measure(
            _l("Fill rate"),
            _share(_whole(StockMonth.sold), _demand),
            "percent",
            _l("Sold ÷ (sold + lost sales): how much of what was wanted was there."),
        ),
        "moves": Measure(_l("Movements"), func.sum(StockMonth.moves), "integer", _l("Entries of the ledger.")),
        "articles": Measure(
            _l("Articles"),
            func.count(StockMonth.variant_id.distinct()),
            "integer",
            _l("Articles that lay there or moved."),
        ),
    },
    dimensions={
        **_GOODS,
        "missed": Dimension(
            _l("Sold out"), case((or_(StockMonth.outs > 0, StockMonth.days_out > 0), "yes"), else_="no")
        ),
    },
    choices=_CHOICES,
)

_dead = and_(StockStanding.on_hand > 0, StockStanding.idle_days >= DEAD_DAYS)

STOCK_STANDINGS = Dataset(
    name="stock_standings",
    label=_l("How stock stands"),
    about=_l("Each article at each location as it stood yesterday evening: how it sells, and what that says about it."),
    source=lambda: select().select_from(StockStanding),
    lookups=_of_goods(StockStanding),
    needs=Can.VIEW_STOCK,
    default_measures=("levels", "on_hand", "sold_90"),
    measures={
        "levels": Measure(
            _l("Articles"), func.count(StockStanding.id), "integer", _l("Articles, each counted at each location.")
        ),
        "on_hand": Measure(
            _l("On hand"), func.sum(StockStanding.on_hand), "quantity", _l("Pieces there last evening.")
        ),
        "value": Measure(
            _l("Worth at cost"),
            func.sum(StockStanding.value),
            "money",
            _l("What they were worth at cost."),
            needs=Can.VIEW_COSTS,
        ),
        "sold_28": Measure(
            _l("Sold in 28 days"), func.sum(StockStanding.sold_28), "quantity", _l("Pieces, less those given back.")
        ),
        "sold_90": Measure(
            _l("Sold in 90 days"), func.sum(StockStanding.sold_90), "quantity", _l("Pieces, less those given back.")
        ),
        "sold_365": Measure(
            _l("Sold in a year"), func.sum(StockStanding.sold_365), "quantity", _l("Pieces, less those given back.")
        ),
        "received_90": Measure(
            _l("Came in 90 days"),
            func.sum(StockStanding.received_90),
            "quantity",
            _l("Pieces that came in from suppliers, other locations and corrections."),
        ),
        "cost_90": Measure(
            _l("Cost of goods sold in 90 days"),
            func.sum(StockStanding.cost_90),
            "money",
            _l("What the goods sold in ninety days were worth at cost."),
            needs=Can.VIEW_COSTS,
        ),
        "cover": Measure(
            _l("Days of cover"),
            _ratio(_whole(StockStanding.value), _whole(StockStanding.daily_cost)),
            "decimal",
            _l("Worth on hand ÷ what is sold at cost on a day on which there is something to sell, of ninety days."),
        ),
        "sell_through": Measure(
            _l("Sell-through"),
            _share(_whole(StockStanding.sold_90), _whole(StockStanding.sold_90) + _whole(StockStanding.on_hand)),
            "percent",
            _l("Sold in 90 days ÷ (sold in 90 days + on hand): how much of what there was is gone."),
        ),
        "idle": Measure(
            _l("Longest idle"),
            func.max(StockStanding.idle_days),
            "integer",
            _l("Days since anything of it was sold or came in."),
        ),
        "dead": Measure(
            _l("Dead stock"),
            func.sum(case((_dead, StockStanding.on_hand), else_=0), type_=QuantityType),
            "quantity",
            _l("Pieces of articles of which none was sold and none came in for 180 days."),
        ),
        "dead_value": Measure(
            _l("Worth of dead stock"),
            func.sum(case((_dead, StockStanding.value), else_=0), type_=AmountType),
            "money",
            _l("What dead stock is worth at cost."),
            needs=Can.VIEW_COSTS,
        ),
    },
    dimensions={
        **_GOODS,
        "grade": Dimension(_l("Class (ABC)"), StockStanding.grade),
        "steadiness": Dimension(_l("Steadiness (XYZ)"), StockStanding.steadiness),
        "is_dead": Dimension(_l("Dead stock"), case((_dead, "yes"), else_="no")),
        "last_sold": Dimension(_l("Last sold on"), StockStanding.last_sold_on, "date"),
    },
    choices=_CHOICES,
)

STOCK_AGES = Dataset(
    name="stock_ages",
    label=_l("Age of stock"),
    about=_l(
        "How long ago what lay there yesterday evening came to its location, in days, taking it that what came first "
        "left first."
    ),
    source=lambda: select().select_from(StockAge),
    lookups=_of_goods(StockAge),
    needs=Can.VIEW_STOCK,
    default_measures=("quantity",),
    measures={
        "quantity": Measure(_l("On hand"), func.sum(StockAge.quantity), "quantity", _l("Pieces of that age.")),
        "value": Measure(
            _l("Worth at cost"),
            func.sum(StockAge.value),
            "money",
            _l("Their share of what the article is worth there."),
            needs=Can.VIEW_COSTS,
        ),
        "articles": Measure(
            _l("Articles"),
            func.count(StockAge.variant_id.distinct()),
            "integer",
            _l("Articles with pieces of that age."),
        ),
    },
    dimensions={
        **_GOODS,
        "age": Dimension(_l("Age in days"), StockAge.age),
    },
    choices=_CHOICES,
)
