"""What the program does for itself at night."""

from __future__ import annotations

from datetime import timedelta

from flask_babel import lazy_gettext as _l

from retail.core import events, tasks
from retail.core.clock import now
from retail.core.db import unit_of_work
from retail.core.schedules import stand
from retail.core.tasks import task

KEEP_DELIVERIES = timedelta(days=30)
KEEP_TASKS = timedelta(days=180)


@task("operations.tidy", _l("Tidy up"), retry_seconds=(600,), quiet=True)
def tidy(progress: object) -> dict[str, int]:
    """Delete the traces of what went well long ago; documents, events and failures stay."""
    del progress
    with unit_of_work():
        deliveries = events.forget_done(now() - KEEP_DELIVERIES)
        ended = tasks.forget_ended(now() - KEEP_TASKS)
    return {"deliveries": deliveries, "tasks": ended}


stand("operations.tidy", _l("Tidy up at night"), "operations.tidy", "40 3 * * *")
