"""Pictures of products: judged by their content, never by their name, and kept small."""

from __future__ import annotations

import os
import threading
from io import BytesIO
from pathlib import Path

from flask_babel import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

from retail.catalog.models import Product
from retail.core import files
from retail.core.db import session
from retail.core.errors import NotFound, Refused

MOST_BYTES = 15 * 1024 * 1024
MOST_PIXELS = 50_000_000
LONGEST_SIDE, THUMBNAIL_SIDE = 800, 320
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")


def take_picture(product_id: int, content: bytes) -> Product:
    """Make this the picture of a product: turned upright, shrunk, as WebP, without what cameras write into files
    (place, device, time). Refused for what is no picture, is too large, or would unfold to too many pixels."""
    return show_picture(product_id, shrunk(content))


def show_picture(product_id: int, small: bytes) -> Product:
    """Show this WebP, made by `shrunk`, for a product. Apart from `take_picture` for those who shrink first, so that
    no write waits for it."""
    product = session.get(Product, product_id)
    if product is None:
        raise NotFound(_("There is no such product."))
    product.image_file_id = files.store(f"product-{product_id}.webp", "image/webp", small).id
    session.flush()
    return product


def remove_picture(product_id: int) -> Product:
    """Show a product without a picture."""
    product = session.get(Product, product_id)
    if product is None:
        raise NotFound(_("There is no such product."))
    product.image_file_id = None
    session.flush()
    return product


def thumbnail(path: Path) -> Path:
    """A picture of ours, at most THUMBNAIL_SIDE pixels wide and high, for lists; made when it is first asked for and
    kept beside the picture."""
    small = path.with_name(f"{path.name}.{THUMBNAIL_SIDE}.webp")
    if not small.exists():
        with Image.open(path, formats=("WEBP",)) as picture:
            picture.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
            aside = small.with_suffix(f".{os.getpid()}.{threading.get_ident()}.part")
            picture.save(aside, "WEBP", quality=80, method=4)
        os.replace(aside, small)
    return small


def shrunk(content: bytes) -> bytes:
    """A picture as WebP whose longer side has at most LONGEST_SIDE pixels."""
    if not content:
        raise Refused(_("Choose a picture first."), field="picture")
    if len(content) > MOST_BYTES:
        raise Refused(_("A picture may have at most %(mb)s MB.", mb=MOST_BYTES // 1048576), field="picture")
    try:
        with Image.open(BytesIO(content), formats=FORMATS) as opened:
            # The size stands at the head of the file: what would fill the memory is refused before it is unfolded.
            if opened.width * opened.height > MOST_PIXELS:
                raise Refused(
                    _("This picture has too many pixels; at most %(n)s million.", n=MOST_PIXELS // 1_000_000),
                    field="picture",
                )
            opened.draft("RGB", (LONGEST_SIDE * 2, LONGEST_SIDE * 2))
            upright = ImageOps.exif_transpose(opened)
            picture = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Refused(
            _("This picture has too many pixels; at most %(n)s million.", n=MOST_PIXELS // 1_000_000), field="picture"
        ) from None
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
        raise Refused(
            _("That is no picture this program can read; send a JPEG, PNG or WebP."), field="picture"
        ) from None
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    out = BytesIO()
    picture.save(out, "WEBP", quality=82, method=4)
    return out.getvalue()
