"""Founding a business: everything a new tenant needs before its first sale, in one transaction."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask_babel import gettext as _

from retail.core import schedules
from retail.core.db import unit_of_work
from retail.core.errors import Refused
from retail.core.tenancy import inside
from retail.finance.services import add_tax_rate, open_books
from retail.identity.letters import send_link
from retail.identity.services import add_user, address_is_taken, check_new_password, open_roles
from retail.tenancy.models import Tenant
from retail.tenancy.queries import first_shop
from retail.tenancy.services import create_tenant
from retail.till.services import add_register


def found_business(
    name: str,
    currency: str,
    timezone: str,
    *,
    owner: tuple[str, str, str | None] | None = None,
    **settings: Any,
) -> Tenant:
    """A business with a shop, a register, roles, accounts, a tax rate of nothing and the standing schedules.

    `owner` is (address, name, password); without a password they are invited by mail. Refused as `create_tenant` and
    `add_user` refuse.
    """
    if owner is not None:
        if owner[2] is not None:
            check_new_password(owner[2], owner[:2])
        if address_is_taken(owner[0].strip().lower()):
            raise Refused(_("%(address)s signs in elsewhere already.", address=owner[0]), field="owner_email")
    with unit_of_work():
        tenant = create_tenant(name, currency, timezone, **settings)
        tenant_id = tenant.id
    with inside(tenant_id), unit_of_work():
        open_roles()
        open_books()
        add_tax_rate("none", "No tax", Decimal(0))
        add_register("Till 1", first_shop().id)
        if owner is not None:
            first = add_user(owner[0], owner[1], "owner", owner[2])
            if owner[2] is None:
                send_link(first, "invitation")
        schedules.plan_standing(timezone)
    return tenant
