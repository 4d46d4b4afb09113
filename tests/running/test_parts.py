"""Parts of the start that a whole start would reach too seldom: revisions, sockets, logs, locks, the installer."""

import os
import re
import shutil
import sqlite3
import subprocess
from pathlib import Path

import psycopg
import pytest

import config
from jobs import embedded_redis, schema
from jobs.children import ROTATE_AT_BYTES, Log
from tests.support import postgres
from tests.support.shop import clean_environ

ROOT = config.ROOT


def settings(tmp_path, **environ):
    return config.load({"INSTANCE_DIR": str(tmp_path / "instance"), **environ})


class TestRevisions:
    def test_the_newest_are_those_that_no_other_follows(self, tmp_path):
        (tmp_path / "a.py").write_text("revision = 'one'\ndown_revision = None\n")
        (tmp_path / "b.py").write_text('revision: str = "two"\ndown_revision: str | None = "one"\n')
        (tmp_path / "c.py").write_text('revision: str = "three"\ndown_revision: Union[str, None] = "one"\n')
        assert schema.heads(tmp_path) == {"two", "three"}
        (tmp_path / "d.py").write_text('revision = "four"\ndown_revision = ("two", "three")\n')
        assert schema.heads(tmp_path) == {"four"}

    def test_a_new_database_is_at_none(self, tmp_path):
        shop = settings(tmp_path)
        assert schema.applied(shop) == set()
        sqlite3.connect(shop.database_file).close()
        assert schema.applied(shop) == set()

    def test_a_file_that_is_no_database_is_told_apart_from_a_new_one(self, tmp_path, monkeypatch, capsys):
        shop = settings(tmp_path)
        shop.database_file.write_text("this is not a database, it is a letter to my aunt" * 100)
        with pytest.raises(OSError, match="not a database"):
            schema.applied(shop)
        monkeypatch.setenv("INSTANCE_DIR", str(shop.instance_dir))
        monkeypatch.delenv("DATABASE_URL", raising=False)
        assert schema.main() == schema.UNREACHABLE
        assert capsys.readouterr().err.startswith("DATABASE_URL: the database cannot be used (")

    @pytest.mark.postgres
    @pytest.mark.skipif(postgres.unavailable_reason() is not None, reason=str(postgres.unavailable_reason()))
    def test_postgresql_is_asked_the_same(self, tmp_path):
        with postgres.postgres_server() as server:
            shop = settings(tmp_path, DATABASE_URL=server.create("shop"))
            assert schema.applied(shop) == set()
            with psycopg.connect(server.url("shop").replace("+psycopg", "")) as connection:
                connection.execute("create table alembic_version as select 'two' as version_num")
            assert schema.applied(shop) == {"two"}
            nowhere = settings(tmp_path, DATABASE_URL=server.url("no_such_database"))
            with pytest.raises(OSError, match="no_such_database"):
                schema.applied(nowhere)


class TestEmbeddedRedis:
    def test_a_directory_of_somebody_else_is_not_used(self, tmp_path):
        (tmp_path / "theirs").mkdir()
        (tmp_path / "run").symlink_to(tmp_path / "theirs")
        with pytest.raises(PermissionError, match="belongs to somebody else"):
            embedded_redis.make_private(tmp_path / "run")

    def test_a_directory_open_to_all_is_closed(self, tmp_path):
        tmp_path.chmod(0o777)
        embedded_redis.make_private(tmp_path)
        assert tmp_path.stat().st_mode & 0o777 == 0o700

    def test_nobody_answers_where_nobody_listens(self, tmp_path):
        assert embedded_redis.answers(tmp_path / "redis.sock") == b""
        assert not embedded_redis.is_ready(tmp_path / "redis.sock")

    def test_a_server_on_the_path_is_the_last_resort(self, tmp_path, monkeypatch):
        monkeypatch.setattr(embedded_redis, "_CARRIERS", ())
        monkeypatch.setenv("PATH", str(tmp_path))
        assert embedded_redis.server_binary() is None
        server = tmp_path / "valkey-server"
        server.write_text("#!/bin/sh\n")
        server.chmod(0o755)
        assert embedded_redis.server_binary() == server


class TestLog:
    def test_a_full_log_is_set_aside_once(self, tmp_path):
        (tmp_path / "web.log").write_bytes(b"x" * (ROTATE_AT_BYTES + 1))
        log = Log("web", tmp_path, print)
        log.write("first")
        log.write("second")
        log.close()
        assert log.path.with_suffix(".log.1").stat().st_size > ROTATE_AT_BYTES
        assert [line.split("Z ")[1] for line in log.path.read_text().splitlines()] == ["first", "second"]

    def test_a_traceback_is_told_whole_and_nothing_after_it(self, tmp_path):
        told = []
        log = Log("web", tmp_path, told.append)
        for line in ("fine", "Traceback (most recent call last):", '  File "x.py"', "KeyError: 1", "fine again"):
            log.write(line)
        log.close()
        assert [line.removeprefix("  web: ") for line in told] == [
            "Traceback (most recent call last):",
            '  File "x.py"',
            "KeyError: 1",
        ]


