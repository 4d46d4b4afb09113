"""Words of the catalog's fixed choices."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from retail.catalog.garment_models import ANGLES

ANGLE_WORDS: dict[str, Any] = dict(
    zip(ANGLES, (_l("Front"), _l("Back"), _l("Side"), _l("Detail"), _l("Worn")), strict=True)
)
MEASURES: tuple[Any, ...] = (_l("Chest"), _l("Waist"), _l("Hip"), _l("Length"), _l("Sleeve"))
"""What is measured of a garment unless the shop names something else."""
