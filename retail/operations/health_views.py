"""For whoever watches the machine: `/health/deep` in words, `/metrics` in numbers. Neither tells of any business."""

from __future__ import annotations

import hmac
from typing import Any

from flask import Response, abort, current_app, jsonify, request

from retail.operations import health, module
from retail.permissions import PUBLIC

LOCAL = frozenset({"127.0.0.1", "::1"})


def _holds_token() -> bool:
    token, given = current_app.config["METRICS_TOKEN"], request.headers.get("Authorization", "")
    return bool(token) and hmac.compare_digest(f"Bearer {token}".encode(), given.encode())


def _is_local() -> bool:
    """From this machine itself, and not handed on by a proxy on it."""
    handed_on = current_app.config["TRUSTED_PROXIES"] or "X-Forwarded-For" in request.headers
    return not handed_on and request.remote_addr in LOCAL


@module.get("/health/deep", needs=PUBLIC)
def health_deep() -> Any:
    """Whether everything that the shop leans on works: for this machine, and whoever holds the token."""
    if not (_is_local() or _holds_token()):
        abort(404)
    found = health.look()
    return jsonify(found), 503 if found["state"] == "failed" else 200


@module.get("/metrics", needs=PUBLIC)
def metrics() -> Response:
    """Counters and gauges as Prometheus reads them, for whoever holds the token."""
    if not _holds_token():
        abort(404)
    return Response(health.as_metrics(), content_type="text/plain; version=0.0.4; charset=utf-8")
