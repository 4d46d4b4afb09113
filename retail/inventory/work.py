"""What happens to stock by the clock."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from retail.core.db import give_way, unit_of_work
from retail.core.schedules import stand
from retail.core.tasks import task
from retail.inventory import services

EXPIRING = "inventory.release_expired"


@task(EXPIRING, _l("Reservations whose time is over"), retry_seconds=(60, 600), quiet=True, of_business=True)
def release_expired(progress: Any) -> dict[str, Any]:
    """Let go of reservations whose time is over, some at a time."""
    ended = 0
    while True:
        with unit_of_work():
            some = services.release_expired()
        ended += some
        if not some:
            break
        progress(ended, None, _("Released"))
        give_way()
    return {"released": ended}


WATCHING = "inventory.watch_expiry"


@task(WATCHING, _l("Goods that expire soon"), retry_seconds=(60, 600), quiet=True, of_business=True)
def watch_expiry(progress: Any) -> dict[str, Any]:
    """Tell of lots that expire soon, each once."""
    told = 0
    while True:
        with unit_of_work():
            some = services.watch_expiry()
        told += some
        if not some:
            return {"told": told}
        progress(told, None, _("Told"))


stand(WATCHING, _l("Tell of goods that expire soon"), WATCHING, "30 5 * * *")
stand(EXPIRING, _l("Release reservations whose time is over"), EXPIRING, "*/10 * * * *")
