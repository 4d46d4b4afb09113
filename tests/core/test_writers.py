"""Who may write next: in turn, within a process and between processes, and nobody waits forever."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from retail.core.writers import Writers

HOLD = """
import sys, time
from pathlib import Path
from retail.core.writers import Writers
writers = Writers(Path(sys.argv[1]))
assert writers.acquire(10)
print("held", flush=True)
time.sleep(float(sys.argv[2]))
writers.release()
print("released", flush=True)
time.sleep(60)
"""
IN_TURN = """
import sys, time
from pathlib import Path
from retail.core.writers import Writers
writers = Writers(Path(sys.argv[1]))
end = time.monotonic() + 2
turns = 0
while time.monotonic() < end:
    assert writers.acquire(10)
    time.sleep(0.005)
    writers.release()
    turns += 1
print(turns, flush=True)
"""


@pytest.fixture
def database(tmp_path):
    return tmp_path / "shop.db"


@pytest.fixture
def process(database):
    """Start another process that runs a script; all are ended with the test."""
    started = []

    def start(script, *arguments):
        command = [sys.executable, "-c", script, str(database), *arguments]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for one in started:
        one.kill()
        one.wait()


def test_threads_are_served_in_the_order_they_came(database):
    writers, order = Writers(database), []
    assert writers.acquire(1)

    def work(number):
        assert writers.acquire(10)
        order.append(number)
        writers.release()

    threads = []
    for number in range(5):
        threads.append(threading.Thread(target=work, args=(number,)))
        threads[-1].start()
        time.sleep(0.02)
    writers.release()
    for one in threads:
        one.join()
    assert order == [0, 1, 2, 3, 4]


def test_another_process_waits_for_its_turn(database, process):
    writers = Writers(database)
    other = process(HOLD, "0.5")
    assert other.stdout.readline() == "held\n"
    assert not writers.acquire(0.05)
    assert writers.acquire(10)
    assert other.stdout.readline() == "released\n"


def test_a_killed_process_holds_nobody_up(database, process):
    other = process(HOLD, "60")
    assert other.stdout.readline() == "held\n"
    os.kill(other.pid, signal.SIGKILL)
    assert Writers(database).acquire(10)


def test_two_busy_processes_take_turns(database, process):
    pair = [process(IN_TURN), process(IN_TURN)]
    fewer, more = sorted(int(one.communicate(timeout=30)[0]) for one in pair)
    assert fewer > 20
    assert more < 3 * fewer


def test_who_gave_up_is_not_in_the_way(database):
    writers = Writers(database)
    assert writers.acquire(1)
    assert not writers.acquire(0.05)
    writers.release()
    assert writers.acquire(1)


def test_who_writes_for_nobody_rests_beside_others_and_only_then(database, process):
    writers = Writers(database)

    def seconds_of_rest():
        began = time.monotonic()
        writers.rest()
        return time.monotonic() - began

    assert writers.acquire(1)
    time.sleep(0.02)
    writers.release()
    assert seconds_of_rest() < 0.01, "alone it need not"

    other = process(IN_TURN)
    assert other.stdout is not None
    waited = 0
    while other.poll() is None and waited < 20:
        assert writers.acquire(5)
        time.sleep(0.02)
        writers.release()
        waited += seconds_of_rest() >= 0.02
    assert waited >= 5
