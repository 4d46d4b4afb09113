"""Runs the whole shop on one machine: Redis, web, worker, scheduler, in order; brings back what falls; ends all of it.

`./run` comes here. Loads nothing of the program itself, so that it starts at once and cannot fall with it. Production
with more than one machine uses the units in deploy/ instead.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import TextIO

import config
from jobs import embedded_redis, preflight, schema
from jobs.children import Child, Log, Pipes, adopt_orphans, own_children
from jobs.preflight import StartFailed

TICK = 0.1
GRACE_SECONDS = 12.0
# A web process that falls so often before it has answered once will not recover by itself.
HOPELESS_AFTER = 3
LOADED_WITHIN = 30.0


class Stopping(Exception):
    """Somebody asked to stop while the shop was being opened."""


def tell(line: str) -> None:
    """Print `line` at once; a closed terminal is no reason to stop."""
    try:
        print(line, flush=True)
    except OSError:
        # What could not be written stays in the buffer, and would fail again at the end of the process.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


class Supervisor:
    """The processes of one instance, from opening to closing."""

    def __init__(self, settings: config.Config, arguments: dict[str, str]) -> None:
        self.settings = settings
        self.pipes = Pipes()
        self.redis: Child | None = None
        self.children: list[Child] = []
        self.asked_to_stop = 0
        self._environ = arguments | {
            "INSTANCE_DIR": str(settings.instance_dir),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{arguments.get('PATH', os.defpath)}",
            "PYTHONUNBUFFERED": "1",
            "FLASK_APP": "wsgi:app",
        }
        self._logs = settings.instance_dir / "logs"
        self._was_ready = False

    # ---- opening

    def open(self) -> None:
        """Bring everything up. Raises StartFailed or Stopping."""
        self._logs.mkdir(mode=0o700, exist_ok=True)
        if self.settings.embedded_redis:
            self._start_redis()
        is_new = self._bring_database_up_to_date()
        logins = self.settings.instance_dir / "demo-logins.json"
        if self.settings.demo and (is_new or not logins.exists()):
            tell("demo       loading the demo shop into an empty database")
            self._run_to_end("demo", "flask", "demo", "load", "--if-empty")
        tell(f"starting   web, {self.settings.workers} worker{'s' * (self.settings.workers > 1)}, scheduler")
        web, *others = [self._child(name, *command) for name, command in self._roles()]
        # The pages come first: what works behind them would only take their time while all of it loads.
        self.children = [web]
        web.start()
        self._until(self._is_healthy, 300, "the web process does not answer", on_tick=self._watch)
        self._was_ready = True
        self.children += others
        for child in others:
            child.start()
        if self.settings.demo:
            tell_logins(logins)
        tell(f"ready {self.address}")

    @property
    def address(self) -> str:
        """Where a person on this machine finds the shop."""
        host = config.reachable(self.settings.host)
        return f"http://{host}:{self.settings.port}"

    def _roles(self) -> list[tuple[str, tuple[str, ...]]]:
        host = f"[{self.settings.host}]" if ":" in self.settings.host else self.settings.host
        web = (
            *("gunicorn", "wsgi:app", "--preload", "--worker-class", "gthread"),
            *("--workers", str(self.settings.web_processes)),
            *("--threads", str(self.settings.threads), "--bind", f"{host}:{self.settings.port}"),
            *("--graceful-timeout", "5", "--timeout", "60", "--no-control-socket"),
        )
        count = self.settings.workers
        workers = [(f"worker-{n}" if count > 1 else "worker", ("jobs.worker",)) for n in range(1, count + 1)]
        return [("web", web), *workers, ("scheduler", ("jobs.scheduler",))]

    def _child(self, name: str, module: str, *arguments: str, tell_all: bool = False) -> Child:
        command = [sys.executable, "-m", module, *arguments]
        log = Log(name, self._logs, tell)
        return Child(name, command, self._environ, config.ROOT, log, self.pipes, tell_all)

    def _start_redis(self) -> None:
        unix_socket = self.settings.redis_socket
        binary = embedded_redis.server_binary()
        if binary is None or unix_socket is None:
            raise StartFailed("REDIS_URL: no Redis server comes with this Python; give the address of one")
        home = self.settings.instance_dir / "redis"
        try:
            embedded_redis.make_private(home)
            embedded_redis.make_private(unix_socket.parent)
        except OSError as problem:
            raise StartFailed(f"REDIS_URL: {problem}; give the address of a Redis server") from problem
        # Left by a supervisor that was killed: two servers writing one file would spoil it.
        if embedded_redis.answers(unix_socket):
            embedded_redis.answers(unix_socket, b"SHUTDOWN\r\n")
            self._until(lambda: not embedded_redis.answers(unix_socket), 10, "an old Redis does not end")
        log = Log("redis", self._logs, tell)
        command = embedded_redis.command(binary, unix_socket, home)
        self.redis = Child("redis", command, self._environ, home, log, self.pipes)
        self.redis.start()
        redis = self.redis

        def is_up() -> bool:
            if not redis.is_running:
                self.pipes.wait(0.2)
                last = next((line for line in reversed(log.recent) if line.strip()), "no output")
                raise StartFailed(f"redis ended while starting: {last} (log: {log.path})")
            return embedded_redis.is_ready(unix_socket)

        self._until(is_up, 60, f"redis does not answer (log: {log.path})")

    def _bring_database_up_to_date(self) -> bool:
        """Migrate if needed; True when there was something to do."""
        state = self._run_to_end("database", "jobs.schema", allowed=(schema.CURRENT, schema.BEHIND))
        if state == schema.BEHIND:
            tell("database   bringing the tables up to date")
            self._run_to_end("database", "flask", "db", "upgrade")
        return state == schema.BEHIND

    def _run_to_end(self, name: str, module: str, *arguments: str, allowed: tuple[int, ...] = (0,)) -> int:
        child = self._child(name, module, *arguments, tell_all=True)
        child.start()
        process = child.process
        assert process is not None
        try:
            self._until(lambda: process.poll() is not None, None, "")
        except Stopping:
            child.kill_group()
            process.wait()
            raise
        self.pipes.wait(0)
        if process.returncode not in allowed:
            raise StartFailed(f"`{' '.join((module, *arguments))}` failed (log: {child.log.path})")
        child.log.close()
        return int(process.returncode)

    def _is_healthy(self) -> bool:
        line = http.client.HTTPConnection(
            config.reachable(self.settings.host).strip("[]"), self.settings.port, timeout=2
        )
        try:
            line.request("GET", "/health")
            return line.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            line.close()

    def _until(
        self, done: Callable[[], bool], seconds: float | None, otherwise: str, on_tick: Callable[[], None] | None = None
    ) -> None:
        deadline = None if seconds is None else time.monotonic() + seconds
        while not done():
            if self.asked_to_stop:
                raise Stopping
            if deadline is not None and time.monotonic() > deadline:
                raise StartFailed(otherwise)
            if on_tick is not None:
                on_tick()
            self.pipes.wait(TICK)

    # ---- being open

    def watch(self) -> None:
        """Stay until asked to stop, and bring back whatever falls."""
        while not self.asked_to_stop:
            self._watch()
            self.pipes.wait(TICK)

    def _watch(self) -> None:
        for child in [*([self.redis] if self.redis else []), *self.children]:
            if child.is_running:
                continue
            if child.process is not None:
                tell(child.note_fall())
                if child.name == "web" and not self._was_ready and child.falls >= HOPELESS_AFTER:
                    raise StartFailed(f"web cannot start: {self._last_words(child)}")
            elif time.monotonic() >= child.start_again_at:
                child.start()
        self._reap_adopted()

    def _last_words(self, web: Child) -> str:
        """Why the web process ends. Of a RuntimeError while the program loads gunicorn tells neither the kind nor the
        place, so the program is loaded once more by itself: what it raises then is told as of any other process."""
        self.pipes.wait(0)
        if not any("Traceback" in line for line in web.log.recent):
            command = [sys.executable, "-c", "import wsgi"]
            alone = Child("web", command, self._environ, config.ROOT, web.log, self.pipes)
            alone.start()
            try:
                deadline = time.monotonic() + LOADED_WITHIN
                self._until(lambda: not alone.is_running or time.monotonic() > deadline, None, "")
            finally:
                alone.kill_group()
            self.pipes.wait(0)
        said = [line for line in web.log.recent if line.strip()]
        return " | ".join(said[-3:]) or f"it says nothing (log: {web.log.path})"

    def _reap_adopted(self) -> None:
        for pid in self._adopted():
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                continue

    def _adopted(self) -> set[int]:
        ours = {child.process.pid for child in [self.redis, *self.children] if child and child.process}
        return own_children() - ours

    # ---- closing

    def close(self) -> None:
        """End scheduler, workers and web together, then what they left behind, Redis last. A second signal kills."""
        asked_before = self.asked_to_stop
        for child in reversed(self.children):
            child.ask_to_end()
        self._wait_for_end(self.children, lambda: self.asked_to_stop > asked_before)
        for pid in self._adopted():
            try:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            except (ProcessLookupError, ChildProcessError):
                continue
        if self.redis is not None:
            self.redis.ask_to_end()
            self._wait_for_end([self.redis], lambda: False)
        self.pipes.wait(0)

    def _wait_for_end(self, children: list[Child], hurry: Callable[[], bool]) -> None:
        deadline = time.monotonic() + GRACE_SECONDS
        while any(child.is_running for child in children) and time.monotonic() < deadline and not hurry():
            self.pipes.wait(TICK)
        for child in children:
            child.kill_group()
            if child.process is not None:
                child.process.wait()


def tell_logins(path: Path) -> None:
    """Print the demo's log-ins as a table, if the file is there."""
    try:
        people = json.loads(path.read_text(encoding="utf-8"))
        rows = [[str(person[key]) for key in ("tenant", "role", "email", "password")] for person in people]
    except (OSError, ValueError, KeyError, TypeError):
        return
    widths = [max(len(row[column]) for row in rows) for column in range(4)] if rows else []
    tell(f"log-ins    of the demo, also in {path}")
    for row in rows:
        tell("  " + "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


def main() -> int:
    """Open, stay open, close. Returns the exit status."""
    os.umask(0o077)
    settings = config.load_or_exit()
    held: TextIO | None = None
    supervisor = Supervisor(settings, dict(os.environ))

    def stop(_number: int, _frame: FrameType | None) -> None:
        supervisor.asked_to_stop += 1

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    adopt_orphans()
    status = 0
    try:
        held, was_killed = preflight.lock(settings)
        # The children of a killed supervisor need a moment to end.
        preflight.claim_port(settings, patience=8 if was_killed else 0)
        if settings.is_sqlite:
            preflight.check_sqlite()
        tell(f"instance   {settings.instance_dir}")
        supervisor.open()
        supervisor.watch()
        tell("stopping")
    except Stopping:
        tell("stopping")
    except StartFailed as problem:
        sys.stderr.write(f"{problem}\n")
        status = 1
    finally:
        supervisor.close()
        if held is not None:
            held.truncate(0)
            held.close()
    return status


if __name__ == "__main__":
    sys.exit(main())
