"""The supervisor with stand-ins for web, worker and scheduler: what a person sees, and finds left over."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

import config
from tests.support import redis
from tests.support.shop import running_shop, start_shop

JOBS = f"""
import pathlib, config
# What is not here is the real thing; only the root is another.
__path__.append({str(config.ROOT / "jobs")!r})
config.ROOT = pathlib.Path(__file__).parents[1]
"""
WEB = """
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"fine"]
"""
SLEEPER = "import time\nwhile True:\n    time.sleep(1)\n"
COMMANDS = """
import json, pathlib, os, sqlite3, sys
instance = pathlib.Path(os.environ["INSTANCE_DIR"])
if sys.argv[1:] == ["db", "upgrade"]:
    with sqlite3.connect(instance / "counterfoil.db") as connection:
        connection.execute("create table if not exists alembic_version (version_num text)")
        connection.execute("delete from alembic_version")
        connection.execute("insert into alembic_version values ('second')")
elif sys.argv[1:] == ["demo", "load", "--if-empty"]:
    print("two shops")
    people = [{"tenant": "corner", "role": "owner", "email": "olive@corner.example", "password": "a-demo-word"}]
    (instance / "demo-logins.json").write_text(json.dumps(people))
else:
    sys.exit(f"unknown: {sys.argv}")
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(redis.unavailable_reason() is not None, reason=str(redis.unavailable_reason())),
]


@pytest.fixture
def copy(tmp_path):
    """A root in which only the supervisor is real."""
    root = tmp_path / "copy"
    (root / "jobs").mkdir(parents=True)
    (root / "migrations/versions").mkdir(parents=True)
    (root / "jobs/__init__.py").write_text(JOBS)
    (root / "wsgi.py").write_text(WEB)
    (root / "flask.py").write_text(COMMANDS)
    (root / "jobs/worker.py").write_text(SLEEPER)
    (root / "jobs/scheduler.py").write_text(SLEEPER)
    (root / "migrations/versions/a.py").write_text('revision = "first"\ndown_revision = None\n')
    (root / "migrations/versions/b.py").write_text('revision: str = "second"\ndown_revision: str | None = "first"\n')
    return root


@pytest.fixture
def instance(tmp_path):
    return tmp_path / "instance"


