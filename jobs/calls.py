"""What waits in the queues: calls by name, with ids only. What matters is in the database; a lost call is made again.

A call is put into its queue once until a worker takes it up. The worker says so before it looks for work, so whatever
comes later is worth a new call, and nothing can fall between two of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from flask import current_app
from redis import Redis
from rq import Queue

from retail.core import events, tasks
from retail.core.db import session
from retail.core.events import HANDLERS
from retail.core.queue import nudge, redis
from retail.core.tasks import Due

WAITING = "counterfoil:waiting:"
DELIVERY_SECONDS = 300
TURN_SECONDS = 2.0
"""So long one handler has its queue to itself: a mail that was asked for meanwhile waits for no more than that."""
# How long a call is believed to wait, should Redis or a worker have lost it; a second one finds nothing to do.
BELIEVED_SECONDS = {"high": 5, "default": 15, "low": 60}


def hand_over(connection: Redis, busy: list[str], due: list[Due]) -> int:
    """Put a call into its queue for each handler and task that has work and none waiting; returns how many were put.

    Raises redis.exceptions.RedisError when Redis cannot be reached.
    """
    wanted: dict[str, tuple[str, int, Callable[..., None], tuple[Any, ...]]] = {}
    for name in busy:
        if HANDLERS[name].queue == "high":
            wanted["high"] = ("high", DELIVERY_SECONDS, deliver_high, ())
        else:
            wanted[name] = (HANDLERS[name].queue, DELIVERY_SECONDS, deliver, (name,))
    for one in due:
        key = f"task:{one.task_id}"
        wanted[key] = (one.queue, one.timeout, run_task, (one.task_id, one.tenant_id))
    if not wanted:
        return 0
    with connection.pipeline(transaction=False) as asked:
        for key, (queue, *_call) in wanted.items():
            asked.set(WAITING + key, b"1", nx=True, ex=BELIEVED_SECONDS[queue])
        fresh = asked.execute()
    count = 0
    for call, is_fresh in zip(wanted.values(), fresh, strict=True):
        if is_fresh:
            queue, timeout, function, arguments = call
            Queue(queue, connection=connection).enqueue_call(
                function, arguments, timeout=timeout, result_ttl=0, failure_ttl=3600
            )
            count += 1
    return count


def deliver(handler: str) -> None:
    """Run a handler's deliveries until none is due or its turn is over; what is left waits behind the others."""
    _take_up(handler)
    until = time.monotonic() + TURN_SECONDS
    while events.deliver(handler, limit=50) and time.monotonic() < until:
        pass
    if time.monotonic() >= until:
        session.info["emitted"] = True
    _pass_on()


def deliver_high() -> None:
    """Run what screens wait for, in one process and in order: telling the screens comes last."""
    _take_up("high")
    while busy := [name for name in events.handlers_with_work() if HANDLERS[name].queue == "high"]:
        for name in busy:
            events.deliver(name)
    _pass_on()


def run_task(task_id: int, tenant_id: int) -> None:
    """Do a task."""
    _take_up(f"task:{task_id}")
    tasks.run(task_id, tenant_id)
    # The next of its kind may be handed over now, see `tasks.due`; in a second it would be too late for many mails.
    nudge()


def _take_up(key: str) -> None:
    redis().delete(WAITING + key)


def _pass_on() -> None:
    """What was done may have had consequences: wake the relay."""
    if session.info.pop("emitted", False):
        nudge()


def note_death(function: str | None, arguments: tuple[Any, ...]) -> None:
    """A worker saw its child die in this call: what it was doing need not wait for its lease."""
    if function == f"{__name__}.run_task":
        tasks.presume_dead(*arguments)
        current_app.logger.error("the process of task %s died", arguments[0])
