"""The scheduler: looks each second, or when woken by a commit, for what is to be done, and hands it to the workers.

Everything it acts on is a row in the database, so it may be killed, started twice or lose Redis at any moment: events
and tasks then wait for the next look.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
import time
from types import FrameType

from flask import Flask
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from jobs.calls import hand_over
from retail.app import create_app
from retail.core import db, events, schedules, tasks
from retail.core.queue import NUDGE, connect
from retail.operations.services import give_standing_schedules

log = logging.getLogger("jobs.scheduler")
SWEEP_SECONDS = 1.0
# Under many sales a second one look serves several of them.
BREATH_SECONDS = 0.05
STANDING_SECONDS = 60.0


class Scheduler:
    """One look after the other, until it is told to stop."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.stop = threading.Event()
        self._redis: Redis = connect(app.config["REDIS_URL"])
        self._troubles: set[str] = set()
        self._standing_at = 0.0

    def run(self) -> None:
        """Look until told to stop."""
        while not self.stop.is_set():
            with self.app.app_context():
                self.look()
            self._rest()

    def look(self) -> None:
        """Relay events, fire schedules, and hand over whatever is due."""
        try:
            if time.monotonic() >= self._standing_at:
                give_standing_schedules()
                self._standing_at = time.monotonic() + STANDING_SECONDS
            schedules.fire_due()
            while events.relay():
                pass
            busy, due = events.handlers_with_work(), tasks.due()
            self._well("the database")
        except SQLAlchemyError as problem:
            self._ill("the database", problem)
            return
        finally:
            db.session.remove()
        try:
            hand_over(self._redis, busy, due)
            self._well("Redis")
        except RedisError as problem:
            self._ill("Redis", problem)

    def _rest(self) -> None:
        """Wait for a nudge, but no longer than a sweep."""
        self.stop.wait(BREATH_SECONDS)
        try:
            self._redis.blpop([NUDGE], timeout=SWEEP_SECONDS)
        except RedisError as problem:
            self._ill("Redis", problem)
            self.stop.wait(SWEEP_SECONDS)

    def _ill(self, who: str, problem: Exception) -> None:
        if who not in self._troubles:
            self._troubles.add(who)
            log.warning("%s cannot be used, trying on: %s", who, str(problem).splitlines()[0])

    def _well(self, who: str) -> None:
        if who in self._troubles:
            self._troubles.discard(who)
            log.warning("%s can be used again", who)


def main() -> int:
    """Run until SIGTERM or SIGINT."""
    scheduler = Scheduler(create_app())

    def stop(_number: int, _frame: FrameType | None) -> None:
        scheduler.stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    scheduler.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
