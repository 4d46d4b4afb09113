"""How long requests and queries take: counted for `/metrics`, noted when slow, told in one log line a request.

Each process keeps its counts in a file of its own (`run/metrics`), and whoever is asked adds up those of all.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections import Counter
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask, current_app, g, request
from sqlalchemy import Engine, event
from werkzeug.wrappers import Response

from retail.core import troubles
from retail.core.logs import request_id

log = logging.getLogger("retail.request")
BUCKETS_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""What is counted by its name; strangers may send any word, and each would be kept forever."""
WRITE_SECONDS = 1.0
KEPT_SECONDS = 7 * 86400
LONGEST_STATEMENT = 1000


@dataclass
class Asked:
    """What one request asked of the database."""

    count: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    statement: str = ""


_asked: ContextVar[Asked | None] = ContextVar("asked", default=None)


@dataclass
class Counts:
    """What this process counted since it began."""

    values: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)
    written_at: float = 0.0

    def add(self, seconds: float, status: int, method: str, asked: Asked) -> None:
        """Count one request."""
        named = method if method in METHODS else "other"
        with self.lock:
            self.values[f'counterfoil_requests_total{{method="{named}",status="{status // 100}xx"}}'] += 1
            for bucket in BUCKETS_SECONDS:
                if seconds <= bucket:
                    self.values[f'counterfoil_request_seconds_bucket{{le="{bucket:g}"}}'] += 1
            self.values['counterfoil_request_seconds_bucket{le="+Inf"}'] += 1
            self.values["counterfoil_request_seconds_count"] += 1
            self.values["counterfoil_request_seconds_sum"] += seconds  # type: ignore[assignment]
            self.values["counterfoil_queries_total"] += asked.count
            self.values["counterfoil_query_seconds_total"] += asked.seconds  # type: ignore[assignment]

    def keep(self, folder: Path, *, at_once: bool = False) -> None:
        """Write the counts down, at most once a second."""
        with self.lock:
            if not at_once and time.monotonic() - self.written_at < WRITE_SECONDS:
                return
            self.written_at = time.monotonic()
            text = json.dumps(self.values)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            aside = folder / f"{os.getpid()}.part"
            aside.write_text(text, encoding="ascii")
            os.replace(aside, folder / f"{os.getpid()}.json")
        except OSError as problem:
            log.debug("counts are not kept: %s", problem)


_counts = Counts()


def _folder() -> Path:
    return Path(current_app.config["INSTANCE_DIR"]) / "run" / "metrics"


def counted() -> dict[str, float]:
    """The counts of all processes together, by metric and labels."""
    folder, total = _folder(), Counter[str]()
    _counts.keep(folder, at_once=True)
    for file in folder.glob("*.json"):
        try:
            if time.time() - file.stat().st_mtime > KEPT_SECONDS:
                file.unlink()
                continue
            total.update(json.loads(file.read_text(encoding="ascii")))
        except (OSError, ValueError):
            continue
    return dict(total)


@event.listens_for(Engine, "before_cursor_execute")
def _begin_query(_c: Any, _cursor: Any, _statement: str, _parameters: Any, context: Any, _many: bool) -> None:
    if context is not None and _asked.get() is not None:
        context.begun_at = time.perf_counter()


@event.listens_for(Engine, "after_cursor_execute")
def _end_query(_c: Any, _cursor: Any, statement: str, _parameters: Any, context: Any, _many: bool) -> None:
    asked = _asked.get()
    if asked is None:
        return
    asked.count += 1
    begun = getattr(context, "begun_at", None)
    if begun is not None:
        took = time.perf_counter() - begun
        asked.seconds += took
        if took > asked.slowest:
            asked.slowest, asked.statement = took, statement


def _begin_request() -> None:
    g.begun_at = time.perf_counter()
    g.pop("request_id", None)
    g.trusts_proxy = bool(current_app.config.get("TRUSTED_PROXIES"))
    _asked.set(Asked())


def _end_request(response: Response) -> Response:
    begun, asked = g.get("begun_at"), _asked.get()
    if begun is None or asked is None:
        return response
    response.headers["X-Request-Id"] = request_id()
    if request.endpoint == "static":
        return response
    seconds, person = time.perf_counter() - begun, g.get("person")
    _counts.add(seconds, response.status_code, request.method, asked)
    _counts.keep(_folder())
    log.info(
        "%s %s %d %.0f ms, %d queries",
        request.method,
        request.path,
        response.status_code,
        seconds * 1000,
        asked.count,
        extra={
            "method": request.method,
            "path": request.path,
            "status": response.status_code,
            "milliseconds": round(seconds * 1000, 1),
            "queries": asked.count,
            "query_milliseconds": round(asked.seconds * 1000, 1),
        },
    )
    if person is not None and person.tenant_id is not None:
        _note_slow(response, person.tenant_id, seconds, asked)
    return response


def _note_slow(response: Response, tenant_id: int, seconds: float, asked: Asked) -> None:
    """Write it down once the answer is on its way, so that nobody waits for that."""
    limits, app = current_app.config, current_app._get_current_object()  # type: ignore[attr-defined]
    notes: list[tuple[Any, dict[str, Any]]] = []
    known = {"reference": request_id(), "queries": asked.count}
    if seconds * 1000 >= limits["SLOW_REQUEST_MS"]:
        what = f"{request.method} {request.path}"
        notes.append(("request", {**known, "what": what, "milliseconds": round(seconds * 1000)}))
    if asked.slowest * 1000 >= limits["SLOW_QUERY_MS"]:
        what = " ".join(asked.statement.split())[:LONGEST_STATEMENT]
        notes.append(("query", {**known, "what": what, "milliseconds": round(asked.slowest * 1000)}))

    def write() -> None:
        with app.app_context():
            for kind, values in notes:
                troubles.note_slow(tenant_id, kind, values)

    if notes:
        response.call_on_close(write)


def _leave(_error: BaseException | None) -> None:
    _asked.set(None)


def init_app(app: Flask) -> None:
    """Watch every request, before anything else does."""
    app.before_request(_begin_request)
    app.after_request(_end_request)
    app.teardown_request(_leave)
