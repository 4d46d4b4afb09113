"""What a command does when the database is not what it expects."""

from __future__ import annotations

import pytest

from tests.conftest import make_app


@pytest.mark.parametrize(
    "command", [["check"], ["rfm", "export", "--tenant", "a"], ["import", "sales", "x", "--tenant", "a"]]
)
def test_a_database_without_tables_is_told_in_one_line(tmp_path, command):
    app = make_app(tmp_path, f"sqlite:///{tmp_path / 'empty.db'}")
    answer = app.test_cli_runner().invoke(args=command)
    assert answer.exit_code == 1
    (line,) = answer.stderr.strip().splitlines()
    assert "flask db upgrade" in line
