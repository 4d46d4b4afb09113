"""The figures of buying: what was spent, how suppliers do, how costs go, and what there is still to spend."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import BigInteger, Select, case, func, literal_column, select, type_coerce

from retail.catalog.models import Category, Product, Variant
from retail.core.datasets import Dataset, Dimension, Lookup, Measure
from retail.core.money import AmountType
from retail.permissions import Can
from retail.purchasing.models import (
    OPEN_STATES,
    BilledLine,
    GoodsReceipt,
    PurchaseLine,
    PurchaseOrder,
    ReceivedLine,
    Supplier,
    SupplierBill,
)
from retail.tenancy.models import Location

_GOODS = {
    "supplier": Dimension(_l("Supplier"), Supplier.name),
    "product": Dimension(_l("Product"), Product.name),
    "sku": Dimension(_l("SKU"), Variant.sku),
    "category": Dimension(_l("Category"), func.coalesce(Category.path, "")),
}


def _of_goods(variant_id: Any, supplier_id: Any) -> tuple[Lookup, ...]:
    return (
        Lookup(Supplier, Supplier.id == supplier_id),
        Lookup(Variant, Variant.id == variant_id),
        Lookup(Product, Product.id == Variant.product_id),
        Lookup(Category, Category.id == Product.category_id),
    )


def _share(part: Any, whole: Any) -> Any:
    return part * literal_column("1.0") / func.nullif(whole, 0)


def _purchases() -> Select[Any]:
    return select().select_from(ReceivedLine)


PURCHASES = Dataset(
    name="purchases",
    label=_l("Purchases"),
    about=_l("What came from suppliers: what it cost, how long it took, what was damaged or went back."),
    source=_purchases,
    needs=Can.VIEW_PURCHASES,
    at=ReceivedLine.business_date,
    default_measures=("spend", "units", "lead_days"),
    measures={
        "spend": Measure(
            _l("Spend"),
            func.sum(ReceivedLine.value),
            "money",
            about=_l("What the goods cost that came, in the shop's currency."),
            needs=Can.VIEW_COSTS,
        ),
        "landed": Measure(_l("Freight and duty"), func.sum(ReceivedLine.landed), "money", needs=Can.VIEW_COSTS),
        "units": Measure(_l("Pieces"), func.sum(ReceivedLine.quantity), "quantity"),
        "unit_cost": Measure(
            _l("Mean cost of one"),
            type_coerce(
                func.sum(ReceivedLine.value)
                * 1000
                / func.nullif(type_coerce(func.sum(ReceivedLine.quantity), BigInteger), 0),
                AmountType,
            ),
            "money",
            about=_l("Broken down by month it shows how the cost goes."),
            needs=Can.VIEW_COSTS,
        ),
        "damaged": Measure(_l("Damaged"), func.sum(ReceivedLine.damaged), "quantity"),
        "returned": Measure(_l("Sent back"), func.sum(ReceivedLine.returned), "quantity"),
        "lead_days": Measure(
            _l("Lead time (days)"), func.avg(ReceivedLine.days), "decimal", about=_l("From the order to the delivery.")
        ),
        "lines": Measure(_l("Lines"), func.count(ReceivedLine.id)),
    },
    dimensions=_GOODS,
    lookups=_of_goods(ReceivedLine.variant_id, ReceivedLine.supplier_id),
)

DELIVERIES = Dataset(
    name="supplier_deliveries",
    label=_l("Suppliers' deliveries"),
    about=_l("How punctual suppliers are."),
    source=lambda: (
        select()
        .select_from(GoodsReceipt)
        .join(Supplier, Supplier.id == GoodsReceipt.supplier_id)
        .join(Location, Location.id == GoodsReceipt.location_id)
    ),
    needs=Can.VIEW_PURCHASES,
    at=GoodsReceipt.business_date,
    default_measures=("deliveries", "on_time", "punctual"),
    measures={
        "deliveries": Measure(_l("Deliveries"), func.count(GoodsReceipt.id)),
        "on_time": Measure(_l("On time"), func.count(case((GoodsReceipt.on_time, 1)))),
        "punctual": Measure(
            _l("Share on time"),
            _share(func.count(case((GoodsReceipt.on_time, 1))), func.count(GoodsReceipt.id)),
            "percent",
            about=_l("Deliveries that came on the day they were expected, or before."),
        ),
    },
    dimensions={
        "supplier": Dimension(_l("Supplier"), Supplier.name),
        "location": Dimension(_l("Location"), Location.name),
    },
)

_open = PurchaseOrder.state.in_(OPEN_STATES)
_through = PurchaseOrder.state.in_(("received", "billed", "closed"))


def _in_own_currency(quantity: Any) -> Any:
    """What a quantity of a line comes to in the shop's currency; columns are whole numbers in the database."""
    places = 10**3 * 10**6
    return type_coerce(
        func.sum(
            type_coerce(quantity, BigInteger)
            * type_coerce(PurchaseLine.unit_cost, BigInteger)
            * type_coerce(PurchaseOrder.rate, BigInteger)
            / places
        ),
        AmountType,
    )


