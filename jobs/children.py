"""Child processes of the supervisor: started so that they cannot outlive it, watched, written to a log each."""

from __future__ import annotations

import ctypes
import os
import re
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

ROTATE_AT_BYTES = 10_000_000
FIRST_WAIT = 0.5
LONGEST_WAIT = 30.0
# Who ran this long has started properly: the next fall begins with the first wait again.
STEADY_AFTER = 30.0

_TROUBLE = re.compile(r"\b(ERROR|CRITICAL|Traceback)\b")
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
# Looked up once, before any fork: the child may only make the call.
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def adopt_orphans() -> None:
    """Become the parent of whatever a killed child leaves behind, so that it can be ended at the end (Linux)."""
    if _libc is not None:
        _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def own_children() -> set[int]:
    """Return the process ids of this process's children, adopted ones included (Linux; elsewhere none)."""
    try:
        return {int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split()}
    except OSError:
        return set()


def die_with_parent() -> None:
    """Ask the kernel to end this process with its parent; for `preexec_fn` of a process without threads (Linux)."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


class Log:
    """One child's log file: every line with its instant; the terminal is told of errors."""

    def __init__(self, name: str, directory: Path, tell: Callable[[str], None]) -> None:
        self.path = directory / f"{name}.log"
        self.recent: list[str] = []
        self._tell = tell
        self._label = name
        self._in_traceback = False
        self._file: IO[bytes] = self.path.open("ab", buffering=0)

    def write(self, line: str, *, tell_all: bool = False) -> None:
        """Keep `line`, and pass it on to the terminal when it is trouble or `tell_all` (but for log lines)."""
        instant = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
        try:
            if self._file.tell() > ROTATE_AT_BYTES:
                self._file.close()
                self.path.replace(self.path.with_suffix(".log.1"))
                self._file = self.path.open("ab", buffering=0)
            self._file.write(f"{instant}Z {line}\n".encode())
        except OSError:
            # A full disk must not stop the shop; the terminal still gets what matters.
            pass
        self.recent = [*self.recent[-19:], line]
        if self._is_trouble(line) or (tell_all and " INFO " not in line):
            self._tell(f"  {self._label}: {line}")

    def _is_trouble(self, line: str) -> bool:
        if _TROUBLE.search(line):
            self._in_traceback = "Traceback" in line
            return True
        if self._in_traceback:
            # The exception itself is the first line that is not indented.
            self._in_traceback = line.startswith((" ", "\t"))
            return True
        return False

    def close(self) -> None:
        """Close the file."""
        self._file.close()


@dataclass
class Pipe:
    """What comes out of one process, cut into lines."""

    source: IO[bytes]
    log: Log
    tell_all: bool
    rest: bytes = b""

    def read(self) -> bool:
        """Pass on what is there; False when the other end is closed."""
        chunk = os.read(self.source.fileno(), 65536)
        *lines, self.rest = (self.rest + chunk).replace(b"\r\n", b"\n").split(b"\n")
        if not chunk and self.rest:
            lines, self.rest = [self.rest], b""
        for line in lines:
            self.log.write(line.decode("utf-8", "replace").rstrip(), tell_all=self.tell_all)
        return bool(chunk)


class Pipes:
    """All pipes at once, read by the one thread there is: a second thread would make forking unsafe."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()

    def add(self, pipe: Pipe) -> None:
        """Read `pipe` from now on."""
        self._selector.register(pipe.source, selectors.EVENT_READ, pipe)

    def wait(self, seconds: float) -> None:
        """Pass on everything that arrives, for at most `seconds` of waiting."""
        for key, _ in self._selector.select(seconds):
            pipe: Pipe = key.data
            if not pipe.read():
                self._selector.unregister(pipe.source)
                pipe.source.close()


@dataclass
class Child:
    """One process that should run: how to start it, and when to try again after a fall."""

    name: str
    command: Sequence[str]
    environ: Mapping[str, str]
    directory: Path
    log: Log
    pipes: Pipes
    tell_all: bool = False
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    start_again_at: float = 0.0
    falls: int = 0
    wait: float = field(default=FIRST_WAIT)

    def start(self) -> None:
        """Start it in a session of its own, so that Ctrl-C reaches the supervisor alone, which ends things in order."""
        self.process = subprocess.Popen(
            self.command,
            cwd=self.directory,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - safe: this process has one thread
        )
        assert self.process.stdout is not None
        self.pipes.add(Pipe(self.process.stdout, self.log, self.tell_all))
        self.started_at = time.monotonic()

    @property
    def is_running(self) -> bool:
        """Whether it runs now."""
        return self.process is not None and self.process.poll() is None

    def note_fall(self) -> str:
        """Clean up after a process that ended by itself, choose when to start again, and return what to tell."""
        assert self.process is not None
        self.kill_group()
        code = self.process.returncode
        if time.monotonic() - self.started_at > STEADY_AFTER:
            self.wait, self.falls = FIRST_WAIT, 0
        pause, self.wait = self.wait, min(self.wait * 2, LONGEST_WAIT)
        self.falls += 1
        self.start_again_at = time.monotonic() + pause
        self.process = None
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"
        return f"{self.name} {how}; starting it again in {pause:g} s (log: {self.log.path})"

    def ask_to_end(self) -> None:
        """Send SIGTERM."""
        if self.process is not None and self.is_running:
            self.process.terminate()

    def kill_group(self) -> None:
        """Kill it with everything in its session that it leaves behind."""
        if self.process is None:
            return
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            # The group is empty: PermissionError is how macOS says so of zombies.
            return
