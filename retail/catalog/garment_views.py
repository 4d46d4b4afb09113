"""Garments: size scales and colors of the shop, what one product is made of and measures, and its gallery."""

from __future__ import annotations

from flask import request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from retail.catalog import garment_queries, grid_queries, module, services
from retail.catalog.forms import PICTURES
from retail.catalog.garment_models import REGIONS
from retail.catalog.labels import ANGLE_WORDS, MEASURES
from retail.catalog.services.garments import GarmentFacts
from retail.core import html
from retail.core.errors import NotFound, Refused
from retail.core.module import person_or_none
from retail.permissions import Can

EMPTY_ROWS = 4


@module.get("/sizes", needs=Can.VIEW_PRODUCTS)
def sizes() -> Response:
    """The shop's size scales and colors."""
    return _sizes_page()


@module.route("/sizes/new", methods=["GET", "POST"], needs=Can.EDIT_PRODUCTS)
def new_scale() -> Response:
    """A new size scale."""
    return _scale_page(None)


@module.route("/sizes/<int:scale_id>", methods=["GET", "POST"], needs=Can.EDIT_PRODUCTS)
def size_scale(scale_id: int) -> Response:
    """A size scale: its sizes in order, with what each region prints on them."""
    return _scale_page(scale_id)


@module.post("/sizes/<int:scale_id>/remove", needs=Can.EDIT_PRODUCTS)
def remove_scale(scale_id: int) -> Response:
    """Remove a scale by which no garment is sized."""
    services.remove_scale(scale_id)
    return html.done(_("The scale is removed."), to=url_for("catalog.sizes"))


@module.post("/colors", needs=Can.EDIT_PRODUCTS)
def set_color() -> Response:
    """Say what a color looks like."""
    try:
        made = services.set_color(request.form.get("name", ""), request.form.get("hex", ""))
    except Refused as no:
        return _sizes_page(problem=no.message)
    return html.done(_("%(name)s is kept.", name=made.name), to=url_for("catalog.sizes"))


@module.post("/colors/<int:color_id>/remove", needs=Can.EDIT_PRODUCTS)
def remove_color(color_id: int) -> Response:
    """Forget what a color looks like."""
    name = services.remove_color(color_id).name
    return html.done(_("%(name)s is removed.", name=name), to=url_for("catalog.sizes"))


@module.route("/<int:product_id>/garment", methods=["GET", "POST"], needs=Can.EDIT_PRODUCTS)
def garment(product_id: int) -> Response:
    """What a product is as a garment: season, composition, sizes, measures."""
    product = grid_queries.product_numbered(product_id)
    problem: Refused | None = None
    if request.method == "POST":
        try:
            services.describe_garment(product_id, _facts_sent())
            return html.done(_("Saved."), to=url_for("catalog.product_page", product_id=product_id))
        except Refused as no:
            html.settle(keep=False)
            problem = no
            product = grid_queries.product_numbered(product_id)
    shown = garment_queries.garment_of(product, person_or_none().tenant.locale)
    row, sent = shown.garment, request.form if request.method == "POST" else None
    measures = list(row.measurements) if row is not None else []
    known = [str(one) for one in MEASURES if str(one) not in measures]
    seasons, collections = garment_queries.words_used()
    return html.page(
        "catalog/garment.html",
        status=422 if problem else 200,
        product=product,
        shown=shown,
        problem=problem,
        values={
            "season": sent.get("season", "") if sent else row.season if row else "",
            "collection": sent.get("collection", "") if sent else row.collection if row else "",
            "composition": sent.get("composition", "")
            if sent
            else garment_queries.composition_text(row.composition)
            if row
            else "",
            "care": sent.get("care", "") if sent else row.care if row else "",
            "scale": sent.get("size_scale_id", "") if sent else str(row.size_scale_id or "") if row else "",
        },
        measures=[*measures, *known, *[""] * 2],
        measured=row.measurements if row is not None else {},
        sent=sent or {},
        angles=ANGLE_WORDS,
        pictures=PICTURES,
        scales=garment_queries.scales(),
        seasons=seasons,
        collections=collections,
        breadcrumbs=[
            (_("Products"), url_for("catalog.product_list")),
            (product.name, url_for("catalog.product_page", product_id=product_id)),
            (_("Garment"), None),
        ],
    )


