"""The way to the workers: RQ queues on Redis. Redis is only a messenger; what must happen is a row in the database."""

from __future__ import annotations

import logging
from functools import lru_cache

from flask import Flask, current_app
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue

log = logging.getLogger(__name__)
NUDGE = "counterfoil:outbox"


@lru_cache(maxsize=4)
def connect(url: str) -> Redis:
    """One pool of connections per process and address; it connects when first used and fails fast."""
    return Redis.from_url(url, socket_connect_timeout=2, socket_timeout=30)


def redis() -> Redis:
    """The Redis of this application."""
    return connect(current_app.config["REDIS_URL"])


def queue(name: str = "default") -> Queue:
    """A queue by its promise: `high` (what screens wait for), `default` (mail and the like), `low` (imports, nightly
    work). Each has workers of its own."""
    return Queue(name, connection=redis())


def nudge() -> None:
    """Wake the relay now rather than at its next sweep. Without Redis nothing happens: the sweep will find the work."""
    try:
        redis().lpush(NUDGE, b"1")
        redis().ltrim(NUDGE, 0, 0)
    except RedisError as problem:
        log.debug("no nudge: %s", problem)


def init_app(app: Flask) -> None:
    """Give the application an address even when none is set; nothing is connected to."""
    app.config.setdefault("REDIS_URL", "redis://127.0.0.1:1/0")