ORDERED = Dataset(
    name="ordered",
    label=_l("Ordered goods"),
    about=_l("What was ordered, what of it came in full, and what is still to come."),
    source=lambda: (
        select()
        .select_from(PurchaseLine)
        .join(PurchaseOrder, PurchaseOrder.id == PurchaseLine.order_id)
        .where(PurchaseOrder.state.not_in(("draft", "cancelled")))
    ),
    needs=Can.VIEW_PURCHASES,
    at=PurchaseOrder.business_date,
    default_measures=("ordered", "coming", "in_full"),
    measures={
        "orders": Measure(_l("Orders"), func.count(PurchaseLine.order_id.distinct())),
        "ordered": Measure(_l("Ordered"), func.sum(PurchaseLine.quantity), "quantity"),
        "coming": Measure(
            _l("To come"),
            func.sum(
                case((_open, PurchaseLine.quantity - PurchaseLine.received - PurchaseLine.short), else_=0),
                type_=PurchaseLine.quantity.type,
            ),
            "quantity",
            about=_l("Of orders that are open: ordered less what came and what will not come."),
        ),
        "committed": Measure(
            _l("Worth to come"),
            _in_own_currency(
                case((_open, PurchaseLine.quantity - PurchaseLine.received - PurchaseLine.short), else_=0)
            ),
            "money",
            about=_l("What open orders will still cost; what a budget has left is the budget less this and the spend."),
            needs=Can.VIEW_COSTS,
        ),
        "in_full": Measure(
            _l("Share in full"),
            _share(
                func.sum(case((_through, type_coerce(PurchaseLine.received, BigInteger)), else_=0)),
                func.sum(case((_through, type_coerce(PurchaseLine.quantity, BigInteger)), else_=0)),
            ),
            "percent",
            about=_l("Of orders that are through: what came of what was ordered."),
        ),
    },
    dimensions=_GOODS,
    lookups=_of_goods(PurchaseLine.variant_id, PurchaseOrder.supplier_id),
)

_agreed = func.sum(type_coerce(BilledLine.quantity, BigInteger) * type_coerce(PurchaseLine.unit_cost, BigInteger))
_asked = func.sum(type_coerce(BilledLine.quantity, BigInteger) * type_coerce(BilledLine.unit_cost, BigInteger))

BILLED = Dataset(
    name="billed",
    label=_l("Billed goods"),
    about=_l("What suppliers billed against what was agreed, on approved bills; in their own currencies."),
    source=lambda: (
        select()
        .select_from(BilledLine)
        .join(SupplierBill, SupplierBill.id == BilledLine.bill_id)
        .join(PurchaseLine, PurchaseLine.id == BilledLine.order_line_id)
        .where(SupplierBill.state == "approved")
    ),
    needs=Can.VIEW_BILLS,
    at=SupplierBill.billed_on,
    default_measures=("lines", "dearer"),
    measures={
        "lines": Measure(_l("Lines"), func.count(BilledLine.id)),
        "units": Measure(_l("Pieces"), func.sum(BilledLine.quantity), "quantity"),
        "dearer": Measure(
            _l("Dearer than agreed"), _share(_asked - _agreed, _agreed), "percent", about=_l("Below zero: cheaper.")
        ),
    },
    dimensions={**_GOODS, "currency": Dimension(_l("Currency"), SupplierBill.currency)},
    lookups=_of_goods(PurchaseLine.variant_id, SupplierBill.supplier_id),
)
