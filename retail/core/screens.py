"""Open screens, a thousand and more on one machine: their sockets are taken from the web server's threads and looked
after by one thread of each process, which sleeps until something is to be said.

The web server has read the request; `hand_over` takes the connection out of its hands, and the thread speaks Socket.IO
on it. Who may listen is asked once, in the context of that request. What is said comes from Redis.
"""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import socket
import threading
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

import socketio
from flask import Flask
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Ping,
    RejectConnection,
    Request,
    TextMessage,
)
from wsproto.utilities import ProtocolError

from retail.core.push import OVER

log = logging.getLogger(__name__)
PATH = "/socket.io/"
MOST_SOCKETS = 4000
"""Open in one process; more are refused and come again."""
ASKING_THREADS = 4
"""How many newcomers are asked at once who they are: each needs the database for a moment."""
LONGEST_WORD = 16 * 1024
"""A screen says who it is and answers pings; nothing it says is longer."""
PATIENCE_SECONDS = 10.0
"""So long a connection may say nothing of who it is, or stay after it was not let in."""
WANTED_FILES = 16384
BREATH_SECONDS = 0.3


class NotAdmitted(Exception):
    """Whoever connects may not listen; the text is what their screen is told."""


@dataclass(frozen=True)
class Admitted:
    """What a screen listens to; `missed` tells (kind, id) of each happening it missed, and is asked when it listens
    already, for nothing to fall between. After `seconds` it has to ask anew."""

    rooms: Iterable[str]
    missed: Callable[[], Iterable[tuple[str, int]]]
    seconds: float | None = None


Admit = Callable[[Any], Admitted]
_admit: list[Admit] = []


def admission(admit: Admit) -> Admit:
    """Declare who may listen: called with what the screen says of itself, in the context of its request. It raises
    NotAdmitted."""
    _admit[:] = [admit]
    return admit


def ask(app: Flask, environ: dict[str, Any], said: Any) -> Admitted:
    """Whether this connection is admitted, asked in a thread that may wait. Raises NotAdmitted."""
    with app.request_context(environ):
        return _admit[0](said)


