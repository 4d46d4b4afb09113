"""Anything is killed at any moment while several tills sell: nothing is lost, nothing is doubled, everything ties."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import threading
import time
from collections import Counter

import pytest

from tests.journeys.support import STOCK, Stand, check, found
from tests.support import redis
from tests.support.redis import redis_server
from tests.support.shop import running_shop

TILLS = 3
SALES_BETWEEN = 2
SEED = 20
STRIKES = {"gunicorn": 1, "request": 2, "jobs.worker": 1, "jobs.scheduler": 1, "redis-server": 1}
"""What is killed how often; `request` is the process under gunicorn's master in which sales happen."""
LEVELS = "select variant_id, on_hand / 1000 from stock_levels where tenant_id = {}"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(redis.unavailable_reason() is not None, reason=str(redis.unavailable_reason())),
]


@pytest.fixture
def instance(tmp_path):
    return tmp_path / "shop"


def rows(instance, statement):
    connection = sqlite3.connect(f"file:{instance / 'counterfoil.db'}?mode=ro", uri=True, timeout=10)
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()


def unfinished(instance):
    """Events and deliveries that still have to be seen to."""
    waiting = "select count(*) from events where relayed_at is null"
    pending = "select count(*) from event_deliveries where state <> 'done'"
    return rows(instance, waiting)[0][0] + rows(instance, pending)[0][0]


def wait_until_told(instance, seconds):
    deadline = time.monotonic() + seconds
    while unfinished(instance):
        assert time.monotonic() < deadline, rows(
            instance, "select handler, state, attempts, error from event_deliveries where state <> 'done' limit 5"
        )
        time.sleep(0.1)


def strike(shop, part):
    """Kill a part where it is; False when it is just not there."""
    try:
        if part != "request":
            shop.kill(part)
            return True
        _master, *served = sorted(pid for pid, command in shop.processes().items() if "gunicorn" in command)
        if not served:
            return False
        os.kill(served[-1], signal.SIGKILL)
        return True
    except (StopIteration, ValueError, ProcessLookupError):
        return False


def wait_for_more(stands):
    """Let every till sell again, so that each strike falls among sales, on a slow machine too."""
    before = [len(one.sold) for one in stands]
    deadline = time.monotonic() + 120
    while any(len(one.sold) < count + SALES_BETWEEN for one, count in zip(stands, before, strict=True)):
        assert time.monotonic() < deadline, [(one.name, len(one.sold), one.refused) for one in stands]
        time.sleep(0.02)


def test_killing_any_process_while_selling_loses_and_doubles_nothing(instance):
    business, _rival = found(instance)
    chance = random.Random(SEED)
    order = list(Counter(STRIKES).elements())
    chance.shuffle(order)
    stop = threading.Event()
    with running_shop(instance, environ={"DEMO": "0"}) as shop:
        stands = [Stand(f"till{number}", shop.url, business, stop) for number in range(TILLS)]
        sellers = [threading.Thread(target=one.run) for one in stands]
        for seller in sellers:
            seller.start()
        for part in order:
            wait_for_more(stands)
            time.sleep(chance.uniform(0, 0.3))
            while not strike(shop, part):
                time.sleep(0.1)
        wait_for_more(stands)
        stop.set()
        for seller in sellers:
            seller.join(130)
        assert not any(seller.is_alive() for seller in sellers)
        wait_until_told(instance, 60)
        said = check(instance)

    sold = {key: what for stand in stands for key, what in stand.sold.items()}
    kept = rows(
        instance, "select o.key, l.variant_id, l.quantity from orders o join order_lines l on l.order_id = o.id"
    )
    assert len(kept) == len({key for key, *_rest in kept})
    assert {key: (variant, quantity // 1000) for key, variant, quantity in kept} == sold
    assert sum(stand.tries for stand in stands) > len(sold), "no sale was ever interrupted"
    left = Counter(dict.fromkeys(business.goods, STOCK))
    for goods, quantity in sold.values():
        left[goods] -= quantity
    assert dict(rows(instance, LEVELS.format(business.cast.tenant_id))) == dict(left)
    numbers = [number for (number,) in rows(instance, "select number from orders order by id")]
    assert len(set(numbers)) == len(sold)
    assert said["ok"], [one for one in said["checks"] if one["faults"]]
    assert (said["events_waiting"], said["deliveries_pending"]) == (0, 0)


def test_without_redis_sales_go_on_and_their_consequences_follow_when_it_returns(instance):
    business, _rival = found(instance)
    with redis_server() as messenger, running_shop(instance, environ={"DEMO": "0", "REDIS_URL": messenger.url}) as shop:
        assert business.pay(shop.url, "with-redis-000001", business.goods[0], 1) == 200
        wait_until_told(instance, 60)
        messenger.kill()
        for number in range(5):
            assert business.pay(shop.url, f"without-redis-{number:06}", business.goods[0], 1) == 200
        time.sleep(1.5)
        assert unfinished(instance)
        messenger.start()
        wait_until_told(instance, 60)
        assert check(instance)["ok"]
    assert rows(instance, "select count(*) from orders") == [(6,)]
    assert "Traceback" not in "".join(path.read_text() for path in (instance / "logs").glob("scheduler.log"))
