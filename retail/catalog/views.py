"""Products: the list, a new one, one product's page, changing and archiving it."""

from __future__ import annotations

from math import prod
from typing import Any

from babel.numbers import get_currency_symbol
from flask import g, request, url_for
from flask_babel import format_date, get_locale
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from retail.catalog import module, queries, services
from retail.catalog.forms import (
    PICTURES,
    BarcodeForm,
    NewProductForm,
    ProductForm,
    VariantForm,
    option_rows,
    read_options,
    variant_row,
)
from retail.catalog.garment_queries import composition_words, garment_of
from retail.catalog.jewel_queries import has_metals
from retail.catalog.jewel_shown import jewelry_of
from retail.catalog.labels import ANGLE_WORDS
from retail.catalog.models import Product, Variant
from retail.catalog.tables import ProductTable
from retail.core import html, shown, tables
from retail.core.errors import Refused
from retail.core.forms import add_problem, choices_from, refusals
from retail.core.links import link
from retail.core.module import can, person_or_none
from retail.core.money import ZERO
from retail.permissions import Can


@module.before_request
def mark_the_menu() -> None:
    """Every page of a product is found under Products, every page of categories under Categories."""
    here = "categories" if request.endpoint and "categor" in request.endpoint else "product_list"
    g.menu_endpoint = f"catalog.{here}"


@module.get("/", needs=Can.VIEW_PRODUCTS)
def product_list() -> Any:
    """Everything that is sold."""
    return tables.table_page(
        ProductTable(),
        "catalog/list.html",
        title=_("Products"),
        subtitle=None,
        import_url=link("integrations.product_import"),
        has_products=queries.has_products,
        sets_rates=can(Can.SET_RATES) and has_metals(),
    )


@module.route("/new", methods=["GET", "POST"], needs=Can.EDIT_PRODUCTS)
def new_product() -> Response:
    """A new product with its price: one page, one press."""
    picture, no_picture = _sent_picture()
    form = NewProductForm()
    if not form.is_submitted():
        form.is_stocked.data = form.is_merchandise.data = True
        form.tax_rate_id.data = form.usual_tax_rate_id
        # Somebody looked for it and found nothing: what they typed or scanned stands in the form already.
        form.name.data, form.code.data = request.args.get("name", "")[:200], request.args.get("code", "")[:48]
        category = request.args.get("category", "")
        form.category_id.data = int(category) if category.isdecimal() and len(category) < 18 else None
    elif form.validate() and no_picture is None:
        with refusals(form):
            options = read_options(request.form)
            combinations = _wanted(options)
            made = services.create_product(form.described(), form.variants(combinations))
            if options:
                services.set_options(made.id, options)
            if picture is not None:
                services.show_picture(made.id, picture)
            if len(combinations) < prod(map(len, options.values())):
                return html.done(
                    _("%(name)s is added. Tick what is sold of it.", name=made.name),
                    to=url_for("catalog.grid", product_id=made.id),
                )
            if len(combinations) > 1:
                return html.done(
                    _("%(name)s is added in %(n)s variants.", name=made.name, n=len(combinations)),
                    to=url_for("catalog.edit_product", product_id=made.id),
                )
            if request.form.get("then") == "another":
                to = url_for("catalog.new_product", category=made.category_id)
            else:
                to = url_for("catalog.product_page", product_id=made.id)
            return html.done(_("%(name)s is added.", name=made.name), to=to)
    if no_picture is not None:
        add_problem(form, no_picture.message, "picture")
    return html.page(
        "catalog/new.html",
        status=422 if form.is_submitted() else 200,
        form=form,
        options=option_rows(None, request.form),
        symbol=currency_symbol(),
        pictures=PICTURES,
    )


@module.get("/combinations", needs=Can.EDIT_PRODUCTS)
def combinations() -> Response:
    """What the options that are being typed would make."""
    names: list[str] = []
    problem, possible = None, 1
    try:
        options = read_options(request.args)
        services.check_values(options)
        possible = prod(map(len, options.values()))
        if possible <= services.MOST_AT_ONCE:
            names = [" / ".join(one.values()) for one in services.matrix(options) if one]
    except Refused as no:
        problem = no.message
    return html.page(
        "catalog/combinations.html", fragment="combinations", names=names, problem=problem, possible=possible
    )


def _wanted(options: dict[str, list[str]]) -> list[dict[str, str]]:
    """The combinations that are made of a new product: those ticked below its options; the first one alone where there
    are too many to be listed."""
    services.check_values(options)
    if prod(map(len, options.values())) > services.MOST_AT_ONCE:
        return [{name: values[0] for name, values in options.items()}]
    every = services.matrix(options)
    if "listed" not in request.form:
        return every
    ticked = set(request.form.getlist("combination"))
    wanted = [one for one in every if " / ".join(one.values()) in ticked]
    if options and not wanted:
        raise Refused(_("Tick at least one combination."), field="options")
    return wanted or every


@module.get("/<int:product_id>", needs=Can.VIEW_PRODUCTS)
def product_page(product_id: int) -> Response:
    """One product: what it is, what it costs, what is there of it, and what happened to it."""
    return show_product(product_id)


