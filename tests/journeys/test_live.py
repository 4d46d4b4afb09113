"""Live screens against the running program: who may listen, what they hear, how soon, and what they never hear."""

from __future__ import annotations

import re
import subprocess
import sys
import time

import pytest
import requests

import config
from tests.journeys.support import found
from tests.support import redis
from tests.support.shop import clean_environ, running_shop
from tests.support.sockets import Refused, connect

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(redis.unavailable_reason() is not None, reason=str(redis.unavailable_reason())),
]


@pytest.fixture(scope="module")
def instance(tmp_path_factory):
    """Where the program keeps its state."""
    return tmp_path_factory.mktemp("live") / "shop"


@pytest.fixture(scope="module")
def open_shop(instance):
    """The running program, the corner shop, and its rival on the same server."""
    business, rival = found(instance)
    with running_shop(instance, environ={"DEMO": "0"}) as shop:
        yield shop.url, business, rival


@pytest.fixture
def listen(open_shop):
    """Connect as somebody; hung up at the end."""
    url, *_businesses = open_shop
    lines = []

    def as_(business, role, since=None):
        lines.append(connect(url, business.people[role].cookies, {"since": since}))
        return lines[-1]

    yield as_
    for line in lines:
        line.close()


def test_nobody_listens_without_having_signed_in(open_shop):
    url, business, _rival = open_shop
    with pytest.raises(Refused, match="signed out"):
        connect(url, {})
    with pytest.raises(Refused, match="signed out"):
        connect(url, {name: value[:-3] + "abc" for name, value in business.people["owner"].cookies.items()})


def test_a_page_of_another_site_cannot_listen(open_shop):
    url, business, _rival = open_shop
    with pytest.raises(Refused):
        connect(url, business.people["owner"].cookies, origin="https://evil.example")


def test_a_sale_is_heard_at_once_by_its_business_and_never_by_another(open_shop, listen):
    url, business, rival = open_shop
    owner, stranger = listen(business, "owner"), listen(rival, "owner")
    for number in range(3):
        assert business.pay(url, f"live-sale-{number:06}", business.goods[0]) == 200
        assert owner.hears("sale.completed", times=number + 1)

    assert rival.pay(url, "rival-sale-000001", rival.goods[0]) == 200
    assert stranger.hears("sale.completed")
    stranger.listen(0.5)
    assert stranger.kinds.count("sale.completed") == 1
    owner.listen(0.5)
    assert owner.kinds.count("sale.completed") == 3


def test_the_bell_of_one_person_rings_for_nobody_else(open_shop, listen):
    url, business, rival = open_shop
    manager, second, owner = listen(business, "manager"), listen(business, "manager"), listen(business, "owner")
    stranger = listen(rival, "manager")
    assert business.people["manager"].post(f"{url}/notifications/read-all").status_code == 200
    assert manager.hears("notification")
    assert second.hears("notification")
    for other in (owner, stranger):
        other.listen(0.3)
        assert "notification" not in other.kinds


def test_what_was_missed_is_told_on_coming_back_and_only_ones_own(open_shop, listen):
    url, business, rival = open_shop
    owner, witness = listen(business, "owner"), listen(business, "manager")
    owner.listen(0.3)
    position = owner.position
    owner.close()
    for number in range(3):
        assert business.pay(url, f"missed-sale-{number:06}", business.goods[1]) == 200
    assert rival.pay(url, "rival-sale-000002", rival.goods[1]) == 200
    # While the worker still tells of a sale, one who comes back may hear of it from both: wait for the last of them.
    early = listen(business, "owner", since=position)
    assert early.hears("sale.completed")
    last = next(event_id for kind, event_id, _at in early.heard if kind == "sale.completed")
    assert witness.listen(20, lambda: witness.position >= last)

    back = listen(business, "owner", since=position)
    assert back.listen(5, lambda: any(kind == "position" for kind, *_rest in back.heard))
    assert back.kinds.count("sale.completed") == 1, "each kind is told once, with its latest event"
    assert back.position > position
    back.listen(1)
    assert back.kinds.count("sale.completed") == 1
    again = listen(business, "owner", since=back.position)
    again.listen(0.5)
    assert "sale.completed" not in again.kinds


def test_work_asked_for_on_the_page_is_done_by_the_worker(open_shop):
    url, business, _rival = open_shop
    manager = business.people["manager"]
    deadline = time.monotonic() + 20
    while "Tidy up at night" not in (page := manager.get(f"{url}/schedules/").text):
        assert time.monotonic() < deadline, "the scheduler gave no schedules"
        time.sleep(0.2)
    address = re.findall(r'action="(/schedules/\d+/run)"', page.partition("Tidy up at night")[2])[0]
    started = manager.post(url + address)
    assert started.status_code == 204
    task = url + started.headers["HX-Redirect"]
    while "every 1s" in manager.get(f"{task}/progress").text:
        assert time.monotonic() < deadline + 20, "the task does not end"
        time.sleep(0.2)
    assert "Done" in manager.get(task).text


def test_the_web_process_keeps_answering_pages_while_screens_listen(open_shop, listen):
    url, business, _rival = open_shop
    screens = [listen(business, "owner") for _screen in range(20)]
    assert requests.get(f"{url}/health", timeout=10).status_code == 200
    assert business.pay(url, "many-screens-000001", business.goods[2]) == 200
    assert all(screen.hears("sale.completed") for screen in screens)


def test_the_screens_of_a_suspended_business_are_closed_at_once_and_no_others(open_shop, listen, instance):
    """Last of all, for the rival does not come back."""
    _url, business, rival = open_shop
    theirs, ours = listen(rival, "owner"), listen(business, "owner")
    order = [sys.executable, "-m", "flask", "tenant", "suspend", "--tenant", rival.cast.slug, "--reason", "The bill"]
    subprocess.run(order, cwd=config.ROOT, env=clean_environ(INSTANCE_DIR=str(instance)), check=True)
    assert theirs.listen(20, lambda: theirs.dismissed)
    with pytest.raises(Refused, match="signed out"):
        listen(rival, "owner")
    ours.listen(0.3)
    assert not ours.dismissed
