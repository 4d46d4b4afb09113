"""The whole program as a person starts it: supervisor and processes, on a port and an instance of its own."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import config
from tests.support.smtp import free_port

OWN_VARIABLES = {variable.name for variable in config.VARIABLES}


def clean_environ(**settings: str) -> dict[str, str]:
    """Return this process's environment without any setting of the program, plus `settings`."""
    return {name: value for name, value in os.environ.items() if name not in OWN_VARIABLES} | settings


@dataclass
class RunningShop:
    """A started supervisor. `log` is everything it printed."""

    process: subprocess.Popen[bytes]
    instance: Path
    port: int
    log: Path

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def output(self) -> str:
        """What it printed so far."""
        return self.log.read_text(encoding="utf-8")

    def wait_for(self, text: str, seconds: float = 120, times: int = 1) -> None:
        """Wait until it has printed `text` so often; fails with all it printed."""
        deadline = time.monotonic() + seconds
        while self.output.count(text) < times:
            if self.process.poll() is not None and self.output.count(text) < times:
                raise AssertionError(f"ended with {self.process.returncode} before {text!r}:\n{self.output}")
            if time.monotonic() > deadline:
                raise AssertionError(f"no {text!r} in {seconds} s:\n{self.output}")
            time.sleep(0.05)

    def answers(self, path: str = "/health") -> bool:
        """Whether the web process gives 200 for `path`."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def processes(self) -> dict[int, str]:
        """Return the command line of every living descendant, by process id (Linux)."""
        found: dict[int, str] = {}
        waiting = [self.process.pid]
        while waiting:
            parent = waiting.pop()
            for child in _children(parent):
                command = _command(child)
                if command:
                    found[child] = command
                waiting.append(child)
        return found

    def kill(self, part: str, number: signal.Signals = signal.SIGKILL) -> int:
        """Send `number` to the supervisor's own child whose command line holds `part`; return its id."""
        pid = next(pid for pid in _children(self.process.pid) if part in _command(pid))
        os.kill(pid, number)
        return pid

    def stop(self, number: signal.Signals = signal.SIGTERM, seconds: float = 30) -> int:
        """Ask it to end, wait, and return its status."""
        self.process.send_signal(number)
        return self.process.wait(seconds)


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]
    except OSError:
        return []


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    except OSError:
        return ""


def start_shop(
    instance: Path,
    root: Path = config.ROOT,
    environ: Mapping[str, str] | None = None,
    port: int | None = None,
    output: int | None = None,
) -> RunningShop:
    """Start the supervisor of the working copy at `root`, writing to the descriptor `output`; returns at once."""
    port = port or free_port()
    instance.mkdir(parents=True, exist_ok=True)
    log = instance.with_name(f"{instance.name}-{secrets.token_hex(4)}.out")
    settings = clean_environ(PORT=str(port), INSTANCE_DIR=str(instance), **dict(environ or {}))
    settings["PYTHONPATH"] = os.pathsep.join(dict.fromkeys((str(root), str(config.ROOT))))
    with log.open("ab") as kept:
        process = subprocess.Popen(
            [sys.executable, "-m", "jobs.supervisor"],
            cwd=root,
            env=settings,
            stdout=kept if output is None else output,
            stderr=subprocess.STDOUT,
        )
    return RunningShop(process, instance, port, log)


@contextmanager
def running_shop(
    instance: Path, root: Path = config.ROOT, environ: Mapping[str, str] | None = None, seconds: float = 300
) -> Iterator[RunningShop]:
    """Start the supervisor, wait for its `ready` line, and end it at the end."""
    shop = start_shop(instance, root, environ)
    try:
        shop.wait_for("\nready ", seconds)
        yield shop
    finally:
        if shop.process.poll() is None:
            shop.stop()