def show_product(product_id: int, fragment: str | None = None, status: int = 200, **more: Any) -> Response:
    """The page of a product or a part of it, after whatever was done."""
    if request.method != "GET":
        html.settle(keep=status < 400)
    product = queries.product_page(product_id)
    margins = {one.id: _margin(product, one) for one in product.variants}
    codes = more.pop("codes", None) or BarcodeForm(formdata=None)
    codes.variant_id.choices = choices_from(
        (one.id, " / ".join(one.options.values()) or one.name) for one in product.variants if not one.archived_at
    )
    return html.page(
        "catalog/product.html",
        fragment=fragment,
        status=status,
        product=product,
        on_sale=[one for one in product.variants if one.archived_at is None],
        single=product.variants[0] if len(product.variants) == 1 else None,
        margins=margins,
        prices=[one for one in queries.price_history(list(margins)) if one.before is not None],
        codes=codes,
        shown_code=queries.shown_code,
        unit_price=queries.unit_price,
        sold=queries.variants_on_sale(product_id) if len(product.variants) == queries.MOST_SHOWN else 0,
        worn=garment_of(product, person_or_none().tenant.locale),
        composition=composition_words,
        angles=ANGLE_WORDS,
        jewelry=jewelry_of(product_id, list(margins)),
        stock_url=link("inventory.product_panel", product_id=product_id) if product.is_stocked else None,
        pictures=PICTURES,
        day=format_date,
        breadcrumbs=[(_("Products"), url_for("catalog.product_list")), (product.name, None)],
        **{"picture_problem": None, **more},
    )


@module.route("/<int:product_id>/edit", methods=["GET", "POST"], needs=Can.EDIT_PRODUCTS)
def edit_product(product_id: int) -> Response:
    """Change a product and all its variants on one page."""
    product = queries.product_page(product_id)
    form = ProductForm(obj=product)
    # A style of thousands has its prices in the grid.
    whole = len(product.variants) < queries.MOST_SHOWN
    rows = [(one, variant_row(one)) for one in product.variants if whole and one.archived_at is None]
    if form.is_submitted():
        faulty = [row for _variant, row in rows if not row.validate()]
        if form.validate() and not faulty and _change(product, form, rows):
            return html.done(_("Saved."), to=url_for("catalog.product_page", product_id=product_id))
        product = queries.product_page(product_id)
    return html.page(
        "catalog/edit.html",
        status=422 if form.is_submitted() else 200,
        form=form,
        product=product,
        rows=rows,
        whole=whole,
        symbol=currency_symbol(),
        breadcrumbs=[
            (_("Products"), url_for("catalog.product_list")),
            (product.name, url_for("catalog.product_page", product_id=product_id)),
            (_("Change"), None),
        ],
    )


def _change(product: Product, form: ProductForm, rows: list[tuple[Variant, VariantForm]]) -> bool:
    """Write what was typed; a refusal goes to the row it is about, and nothing is kept."""
    with refusals(form):
        services.change_product(product.id, form.described())
        for variant, row in rows:
            with refusals(row):
                services.change_variant(
                    variant.id,
                    sku=row.sku.data or "",
                    price=row.price.data if row.price.data is not None else ZERO,
                    cost=row.cost.data if can(Can.VIEW_COSTS) else variant.cost,
                    unit=str(row.unit.data or variant.unit) if row.unit.raw_data else variant.unit,
                )
                if row.content_unit.raw_data:
                    services.measure_variant(variant.id, row.content.data, row.content_unit.data or "")
                continue
            return False
        return True
    return False


@module.post("/<int:product_id>/archive", needs=Can.EDIT_PRODUCTS)
def archive_product(product_id: int) -> Response:
    """Take a product out of sale; it can be undone at once or any time later."""
    name = services.archive_product(product_id).name
    message = _("%(name)s is archived.", name=name)
    if not html.wants_fragment():
        return html.done(message, to=url_for("catalog.product_page", product_id=product_id))
    response = show_product(product_id, "product")
    return html.toast(response, message, undo_url=url_for("catalog.restore_product", product_id=product_id))


@module.post("/<int:product_id>/restore", needs=Can.EDIT_PRODUCTS)
def restore_product(product_id: int) -> Response:
    """Put an archived product on sale again."""
    name = services.restore_product(product_id).name
    return html.done(
        _("%(name)s is on sale again.", name=name), to=url_for("catalog.product_page", product_id=product_id)
    )


def _sent_picture() -> tuple[bytes | None, Refused | None]:
    """The picture sent along, shrunk before anything is asked of the database, so that no other write waits for it."""
    sent = request.files.get("picture")
    if request.method != "POST" or sent is None or not sent.filename:
        return None, None
    try:
        return services.shrunk(sent.read()), None
    except Refused as no:
        return None, no


def _margin(product: Product, variant: Variant) -> str | None:
    tenant = person_or_none().tenant
    rate = product.tax_rate.rate if product.tax_rate is not None else ZERO
    part = queries.margin(variant.price, variant.cost, rate, tenant.prices_include_tax)
    return None if part is None else shown.percent(part, 0)


def currency_symbol() -> str:
    """What stands before an amount in the forms: £."""
    return str(get_currency_symbol(shown.currency(), locale=get_locale() or "en"))
