"""How the installation is: what waits, what failed, what can be reached."""

from __future__ import annotations

import shutil
import time
from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from redis.exceptions import RedisError
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from retail.core import observing
from retail.core.clock import now
from retail.core.db import reading, session
from retail.core.events import Delivery, Event
from retail.core.mail import Mail
from retail.core.queue import redis
from retail.core.tasks import TASKS, Task
from retail.core.tenancy import across_tenants, awake
from retail.core.troubles import Trouble
from retail.identity.models import UserSession
from retail.tenancy.models import Tenant

DAY = timedelta(days=1)
LATE_SECONDS = 300
LONG_SECONDS = 3600
"""So long may nightly work and imports wait for one another; what people wait for is late after LATE_SECONDS."""
LEAST_FREE_BYTES = 500 * 1024 * 1024
HELP = {
    "counterfoil_requests_total": ("counter", "Requests answered, by method and class of status."),
    "counterfoil_request_seconds": ("histogram", "How long requests took at the server."),
    "counterfoil_queries_total": ("counter", "Statements sent to the database by requests."),
    "counterfoil_query_seconds_total": ("counter", "Seconds requests waited for the database."),
    "counterfoil_events_waiting": ("gauge", "Events not yet handed to their listeners."),
    "counterfoil_deliveries": ("gauge", "Deliveries of events that wait, or were given up."),
    "counterfoil_tasks": ("gauge", "Slow work by state; failures of the last day."),
    "counterfoil_oldest_task_seconds": ("gauge", "How long the oldest task has been due, by queue."),
    "counterfoil_mails_waiting": ("gauge", "Mails on their way."),
    "counterfoil_sessions": ("gauge", "Devices on which somebody is signed in."),
    "counterfoil_businesses": ("gauge", "Businesses, in force or suspended."),
    "counterfoil_errors_open": ("gauge", "Kinds of error that are not resolved."),
    "counterfoil_oldest_waiting_seconds": ("gauge", "Age of the oldest thing that should have been delivered."),
    "counterfoil_disk_free_bytes": ("gauge", "What is free where the installation keeps its state."),
}


def gauges() -> dict[str, float]:
    """What is so now, by metric and labels."""
    instant = now()
    with across_tenants(), reading():
        waiting = awake(Event.tenant_id), Event.relayed_at.is_(None)
        pending = awake(Delivery.tenant_id), Delivery.state == "pending", Delivery.due_at <= instant
        oldest = min(
            filter(
                None,
                (
                    session.scalar(select(func.min(Event.occurred_at)).where(*waiting)),
                    session.scalar(select(func.min(Delivery.due_at)).where(*pending)),
                ),
            ),
            default=instant,
        )
        live = UserSession.revoked_at.is_(None), UserSession.expires_at > instant
        found = {
            "counterfoil_events_waiting": _count(Event, *waiting),
            'counterfoil_deliveries{state="pending"}': _count(Delivery, *pending),
            'counterfoil_deliveries{state="parked"}': _count(Delivery, Delivery.state == "parked"),
            **{
                f'counterfoil_tasks{{state="{state}"}}': _count(Task, Task.state == state)
                for state in ("queued", "running")
            },
            'counterfoil_tasks{state="failed"}': _count(Task, Task.state == "failed", Task.ended_at > instant - DAY),
            **{
                f'counterfoil_oldest_task_seconds{{queue="{queue}"}}': (instant - due).total_seconds()
                for queue, due in _oldest_tasks(instant).items()
            },
            "counterfoil_mails_waiting": _count(Mail, Mail.state == "queued"),
            "counterfoil_sessions": _count(UserSession, *live),
            'counterfoil_businesses{state="in force"}': _count(Tenant, Tenant.suspended_at.is_(None)),
            'counterfoil_businesses{state="suspended"}': _count(Tenant, Tenant.suspended_at.is_not(None)),
            "counterfoil_errors_open": _count(Trouble, Trouble.resolved_at.is_(None)),
            "counterfoil_oldest_waiting_seconds": max(0.0, (instant - oldest).total_seconds()),
        }
    return {**found, "counterfoil_disk_free_bytes": shutil.disk_usage(current_app.config["INSTANCE_DIR"]).free}


def _oldest_tasks(instant: datetime) -> dict[str, datetime]:
    """Since when the oldest task of each queue has been due; `instant` where none is."""
    found = {"default": instant, "low": instant}
    waiting = awake(Task.tenant_id), Task.state == "queued", Task.due_at <= instant
    for name, due in session.execute(select(Task.name, func.min(Task.due_at)).where(*waiting).group_by(Task.name)):
        queue = "default" if name in TASKS and TASKS[name].queue != "low" else "low"
        found[queue] = min(found[queue], due)
    return found


def _count(model: Any, *conditions: Any) -> int:
    return int(session.scalar(select(func.count()).select_from(model).where(*conditions)) or 0)


def as_metrics() -> str:
    """Counters and gauges in the text form of Prometheus."""
    values = {**observing.counted(), **gauges()}
    lines = []
    for name, (kind, words) in HELP.items():
        mine = {key: value for key, value in values.items() if key.partition("{")[0].startswith(name)}
        if mine:
            lines += [f"# HELP {name} {words}", f"# TYPE {name} {kind}"]
            lines += [f"{key} {value:g}" if value < 1e6 else f"{key} {value:.0f}" for key, value in mine.items()]
    return "\n".join(lines) + "\n"


def _tasks(values: dict[str, float]) -> dict[str, Any]:
    """Whether what is due is taken up; what waits for its time counts as waiting only."""
    prompt, slow = (values[f'counterfoil_oldest_task_seconds{{queue="{queue}"}}'] for queue in ("default", "low"))
    return {
        "ok": prompt < LATE_SECONDS and slow < LONG_SECONDS,
        "oldest_seconds": round(max(prompt, slow)),
        "waiting": int(values['counterfoil_tasks{state="queued"}']),
    }


def look() -> dict[str, Any]:
    """What works and what does not. `state` is ok, degraded (sales go on, what follows from them waits) or failed."""
    checks: dict[str, dict[str, Any]] = {}
    begun = time.perf_counter()
    try:
        values = gauges()
    except SQLAlchemyError as problem:
        reason = str(getattr(problem, "orig", problem)).splitlines()[0]
        return {"state": "failed", "checks": {"database": {"ok": False, "why": reason}}}
    took = round((time.perf_counter() - begun) * 1000, 1)
    checks["database"] = {"ok": True, "milliseconds": took}
    late, parked = values["counterfoil_oldest_waiting_seconds"], values['counterfoil_deliveries{state="parked"}']
    checks["deliveries"] = {"ok": late < LATE_SECONDS, "oldest_seconds": round(late), "parked": int(parked)}
    checks["tasks"] = _tasks(values)
    free = values["counterfoil_disk_free_bytes"]
    checks["disk"] = {"ok": free > LEAST_FREE_BYTES, "free_bytes": int(free)}
    try:
        redis().ping()
        checks["redis"] = {"ok": True}
    except RedisError as problem:
        # Sales go on without it; what follows from them waits.
        checks["redis"] = {"ok": False, "why": str(problem).splitlines()[0]}
    wrong = {name for name, one in checks.items() if not one["ok"]}
    return {"state": "failed" if "disk" in wrong else "degraded" if wrong else "ok", "checks": checks}
