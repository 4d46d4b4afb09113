"""Who may write next: in turn, within a process and between processes, and nobody waits forever."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from itertools import pairwise

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
import sys
from pathlib import Path
from retail.core.writers import Writers
writers, log, me = Writers(Path(sys.argv[1])), Path(sys.argv[2]), sys.argv[3]
print("ready", flush=True)
sys.stdin.readline()
while True:
    assert writers.acquire(10)
    turns = log.read_text() + me
    log.write_text(turns)
    writers.release()
    if min(turns.count(one) for one in "ab") >= 50 or len(turns) >= 5000:
        break
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
        started.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
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
        while len(writers._threads._queue) <= number:
            time.sleep(0.001)
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


def test_two_busy_processes_take_turns(database, process, tmp_path):
    """From the moment both are there: how often it is the other's turn, not how many turns fit into a second."""
    log = tmp_path / "turns"
    log.write_text("")
    pair = [process(IN_TURN, str(log), name) for name in "ab"]
    for one in pair:
        assert one.stdout.readline() == "ready\n"
    for one in pair:
        one.stdin.write("\n")
        one.stdin.flush()
    for one in pair:
        assert one.wait(30) == 0
    turns = log.read_text()
    both = turns[max(map(turns.find, "ab")) : min(map(turns.rfind, "ab")) + 1]
    changes = sum(one != other for one, other in pairwise(both))
    assert min(map(both.count, "ab")) >= 40
    assert changes > len(both) / 3


def test_who_gave_up_is_not_in_the_way(database):
    writers = Writers(database)
    assert writers.acquire(1)
    assert not writers.acquire(0.05)
    writers.release()
    assert writers.acquire(1)


def test_who_writes_for_nobody_rests_beside_others_and_only_then(database, process, monkeypatch):
    writers, rests = Writers(database), []

    def write():
        assert writers.acquire(5)
        time.sleep(0.02)
        writers.release()
        with monkeypatch.context() as clock:
            clock.setattr(time, "sleep", rests.append)
            writers.rest()

    write()
    assert rests == [], "alone it need not"

    log = database.with_name("turns")
    log.write_text("")
    other = process(IN_TURN, str(log), "a")
    assert other.stdout.readline() == "ready\n"
    other.stdin.write("\n")
    other.stdin.flush()
    while other.poll() is None and len(rests) < 5:
        write()
    assert len(rests) == 5
    assert min(rests) >= 0.02
