"""Saleor's data as its own tool writes them: a list of `{model, pk, fields}`, which refer to each other by number.

A list of records is no table. It is laid out as one, a row per variant, before anything else is done with it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from retail.catalog.models import BRANCH
from retail.core.imports import Layout, Told
from retail.core.spreadsheets import Row, Sheet
from retail.integrations.layouts.columns import Columns

MOST_OPTIONS = 3
FIELDS = ("handle", "name", "description", "category", "brand", "sku", "price", "cost", "stock", "archived",
          "pictures", "option1_name", "option1_value", "option2_name", "option2_value", "option3_name",
          "option3_value")  # fmt: skip
MARK = "saleor_variant"
Record = dict[str, Any]


@dataclass(frozen=True)
class LaidOut:
    """The table, as JSON, and in words which prices were taken."""

    content: bytes
    note: str


class _Shop:
    """The records by model and number."""

    def __init__(self, records: Sequence[Record], currency: str) -> None:
        self._by_model: dict[str, dict[Any, Record]] = defaultdict(dict)
        for one in records:
            self._by_model[str(one["model"])][one["pk"]] = one["fields"]
        self.channel = self._channel(currency)
        self._prices = {
            listing["variant"]: listing
            for listing in self.all("product.productvariantchannellisting").values()
            if listing["channel"] == self.channel
        }
        self._published = {
            listing["product"]: bool(listing.get("is_published", True))
            for listing in self.all("product.productchannellisting").values()
            if listing["channel"] == self.channel
        }
        self._stock: dict[Any, int] = defaultdict(int)
        for stock in self.all("warehouse.stock").values():
            self._stock[stock["product_variant"]] += int(stock["quantity"])
        self._pictures = self._grouped("product.productmedia", "product")
        self._chosen = self._values("variant", "attribute.assignedvariantattribute")
        self._traits = self._values("product", "attribute.assignedproductattribute")

    def all(self, model: str) -> dict[Any, Record]:
        """The records of a model by number."""
        return self._by_model.get(model, {})

    def _channel(self, currency: str) -> Any:
        channels = self.all("channel.channel")
        ours = (key for key, one in channels.items() if one.get("currency_code") == currency)
        return next(ours, next(iter(channels), None))

    def _grouped(self, model: str, by: str) -> dict[Any, list[Record]]:
        found: dict[Any, list[Record]] = defaultdict(list)
        for one in sorted(self.all(model).values(), key=lambda one: one.get("sort_order") or 0):
            found[one.get(by)].append(one)
        return found

    def _values(self, owner: str, model: str) -> dict[Any, dict[str, str]]:
        """Attributes by the record that has them: name to value. A value is given to it, or to an assignment of it."""
        assigned = {key: one.get(owner) for key, one in self.all(model).items()}
        found: dict[Any, dict[str, str]] = defaultdict(dict)
        for given in self._grouped(f"{model}value", "value").values():
            for one in given:
                key = one.get(owner) or assigned.get(one.get("assignment"))
                value = self.all("attribute.attributevalue").get(one["value"], {})
                attribute = self.all("attribute.attribute").get(value.get("attribute"), {})
                if key is not None and attribute:
                    found[key].setdefault(str(attribute["name"]), str(value["name"]))
        return found

    def rows(self) -> list[dict[str, str]]:
        """A row per variant, those of a product together."""
        variants: dict[Any, list[tuple[Any, Record]]] = defaultdict(list)
        for key, one in self.all("product.productvariant").items():
            variants[one["product"]].append((key, one))
        rows = []
        for product, described in self.all("product.product").items():
            own = sorted(variants[product], key=lambda pair: pair[1].get("sort_order") or 0)
            options = self._options([key for key, _variant in own], [one for _key, one in own])
            for (key, variant), values in zip(own, options, strict=True):
                rows.append(self._row(product, described, key, variant, values))
        return rows

    def _options(self, keys: Sequence[Any], variants: Sequence[Record]) -> list[dict[str, str]]:
        """The options of a product's variants: the attributes that all of them have; where there are none, the name."""
        if len(keys) == 1 and not self._chosen.get(keys[0]):
            return [{}]
        shared = (
            [name for name in self._chosen.get(keys[0], {}) if all(name in self._chosen[key] for key in keys)]
            if keys
            else []
        )
        if shared:
            return [{name: self._chosen[key][name] for name in shared[:MOST_OPTIONS]} for key in keys]
        return [{str(_("Variation")): str(one.get("name") or one.get("sku") or "")} for one in variants]

    def _row(
        self, product: Any, described: Record, key: Any, variant: Record, options: Mapping[str, str]
    ) -> dict[str, str]:
        traits = dict(self._traits.get(product, {}))
        brand = next((traits.pop(name) for name in list(traits) if name.casefold() == "brand"), "")
        price = self._prices.get(key, {})
        lines = [
            str(described.get("description_plaintext") or ""),
            *(f"{name}: {value}" for name, value in traits.items()),
        ]
        row = dict.fromkeys(FIELDS, "") | {
            "handle": f"product {product}" if options else "",
            "name": str(described.get("name") or ""),
            "description": "\n".join(line for line in lines if line),
            "category": self._path(described.get("category")),
            "brand": brand,
            "sku": str(variant.get("sku") or ""),
            "price": _amount(price.get("price_amount")),
            "cost": _amount(price.get("cost_price_amount")),
            "stock": str(max(self._stock[key], 0)),
            "archived": "no" if self._published.get(product, True) else "yes",
            "pictures": "|".join(
                str(one.get("image") or one.get("external_url") or "") for one in self._pictures[product]
            ),
        }
        for place, (name, value) in enumerate(options.items(), 1):
            row[f"option{place}_name"], row[f"option{place}_value"] = name, value
        return {MARK: str(key), **row}

    def _path(self, category: Any) -> str:
        names: list[str] = []
        categories = self.all("product.category")
        while category in categories and len(names) < len(categories):
            names.insert(0, str(categories[category]["name"]))
            category = categories[category].get("parent")
        return BRANCH.join(names)

    def note(self, currency: str) -> str:
        """Which prices were taken."""
        channel = self.all("channel.channel").get(self.channel)
        if channel is None:
            return ""
        named = {"channel": channel.get("name", ""), "currency": channel.get("currency_code", "")}
        if named["currency"] == currency:
            return str(_("Prices are those of the channel “%(channel)s”, in %(currency)s.", **named))
        return str(
            _(
                "No channel of the file has prices in %(ours)s: those of “%(channel)s”, in %(currency)s, are taken as "
                "they stand.",
                ours=currency,
                **named,
            )
        )


