"""Who is let in to listen, in one process; tests/journeys/test_live.py does the same to the running program."""

from __future__ import annotations

import pytest

from retail.core import push
from retail.core.db import session, unit_of_work
from retail.core.push import socketio
from retail.identity import sessions
from retail.notifications import sockets
from tests import make

pytestmark = pytest.mark.sqlite_only


@pytest.fixture
def connect(app, shop, monkeypatch):
    monkeypatch.setattr(sockets, "_open", set())
    lines = []

    def as_(role, since=None):
        browser = make.client(app, shop, role) if role else app.test_client()
        lines.append(socketio.test_client(app, flask_test_client=browser, auth={"since": since}))
        return lines[-1]

    yield as_
    for line in lines:
        if line.is_connected():
            line.disconnect()


def heard(line):
    return [one["args"][0]["kind"] for one in line.get_received()]


def test_only_who_is_signed_in_is_let_in(connect):
    assert connect("cashier").is_connected()
    assert not connect(None).is_connected()


def test_who_was_signed_out_elsewhere_is_not_let_in(app, shop, connect):
    with make.within(shop), unit_of_work():
        sessions.end_all(shop.users["cashier"])
    browser = make.client(app, shop, "cashier")
    with make.within(shop), unit_of_work():
        sessions.end_all(shop.users["cashier"])
    assert not socketio.test_client(app, flask_test_client=browser).is_connected()


def test_pages_keep_the_rest_of_the_threads(connect, monkeypatch):
    monkeypatch.setattr(sockets, "MOST_SOCKETS", 2)
    first, second = connect("owner"), connect("manager")
    assert second.is_connected()
    assert not connect("clerk").is_connected()
    first.disconnect()
    assert connect("clerk").is_connected()
    assert push.MOST_SOCKETS < 200


def test_a_page_hears_what_happened_while_it_was_drawn_and_later_only_what_is_new(shop, connect):
    with make.within(shop):
        make.sale(shop, (make.product("Tea", stock=3), 1))
    told = heard(connect("owner"))
    assert "sale.completed" in told
    assert told[-2:] == ["figures.updated", "position"], "what was pushed when it was handled may have been missed too"
    session.rollback()
    assert heard(connect("owner", since=10_000)) == ["position"]
    assert "sale.completed" in heard(connect("owner", since="nonsense"))
