"""Log lines that say which request, business and person they belong to: plain, or JSON for programs."""

from __future__ import annotations

import json
import logging
import re
import secrets
from datetime import UTC, datetime
from typing import Any

from flask import g, has_request_context, request

from retail.core.tenancy import tenant_id_or_none

PLAIN = "%(asctime)s %(levelname)s %(name)s %(message)s%(of_request)s"
_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
OWN = frozenset(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {"message", "asctime", "of_request", "taskName"}
"""What every log record carries; anything else was said on purpose."""


def request_id() -> str:
    """The id of this request, which is also the reference number people tell support: that of the proxy in front when
    one is trusted and sends one, else a new one."""
    if "request_id" not in g:
        given = request.headers.get("X-Request-Id", "") if g.get("trusts_proxy") else ""
        g.request_id = given if _ID.fullmatch(given) else secrets.token_hex(4).upper()
    return str(g.request_id)


class OfRequest(logging.Filter):
    """Adds to every record whose request it belongs to."""

    def filter(self, record: logging.LogRecord) -> bool:
        known = request_id() if has_request_context() else ""
        record.of_request = f" [{known}]" if known else ""
        record.request = known or None
        record.tenant = tenant_id_or_none()
        person = g.get("person") if has_request_context() else None
        record.user = person.id if person is not None else None
        return True


class JsonLines(logging.Formatter):
    """One JSON object a line; what was handed over as `extra` stands beside the message."""

    def format(self, record: logging.LogRecord) -> str:
        said: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        said |= {name: value for name, value in vars(record).items() if name not in OWN and value is not None}
        if record.exc_info:
            said["trace"] = self.formatException(record.exc_info)
        return json.dumps(said, ensure_ascii=False, default=str)


def set_up(level: str, form: str) -> None:
    """Let all loggers of this process write so."""
    logging.basicConfig(level=level)
    for handler in logging.getLogger().handlers:
        if type(handler) is logging.StreamHandler:
            handler.setFormatter(JsonLines() if form == "json" else logging.Formatter(PLAIN))
            if not any(isinstance(one, OfRequest) for one in handler.filters):
                handler.addFilter(OfRequest())
