"""What an import of products needs to know besides its file, and what it is when nobody says."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from retail.core.db import session
from retail.finance.models import TaxRate
from retail.tenancy.queries import first_shop


def default_options() -> dict[str, Any]:
    """The first shop, and the tax rate new products get whose row names none: the highest there is."""
    rate_id = session.scalar(select(TaxRate.id).order_by(TaxRate.rate.desc(), TaxRate.id).limit(1))
    return {"location_id": first_shop().id, "tax_rate_id": rate_id}