def laid_out(content: bytes, currency: str) -> LaidOut | None:
    """The records as a table, with the prices of the channel in this currency, else of the first; None for what is no
    file of Saleor."""
    if b"product.productvariant" not in content:
        return None
    try:
        records = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(records, list) or not all(
        isinstance(one, dict) and {"model", "pk", "fields"} <= one.keys() and isinstance(one["fields"], dict)
        for one in records
    ):
        return None
    shop = _Shop(records, currency)
    return LaidOut(json.dumps(shop.rows(), ensure_ascii=False).encode(), shop.note(currency))


def _is_record(one: Any) -> bool:
    return isinstance(one, dict) and {"model", "pk", "fields"} <= one.keys() and isinstance(one["fields"], dict)


def _amount(value: Any) -> str:
    return "" if value is None else f"{Decimal(str(value)).normalize():f}"


class SaleorReader:
    """The rows of one file that was laid out."""

    def __init__(self, sheet: Sheet) -> None:
        self._columns = Columns(sheet, {name: (name,) for name in FIELDS})
        self.headers = self._columns.headers

    def read(self, row: Row) -> Told:
        """The variant in a row."""
        return Told(self._columns.of(row))


SALEOR = Layout(
    name="saleor",
    label="Saleor",
    columns=(frozenset({"saleor variant", "name", "sku", "price"}),),
    open=SaleorReader,
    left_out=_l("Stock is the sum of all warehouses. What is not published in the channel comes in archived. "
                "Collections, weights and texts for search engines are left out."),
)  # fmt: skip
