"""The workers: one process for each queue, so that long work never keeps a screen waiting; each call in a process of
its own, which has the application loaded already."""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from collections.abc import Sequence
from types import FrameType
from typing import Any

from flask import Flask
from redis.exceptions import RedisError
from rq import Worker
from rq.job import Job
from rq.queue import Queue

from jobs import calls
from jobs.children import die_with_parent
from retail.app import create_app
from retail.core import db
from retail.core.queue import connect

log = logging.getLogger("jobs.worker")
QUEUES = ("high", "default", "low")
# Who falls again and again, as while Redis is away, must not keep the machine busy with starting it.
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 5.0
STEADY_SECONDS = 10.0


class PlainTrouble(logging.Filter):
    """Redis being away is no fault of the program: one line instead of a trace, and no error."""

    def filter(self, record: logging.LogRecord) -> bool:
        if (record.exc_info and isinstance(record.exc_info[1], RedisError)) or "Redis instance" in record.getMessage():
            record.exc_info, record.exc_text = None, None
            record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True


class PreloadedWorker(Worker):
    """A worker whose children find the application loaded, and open connections of their own."""

    # With Redis back, nobody should wait a minute for the worker to notice.
    max_connection_wait_time = 5.0

    def __init__(self, app: Flask, queues: Sequence[str] = QUEUES) -> None:
        super().__init__(
            queues,
            connection=connect(app.config["REDIS_URL"]),
            worker_ttl=60,
            maintenance_interval=30,
            job_monitoring_interval=10,
            log_job_description=False,
            work_horse_killed_handler=self._note_death,
        )
        self.app = app

    def perform_job(self, job: Job, queue: Queue) -> bool:
        with self.app.app_context():
            db.dispose_after_fork()
            return bool(super().perform_job(job, queue))

    def _note_death(self, job: Job, _pid: int, _status: int, _usage: Any) -> None:
        with self.app.app_context():
            try:
                calls.note_death(job.func_name, tuple(job.args or ()))
            finally:
                # The next child must not inherit a connection.
                db.session.remove()
                db.db.engine.dispose()


class Lanes:
    """A process for each queue, forked from this one, which only waits: brings back what falls, passes on the end."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.lanes: dict[int, str] = {}
        self._started: dict[str, float] = {}
        self._pause = dict.fromkeys(QUEUES, FIRST_PAUSE)
        self._asked_to_end = False

    def run(self) -> int:
        """Keep a worker at each queue until asked to stop; what is in hand is finished first."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        for queue in QUEUES:
            self._start(queue)
        while self.lanes:
            pid, _status = os.wait()
            queue = self.lanes.pop(pid, "")
            if queue and not self._is_ending():
                if time.monotonic() - self._started[queue] > STEADY_SECONDS:
                    self._pause[queue] = FIRST_PAUSE
                log.warning("the worker of the queue %s fell; starting another", queue)
                self._rest(self._pause[queue])
                self._pause[queue] = min(self._pause[queue] * 2, LONGEST_PAUSE)
                self._start(queue)
        return 0

    def _is_ending(self) -> bool:
        return self._asked_to_end

    def _rest(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self._is_ending() and time.monotonic() < until:
            time.sleep(0.1)

    def _start(self, queue: str) -> None:
        if self._is_ending():
            return
        self._started[queue] = time.monotonic()
        pid = os.fork()
        if pid:
            self.lanes[pid] = queue
            if self._is_ending():
                os.kill(pid, signal.SIGTERM)
            return
        status = 1
        try:
            die_with_parent()
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_DFL)
            PreloadedWorker(self.app, [queue]).work(logging_level="WARNING")
            status = 0
        except RedisError as problem:
            log.warning("the queue %s cannot be reached: %s", queue, str(problem).splitlines()[0])
        except Exception:
            log.exception("the worker of the queue %s broke", queue)
        finally:
            # What the parent would do at its end is not for this process to do.
            os._exit(status)

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        self._asked_to_end = True
        for pid in self.lanes:
            os.kill(pid, number)


def main() -> int:
    """Work until asked to stop."""
    app = create_app()
    with app.app_context():
        db.db.engine.dispose()
    logging.getLogger("rq").setLevel(logging.WARNING)
    logging.getLogger("rq.worker").addFilter(PlainTrouble())
    return Lanes(app).run()


if __name__ == "__main__":
    sys.exit(main())
