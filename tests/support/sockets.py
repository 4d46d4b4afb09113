"""A client of the live connection that speaks its protocol (Engine.IO 4, Socket.IO 5) over a real web socket.

Sources: github.com/socketio/engine.io-protocol and github.com/socketio/socket.io-protocol.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from simple_websocket import Client, ConnectionClosed
from simple_websocket import ConnectionError as NotConnected
from werkzeug.serving import make_server

OPEN, PING, PONG, MESSAGE = "0", "2", "3", "4"
CONNECT, DISCONNECT, EVENT, CONNECT_ERROR = "0", "1", "2", "4"


class _Line(Client):
    """A web socket whose greeting names the port as well, as a browser's does: the server compares it with the page."""

    def handshake(self) -> None:
        self.host = f"{self.host}:{self.port}"
        super().handshake()
        # What came in one piece with the answer is there already.
        self.connected = self._handle_events()


class Refused(Exception):
    """The server did not let the client in; the text is what it said."""


@dataclass
class Listener:
    """A connected screen: `heard` is every happening it was told of, with the instant it arrived; `dismissed` once the
    server ended it."""

    line: Client
    heard: list[tuple[str, int | None, float]] = field(default_factory=list)
    dismissed: bool = False

    @property
    def kinds(self) -> list[str]:
        """The kinds of what was heard, but for where the screen stands."""
        return [kind for kind, _id, _at in self.heard if kind != "position"]

    @property
    def position(self) -> int:
        """The last event it knows of, as a page would say when it connects again."""
        return max((event_id for _kind, event_id, _at in self.heard if event_id is not None), default=0)

    def listen(self, seconds: float, until: Callable[[], bool] = lambda: False) -> bool:
        """Take in what comes for so long, or until something is true; returns whether it is."""
        deadline = time.monotonic() + seconds
        while not until() and (left := deadline - time.monotonic()) > 0:
            packet = self.line.receive(timeout=left)
            if packet is not None:
                self._take(str(packet))
        return until()

    def hears(self, kind: str, seconds: float = 20, times: int = 1) -> bool:
        """Whether a happening of this kind arrives in time."""
        return self.listen(seconds, lambda: self.kinds.count(kind) >= times)

    def close(self) -> None:
        """Hang up."""
        with contextlib.suppress(ConnectionClosed):
            self.line.close()

    def _take(self, packet: str) -> None:
        if packet == PING:
            self.line.send(PONG)
        elif packet == MESSAGE + DISCONNECT:
            self.dismissed = True
        elif packet.startswith(MESSAGE + EVENT):
            name, told = json.loads(packet[2:])
            if name == "happened":
                assert set(told) == {"kind", "id"}, "more than kind and id goes out"
                self.heard.append((told["kind"], told["id"], time.monotonic()))


def knock(url: str, cookies: Mapping[str, str] | None = None, origin: str | None = None) -> Client:
    """Open a web socket as a page of `url` would, and say nothing yet. Raises Refused."""
    cookie = "; ".join(f"{name}={value}" for name, value in (cookies or {}).items())
    address = url.replace("http://", "ws://", 1) + "/socket.io/?EIO=4&transport=websocket"
    try:
        return _Line(address, headers={"Cookie": cookie, "Origin": origin or url})
    except (ConnectionClosed, NotConnected) as problem:
        raise Refused(str(problem)) from problem


def connect(
    url: str, cookies: Mapping[str, str], auth: Mapping[str, Any] | None = None, origin: str | None = None
) -> Listener:
    """Connect as a page of `url` would, with its cookies. Raises Refused."""
    line = knock(url, cookies, origin)
    opened = str(line.receive(timeout=20))
    assert opened.startswith(OPEN), opened
    line.send(MESSAGE + CONNECT + json.dumps(dict(auth or {})))
    listener = Listener(line)
    while True:
        packet = line.receive(timeout=20)
        assert packet is not None, "no answer"
        if str(packet).startswith(MESSAGE + CONNECT_ERROR):
            listener.close()
            raise Refused(str(json.loads(str(packet)[2:])["message"]))
        if str(packet).startswith(MESSAGE + CONNECT):
            return listener
        # What was missed may be told before the greeting.
        listener._take(str(packet))


@dataclass
class Served:
    """An application served by a thread of this process; `lines` are hung up at the end."""

    app: Flask
    url: str
    lines: list[Listener] = field(default_factory=list)

    def listen(self, browser: FlaskClient | None, since: object = None) -> Listener:
        """Connect as a page of this browser would, or as one that has no cookie. Raises Refused."""
        cookie = browser.get_cookie(self.app.config["SESSION_COOKIE_NAME"]) if browser else None
        self.lines.append(connect(self.url, {cookie.key: cookie.value} if cookie else {}, {"since": since}))
        return self.lines[-1]

    def say(self, kind: str, event_id: int, room: str) -> None:
        """Tell a room, as a word that came by Redis would be told."""
        screens = self.app.extensions["screens"]
        said = screens.server.emit("happened", {"kind": kind, "id": event_id}, room=room)
        asyncio.run_coroutine_threadsafe(said, screens.loop).result(10)


@contextlib.contextmanager
def serving(app: Flask) -> Iterator[Served]:
    """Serve an application on a free port."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    served = Served(app, f"http://127.0.0.1:{server.server_port}")
    try:
        yield served
    finally:
        for line in served.lines:
            line.close()
        server.shutdown()
        server.server_close()
        thread.join()
