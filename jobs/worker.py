"""A worker: takes calls from the queues, each in a process of its own that has the application loaded already."""

from __future__ import annotations

import logging
import sys
from typing import Any

from flask import Flask
from rq import Worker
from rq.job import Job
from rq.queue import Queue

from jobs import calls
from retail.app import create_app
from retail.core import db
from retail.core.queue import connect

QUEUES = ("high", "default", "low")
"""In the order in which they are served."""


class PreloadedWorker(Worker):
    """A worker whose children find the application loaded, and open connections of their own."""

    # With Redis back, nobody should wait a minute for the worker to notice.
    max_connection_wait_time = 5.0

    def __init__(self, app: Flask) -> None:
        super().__init__(
            QUEUES,
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


def main() -> int:
    """Work until asked to stop; what is in hand is finished first."""
    app = create_app()
    with app.app_context():
        db.db.engine.dispose()
    logging.getLogger("rq").setLevel(logging.WARNING)
    PreloadedWorker(app).work(logging_level="WARNING")
    return 0


if __name__ == "__main__":
    sys.exit(main())
