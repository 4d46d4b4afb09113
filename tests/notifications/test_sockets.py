"""Who is let in to listen, in one process; tests/journeys/test_live.py does the same to the running program."""

from __future__ import annotations

import threading

import pytest
from simple_websocket import ConnectionClosed

from retail.core import screens
from retail.core.db import session, unit_of_work
from retail.identity import sessions
from tests import make
from tests.support.sockets import Refused, knock, serving

pytestmark = pytest.mark.sqlite_only


@pytest.fixture
def listen(app, shop):
    """Connect as a role would from its page."""
    with serving(app) as served:

        def as_(role, since=None, browser=None):
            browser = browser or (make.client(app, shop, role) if role else None)
            session.rollback()
            return served.listen(browser, since)

        yield as_


def heard(line):
    line.listen(5, lambda: any(kind == "position" for kind, *_rest in line.heard))
    return [kind for kind, *_rest in line.heard]


def test_only_who_is_signed_in_is_let_in(listen):
    assert heard(listen("cashier"))[-1] == "position"
    with pytest.raises(Refused, match="signed out"):
        listen(None)


def test_who_was_signed_out_elsewhere_is_not_let_in(app, shop, listen):
    browser = make.client(app, shop, "cashier")
    with make.within(shop), unit_of_work():
        sessions.end_all(shop.users["cashier"])
    with pytest.raises(Refused, match="signed out"):
        listen("cashier", browser=browser)


def test_no_more_are_let_in_than_there_is_room_for(listen, monkeypatch):
    first, second = listen("owner"), listen("manager")
    assert heard(first)
    assert heard(second)
    monkeypatch.setattr(screens, "MOST_SOCKETS", 2)
    with pytest.raises(Refused, match="503"):
        listen("clerk")
    monkeypatch.undo()
    others = [listen("clerk") for _turn in range(12)]
    assert all(map(heard, others))
    busy = [one.name for one in threading.enumerate() if "process_request" in one.name]
    assert len(busy) < 3, "open screens hold no threads of the server"


def test_who_says_nothing_counts_too(app, monkeypatch):
    with serving(app) as served:
        silent = knock(served.url)
        assert silent.receive(timeout=5).startswith("0")
        monkeypatch.setattr(screens, "MOST_SOCKETS", 1)
        with pytest.raises(Refused, match="503"):
            knock(served.url)
        silent.close()


def test_who_says_nothing_or_is_nobody_does_not_stay(app, listen, monkeypatch):
    monkeypatch.setattr(screens, "PATIENCE_SECONDS", 0.3)
    screen = listen("owner")
    with serving(app) as served:
        silent, refused = knock(served.url), knock(served.url)
        refused.send("40{}")
        assert is_hung_up_on(silent)
        assert is_hung_up_on(refused)
    assert heard(screen)[-1] == "position"
    assert screen.line.connected


def is_hung_up_on(line):
    try:
        while line.receive(timeout=5):
            pass
    except ConnectionClosed:
        return True
    return False


def test_a_screen_whose_admission_breaks_is_told_to_come_again(listen, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr(screens, "_admit", [lambda _said: 1 / 0])
        with pytest.raises(Refused, match="busy"):
            listen("owner")
    assert heard(listen("owner"))[-1] == "position"


def test_a_page_hears_what_happened_while_it_was_drawn_and_later_only_what_is_new(shop, listen):
    with make.within(shop):
        make.sale(shop, (make.product("Tea", stock=3), 1))
    told = heard(listen("owner"))
    assert "sale.completed" in told
    assert told[-2:] == ["figures.updated", "position"], "what was pushed when it was handled may have been missed too"
    session.rollback()
    assert heard(listen("owner", since=10_000)) == ["position"]
    assert "sale.completed" in heard(listen("owner", since="nonsense"))


def test_what_is_no_web_socket_is_sent_away(app):
    assert app.test_client().get("/socket.io/?EIO=4&transport=polling").status_code == 400
