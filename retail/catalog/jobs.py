"""Jobs for many products: prices by percent, category, tax, brand, archiving and putting on sale again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_CEILING, Decimal
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from retail.catalog.models import Category
from retail.catalog.queries import category_choices, tax_rate_choices
from retail.catalog.services import many
from retail.catalog.services.products import LONGEST_NAME
from retail.core import shown
from retail.core.db import session
from retail.core.errors import Refused
from retail.core.money import minor_unit, round_to
from retail.core.tables import Bulk, BulkField, archiving
from retail.permissions import Can
from retail.tenancy.queries import current_tenant

LOWEST, HIGHEST = Decimal(-95), Decimal(1000)
NONE = "0"
"""What stands for no category."""
ROUNDINGS: dict[str, Any] = {
    "exact": _l("To the smallest coin"),
    "0.05": _l("To 0.05"),
    "0.10": _l("To 0.10"),
    "0.50": _l("To 0.50"),
    "1.00": _l("To whole amounts"),
    "0.99": _l("Up to the next .99"),
    "0.95": _l("Up to the next .95"),
}


def repriced(price: Decimal, percent: Decimal, rounding: str, step: Decimal) -> Decimal:
    """A price changed by a percentage and rounded: to a step, or up to the next price that ends in .99 or .95."""
    wanted = price * (100 + percent) / 100
    if rounding in {"0.99", "0.95"}:
        ending = Decimal(rounding)
        return (wanted - ending).to_integral_value(ROUND_CEILING).max(Decimal(0)) + ending
    return round_to(wanted, step if rounding == "exact" else Decimal(rounding))


def _check_percent(answers: Mapping[str, Any]) -> None:
    percent = Decimal(answers["percent"])
    if not LOWEST <= percent <= HIGHEST or percent == 0:
        raise Refused(_("Type a percentage between −95 and 1000, such as 5 or −10; not 0."), field="percent")


def _reprice(state: dict[str, Any], answers: Mapping[str, Any]) -> dict[str, Any]:
    if not state:
        raise Refused(_("No variant of it is on sale."))
    step = minor_unit(current_tenant().currency)
    percent, rounding = Decimal(answers["percent"]), str(answers["rounding"])
    return {
        number: many.plain_price(repriced(Decimal(price), percent, rounding, step)) if Decimal(price) else price
        for number, price in state.items()
    }


def _prices_in_words(state: dict[str, Any]) -> str:
    prices = sorted({Decimal(price) for price in state.values()})
    code = current_tenant().currency
    if not prices:
        return "–"
    low, high = shown.money(prices[0], code), shown.money(prices[-1], code)
    return low if low == high else f"{low} – {high}"


def _categories() -> Sequence[tuple[str, Any]]:
    return [(NONE, _("Without a category")), *((str(number), path) for number, path in category_choices())]


def _categorize(_state: dict[str, Any], answers: Mapping[str, Any]) -> dict[str, Any]:
    wanted = int(answers["category"])
    if wanted and session.get(Category, wanted) is None:
        raise Refused(_("The category is no longer there."))
    return {"category_id": wanted or None}


def _category_in_words(state: dict[str, Any]) -> str:
    found = session.get(Category, state["category_id"]) if state["category_id"] else None
    return found.path if found is not None else str(_("Without a category"))


def _tax_rates() -> Sequence[tuple[str, Any]]:
    return [(str(number), name) for number, name in tax_rate_choices()]


def _tax_in_words(state: dict[str, Any]) -> str:
    return str(dict(_tax_rates()).get(str(state["tax_rate_id"]), "–"))


def _check_brand(answers: Mapping[str, Any]) -> None:
    if len(answers["brand"]) > LONGEST_NAME:
        raise Refused(_("A brand has at most %(n)s characters.", n=LONGEST_NAME), field="brand")


JOBS = {
    "price": Bulk(
        label=_l("Change prices"),
        done=_l("%(n)s products have new prices."),
        icon="percentage",
        needs=Can.EDIT_PRODUCTS,
        read=many.prices_of,
        change=_reprice,
        write=many.set_prices,
        words=_prices_in_words,
        check=_check_percent,
        fields={
            "percent": BulkField(
                _l("Percent"), "decimal", help=_l("5 makes prices 5 % higher, −10 makes them 10 % lower.")
            ),
            "rounding": BulkField(_l("Round"), "choice", lambda: [*ROUNDINGS.items()], default="exact"),
        },
    ),
    "category": Bulk(
        label=_l("Put into category"),
        done=_l("%(n)s products are in another category."),
        icon="category",
        needs=Can.EDIT_PRODUCTS,
        read=many.categories_of,
        change=_categorize,
        write=many.set_categories,
        words=_category_in_words,
        fields={"category": BulkField(_l("Category"), "choice", _categories)},
    ),
    "tax": Bulk(
        label=_l("Change tax"),
        done=_l("%(n)s products are taxed otherwise."),
        icon="building-bank",
        needs=Can.EDIT_PRODUCTS,
        read=many.described_of,
        change=lambda state, answers: {**state, "tax_rate_id": int(answers["tax_rate"])},
        write=many.describe,
        words=_tax_in_words,
        fields={
            "tax_rate": BulkField(_l("Tax rate"), "choice", _tax_rates, help=_l("What was sold keeps the tax it had."))
        },
    ),
    "brand": Bulk(
        label=_l("Set brand"),
        done=_l("%(n)s products have another brand."),
        icon="tag",
        needs=Can.EDIT_PRODUCTS,
        read=many.described_of,
        change=lambda state, answers: {**state, "brand": " ".join(answers["brand"].split())},
        write=many.describe,
        words=lambda state: str(state["brand"]) or "–",
        check=_check_brand,
        fields={"brand": BulkField(_l("Brand"), help=_l("Leave it empty to take the brand off."), optional=True)},
    ),
    **archiving(
        Can.EDIT_PRODUCTS,
        many.sale_states_of,
        many.set_sale_states,
        {True: _l("Archived"), False: _l("On sale")},
        archived=_l("%(n)s products are archived."),
        back=_l("Put on sale again"),
        restored=_l("%(n)s products are on sale again."),
    ),
}
"""By the name of each job."""
