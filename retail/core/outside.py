"""Posting to another program over HTTP (one request, no redirect followed, an answer of bounded size), and fetching
what lies at an address that people gave.

Never called inside a transaction: how long the other side takes is its own affair.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_network
from urllib.parse import quote, urljoin, urlsplit

from retail.core.network import Address, address_of

LARGEST_ANSWER = 64 * 1024
PIECE = 64 * 1024
MOST_REDIRECTS = 3
REDIRECTS = frozenset({301, 302, 303, 307, 308})
WRAPPING = tuple(map(ip_network, ("64:ff9b::/96", "2002::/16", "2001::/32")))
"""Addresses of IPv6 within which any of IPv4 can stand."""


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


def is_public(address: Address) -> bool:
    """Whether an address is one of the open network, not of this machine or its neighborhood."""
    if isinstance(address, IPv6Address) and any(address in network for network in WRAPPING):
        return False
    return address.is_global and not address.is_multicast


def fetch(url: str, *, largest: int, seconds: float = 15) -> bytes:
    """What lies at an address that somebody wrote into a file. Only http:// and https://, only addresses of the open
    network (also after a redirect, and whatever the name resolves to a second time), at most `largest` bytes. Raises
    Unreachable."""
    until = time.monotonic() + seconds
    for _hop in range(MOST_REDIRECTS + 1):
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None:
            raise Unreachable("only plain http:// and https:// addresses are fetched")
        try:
            connection = _connected(parts.scheme, parts.hostname, parts.port, seconds)
        except (OSError, ValueError) as problem:
            raise Unreachable(f"{type(problem).__name__}: {problem}") from problem
        try:
            path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
            connection.request("GET", quote(path, safe="/?&=%:;,+~@!$'()*#[]"), headers={"Accept": "image/*,*/*;q=0.5"})
            answer = connection.getresponse()
            where = answer.getheader("location")
            if answer.status in REDIRECTS and where:
                url = urljoin(url, where)
                continue
            if answer.status != 200:
                raise Unreachable(f"the other side answered {answer.status}")
            return _body(answer, largest, until)
        except (OSError, http.client.HTTPException, ValueError) as problem:
            raise Unreachable(f"{type(problem).__name__}: {problem}") from problem
        finally:
            connection.close()
    raise Unreachable("too many redirects")


def _connected(scheme: str, host: str, port: int | None, seconds: float) -> http.client.HTTPConnection:
    """A connection to the very address that was looked at, so that a name cannot mean another one a moment later."""
    wanted = port or (443 if scheme == "https" else 80)
    found = [str(one[4][0]) for one in socket.getaddrinfo(host, wanted, type=socket.SOCK_STREAM)]
    addresses = [address for text in found if (address := address_of(text)) is not None]
    if not addresses or not all(map(is_public, addresses)):
        raise Unreachable("it is not an address of the open network")
    connection = http.client.HTTPConnection(host, wanted, timeout=seconds)
    plain = socket.create_connection((str(addresses[0]), wanted), timeout=seconds)
    try:
        context = ssl.create_default_context()
        connection.sock = context.wrap_socket(plain, server_hostname=host) if scheme == "https" else plain
    except OSError:
        plain.close()
        raise
    return connection


def _body(answer: http.client.HTTPResponse, largest: int, until: float) -> bytes:
    pieces, size = [], 0
    while piece := answer.read(PIECE):
        size += len(piece)
        if size > largest:
            raise Unreachable(f"it is larger than {largest // 1048576} MB")
        if time.monotonic() > until:
            raise Unreachable("it took too long")
        pieces.append(piece)
    return b"".join(pieces)
