"""Labels for shelves and goods: on sheets, on rolls, for label printers. Words: format (what the paper is like), batch
(the labels somebody puts together to print), line (an article of it and how many)."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from retail.core.module import MenuItem, Module

module = Module(
    __name__,
    url_prefix="/labels",
    menu=[MenuItem(_l("Labels"), "labels.batches", "tag", _l("Goods"), order=38)],
)