class Screens:
    """The sockets of one process and the thread that looks after them, started by the first that comes."""

    def __init__(self, app: Flask, redis_url: str | None) -> None:
        self.app, self.redis_url = app, redis_url
        self.count = 0
        self._lock = threading.Lock()
        self.loop: asyncio.AbstractEventLoop | None = None
        self._asking = ThreadPoolExecutor(ASKING_THREADS, thread_name_prefix="who-listens")
        self._tasks: set[asyncio.Task[None]] = set()

    def hand_over(self, connection: socket.socket, environ: dict[str, Any]) -> None:
        """Take a connection whose request was read from the web server's hands."""
        own = connection.dup()
        # The server goes on with a line that has ended: whatever it does to close it leaves ours alone.
        dead, other = socket.socketpair()
        other.close()
        os.dup2(dead.fileno(), connection.fileno(), inheritable=False)
        dead.close()
        own.setblocking(False)
        loop = self._running()
        loop.call_soon_threadsafe(self._begin, own, {**environ, "wsgi.input": None})

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self.loop is None:
                _allow_many_files()
                self.loop = asyncio.new_event_loop()
                ready = threading.Event()
                threading.Thread(target=self._run, args=(ready,), name="screens", daemon=True).start()
                ready.wait()
            return self.loop

    def _run(self, ready: threading.Event) -> None:
        assert self.loop is not None
        asyncio.set_event_loop(self.loop)
        manager = _Gathering(self.redis_url, logger=_quiet) if self.redis_url else None
        self.server = socketio.AsyncServer(
            async_mode="asgi", client_manager=manager, transports=["websocket"], max_http_buffer_size=LONGEST_WORD
        )
        self.server.on("connect", self._connect)
        self._answer = socketio.ASGIApp(self.server, socketio_path=PATH)
        self.loop.call_soon(ready.set)
        self.loop.run_forever()

    def _begin(self, connection: socket.socket, environ: dict[str, Any]) -> None:
        self._keep(self._serve(connection, environ))

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        """Let work go on by itself; the loop alone would forget it."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, connection: socket.socket, environ: dict[str, Any]) -> None:
        if self.count >= MOST_SOCKETS:
            _send_away(connection)
            return
        self.count += 1
        try:
            reader, writer = await asyncio.open_connection(sock=connection, limit=LONGEST_WORD)
            line = _Line(reader, writer, environ)
            line.may_stay_for(PATIENCE_SECONDS)
            try:
                await self._answer(line.scope, line.receive, line.send)
            finally:
                line.may_stay_for(None)
                writer.close()
        except (OSError, ProtocolError) as problem:
            log.debug("a screen is gone: %s", problem)
        finally:
            self.count -= 1

    async def _connect(self, screen: str, environ: dict[str, Any], said: Any = None) -> None:
        scope = environ["asgi.scope"]
        line: _Line = scope["line"]
        # How long asking takes is our affair: after a restart a thousand screens come at once.
        line.may_stay_for(None)
        loop = asyncio.get_running_loop()
        try:
            admitted = await loop.run_in_executor(self._asking, ask, self.app, scope["wsgi"], said)
        except NotAdmitted as no:
            line.may_stay_for(PATIENCE_SECONDS)
            raise socketio.exceptions.ConnectionRefusedError(str(no)) from None
        except Exception:
            # Unanswered, the screen would stay connected and hear nothing for ever; refused, it comes again.
            log.exception("whether a screen may listen could not be found out")
            raise socketio.exceptions.ConnectionRefusedError("busy") from None
        for room in admitted.rooms:
            await self.server.enter_room(screen, room)
        if admitted.seconds is not None:
            loop.call_later(admitted.seconds, lambda: self._keep(self.server.disconnect(screen)))
        self._keep(self._tell(screen, admitted))

    async def _tell(self, screen: str, admitted: Admitted) -> None:
        missed = await asyncio.get_running_loop().run_in_executor(self._asking, self._missed, admitted)
        for kind, event_id in missed:
            await self.server.emit("happened", {"kind": kind, "id": event_id}, to=screen, ignore_queue=True)

    def _missed(self, admitted: Admitted) -> list[tuple[str, int]]:
        with self.app.app_context():
            return list(admitted.missed())


def _send_away(connection: socket.socket) -> None:
    """Refuse a connection before anything is kept for it; whoever it is tries again."""
    with connection, suppress(OSError):
        connection.send(b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")


class _Gathering(socketio.AsyncRedisManager):
    """Says the first of a kind in a room at once, and of those that follow within a breath only the last: a screen
    re-reads what it shows, so ten thousand notifications are worth no more to it than one."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._waiting: dict[tuple[str, str], dict[str, Any] | None] = {}
        self._keeping: set[asyncio.Task[None]] = set()

    async def _handle_emit(self, message: dict[str, Any]) -> None:
        said = message.get("data")
        data = said[0] if isinstance(said, list) and len(said) == 1 else said
        if message.get("event") == OVER:
            for screen, _line in list(self.get_participants("/", message.get("room"))):
                await self.server.disconnect(screen)
            return
        if message.get("event") != "happened" or not isinstance(data, dict):
            await super()._handle_emit(message)
            return
        key = (str(message.get("room")), str(data.get("kind")))
        if key in self._waiting:
            self._waiting[key] = message
            return
        self._waiting[key] = None
        asyncio.get_running_loop().call_later(BREATH_SECONDS, self._breathe, key)
        await super()._handle_emit(message)

    def _breathe(self, key: tuple[str, str]) -> None:
        latest = self._waiting.pop(key)
        if latest is not None:
            task = asyncio.get_running_loop().create_task(self._handle_emit(latest))
            self._keeping.add(task)
            task.add_done_callback(self._keeping.discard)


# A Redis that is away is said once by whoever needs it; here losing a word is harmless.
_quiet = logging.getLogger("retail.core.screens.redis")
_quiet.setLevel(logging.CRITICAL)


