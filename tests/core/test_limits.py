"""Rate limits: whom they count, what the standard headers tell, who is shown as stopped and let go on."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from retail.core.db import reading, session
from retail.core.network import neighborhood
from retail.core.rate_limits import LimitedCaller
from retail.core.tenancy import across_tenants
from tests import make


@pytest.fixture
def few(app, monkeypatch):
    """Three requests a minute for everybody."""
    monkeypatch.setitem(app.config, "RATE_LIMIT_USER", 3)
    monkeypatch.setitem(app.config, "RATE_LIMIT_ADDRESS", 3)


def statuses(browser, path, times, **more):
    # A page is read to its end, as browsers do: what follows an answer is done when it is closed.
    return [browser.get(path, buffered=True, **more).status_code for _time in range(times)]


def limited():
    with across_tenants(), reading():
        return [(one.policy, one.label, one.times) for one in session.scalars(select(LimitedCaller))]


def test_every_answer_tells_what_is_left(app, shop, few):
    owner = make.client(app, shop, "owner")
    first, second = owner.get("/customers/"), owner.get("/products/")
    assert first.headers["RateLimit-Policy"] == '"user";q=3;w=60'
    assert re.fullmatch(r'"user";r=2;t=\d+', first.headers["RateLimit"])
    assert second.headers["RateLimit"].startswith('"user";r=1;')
    assert "RateLimit" not in owner.get("/static/favicon.svg").headers, "files are not counted"
    part = owner.get("/products/", headers={"HX-Request": "true"})
    assert (part.status_code, "RateLimit" in part.headers) == (200, False), "counted, and not told"
    over = owner.get("/products/", headers={"HX-Request": "true"})
    assert (over.status_code, "Retry-After" in over.headers) == (429, True)


def test_who_asks_for_more_is_told_when_to_come_back(app, shop, few):
    owner = make.client(app, shop, "owner")
    assert statuses(owner, "/customers/", 3) == [200] * 3
    over = owner.get("/customers/")
    assert over.status_code == 429
    assert 0 < int(over.headers["Retry-After"]) <= 60
    assert over.headers["RateLimit"].startswith('"user";r=0;')
    assert "Too many tries" in over.text or "Too much" in over.text
    assert statuses(make.client(app, shop, "manager"), "/customers/", 1) == [200], "each person for themselves"


def test_an_address_is_counted_until_somebody_signs_in(app, shop, few):
    here, there = {"REMOTE_ADDR": "192.0.2.1"}, {"REMOTE_ADDR": "192.0.2.2"}
    assert statuses(app.test_client(), "/sign-in", 4, environ_base=here) == [200, 200, 200, 429]
    assert statuses(app.test_client(), "/customers/", 1, environ_base=here) == [429], "whatever is asked for"
    assert statuses(app.test_client(), "/sign-in", 1, environ_base=there) == [200]
    assert statuses(make.client(app, shop, "owner"), "/customers/", 1, environ_base=here) == [200]


def test_of_ipv6_a_whole_home_is_one_caller(app, shop, few):
    one, other, neighbor = "2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:3::1"
    found = [app.test_client().get("/sign-in", environ_base={"REMOTE_ADDR": one}).status_code for _time in range(3)]
    assert found == [200] * 3
    assert app.test_client().get("/sign-in", environ_base={"REMOTE_ADDR": other}).status_code == 429
    assert app.test_client().get("/sign-in", environ_base={"REMOTE_ADDR": neighbor}).status_code == 200
    assert neighborhood("::ffff:192.0.2.7") == neighborhood("192.0.2.7") == "192.0.2.7"
    assert neighborhood("fe80::1%eth0") == "fe80::/64"
    assert neighborhood("") == neighborhood("unix:") == ""


def test_doors_have_a_limit_of_their_own(app, shop):
    form = {"email": "nobody@x.example", "password": "wrong"}
    found = [make.post(app.test_client(), "/forgotten", {"email": "x"}).status_code for _time in range(11)]
    assert found[-1] == 429
    answer = make.post(app.test_client(), "/sign-in", form)
    assert '"door";q=60;w=60' in answer.headers["RateLimit-Policy"]


def test_the_platform_shows_who_is_stopped_and_lets_them_go_on(app, shop, few):
    owner = make.client(app, shop, "owner")
    assert statuses(owner, "/customers/", 6)[-2:] == [429, 429]
    assert limited() == [("user", f"Corner Shop · user {shop.users['owner']}", 1)], "a flood is one line"
    keeper = make.administrator(app)
    page = keeper.get("/platform/limits").text
    assert f"Corner Shop · user {shop.users['owner']}" in page
    assert "3 per minute" in page
    release = re.search(r"/platform/limits/\d+/release", page)[0]
    assert make.post(keeper, release).status_code == 303
    assert owner.get("/customers/").status_code == 200
    assert "Released" in make.administrator(app, "second@platform.example").get("/platform/limits").text


def test_who_waits_at_the_door_is_shown_and_let_try_again(app, shop):
    crowd = {"REMOTE_ADDR": "192.0.2.77"}
    for number in range(25):
        make.post(
            app.test_client(),
            "/sign-in",
            {"email": f"x{number}@x.example", "password": "wrong wrong"},
            environ_base=crowd,
        )
    good = {"email": "owner@corner.example", "password": make.PASSWORD}
    assert make.post(app.test_client(), "/sign-in", good, environ_base=crowd).status_code == 429
    keeper = make.administrator(app)
    assert "192.0.2.77" in keeper.get("/platform/limits").text
    assert make.post(keeper, "/platform/limits/release-address", {"address": "192.0.2.77"}).status_code == 303
    assert make.post(app.test_client(), "/sign-in", good, environ_base=crowd).status_code == 303
    assert make.post(keeper, "/platform/limits/release-address", {"address": "192.0.2.77"}).status_code == 404
    assert "let go on address 192.0.2.77" in keeper.get("/platform/audit").text


def test_without_limits_nothing_is_counted(app, shop):
    assert "RateLimit" not in make.client(app, shop, "owner").get("/customers/").headers


def test_an_administrator_chooses_limits_and_takes_them_back(app, shop, monkeypatch):
    monkeypatch.setitem(app.config, "RATE_LIMIT_USER", 500)
    monkeypatch.setitem(app.config, "REMEMBERED_SECONDS", 0)
    keeper, owner = make.administrator(app), make.client(app, shop, "owner")
    choose, user = "/platform/limits/choose", '"user";q={};w=60'

    def allowed():
        return owner.get("/customers/").headers.get("RateLimit-Policy")

    assert allowed() == user.format(500)
    assert make.post(keeper, choose, {"user": "240", "address": ""}).status_code == 303
    assert allowed() == user.format(240)
    page = keeper.get("/platform/limits").text
    assert ("240 per minute" in page, "chosen here" in page) == (True, True)
    refused = make.post(keeper, choose, {"user": "59", "address": "90"})
    assert (refused.status_code, "allow 60 or more" in refused.text) == (422, True)
    assert make.post(keeper, choose, {"user": "many", "address": ""}).status_code == 422
    assert allowed() == user.format(240), "a refused choice changes nothing"
    assert make.post(keeper, choose, {"user": "0", "address": ""}).status_code == 303
    assert allowed() is None
    assert make.post(keeper, choose, {"user": "", "address": ""}).status_code == 303
    assert allowed() == user.format(500)
    assert keeper.get("/platform/audit").text.count("limit user") >= 3
    assert make.post(owner, choose, {"user": "90"}).status_code == 404
