"""What benches share: an instance that is thrown away, and how figures are said."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from config import ROOT

OF_A_SHOP_HERE = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "PORT", "HOST")


@contextmanager
def new_instance(database_url: str | None = None) -> Iterator[Path]:
    """A new instance with its tables made, which this process and its children work on, without Redis; removed at the
    end. `database_url` takes an empty PostgreSQL database in place of a new SQLite file."""
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        for name in OF_A_SHOP_HERE:
            os.environ.pop(name, None)
        os.environ |= {"INSTANCE_DIR": directory, "REDIS_URL": "redis://127.0.0.1:1", "LOG_LEVEL": "ERROR"}
        os.environ |= {"RATE_LIMIT_USER": "0", "RATE_LIMIT_ADDRESS": "0"}
        if database_url:
            os.environ["DATABASE_URL"] = database_url
        subprocess.run([sys.executable, "-m", "flask", "db", "upgrade"], cwd=ROOT, check=True, capture_output=True)
        yield Path(directory)


def say(figures: Mapping[str, object], *, as_json: bool) -> None:
    """Print what was measured, for machines or in lines."""
    if as_json:
        print(json.dumps(figures, indent=2))
        return
    width = max(map(len, figures))
    for name, value in figures.items():
        print(f"{name:{width}}  {value}")
