"""The figures of sales: one definition each, asked by every page, mail, export and command."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import BigInteger, Select, and_, case, func, select, type_coerce

from retail.catalog.models import Category, Product, Variant
from retail.core.datasets import Dataset, Dimension, Lookup, Measure
from retail.core.money import AmountType
from retail.customers.models import Customer
from retail.identity.models import User
from retail.orders.models import Order, OrderLine
from retail.permissions import Can
from retail.tenancy.models import Location


def _lines() -> Select[Any]:
    # Every document has lines. The outer join says to SQLite to begin with the documents and read their lines in order,
    # a third of the time of looking each line's document up.
    return select().select_from(Order).outerjoin(OrderLine, OrderLine.order_id == Order.id)


def _documents() -> Select[Any]:
    return select().select_from(Order)


_OF_DOCUMENT = (
    Lookup(Customer, Customer.id == Order.customer_id),
    Lookup(Location, Location.id == Order.location_id),
    Lookup(User, User.id == Order.user_id),
)
_OF_LINE = (
    Lookup(Variant, Variant.id == OrderLine.variant_id),
    Lookup(Product, Product.id == Variant.product_id),
    Lookup(Category, Category.id == Product.category_id),
    *_OF_DOCUMENT,
)


def _amount(expression: Any) -> Any:
    """Sums and differences of amounts are amounts; the database type of the whole would be a bare whole number."""
    return type_coerce(expression, AmountType)


def _yes_if(condition: Any) -> Any:
    return case((condition, "yes"), else_="no")


_COMMON = {
    "kind": Dimension(_l("Kind"), Order.kind),
    "channel": Dimension(_l("Channel"), Order.channel),
    "hour": Dimension(_l("Hour"), Order.hour, "integer"),
    "location": Dimension(_l("Location"), Location.name),
    "cashier": Dimension(_l("Cashier"), func.coalesce(User.name, "")),
    "customer": Dimension(_l("Customer"), func.coalesce(Customer.code, "")),
    "customer_name": Dimension(_l("Customer name"), func.coalesce(Customer.name, "")),
    "country": Dimension(_l("Country"), Order.country),
    "identified": Dimension(_l("Customer known"), _yes_if(Order.customer_id.is_not(None))),
}

SALES = Dataset(
    name="sales",
    label=_l("Sales by line"),
    about=_l("Every line of every posted document: sales, and returns, voids and corrections below zero."),
    source=_lines,
    lookups=_OF_LINE,
    at=Order.business_date,
    needs=Can.VIEW_REPORTS,
    default_measures=("orders", "units", "net_revenue"),
    measures={
        "lines": Measure(_l("Lines"), func.count(OrderLine.id)),
        "orders": Measure(_l("Documents"), func.count(OrderLine.order_id.distinct()), about=_l("Distinct documents.")),
        "units": Measure(_l("Units"), func.sum(OrderLine.quantity), "quantity"),
        "net_revenue": Measure(_l("Net revenue"), func.sum(OrderLine.net), "money", _l("Before tax, after discounts.")),
        "tax": Measure(_l("Tax"), func.sum(OrderLine.tax), "money"),
        "gross_revenue": Measure(_l("Gross revenue"), func.sum(OrderLine.gross), "money"),
        "discount": Measure(
            _l("Discount"), _amount(func.sum(OrderLine.line_discount) + func.sum(OrderLine.cart_discount)), "money"
        ),
        "cost": Measure(_l("Cost of goods"), func.sum(OrderLine.cost), "money", needs=Can.VIEW_COSTS),
        "margin": Measure(
            _l("Margin"),
            _amount(func.sum(OrderLine.net) - func.sum(OrderLine.cost)),
            "money",
            _l("Net revenue less the cost of the goods."),
            needs=Can.VIEW_COSTS,
        ),
        "customers": Measure(_l("Customers"), func.count(Order.customer_id.distinct())),
        "products": Measure(_l("Variants sold"), func.count(OrderLine.variant_id.distinct())),
        "first_day": Measure(_l("First day"), func.min(Order.business_date), "date"),
        "last_day": Measure(_l("Last day"), func.max(Order.business_date), "date"),
    },
    dimensions={
        **_COMMON,
        "product": Dimension(_l("Product"), func.coalesce(Product.name, "")),
        "sku": Dimension(_l("SKU"), OrderLine.sku),
        "current_sku": Dimension(_l("SKU of today"), func.coalesce(Variant.sku, "")),
        "category": Dimension(_l("Category"), func.coalesce(Category.path, "")),
        "tax_code": Dimension(_l("Tax"), OrderLine.tax_code),
        "merchandise": Dimension(_l("Merchandise"), _yes_if(Product.is_merchandise)),
        "priced": Dimension(_l("At a price"), _yes_if(OrderLine.list_price > 0)),
        "clean": Dimension(
            _l("Clean"),
            _yes_if(
                and_(
                    Order.customer_id.is_not(None),
                    Order.kind.in_(("sale", "write_off", "adjustment")),
                    OrderLine.quantity > 0,
                    OrderLine.list_price > 0,
                )
            ),
        ),
    },
)

DOCUMENTS = Dataset(
    name="documents",
    label=_l("Sales by document"),
    about=_l("Every posted document with what was paid: total = gross + rounding."),
    source=_documents,
    lookups=_OF_DOCUMENT,
    at=Order.business_date,
    needs=Can.VIEW_REPORTS,
    default_measures=("documents", "total"),
    measures={
        "documents": Measure(_l("Documents"), func.count(Order.id)),
        "net_revenue": Measure(_l("Net revenue"), func.sum(Order.net), "money"),
        "tax": Measure(_l("Tax"), func.sum(Order.tax), "money"),
        "gross_revenue": Measure(_l("Gross revenue"), func.sum(Order.gross), "money"),
        "rounding": Measure(
            _l("Rounding"), func.sum(Order.rounding), "money", _l("What rounding to the minor unit changed.")
        ),
        "total": Measure(_l("Paid"), func.sum(Order.total), "money"),
        "average": Measure(
            _l("Average document"),
            # Whole ten-thousandths: the integer division of both databases, without a float between.
            type_coerce(func.sum(Order.total, type_=BigInteger) // func.count(Order.id), AmountType),
            "money",
            _l("What was paid over the number of documents; choose kind = sale for the average basket."),
        ),
        "discount": Measure(_l("Discount"), func.sum(Order.discount), "money"),
        "customers": Measure(_l("Customers"), func.count(Order.customer_id.distinct())),
        "first_day": Measure(_l("First day"), func.min(Order.business_date), "date"),
        "last_day": Measure(_l("Last day"), func.max(Order.business_date), "date"),
    },
    dimensions={**_COMMON, "number": Dimension(_l("Number"), Order.number)},
)
