"""Who may write next on SQLite, which has room for one writer: first come, first served, within and between processes.

SQLite itself lets waiters ask again after pauses that grow to a tenth of a second, so the shop stands idle and whoever
came first may come last. Here threads of a process wait in a queue, and the first of each queue at two file locks.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections import deque
from pathlib import Path
from typing import IO

PAUSE_SECONDS = 0.001
BESIDE_SECONDS = 1.0
"""Who had to wait for others so lately does not write alone."""
LONGEST_REST_SECONDS = 0.05


class FairLock:
    """A first-come, first-served lock for threads: the longest-waiting writer is next, so no till starves."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._held = False
        self._queue: deque[threading.Event] = deque()

    def acquire(self, timeout: float) -> bool:
        """Whether it is ours now; False after `timeout` seconds."""
        with self._mutex:
            if not self._held and not self._queue:
                self._held = True
                return True
            turn = threading.Event()
            self._queue.append(turn)
        if turn.wait(timeout):
            return True
        with self._mutex:
            if turn.is_set():
                return True
            self._queue.remove(turn)
        return False

    def release(self) -> None:
        """Hand it to whoever waits longest."""
        with self._mutex:
            if self._queue:
                self._queue.popleft().set()
            else:
                self._held = False


class FileLock:
    """A lock between processes; the kernel releases it when a process dies.

    Who wants it goes through a gate first and stands in it until the lock is theirs. Who just released the lock finds
    the gate taken, so processes take turns however fast one of them comes back.
    """

    def __init__(self, gate: Path, lock: Path) -> None:
        self._paths = gate, lock
        self._process = 0
        self._files: list[IO[bytes]] = []

    def acquire(self, timeout: float) -> bool:
        """Whether it is ours now; False after `timeout` seconds. One thread of a process at a time."""
        gate, lock = self._open()
        deadline = time.monotonic() + timeout
        if not _taken(gate, deadline):
            return False
        try:
            return _taken(lock, deadline)
        finally:
            fcntl.flock(gate, fcntl.LOCK_UN)

    def release(self) -> None:
        """Let the next process in."""
        _gate, lock = self._open()
        fcntl.flock(lock, fcntl.LOCK_UN)

    def _open(self) -> tuple[IO[bytes], IO[bytes]]:
        # A forked child shares the locks of its parent unless it opens the files itself.
        if self._process != os.getpid():
            self._files = [path.open("ab") for path in self._paths]
            self._process = os.getpid()
        return self._files[0], self._files[1]


def _taken(file: IO[bytes], deadline: float) -> bool:
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(PAUSE_SECONDS)
        else:
            return True


class Writers:
    """All who want to write to one database file."""

    def __init__(self, database: Path) -> None:
        self._threads = FairLock()
        self._processes = FileLock(
            database.with_name(f"{database.name}-gate"), database.with_name(f"{database.name}-writer")
        )
        self._since = self._wrote = 0.0
        self._met_others = -BESIDE_SECONDS

    def acquire(self, timeout: float) -> bool:
        """Whether we may write now; False when others wrote for all of `timeout` seconds."""
        asked = time.monotonic()
        if not self._threads.acquire(timeout):
            return False
        try:
            if self._processes.acquire(asked + timeout - time.monotonic()):
                self._since = time.monotonic()
                if self._since - asked > PAUSE_SECONDS:
                    self._met_others = self._since
                return True
        except BaseException:
            self._threads.release()
            raise
        self._threads.release()
        return False

    def release(self) -> None:
        """We are done."""
        self._wrote = time.monotonic() - self._since
        self._processes.release()
        self._threads.release()

    def rest(self) -> None:
        """For who writes again and again while nobody waits for it: leave the file alone for as long as we just wrote,
        when others write as well. A till that comes then finds it free every other time, and a processor too."""
        if time.monotonic() - self._met_others < BESIDE_SECONDS:
            time.sleep(min(self._wrote, LONGEST_REST_SECONDS))
