"""Posting to another program over HTTP: one request, no redirect followed, an answer of bounded size.

Never called inside a transaction: how long the other side takes is its own affair.
"""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

LARGEST_ANSWER = 64 * 1024


class Unreachable(Exception):
    """Nothing came back: no connection, no answer in time, or an answer that is no HTTP."""


@dataclass(frozen=True)
class Answer:
    """What came back; the names of headers are in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def retry_after(self) -> int | None:
        """The seconds after which the other side asks to be asked again, where it says so in seconds."""
        text = self.headers.get("retry-after", "").strip()
        return int(text) if text.isdigit() else None


def post(url: str, body: bytes, headers: Mapping[str, str], *, seconds: float = 15) -> Answer:
    """Send `body` to an http:// or https:// address that the program itself chose. Raises Unreachable."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        context = ssl.create_default_context()
        connection = http.client.HTTPSConnection(host, parts.port, timeout=seconds, context=context)
    else:
        connection = http.client.HTTPConnection(host, parts.port, timeout=seconds)
    path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    try:
        connection.request("POST", path, body, dict(headers))
        answer = connection.getresponse()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, found, answer.read(LARGEST_ANSWER))
    except (OSError, http.client.HTTPException) as problem:
        raise Unreachable(f"{type(problem).__name__}: {problem}") from problem
    finally:
        connection.close()
