"""The shape of what the pages of products and categories send."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import BooleanField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from retail.catalog.models import Product, Variant
from retail.catalog.queries import MEASURES, category_choices, tax_rate_choices
from retail.catalog.services import Description, NewVariant
from retail.core.forms import Above, Form, MoneyField, QuantityField, choices_from
from retail.core.shown import input_amount

MOST_OPTIONS = 3
PICTURES = "image/jpeg,image/png,image/webp,image/gif,image/avif,image/*"


def _number_or_none(value: Any) -> int | None:
    return int(value) if value not in {None, "", "None"} else None


class PriceField(MoneyField):
    """An amount shown with as many places as the currency has."""

    def _value(self) -> str:
        return super()._value() if self.raw_data else input_amount(self.data)


class CategoryField(SelectField):
    """A category, or none."""

    def __init__(self, label: Any, none: Any, **more: Any) -> None:
        super().__init__(label, coerce=_number_or_none, **more)
        self.none = none

    def pre_validate(self, form: Any) -> None:
        if self.data is not None:
            super().pre_validate(form)


class ProductForm(Form):
    """What is said of a product as a whole."""

    name = StringField(_l("Name"), [InputRequired(), Length(max=200)])
    description = TextAreaField(_l("Description"), [Optional(), Length(max=5000)])
    category_id = CategoryField(_l("Category"), _l("No category"))
    brand = StringField(_l("Brand"), [Optional(), Length(max=80)])
    tax_rate_id = CategoryField(_l("Tax"), _l("No tax"))
    is_stocked = BooleanField(_l("Count its stock"), description=_l("Off for services and what never runs out."))
    is_merchandise = BooleanField(
        _l("Merchandise"), description=_l("Off for postage, deposits and fees: they are sold, but are no goods.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.category_id.choices = choices_from([("", self.category_id.none), *category_choices()])
        rates = tax_rate_choices()
        self.tax_rate_id.choices = choices_from([("", self.tax_rate_id.none), *rates])
        self.usual_tax_rate_id = rates[0][0] if rates else None

    def described(self) -> Description:
        """The description of the product that was typed."""
        return Description(
            name=self.name.data or "",
            description=self.description.data or "",
            brand=self.brand.data or "",
            category_id=self.category_id.data,
            tax_rate_id=self.tax_rate_id.data,
            is_stocked=bool(self.is_stocked.data),
            is_merchandise=bool(self.is_merchandise.data),
        )


class VariantForm(Form):
    """What a variant is sold for, costs and is called."""

    price = PriceField(_l("Price"), [InputRequired(), Above(0, or_equal=True)])
    cost = PriceField(_l("Cost"), [Optional(), Above(0, or_equal=True)])
    sku = StringField(_l("SKU"), [Optional(), Length(max=64)])
    unit = StringField(_l("Sold by the"), [Optional(), Length(max=20)], default=_l("piece"))
    content = QuantityField(_l("Content"), [Optional(), Above(0)])
    content_unit = SelectField(
        _l("Unit of the content"), choices=choices_from([("", "–"), *((one, one) for one in MEASURES)]), default=""
    )


class NewProductForm(ProductForm, VariantForm):
    """A product with its first variant, and what else it comes in."""

    code = StringField(_l("Barcode"), [Optional(), Length(max=48)])
    picture = FileField(_l("Picture"))

    def variants(self, combinations: list[dict[str, str]]) -> list[NewVariant]:
        """One variant for each combination of options, all for the same price. Only the single one can have the SKU and
        the barcode that were typed."""
        alone = len(combinations) == 1
        return [
            NewVariant(
                price=self.price.data or Decimal(0),
                cost=self.cost.data,
                sku=(self.sku.data or "") if alone else "",
                unit=str(self.unit.data or ""),
                options=options,
                barcodes=[self.code.data] if alone and self.code.data else (),
            )
            for options in combinations
        ]


class BarcodeForm(Form):
    """A code for one variant."""

    code = StringField(_l("Barcode"), [Length(max=60)])
    variant_id = SelectField(_l("Variant"), coerce=int)
    pack_size = QuantityField(_l("Stands for"), [Optional(), Above(0)])


class ScaleRuleForm(Form):
    """How a scale prints barcodes."""

    prefix = StringField(_l("Begins with"), [InputRequired(), Length(max=4)])
    holds = SelectField(_l("Holds"), choices=choices_from([("weight", _l("a weight")), ("price", _l("a price"))]))
    item_digits = IntegerField(_l("Digits of the goods"), [InputRequired()], default=5)
    value_digits = IntegerField(_l("Digits of the value"), [InputRequired()], default=5)
    decimals = IntegerField(_l("Decimal places"), [InputRequired()], default=3)


class CategoryForm(Form):
    """A category and where it hangs."""

    name = StringField(_l("Name"), [InputRequired(), Length(max=80)])
    parent_id = CategoryField(_l("Below"), _l("Nothing: at the top"))

    def __init__(self, *args: Any, within: int | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = [(number, path) for number, path in category_choices() if number != within]
        self.parent_id.choices = choices_from([("", self.parent_id.none), *others])


def variant_row(variant: Variant) -> VariantForm:
    """The form of one variant among the others of its product."""
    return VariantForm(prefix=f"variant-{variant.id}-", obj=variant)


def read_options(sent: Mapping[str, str]) -> dict[str, list[str]]:
    """The options a page names, `{"Size": ["S", "M"]}`; a row without a name says nothing unless it has values."""
    found: dict[str, list[str]] = {}
    for at in range(MOST_OPTIONS):
        name = " ".join(sent.get(f"option-{at}-name", "").split())[:40]
        typed = sent.get(f"option-{at}-values", "").replace("\n", ",").split(",")
        values = [" ".join(value.split())[:60] for value in typed if value.strip()]
        if name or values:
            found[name or _("Option %(n)s", n=at + 1)] = values
    return found


def option_rows(product: Product | None, sent: Mapping[str, str]) -> list[dict[str, Any]]:
    """The rows in which options are named: as they were sent, else as the product has them. Names that exist stay."""
    names = product.option_names if product is not None else []
    known = product.option_values if product is not None else {}
    rows = []
    for at in range(MOST_OPTIONS):
        fixed = at < len(names)
        if names and not fixed:
            break
        present = known.get(names[at], ()) if fixed else ()
        rows.append(
            {
                "name": names[at] if fixed else sent.get(f"option-{at}-name", ""),
                "values": sent.get(f"option-{at}-values", ", ".join(present)),
                "fixed": fixed,
            }
        )
    return rows