class TestLocks:
    @pytest.mark.parametrize("name", ["requirements.txt", "requirements-test.txt"])
    def test_every_package_is_pinned_with_hashes_and_nothing_tells_where_from(self, name):
        text = (ROOT / name).read_text(encoding="utf-8")
        entries = re.split(r"\n(?=[A-Za-z0-9])", text)[1:]
        assert len(entries) > 50
        for entry in entries:
            assert re.match(r"[A-Za-z0-9._\[\]-]+==[^ ]+", entry), entry
            assert "--hash=sha256:" in entry, entry
        for line in text.splitlines():
            assert not re.match(r"\s*(-i|--index-url|--extra-index-url|--find-links|-e|[A-Za-z.]+ @ )", line), line
            assert "://" not in line

    def test_the_test_lock_holds_the_very_versions_that_run(self):
        runtime, test = (
            set(re.findall(r"^[A-Za-z0-9._\[\]-]+==[^ \\]+", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE))
            for name in ("requirements.txt", "requirements-test.txt")
        )
        assert runtime <= test


PYTHON = """#!/bin/sh
# Says yes to every question, and makes environments that hold nothing but itself.
case "$*" in "-m venv .venv") mkdir -p .venv/bin .venv/lib/python3.11/site-packages && cp "$0" .venv/bin/python ;; esac
"""


class TestInstaller:
    """The installer with a stand-in for Python; each ./run and ./test proves it with a real one."""

    @pytest.fixture
    def copy(self, tmp_path):
        root = tmp_path / "copy"
        (root / "scripts").mkdir(parents=True)
        shutil.copy(ROOT / "scripts/install.sh", root / "scripts")
        shutil.copytree(ROOT / "scripts/commands", root / "scripts/commands")
        for lock in ("requirements.txt", "requirements-test.txt"):
            (root / lock).write_text("# nothing\n")
        (tmp_path / "python").write_text(PYTHON)
        (tmp_path / "python").chmod(0o755)
        return root

    def install(self, root, lock="requirements.txt", **environ):
        return subprocess.run(
            ["sh", "scripts/install.sh", lock],
            cwd=root,
            env=clean_environ(**{"PYTHON": str(root.with_name("python")), **environ}),
            capture_output=True,
            text=True,
            check=False,
        )

    def test_it_installs_once_and_mends_what_is_half_made_moved_or_broken(self, copy):
        assert "making .venv" in self.install(copy).stdout
        assert self.install(copy).stdout == ""

        (copy / ".venv/.installing").write_text("")
        for stamp in (copy / ".venv").glob(".installed-*"):
            stamp.unlink()
        assert "half made" in self.install(copy).stdout

        moved = copy.with_name("moved")
        copy.rename(moved)
        assert "another place" in self.install(moved).stdout

        (moved / ".venv/bin/python").unlink()
        assert "gone or too old" in self.install(moved).stdout
        assert self.install(moved).stdout == ""

    def test_what_the_tests_installed_serves_the_shop_too(self, copy):
        assert self.install(copy, "requirements-test.txt").returncode == 0
        assert self.install(copy, "requirements.txt").stdout == ""
        (copy / "requirements.txt").write_text("# changed\n")
        assert "up to" in self.install(copy, "requirements.txt").stdout

    def test_own_commands_are_installed_and_follow_their_source(self, copy):
        source = copy / "scripts/commands/counterfoil_commands.py"
        installed = copy / ".venv/lib/python3.11/site-packages/counterfoil_commands.py"
        self.install(copy)
        assert installed.read_text() == source.read_text()
        source.write_text("# changed\n")
        assert self.install(copy).stdout == ""
        assert installed.read_text() == "# changed\n"
        assert "routes" in (installed.parent / "counterfoil_commands-1.dist-info/entry_points.txt").read_text()

    def test_two_installations_do_not_meet(self, copy):
        (copy / ".venv").mkdir()
        (copy / ".venv/.installing").write_text(str(os.getpid()))
        answer = self.install(copy)
        assert answer.returncode == 1
        assert f"process {os.getpid()} is installing" in answer.stderr

    def test_without_python_it_says_what_to_get(self, copy, tmp_path):
        tools = tmp_path / "tools"
        tools.mkdir()
        for name in ("sh", "cksum", "tr", "dirname", "cat", "mkdir", "rm", "grep"):
            found = shutil.which(name)
            assert found
            (tools / name).symlink_to(found)
        answer = self.install(copy, PATH=str(tools), PYTHON="")
        assert answer.returncode == 1
        assert answer.stderr.startswith("Python: none of version 3.11 or newer is found; install one")

        old = tools / "python3"
        old.write_text(
            '#!/bin/sh\ncase "$2" in *ensurepip* | *"import venv"*) exit 1 ;; esac\ncase "$1" in -m) exit 1 ;; esac\n'
        )
        old.chmod(0o755)
        answer = self.install(copy, PATH=str(tools), PYTHON="")
        assert answer.returncode == 1
        assert "install python3-venv" in answer.stderr
        assert not Path(copy / ".venv").exists()


@pytest.mark.parametrize("script", ["run", "test", "scripts/install.sh", "scripts/test-needs.sh", ".ci/run"])
def test_commands_are_executable_and_well_formed(script):
    assert os.access(ROOT / script, os.X_OK)
    shell = "bash" if script == ".ci/run" else "sh"
    assert subprocess.run([shell, "-n", ROOT / script], check=False).returncode == 0
