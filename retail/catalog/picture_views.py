"""Pictures of products: taken in, taken away, and served to whoever may see products."""

from __future__ import annotations

from pathlib import Path

from flask import abort, request, send_file, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from retail.catalog import module, queries, services
from retail.catalog.views import show_product
from retail.core import files, html
from retail.core.errors import NotFound, Refused
from retail.permissions import Can

KEPT_SECONDS = 365 * 24 * 3600


@module.post("/<int:product_id>/picture", needs=Can.EDIT_PRODUCTS)
def give_picture(product_id: int) -> Response:
    """Show this file as the picture of the product."""
    sent = request.files.get("picture")
    try:
        services.take_picture(product_id, sent.read() if sent is not None else b"")
    except NotFound:
        raise
    except Refused as no:
        return show_product(product_id, "picture", status=422, picture_problem=no.message)
    if not html.wants_fragment():
        return html.done(_("The picture is kept."), to=url_for("catalog.product_page", product_id=product_id))
    return html.toast(show_product(product_id, "picture"), _("The picture is kept."))


@module.post("/<int:product_id>/picture/remove", needs=Can.EDIT_PRODUCTS)
def remove_picture(product_id: int) -> Response:
    """Show the product without a picture."""
    services.remove_picture(product_id)
    if not html.wants_fragment():
        return html.done(_("The picture is removed."), to=url_for("catalog.product_page", product_id=product_id))
    return html.toast(show_product(product_id, "picture"), _("The picture is removed."))


@module.get("/pictures/<int:file_id>", needs=Can.VIEW_PRODUCTS)
def picture(file_id: int) -> Response:
    """A product's picture. A new picture has a new address, so browsers may keep this one."""
    path, mark = _kept(file_id)
    return _served(path, mark)


@module.get("/pictures/<int:file_id>/small", needs=Can.VIEW_PRODUCTS)
def thumbnail(file_id: int) -> Response:
    """The same picture, small, for lists and tiles."""
    path, mark = _kept(file_id)
    return _served(services.thumbnail(path), f"{mark}-small")


def _kept(file_id: int) -> tuple[Path, str]:
    row = queries.picture_file(file_id)
    if row is None:
        abort(404)
    path = files.path_of(row)
    if not path.is_file():
        abort(404)
    return path, row.sha256


def _served(path: Path, mark: str) -> Response:
    response = send_file(path, "image/webp", conditional=True, etag=mark)
    response.headers["Cache-Control"] = f"private, max-age={KEPT_SECONDS}, immutable"
    return response
