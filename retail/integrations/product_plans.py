"""Products from files: which product a row means, and what it would change.

A row means the variant that has its SKU; without a SKU the one that has its barcode; without either the one with its
product's name and options. A blank cell leaves things as they are. What describes a product as a whole is taken
from the first of its rows. So a file that was imported changes nothing when it is imported again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from retail.catalog.queries import shown_code
from retail.catalog.services import bulk
from retail.catalog.services.bulk import KnownVariant, values_of
from retail.catalog.services.products import MOST_VARIANTS, variant_name
from retail.core.db import session
from retail.core.errors import Refused
from retail.core.imports import Given, Import, Plan
from retail.core.shown import input_amount
from retail.finance.models import TaxRate
from retail.integrations.product_fields import LABELS, ProductRow, codes_text, read_row, value_text
from retail.integrations.product_pictures import PictureBox, kept_under, names_of
from retail.integrations.product_work import Group, No, Work
from retail.inventory.services import opening
from retail.tenancy.models import Location
from retail.tenancy.queries import current_tenant


class ProductPlanner:
    """One pass over a file of products."""

    def __init__(self, row: Import) -> None:
        self._import_id, self._memo = row.id, row.filename
        place = session.get(Location, row.options.get("location_id") or 0)
        if place is None:
            raise Refused(_("Choose the location whose stock the file gives."), field="location_id")
        self._location_id, self._currency = place.id, current_tenant().currency
        self.pictures = PictureBox(row)
        self._picture_names: dict[int, str] = {}
        rates = session.scalars(select(TaxRate).order_by(TaxRate.code)).all()
        self._default_rate: int | None = row.options.get("tax_rate_id")
        usual = row.options.get("price")
        self._price = None if usual in {None, ""} else Decimal(usual)
        self._rate_names = {one.id: one.code for one in rates}
        self._rates = {name.casefold(): one.id for one in rates for name in (one.name, one.code)}
        self._percents = {one.rate * 100: one.id for one in reversed(rates)}
        self._seen: dict[tuple[str, ...], int] = {}
        self._meant: dict[int, int] = {}
        self._groups: dict[str, Group] = {}
        self._group_names: dict[str, str] = {}
        self._products: dict[int, Group] = {}
        # A lazy label is translated anew each time it is written, and there are many rows.
        self._labels = {name: str(label) for name, label in LABELS.items()}

    def plan(self, rows: Sequence[Given]) -> list[Plan]:
        """One plan per row. Products are told apart by the groups seen so far, so rows must come in order."""
        pairs = [(given, read_row(given, self._price)) for given in rows]
        self._look_up([row for _given, row in pairs])
        plans = [self._plan(given, row) for given, row in pairs]
        if self.pictures.is_open:
            self._picture(plans)
        return plans

    def _picture(self, plans: Sequence[Plan]) -> None:
        """Note which pictures products do not show yet; of a product the first row that names one counts."""
        wanted = [plan for plan in plans if plan.action != "reject" and plan.work and plan.work.row.pictures]
        shown = (plan.work.product.picture_id for plan in wanted)
        self._picture_names |= names_of({one for one in shown if one} - self._picture_names.keys())
        for plan in wanted:
            product = plan.work.product
            if product.pictured:
                continue
            named = self.pictures.named(plan.work.row.pictures)
            if named is None:
                continue
            product.pictured = True
            if not named.mark or self._picture_names.get(product.picture_id) != kept_under(named.mark):
                plan.work.picture, plan.attaches = named, named.name
                lost = "" if named.mark else f" ({_('not among the pictures')})"
                plan.changes[self._labels["pictures"]] = ("", f"{named.name}{lost}")

    def _look_up(self, rows: Sequence[ProductRow]) -> None:
        """What is known of everything these rows may mean."""
        for row in rows:
            if row.handle and row.name:
                self._group_names.setdefault(row.handle.casefold(), row.name)
        known = bulk.known_variants([row.sku for row in rows if row.sku], [code for row in rows for code in row.codes])
        self._index(known)
        matched = {row.number: self._match(row) for row in rows}
        strangers = [row for row in rows if matched[row.number] is None]
        names = {
            self._name_of(row) for row in strangers if row.handle or row.option_values or not (row.sku or row.codes)
        }
        bare = {row.name for row in strangers if row.codes and not (row.sku or row.handle or row.option_values)} - names
        known_ids = {one.id for one in known}
        further = bulk.variants_of_products(names - {""}, known_ids) + bulk.sole_variants_called(bare - {""}, known_ids)
        if further:
            self._index([*known, *further])
            matched |= {row.number: self._match(row) for row in strangers}
        # A new variant may stand above one of its product that is known: the product is known all the same.
        for row in rows:
            if row.handle and (found := matched[row.number]) is not None:
                self._groups.setdefault(row.handle.casefold(), self._product_of(found, row))
        self._points = opening.reorder_points(
            self._location_id,
            [
                variant.id
                for row in rows
                if row.reorder_point is not None and (variant := matched[row.number]) is not None
            ],
        )

    def _index(self, known: Iterable[KnownVariant]) -> None:
        """Let variants be found by all they may be named by; of those alike the oldest."""
        known = sorted(known, key=lambda one: one.id)
        self._by_sku = {one.sku: one for one in known}
        self._by_any_sku = {one.sku.casefold(): one for one in reversed(known)}
        self._by_code = {code: one for one in known for code in one.codes}
        self._by_name: dict[tuple[str, tuple[str, ...]], list[KnownVariant]] = {}
        self._named: dict[str, KnownVariant] = {}
        for one in known:
            self._by_name.setdefault((one.product.name.casefold(), values_of(one.options)), []).append(one)
            self._named.setdefault(one.product.name.casefold(), one)

    def _match(self, row: ProductRow) -> KnownVariant | None:
        """The variant a row means; None for a new one, and for a name that several have."""
        if row.sku:
            return self._by_sku.get(row.sku) or self._by_any_sku.get(row.sku.casefold())
        for code in row.codes:
            if code in self._by_code:
                return self._by_code[code]
        alike = self._by_name.get((self._name_of(row).casefold(), tuple(map(str.casefold, row.option_values))), [])
        # What is here without any barcode may be given its first one.
        return alike[0] if len(alike) == 1 and not (row.codes and alike[0].codes) else None

    def _name_of(self, row: ProductRow) -> str:
        """The name of the product a row is of: the one that stands in the first row of its group."""
        return self._group_names.get(row.handle.casefold(), row.name) if row.handle else row.name

    def _product_of(self, known: KnownVariant, row: ProductRow) -> Group:
        product = known.product
        return self._products.setdefault(
            product.id,
            Group(
                product.name,
                tuple(product.option_names),
                row.number,
                product.id,
                category=product.category,
                brand=product.brand,
                description=product.description,
                tax_rate_id=product.tax_rate_id,
                picture_id=product.picture_id,
            ),
        )

    def _plan(self, given: Given, row: ProductRow) -> Plan:
        if row.handle.casefold() in self._groups and not (
            row.name or row.sku or row.codes or row.price or row.option_values
        ):
            # Other programs give a product's further pictures rows of their own.
            return Plan(row.number, "unchanged", self._name_of(row), work=None)
        label = variant_name(self._name_of(row) or row.sku or ", ".join(map(shown_code, row.codes)), self._worn(row))
        try:
            work = self._work(given, row)
        except No as no:
            given.refuse(no.name, no)
            work = None
        if work is None or given.problems:
            return Plan(row.number, "reject", label, reason=" ".join(given.problems))
        changes = self._changes(work)
        if work.variant is None:
            return Plan(row.number, "create", variant_name(work.product.name, work.options), changes, work=work)
        label = variant_name(work.product.name, work.variant.options)
        return Plan(row.number, "update" if changes else "unchanged", label, changes, work=work)

    @staticmethod
    def _worn(row: ProductRow) -> dict[str, str]:
        return {str(index): value for index, value in enumerate(row.option_values)}

    def _work(self, given: Given, row: ProductRow) -> Work | None:
        """What a row asks for; None when one of its cells makes no sense. Raises No."""
        variant = self._match(row)
        self._once(row, variant)
        for code in row.codes:
            owner = self._by_code.get(code)
            if owner is not None and owner is not variant:
                raise No(
                    _(
                        "%(code)s belongs to “%(name)s” (SKU %(sku)s) already.",
                        code=shown_code(code),
                        name=owner.product.name,
                        sku=owner.sku,
                    ),
                    "barcode",
                )
        rate_id = self._rate(row)
        if given.problems:
            return None
        return self._update(row, variant, rate_id) if variant is not None else self._create(row, rate_id)

    def _once(self, row: ProductRow, variant: KnownVariant | None) -> None:
        """Two rows of a file cannot mean the same thing, one by its SKU and one by its barcode either: nobody could say
        which of them holds."""
        keys: list[tuple[str, ...]] = [("sku", row.sku)] if row.sku else []
        keys.extend(("barcode", code) for code in row.codes)
        name = self._name_of(row)
        if not keys and name:
            keys.append(("name", name.casefold(), *map(str.casefold, row.option_values)))
        if not keys:
            raise No(_("The row has neither a SKU, a barcode nor a name; give it one of them."))
        for key in keys:
            earlier = self._seen.setdefault(key, row.number)
            if earlier != row.number:
                what = {
                    "sku": _("The SKU “%(value)s”", value=row.sku),
                    "barcode": _("The barcode %(value)s", value=shown_code(key[1])),
                    "name": _("The name “%(value)s”", value=name),
                }[key[0]]
                raise No(_("%(what)s stands in row %(row)d already; keep one of them.", what=what, row=earlier), key[0])
        earlier = self._meant.setdefault(variant.id, row.number) if variant is not None else row.number
        if variant is not None and earlier != row.number:
            called = variant_name(variant.product.name, variant.options)
            raise No(_("Row %(row)d means “%(name)s” already; keep one of them.", row=earlier, name=called))

    def _rate(self, row: ProductRow) -> int | None:
        """The tax rate a row names; None when it names none."""
        if not row.tax:
            return None
        found: int | None = self._rates.get(row.tax.casefold())
        if found is None:
            try:
                number = Decimal(row.tax.replace("%", "").replace(",", ".").strip())
            except ArithmeticError:
                number = Decimal("NaN")
            if number.is_finite():
                found = self._percents.get(number) or (self._percents.get(number * 100) if number < 1 else None)
        if found is None:
            raise No(
                _(
                    "There is no tax code “%(code)s”; there is: %(known)s.",
                    code=row.tax,
                    known=", ".join(self._rate_names.values()) or _("none yet"),
                ),
                "tax",
            )
        return found

    def _update(self, row: ProductRow, variant: KnownVariant, rate_id: int | None) -> Work:
        product = self._product_of(variant, row)
        if row.handle:
            self._groups.setdefault(row.handle.casefold(), product)
        if row.option_values and tuple(map(str.casefold, row.option_values)) != values_of(variant.options):
            raise No(
                _(
                    "Here it is “%(name)s”. Change its options on the product's page, or give the row another SKU.",
                    name=variant_name(product.name, variant.options),
                ),
                "option1_value",
            )
        work = Work(row, product, variant, codes=tuple(code for code in row.codes if code not in variant.codes))
        if not product.described:
            product.described = True
            self._describe(work, rate_id)
        wanted = {"price": row.price, "cost": row.cost, "unit": row.unit or None}
        for name, value in wanted.items():
            if value is not None and value != getattr(variant, name):
                work.variant_values[name] = (getattr(variant, name), value)
        if row.archived is not None and row.archived != variant.is_archived:
            work.variant_values["archived"] = (variant.is_archived, row.archived)
        if row.reorder_point is not None and self._points.get(variant.id) != row.reorder_point:
            work.reorder_point = (self._points.get(variant.id), row.reorder_point)
        return work

    def _describe(self, work: Work, rate_id: int | None) -> None:
        """What the row says of the product as a whole, where that is new."""
        row, product = work.row, work.product
        for name in ("name", "description", "brand", "category"):
            before, after = getattr(product, name), self._name_of(row) if name == "name" else getattr(row, name)
            if after and after != before and not (name == "category" and after.casefold() == before.casefold()):
                work.product_values[name] = (before, after)
                setattr(product, name, after)
        if rate_id is not None and rate_id != product.tax_rate_id:
            work.product_values["tax"] = (product.tax_rate_id, rate_id)
            product.tax_rate_id = rate_id

    def _create(self, row: ProductRow, rate_id: int | None) -> Work:
        if row.price is None and row.usual_price is None:
            raise No(_("A new product needs a price."), "price")
        name = self._name_of(row)
        group = (row.handle or (name if row.option_values else "")).casefold()
        product = self._groups.get(group) if group else None
        if product is None and group and (named := self._named.get(name.casefold())) and named.options:
            product = self._product_of(named, row)
        if product is None:
            if not name:
                raise No(_("A new product needs a name."), "name")
            several = self._named.get(name.casefold()) if not group else None
            if not row.sku and not row.codes and several is not None:
                # One alone would have been found by its name.
                raise No(_("Several variants or products are called “%(name)s”; give the SKU.", name=name), "name")
            product = Group(name, self._option_names(row), row.number, taken={}, described=True)
            product.category, product.brand, product.description = row.category, row.brand, row.description
            product.tax_rate_id = rate_id or self._default_rate
        if group:
            self._groups[group] = product
        work = Work(row, product, None, self._options_in(product, row), codes=row.codes)
        if not product.described:
            product.described = True
            self._describe(work, rate_id)
        return work

    def _option_names(self, row: ProductRow) -> tuple[str, ...]:
        names = tuple(
            name or str(_("Option %(number)d", number=place)) for place, name in enumerate(row.option_names, 1)
        )
        if len({name.casefold() for name in names}) < len(names):
            raise No(_("Two options have the same name."), "option1_name")
        return names

    def _options_in(self, product: Group, row: ProductRow) -> dict[str, str]:
        """The options of a new variant of a product. Raises No when it would not differ from its siblings."""
        if product.taken is None:
            assert product.id is not None
            product.taken = bulk.options_taken([product.id]).get(product.id, {})
            product.position = len(product.taken)
        given = [name for name in row.option_names if name]
        names = [name.casefold() for name in product.option_names]
        if len(row.option_values) != len(names) or any(name.casefold() not in names for name in given):
            raise No(
                _(
                    "“%(name)s” has the options: %(names)s. Every row of a product gives a value for each of them.",
                    name=product.name,
                    names=", ".join(product.option_names) or _("none"),
                ),
                "option1_value",
            )
        key = tuple(map(str.casefold, row.option_values))
        if key in product.taken:
            raise No(
                _(
                    "“%(name)s” is there already, under the SKU %(sku)s.",
                    name=variant_name(product.name, self._worn(row)),
                    sku=product.taken[key] or _("of an earlier row"),
                ),
                "option1_value",
            )
        if len(product.taken) >= MOST_VARIANTS:
            raise No(_("A product has at most %(count)d variants.", count=MOST_VARIANTS), "handle")
        product.taken[key] = row.sku
        return dict(zip(product.option_names, row.option_values, strict=True))

    def _changes(self, work: Work) -> dict[str, tuple[str, str]]:
        """What a row changes, in words."""
        row, labels, changes = work.row, self._labels, dict[str, tuple[str, str]]()
        if work.variant is None:
            for name in ("sku", "price", "cost", "category", "brand", "unit", "stock", "reorder_point"):
                if value := self._words(name, row.new_price if name == "price" else getattr(row, name)):
                    changes[labels[name]] = ("", value)
            if work.product.tax_rate_id:
                changes[labels["tax"]] = ("", self._rate_names.get(work.product.tax_rate_id, ""))
        for name, (before, after) in (work.product_values | work.variant_values).items():
            if name == "tax":
                before, after = self._rate_names.get(before or 0, ""), self._rate_names.get(after, "")
            changes[labels[name]] = (self._words(name, before), self._words(name, after))
        if work.codes:
            had = sorted(work.variant.codes) if work.variant else []
            changes[labels["barcode"]] = (codes_text(had), codes_text([*had, *work.codes]))
        if work.reorder_point is not None:
            changes[labels["reorder_point"]] = (value_text(work.reorder_point[0]), value_text(work.reorder_point[1]))
        return changes

    def _words(self, name: str, value: Any) -> str:
        """A value of a field: amounts with as many places as the currency has."""
        return input_amount(value, self._currency) if name in {"price", "cost"} else value_text(value)