def ended(pids, seconds=5.0):
    """Whether all of `pids` are gone in time; a zombie counts as gone."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not any(is_alive(pid) for pid in pids):
            return True
        time.sleep(0.05)
    return False


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except OSError:
        return False


def test_the_shop_opens_says_where_and_leaves_nothing_behind(copy, instance):
    with running_shop(instance, copy) as shop:
        assert shop.answers()
        assert shop.output.splitlines()[-1] == f"ready http://127.0.0.1:{shop.port}"
        assert "corner  owner  olive@corner.example  a-demo-word" in shop.output
        left = shop.processes()
        for part in ("redis-server", "gunicorn", "jobs.worker", "jobs.scheduler"):
            assert any(part in command for command in left.values()), part
        assert shop.stop() == 0
    assert ended(left)
    assert shop.output.splitlines()[-1] == "stopping"
    assert all(path.stat().st_mode & 0o077 == 0 for path in instance.rglob("*") if path.name != "redis.sock")


def test_the_second_start_does_nothing_twice(copy, instance):
    with running_shop(instance, copy):
        pass
    with running_shop(instance, copy) as shop:
        assert "bringing" not in shop.output
        assert "loading" not in shop.output
        assert "log-ins" in shop.output


def test_new_migrations_are_applied_at_the_next_start(copy, instance):
    with running_shop(instance, copy):
        pass
    (copy / "migrations/versions/c.py").write_text('revision = "third"\ndown_revision = "second"\n')
    (copy / "flask.py").write_text(COMMANDS.replace("'second'", "'third'"))
    with running_shop(instance, copy) as shop:
        assert "bringing the tables up to date" in shop.output


@pytest.mark.parametrize("name", ["gunicorn", "jobs.worker", "jobs.scheduler", "redis-server"])
def test_a_killed_process_comes_back(copy, instance, name):
    with running_shop(instance, copy) as shop:
        gone = shop.kill(name)
        shop.wait_for("starting it again in 0.5 s", 10)
        deadline = time.monotonic() + 10
        while not any(name in command for pid, command in shop.processes().items() if pid != gone):
            assert time.monotonic() < deadline, shop.output
            time.sleep(0.05)
        while not shop.answers():
            assert time.monotonic() < deadline, shop.output
            time.sleep(0.05)
        assert "was killed by SIGKILL" in shop.output


def test_who_falls_again_and_again_waits_longer_each_time(copy, instance):
    (copy / "jobs/worker.py").write_text("raise SystemExit(7)\n")
    with running_shop(instance, copy) as shop:
        shop.wait_for("worker ended with status 7; starting it again in 2 s", 15)
        assert (
            shop.output.index("again in 0.5 s") < shop.output.index("again in 1 s") < shop.output.index("again in 2 s")
        )


def test_nothing_outlives_a_killed_supervisor_and_the_shop_opens_again(copy, instance):
    shop = start_shop(instance, copy)
    shop.wait_for("\nready ")
    left = shop.processes()
    shop.process.kill()
    shop.process.wait()
    assert ended(left)
    again = start_shop(instance, copy, port=shop.port)
    again.wait_for("\nready ")
    assert again.stop() == 0


def test_the_shop_opens_again_at_once_after_a_killed_supervisor(copy, instance):
    shop = start_shop(instance, copy)
    shop.wait_for("\nready ")
    shop.process.kill()
    shop.process.wait()
    again = start_shop(instance, copy, port=shop.port)
    again.wait_for("\nready ")
    assert again.stop() == 0


def test_one_instance_is_opened_once(copy, instance):
    with running_shop(instance, copy) as shop:
        other = start_shop(instance, copy)
        assert other.process.wait(20) == 1
        line = other.output
        assert line.startswith(f"INSTANCE_DIR: {instance} is open already (process {shop.process.pid})")
        assert shop.answers()


def test_a_port_in_use_is_one_clear_line(copy, instance):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        shop = start_shop(instance, copy, port=taken.getsockname()[1])
        assert shop.process.wait(20) == 1
    assert shop.output.startswith(f"PORT: 127.0.0.1:{shop.port} cannot be had (Address already in use); give another")
    assert len(shop.output.splitlines()) == 1


def test_ctrl_c_while_the_demo_loads_stops_at_once(copy, instance):
    (copy / "flask.py").write_text(COMMANDS.replace('print("two shops")', "import time; time.sleep(60)"))
    shop = start_shop(instance, copy)
    shop.wait_for("loading the demo shop")
    left = shop.processes()
    assert shop.stop(signal.SIGINT, seconds=10) == 0
    assert ended(left)


def test_a_failed_migration_is_told_with_its_reason(copy, instance):
    (copy / "flask.py").write_text("raise SystemExit('no such column: price')")
    shop = start_shop(instance, copy)
    assert shop.process.wait(30) == 1
    assert "database: no such column: price" in shop.output
    assert shop.output.splitlines()[-1].startswith("`flask db upgrade` failed (log: ")


def test_a_web_process_that_cannot_start_is_given_up_with_its_last_words(copy, instance):
    (copy / "wsgi.py").write_text("raise RuntimeError('no templates here')")
    shop = start_shop(instance, copy)
    assert shop.process.wait(60) == 1
    assert "RuntimeError: no templates here" in shop.output
    assert shop.output.splitlines()[-1].startswith("web cannot start: ")


def test_errors_reach_the_terminal_and_chatter_the_log(copy, instance):
    (copy / "jobs/worker.py").write_text("print('all quiet')\nimport time\ntime.sleep(1)\n{}['total']\n")
    with running_shop(instance, copy) as shop:
        shop.wait_for("worker: KeyError: 'total'", 20)
        assert "worker: Traceback (most recent call last):" in shop.output
        assert "all quiet" not in shop.output
        assert "all quiet" in (instance / "logs/worker.log").read_text()


def test_what_a_killed_worker_leaves_running_is_ended_with_the_shop(copy, instance):
    forking = "import os, time\nif os.fork() == 0:\n    os.setsid()\n    open('left', 'w').write(str(os.getpid()))\n"
    (copy / "jobs/worker.py").write_text(forking + SLEEPER)
    with running_shop(instance, copy) as shop:
        # Workers start once the pages answer; this one is to be killed after it forked.
        deadline = time.monotonic() + 30
        while not (copy / "left").exists() or not (copy / "left").read_text():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        shop.kill("jobs.worker")
        shop.wait_for("worker was killed by SIGKILL", 10)
        left = int((copy / "left").read_text())
        assert is_alive(left)
        shop.stop()
    assert ended([left])


def test_with_a_redis_of_its_own_the_shop_starts_none(copy, instance):
    with redis.redis_server() as server, running_shop(instance, copy, {"REDIS_URL": server.url}) as shop:
        assert not any("redis-server" in command for command in shop.processes().values())
        assert not (instance / "redis").exists()


def test_an_empty_shop_is_left_empty(copy, instance):
    with running_shop(instance, copy, {"DEMO": "0"}) as shop:
        assert "demo" not in shop.output.partition("\n")[2]
    assert not (instance / "demo-logins.json").exists()


def test_as_many_workers_as_asked_for(copy, instance):
    with running_shop(instance, copy, {"WORKERS": "3"}) as shop:
        assert sum("jobs.worker" in command for command in shop.processes().values()) == 3


def test_an_orphaned_redis_is_ended_before_a_new_one_starts(copy, instance):
    from_before = config.load({"INSTANCE_DIR": str(instance)})
    assert from_before.redis_socket is not None
    (instance / "redis").mkdir()
    from_before.redis_socket.parent.mkdir(exist_ok=True)
    binary = redis.embedded_redis.server_binary()
    assert binary is not None
    command = redis.embedded_redis.command(binary, from_before.redis_socket, instance / "redis")
    orphan = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while not redis.embedded_redis.is_ready(from_before.redis_socket):
        time.sleep(0.02)
    with running_shop(instance, copy):
        assert orphan.wait(1) == 0


def test_a_fall_of_the_terminal_is_no_reason_to_stop(copy, instance):
    reading, writing = os.pipe()
    shop = start_shop(instance, copy, output=writing)
    os.close(writing)
    os.close(reading)
    deadline = time.monotonic() + 60
    while not shop.answers():
        assert shop.process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert shop.stop() == 0
