"""Commands of the program that stand in the place of Flask's own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import config
from tests.support.shop import clean_environ


def test_flask_routes_says_what_each_address_needs(tmp_path: Path) -> None:
    """By the name people type, where Flask's own command of that name would come first."""
    found = subprocess.run(
        [sys.executable, "-m", "flask", "routes", "--needs", "--json"],
        cwd=config.ROOT,
        env=clean_environ(INSTANCE_DIR=str(tmp_path)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert found.returncode == 0, f"run ./test once, which installs the command: {found.stderr}"
    assert {"/till/pay", "/sign-in"} <= {one["rule"] for one in json.loads(found.stdout)}
