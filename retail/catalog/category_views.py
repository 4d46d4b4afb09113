"""Categories: the tree, and making, renaming, moving and removing one."""

from __future__ import annotations

from flask import url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from retail.catalog import module, queries, services
from retail.catalog.forms import CategoryForm, ScaleRuleForm
from retail.core import html
from retail.core.errors import NotFound
from retail.core.forms import refusals
from retail.permissions import Can


@module.route("/categories", methods=["GET"], needs=Can.VIEW_PRODUCTS)
def categories() -> Response:
    """The whole tree."""
    return _tree(CategoryForm(formdata=None))


@module.post("/categories", needs=Can.EDIT_PRODUCTS)
def new_category() -> Response:
    """A new category."""
    form = CategoryForm()
    if form.validate():
        with refusals(form):
            made = services.create_category(form.name.data or "", form.parent_id.data)
            return html.done(_("%(name)s is made.", name=made.name), to=url_for("catalog.categories"))
    return _tree(form, status=422)


@module.route("/categories/<int:category_id>", methods=["GET", "POST"], needs=Can.EDIT_PRODUCTS)
def category(category_id: int) -> Response:
    """Rename a category, or hang it elsewhere with all that stands below it."""
    branch = next((one for one in queries.category_tree() if one.id == category_id), None)
    if branch is None:
        raise NotFound(_("There is no such category."))
    form = CategoryForm(obj=branch, within=category_id)
    if form.validate_on_submit():
        with refusals(form):
            services.change_category(category_id, form.name.data or "", form.parent_id.data)
            return html.done(_("Saved."), to=url_for("catalog.categories"))
    return html.page(
        "catalog/category.html",
        status=422 if form.is_submitted() else 200,
        form=form,
        branch=branch,
        breadcrumbs=[
            (_("Products"), url_for("catalog.product_list")),
            (_("Categories"), url_for("catalog.categories")),
            (branch.name, None),
        ],
    )


@module.post("/categories/<int:category_id>/remove", needs=Can.EDIT_PRODUCTS)
def remove_category(category_id: int) -> Response:
    """Remove a category in which nothing stands."""
    services.remove_category(category_id)
    return html.done(_("The category is removed."), to=url_for("catalog.categories"))


@module.get("/scales", needs=Can.VIEW_PRODUCTS)
def scales() -> Response:
    """How the shop's scales print barcodes."""
    return _scales(ScaleRuleForm(formdata=None))


@module.post("/scales", needs=Can.EDIT_PRODUCTS)
def set_scale_rule() -> Response:
    """Understand barcodes of another prefix, or a known one otherwise."""
    form = ScaleRuleForm()
    if form.validate():
        with refusals(form):
            services.set_scale_rule(
                form.prefix.data or "",
                form.holds.data or "",
                form.item_digits.data or 0,
                form.value_digits.data or 0,
                form.decimals.data or 0,
            )
            return html.done(_("Saved."), to=url_for("catalog.scales"))
    return _scales(form, status=422)


@module.post("/scales/<int:rule_id>/remove", needs=Can.EDIT_PRODUCTS)
def remove_scale_rule(rule_id: int) -> Response:
    """Understand barcodes of a prefix no more."""
    services.remove_scale_rule(rule_id)
    return html.done(_("The rule is removed."), to=url_for("catalog.scales"))


def _scales(form: ScaleRuleForm, status: int = 200) -> Response:
    return html.page(
        "catalog/scales.html",
        status=status,
        rules=queries.scale_rules(),
        form=form,
        breadcrumbs=[(_("Products"), url_for("catalog.product_list")), (_("Scale labels"), None)],
    )


def _tree(form: CategoryForm, status: int = 200) -> Response:
    return html.page(
        "catalog/categories.html",
        status=status,
        branches=queries.category_tree(),
        form=form,
        breadcrumbs=[(_("Products"), url_for("catalog.product_list")), (_("Categories"), None)],
    )