def _allow_many_files() -> None:
    """Each socket is an open file, and many systems allow a thousand of them unless asked."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED_FILES if hard == resource.RLIM_INFINITY else min(WANTED_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class _Line:
    """One web socket as ASGI knows it, on a connection whose request was read by somebody else."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, environ: dict[str, Any]) -> None:
        self._reader, self._writer = reader, writer
        self._protocol = WSConnection(ConnectionType.SERVER)
        names = {name: name[5:].replace("_", "-").lower() for name in environ if name.startswith("HTTP_")}
        headers = [(short.encode(), str(environ[name]).encode("latin-1")) for name, short in names.items()]
        target = f"{environ['PATH_INFO']}?{environ.get('QUERY_STRING', '')}"
        self._protocol.initiate_upgrade_connection(headers, target)
        self._events = self._protocol.events()
        self._text: list[str] = []
        self._asked, self._accepted, self._over = False, False, False
        self.scope = {
            "type": "websocket",
            "path": environ["PATH_INFO"],
            "query_string": str(environ.get("QUERY_STRING", "")).encode(),
            "headers": headers,
            "wsgi": environ,
            "line": self,
        }
        self._leave: asyncio.TimerHandle | None = None

    def may_stay_for(self, seconds: float | None) -> None:
        """Hang up after so long, counted from now; never, with None."""
        if self._leave is not None:
            self._leave.cancel()
        later = asyncio.get_running_loop().call_later
        self._leave = None if seconds is None else later(seconds, self._writer.close)

    async def receive(self) -> dict[str, Any]:
        """What comes next."""
        if not self._asked:
            self._asked = True
            if not isinstance(next(self._events, None), Request):
                raise ProtocolError("no web socket was asked for")
            return {"type": "websocket.connect"}
        while not self._over:
            for event in self._protocol.events():
                said = await self._taken(event)
                if said is not None:
                    return said
            read = await self._reader.read(LONGEST_WORD)
            self._protocol.receive_data(read or None)
            self._over = not read
        return {"type": "websocket.disconnect", "code": 1005}

    async def _taken(self, event: Any) -> dict[str, Any] | None:
        if isinstance(event, TextMessage):
            self._text.append(event.data)
            if sum(map(len, self._text)) > LONGEST_WORD:
                raise ProtocolError("too long")
            if event.message_finished:
                whole, self._text = "".join(self._text), []
                return {"type": "websocket.receive", "text": whole}
        elif isinstance(event, BytesMessage):
            raise ProtocolError("screens speak text")
        elif isinstance(event, Ping):
            await self._write(event.response())
        elif isinstance(event, CloseConnection):
            await self._write(event.response())
            self._over = True
            return {"type": "websocket.disconnect", "code": event.code}
        return None

    async def send(self, message: dict[str, Any]) -> None:
        """Say something."""
        if message["type"] == "websocket.accept":
            self._accepted = True
            await self._write(AcceptConnection())
        elif message["type"] == "websocket.send":
            await self._write(TextMessage(message["text"]))
        elif message["type"] == "websocket.close" and not self._over:
            self._over = True
            await self._write(CloseConnection(1000) if self._accepted else RejectConnection(status_code=400))

    async def _write(self, event: Any) -> None:
        self._writer.write(self._protocol.send(event))
        await self._writer.drain()


def init_app(app: Flask) -> None:
    """Take the sockets of this process out of the server's hands before anything else sees their requests."""
    screens = Screens(app, app.config["REDIS_URL"] if app.config.get("SERVES_SOCKETS") else None)
    app.extensions["screens"] = screens
    inside = app.wsgi_app

    def serve(environ: dict[str, Any], start_response: Any) -> Any:
        if environ.get("PATH_INFO") != PATH:
            return inside(environ, start_response)
        connection = environ.get("gunicorn.socket") or environ.get("werkzeug.socket")
        if connection is None or environ.get("HTTP_UPGRADE", "").lower() != "websocket":
            start_response("400 Bad Request", [("Content-Type", "text/plain"), ("Connection", "close")])
            return [b"Only web sockets are served here."]
        screens.hand_over(connection, environ)
        # How each server is told that the connection is no longer its own.
        raise StopIteration if "gunicorn.socket" in environ else ConnectionError

    app.wsgi_app = cast(Any, serve)  # type: ignore[method-assign]
