"""Founding a business: everything a new tenant needs before its first sale, in one transaction."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from retail.core import schedules
from retail.core.db import unit_of_work
from retail.core.tenancy import inside
from retail.finance.services import add_tax_rate, open_books
from retail.identity.services import add_user, open_roles
from retail.tenancy.models import Tenant
from retail.tenancy.queries import first_shop
from retail.tenancy.services import create_tenant
from retail.till.services import add_register


def found_business(
    name: str,
    currency: str,
    timezone: str,
    *,
    owner: tuple[str, str, str] | None = None,
    **settings: Any,
) -> Tenant:
    """A business with a shop, a register, roles, accounts, a tax rate of nothing and the standing schedules.

    `owner` is (address, name, password). Refused as `create_tenant` and `add_user` refuse.
    """
    with unit_of_work():
        tenant = create_tenant(name, currency, timezone, **settings)
        tenant_id = tenant.id
    with inside(tenant_id), unit_of_work():
        open_roles()
        open_books()
        add_tax_rate("none", "No tax", Decimal(0))
        add_register("Till 1", first_shop().id)
        if owner is not None:
            add_user(owner[0], owner[1], "owner", owner[2])
        schedules.plan_standing(timezone)
    return tenant
