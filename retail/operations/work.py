"""What the program does for itself at night."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from retail.core.retention import forget_past
from retail.core.schedules import stand
from retail.core.tasks import task
from retail.core.tenancy import current_tenant_id


@task("operations.tidy", _l("Tidy up"), retry_seconds=(600,), quiet=True, of_business=True)
def tidy(progress: object) -> dict[str, int]:
    """Delete the traces of what is long over; see `retail.core.retention`."""
    del progress
    return forget_past(current_tenant_id())


stand("operations.tidy", _l("Tidy up at night"), "operations.tidy", "40 3 * * *")
