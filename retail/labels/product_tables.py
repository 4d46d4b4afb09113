"""From the list of products to labels for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import url_for
from flask_babel import lazy_gettext as _l

from retail.catalog.tables import ProductTable
from retail.core.tables import BulkField, Onward
from retail.labels import services
from retail.permissions import Can

ONE, PIECES = "one", "pieces"


def _to_labels(product_ids: Sequence[int], answers: Mapping[str, Any]) -> str:
    batch = services.begin_for_products(product_ids, per_piece=answers["copies"] == PIECES)
    return url_for("labels.batch_page", label_batch_id=batch.id)


ProductTable.onward = {
    **ProductTable.onward,
    "labels": Onward(
        _l("Print labels"),
        "tag",
        Can.PRINT_LABELS,
        _to_labels,
        {
            "copies": BulkField(
                _l("How many"),
                "choice",
                lambda: [(ONE, _l("One for each article")), (PIECES, _l("One for each piece in stock"))],
                default=ONE,
            )
        },
    ),
}
