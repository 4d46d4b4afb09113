"""Blocked addresses: turned away before anything else, IPv6 and proxies included; nobody blocks themselves unawares."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import event
from werkzeug.middleware.proxy_fix import ProxyFix

from retail.core import clock, db, remembered
from retail.core.blocks import Listed
from retail.core.network import address_of, network_of
from tests import make

FORM = {"reason": "Floods us", "hours": "24"}


@pytest.fixture
def keeper(app, context):
    return make.administrator(app)


def block(keeper, network, **more):
    return make.post(keeper, "/platform/blocks/new", {**FORM, "network": network, **more})


def status(app, address, path="/sign-in", **more):
    return app.test_client().get(path, environ_base={"REMOTE_ADDR": address}, **more).status_code


@pytest.mark.parametrize(
    ("network", "inside", "outside"),
    [
        ("192.0.2.7", "192.0.2.7", "192.0.2.8"),
        ("192.0.2.9/24", "192.0.2.200", "192.0.3.1"),
        ("192.0.2.0/24", "::ffff:192.0.2.4", "::ffff:192.0.3.4"),
        ("::ffff:192.0.2.4", "192.0.2.4", "192.0.2.5"),
        ("2001:db8:1:2::/64", "2001:db8:1:2:abcd::1", "2001:db8:1:3::1"),
        ("2001:db8::5", "2001:db8:0:0::5", "2001:db8::6"),
    ],
)
def test_who_is_blocked_gets_nothing(app, keeper, network, inside, outside):
    assert block(keeper, network).status_code == 303
    for path in ("/sign-in", "/customers/", "/static/favicon.svg", "/socket.io/?transport=websocket", "/nothing"):
        assert status(app, inside, path) == 403, path
    assert status(app, outside) == 200


def test_a_block_ends_by_itself_or_by_hand(app, keeper):
    block(keeper, "192.0.2.7", hours="1")
    assert status(app, "192.0.2.7") == 403
    with clock.frozen(clock.now() + timedelta(minutes=61)):
        assert status(app, "192.0.2.7") == 200
    block(keeper, "192.0.2.8", hours="0")
    with clock.frozen(clock.now() + timedelta(days=900)):
        assert status(app, "192.0.2.8") == 403
    assert "For good" in keeper.get("/platform/blocks/2").text
    assert make.post(keeper, "/platform/blocks/2/remove").status_code == 303
    assert status(app, "192.0.2.8") == 200
    told = keeper.get("/platform/audit").text
    assert "created block of 192.0.2.8" in told
    assert "deleted block of 192.0.2.8" in told


def test_nobody_shuts_themselves_out_unawares(app, keeper):
    for network, words in (
        ("127.0.0.1", "your own address"),
        ("127.0.0.0/8", "your own address"),
        ("0.0.0.0/0", "your own address"),
        ("::/0", "This machine itself"),
        ("198.0.0.0/8", "very large"),
        ("2001::/16", "very large"),
    ):
        warned = block(keeper, network)
        assert warned.status_code == 422, network
        assert words in warned.text, network
        assert 'name="sure"' in warned.text
    assert status(app, "198.51.100.1") == 200
    assert block(keeper, "198.0.0.0/8", sure="y").status_code == 303
    assert status(app, "198.51.100.1") == 403
    assert keeper.get("/platform/").status_code == 200


@pytest.mark.parametrize("wrong", ["", "nonsense", "192.0.2.300", "192.0.2.0/40", "2001:db8::/200", "192.0.2.1-9"])
def test_what_is_no_address_is_refused_in_words(keeper, wrong):
    answer = block(keeper, wrong)
    assert answer.status_code == 422
    assert wrong == "" or "is no address" in answer.text


def test_a_block_stands_once(keeper):
    assert block(keeper, "192.0.2.0/24").status_code == 303
    assert "blocked already" in block(keeper, "192.0.2.77/24").text


def test_behind_a_proxy_the_client_is_blocked_and_not_the_proxy(app, keeper, monkeypatch):
    block(keeper, "192.0.2.7")
    monkeypatch.setattr(app, "wsgi_app", ProxyFix(app.wsgi_app, x_for=1))
    asked = {"X-Forwarded-For": "192.0.2.7"}
    assert status(app, "10.0.0.1", headers=asked) == 403
    assert status(app, "10.0.0.1", headers={"X-Forwarded-For": "192.0.2.8"}) == 200
    forged = {"X-Forwarded-For": "192.0.2.7, 192.0.2.8"}
    assert status(app, "10.0.0.1", headers=forged) == 200, "only what our own proxy wrote is believed"


def test_without_a_trusted_proxy_the_header_means_nothing(app, keeper):
    block(keeper, "192.0.2.7")
    assert status(app, "192.0.2.7", headers={"X-Forwarded-For": "192.0.2.8"}) == 403
    assert status(app, "192.0.2.8", headers={"X-Forwarded-For": "192.0.2.7"}) == 200


def test_the_list_is_not_read_for_every_request(app, keeper):
    block(keeper, "192.0.2.7")
    status(app, "192.0.2.8", "/static/favicon.svg")
    asked = []
    with app.app_context():
        engine = db.db.engine
    note = lambda *arguments: asked.append(arguments[2])  # noqa: E731  a listener is a function
    event.listen(engine, "before_cursor_execute", note)
    try:
        assert [status(app, "192.0.2.7", "/static/favicon.svg") for _time in range(5)] == [403] * 5
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert asked == []


def test_another_process_hears_of_it_within_seconds(app, keeper, monkeypatch):
    block(keeper, "192.0.2.7")
    remembered.forget(app)
    assert status(app, "192.0.2.7") == 200, "as a process that has not read the list yet"
    monkeypatch.setitem(app.config, "REMEMBERED_SECONDS", 0)
    assert status(app, "192.0.2.7") == 403


def test_a_thousand_blocks_cost_a_look_for_each_length():
    blocks = [(f"2001:db8:{number:x}::/64", None) for number in range(1000)] + [("192.0.2.0/24", None)]
    listed = Listed.of(blocks)
    assert {version: len(found) for version, found in listed.lengths.items()} == {4: 1, 6: 1}
    assert listed.holds(address_of("2001:db8:3e7::9"), 0.0)
    assert not listed.holds(address_of("2001:db8:3e8::9"), 0.0)
    assert str(network_of(" ::ffff:192.0.2.9/120 ")) == "192.0.2.0/24"