@module.post("/<int:product_id>/gallery", needs=Can.EDIT_PRODUCTS)
def add_to_gallery(product_id: int) -> Response:
    """Add pictures to a product's gallery, of one side and one color."""
    to = url_for("catalog.garment", product_id=product_id)
    try:
        # Shrunk before anything is asked of the database, so that no other write waits for it.
        small = [services.shrunk(sent.read()) for sent in request.files.getlist("picture") if sent.filename]
        grid_queries.product_numbered(product_id)
        for one in small:
            services.add_to_gallery(product_id, one, request.form.get("angle", ""), request.form.get("color", ""))
    except NotFound:
        raise
    except Refused as no:
        html.settle(keep=False)
        return html.done(no.message, to=to, level="danger")
    return html.done(_("The pictures are kept.") if small else _("Choose a picture first."), to=to)


@module.post("/<int:product_id>/gallery/<int:picture_id>/remove", needs=Can.EDIT_PRODUCTS)
def remove_from_gallery(product_id: int, picture_id: int) -> Response:
    """Take a picture out of the gallery."""
    services.remove_from_gallery(product_id, picture_id)
    return html.done(_("The picture is removed."), to=url_for("catalog.garment", product_id=product_id))


def _facts_sent() -> GarmentFacts:
    sent = request.form
    scale = sent.get("size_scale_id", "")
    by_measure: dict[str, dict[str, str]] = {}
    for name, text in sent.items():
        head, _dash, place = name.partition("-")
        row, _dash, _column = place.partition("-")
        if head != "cell" or not text.strip():
            continue
        measure = sent.get(f"measure-{row}", "").strip()
        size = sent.get(f"size-{place.partition('-')[2]}", "")
        if measure and size:
            by_measure.setdefault(measure, {})[size] = text
    return GarmentFacts(
        season=sent.get("season", ""),
        collection=sent.get("collection", ""),
        size_scale_id=int(scale) if scale.isascii() and scale.isdecimal() and len(scale) < 18 else None,
        composition=sent.get("composition", ""),
        care=sent.get("care", ""),
        measurements=by_measure,
    )


def _sizes_page(problem: str = "") -> Response:
    if problem:
        html.settle(keep=False)
    return html.page(
        "catalog/sizes.html",
        status=422 if problem else 200,
        scales=garment_queries.scales(),
        colors=garment_queries.colors(),
        regions=REGIONS,
        region=garment_queries.region_of(person_or_none().tenant.locale),
        problem=problem,
        typed=request.form if problem else {},
        breadcrumbs=[(_("Products"), url_for("catalog.product_list")), (_("Sizes and colors"), None)],
    )


def _scale_page(scale_id: int | None) -> Response:
    problem = ""
    scale = None if scale_id is None else garment_queries.scale_numbered(scale_id)
    rows = [] if scale is None else [{"name": one.name, **one.labels} for one in scale.sizes]
    name = "" if scale is None else scale.name
    if request.method == "POST":
        name, rows = request.form.get("name", ""), _rows_sent()
        try:
            services.save_scale(
                scale_id,
                name,
                [(row["name"], {one: row.get(one, "") for one in REGIONS}) for row in rows if row["name"]],
            )
            return html.done(_("Saved."), to=url_for("catalog.sizes"))
        except Refused as no:
            html.settle(keep=False)
            problem = no.message
    return html.page(
        "catalog/scale.html",
        status=422 if problem else 200,
        scale_id=scale_id,
        name=name,
        rows=[*rows, *[{"name": ""} for _n in range(EMPTY_ROWS if rows else 8)]],
        regions=REGIONS,
        problem=problem,
        breadcrumbs=[
            (_("Products"), url_for("catalog.product_list")),
            (_("Sizes and colors"), url_for("catalog.sizes")),
            (name or _("New"), None),
        ],
    )


def _rows_sent() -> list[dict[str, str]]:
    """The lines of the scale's form, as far as anything stands in them."""
    rows = []
    for at in range(services.MOST_SIZES + EMPTY_ROWS):
        row = {"name": " ".join(request.form.get(f"size-{at}", "").split())[:20]}
        row |= {region: request.form.get(f"label-{at}-{region}", "").strip() for region in REGIONS}
        if any(row.values()):
            rows.append(row)
    return rows
