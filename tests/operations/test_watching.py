"""What whoever runs the shop sees of it: health, metrics, log lines with a reference, errors, what is slow."""

from __future__ import annotations

import json
import logging
import re
from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from retail.core import events, logs, observing, tasks, troubles
from retail.core.db import session, unit_of_work
from retail.core.logs import JsonLines, OfRequest
from retail.core.tenancy import inside
from retail.core.troubles import SlowNote, Trouble
from retail.events.till import ShiftOpened
from retail.operations import health
from tests import make

TOKEN = "a-token-that-nobody-guesses-0123456789"


@pytest.fixture
def broken(app, monkeypatch):
    """The start page breaks."""

    def breaks():
        raise ZeroDivisionError("a secret 4711 in the message")

    monkeypatch.setitem(app.view_functions, "operations.home", breaks)
    return app


def noted(shop):
    with make.within(shop):
        rows = session.scalars(select(Trouble).order_by(Trouble.id)).all()
        session.expunge_all()
    return rows


def test_an_error_tells_people_a_reference_and_support_the_rest(broken, shop):
    owner = make.client(broken, shop, "owner")
    answer = owner.get("/")
    assert answer.status_code == 500
    reference = answer.headers["X-Reference"]
    assert reference == answer.headers["X-Request-Id"]
    assert reference in answer.text
    assert "4711" not in answer.text
    assert "ZeroDivision" not in answer.text
    owner.get("/")
    (row,) = noted(shop)
    assert (row.kind, row.count, row.last_where) == ("ZeroDivisionError", 2, "GET /")
    assert row.last_reference != reference
    assert "breaks" in row.trace
    listed = owner.get("/errors/").text
    assert "ZeroDivisionError" in listed
    assert row.last_reference in listed
    page = owner.get(f"/errors/{row.id}").text
    assert "4711" in page
    assert "Resolve" in page


def test_an_error_is_resolved_opened_again_and_comes_back_by_itself(broken, shop):
    owner = make.client(broken, shop, "owner")
    owner.get("/")
    (row,) = noted(shop)
    assert make.post(owner, f"/errors/{row.id}/resolve").status_code == 303
    assert noted(shop)[0].resolved_by == "Corner Shop owner"
    assert "ZeroDivisionError" not in owner.get("/errors/?state=open").text
    assert make.post(owner, f"/errors/{row.id}/reopen").status_code == 303
    assert noted(shop)[0].resolved_at is None
    make.post(owner, f"/errors/{row.id}/resolve")
    owner.get("/")
    assert noted(shop)[0].resolved_at is None
    assert make.post(owner, "/errors/999999/resolve").status_code == 404
    assert make.client(broken, shop, "cashier").get("/errors/").status_code == 403


def test_another_business_sees_nothing_of_it(broken, shop, rival):
    make.client(broken, shop, "owner").get("/")
    (row,) = noted(shop)
    theirs = make.client(broken, rival, "owner")
    assert "ZeroDivisionError" not in theirs.get("/errors/").text
    assert theirs.get(f"/errors/{row.id}").status_code == 404


def test_what_breaks_behind_the_pages_is_noted_too(app, shop, monkeypatch):
    def breaks(progress):
        raise LookupError("gone")

    declared = replace(tasks.TASKS["operations.tidy"], work=breaks, retry_seconds=())
    monkeypatch.setitem(tasks.TASKS, "operations.tidy", declared)
    name, listener = next((name, one) for name, one in events.HANDLERS.items() if "shift.opened" in one.kinds)
    monkeypatch.setitem(events.HANDLERS, name, replace(listener, handle=breaks))
    with unit_of_work():
        tasks.ask_for("operations.tidy")
        events.emit(ShiftOpened(shift_id=1, register_id=1))
    tasks.run_due()
    events.drain()
    found = {(row.kind, row.last_where) for row in noted(shop)}
    assert found >= {("LookupError", "task operations.tidy"), ("LookupError", f"handler {name}")}


def test_what_is_slow_is_noted_with_its_slowest_query(app, shop, monkeypatch):
    monkeypatch.setitem(app.config, "SLOW_REQUEST_MS", 0)
    monkeypatch.setitem(app.config, "SLOW_QUERY_MS", 0)
    monkeypatch.setattr(troubles, "PAUSE_SECONDS", 0)
    owner = make.client(app, shop, "owner")
    reference = owner.get("/customers/", buffered=True).headers["X-Request-Id"]
    with make.within(shop):
        rows = session.scalars(select(SlowNote).where(SlowNote.reference == reference)).all()
        session.expunge_all()
    assert {row.kind for row in rows} == {"request", "query"}
    assert any(row.what == "GET /customers/" and row.queries > 2 for row in rows)
    assert any("SELECT" in row.what for row in rows)
    assert "GET /customers/" in owner.get("/errors/slow").text
    monkeypatch.setattr(troubles, "PAUSE_SECONDS", 3600)
    quiet = owner.get("/customers/", buffered=True).headers["X-Request-Id"]
    with make.within(shop):
        assert session.scalars(select(SlowNote).where(SlowNote.reference == quiet)).all() == []


def test_the_proxy_in_front_may_name_the_request(app, monkeypatch):
    browser = app.test_client()
    named = {"X-Request-Id": "from-the-proxy-1"}
    assert browser.get("/sign-in", headers=named).headers["X-Request-Id"] != "from-the-proxy-1"
    monkeypatch.setitem(app.config, "TRUSTED_PROXIES", 1)
    assert browser.get("/sign-in", headers=named).headers["X-Request-Id"] == "from-the-proxy-1"
    assert browser.get("/sign-in", headers={"X-Request-Id": "<bad>"}).headers["X-Request-Id"] != "<bad>"


def test_log_lines_are_json_that_names_request_business_and_person(app, shop):
    lines = []

    class Kept(logging.Handler):
        def emit(self, record):
            lines.append(json.loads(self.format(record)))

    keeper = Kept()
    keeper.setFormatter(JsonLines())
    keeper.addFilter(OfRequest())
    observing.log.addHandler(keeper)
    level = observing.log.level
    observing.log.setLevel("INFO")
    try:
        answer = make.client(app, shop, "owner").get("/customers/")
    finally:
        observing.log.removeHandler(keeper)
        observing.log.setLevel(level)
    (line,) = lines
    assert line["request"] == answer.headers["X-Request-Id"]
    assert (line["tenant"], line["user"]) == (shop.tenant_id, shop.users["owner"])
    assert (line["method"], line["path"], line["status"]) == ("GET", "/customers/", 200)
    assert line["queries"] > 2


def test_a_log_line_keeps_its_trace_on_one_line():
    try:
        raise ValueError("two\nlines")
    except ValueError as problem:
        record = logging.LogRecord("x", logging.ERROR, __file__, 1, "broke %s", ("it",), (ValueError, problem, None))
    OfRequest().filter(record)
    line = JsonLines().format(record)
    assert "\n" not in line
    assert json.loads(line)["message"] == "broke it"
    assert "ValueError" in json.loads(line)["trace"]
    assert logs.PLAIN.endswith("%(of_request)s")


def test_health_is_shallow_for_all_and_deep_for_this_machine(app, shop):
    browser = app.test_client()
    assert browser.get("/health").json == {"status": "ok"}
    deep = browser.get("/health/deep")
    checks = deep.json["checks"]
    assert checks["database"]["ok"]
    assert checks["deliveries"] == {"ok": True, "oldest_seconds": 0, "parked": 0}
    assert checks["redis"]["ok"] is False
    assert (deep.status_code, deep.json["state"]) == (200, "degraded")
    assert browser.get("/health/deep", environ_base={"REMOTE_ADDR": "192.0.2.1"}).status_code == 404
    assert browser.get("/health/deep", headers={"X-Forwarded-For": "192.0.2.1"}).status_code == 404
    assert "Corner" not in deep.text


def test_health_fails_without_room_or_database(app, monkeypatch):
    monkeypatch.setattr(health, "LEAST_FREE_BYTES", 10**18)
    assert app.test_client().get("/health/deep").status_code == 503

    def gone():
        raise OperationalError("SELECT 1", None, OSError("the database is away"))

    monkeypatch.setattr(health, "gauges", gone)
    answer = app.test_client().get("/health/deep")
    assert (answer.status_code, answer.json["state"]) == (503, "failed")
    assert "away" in answer.json["checks"]["database"]["why"]


def test_metrics_need_the_token_and_speak_prometheus(app, shop, monkeypatch):
    browser = app.test_client()
    assert browser.get("/metrics").status_code == 404
    assert browser.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404
    monkeypatch.setitem(app.config, "METRICS_TOKEN", TOKEN)
    assert browser.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 404
    holder = {"Authorization": f"Bearer {TOKEN}"}
    before = _values(browser.get("/metrics", headers=holder).text)
    make.client(app, shop, "owner").get("/customers/")
    after = _values(browser.get("/metrics", headers=holder).text)
    gets = 'counterfoil_requests_total{method="GET",status="2xx"}'
    assert after[gets] >= before.get(gets, 0) + 2
    assert after["counterfoil_request_seconds_count"] > before["counterfoil_request_seconds_count"]
    assert after['counterfoil_request_seconds_bucket{le="+Inf"}'] == after["counterfoil_request_seconds_count"]
    assert after['counterfoil_businesses{state="in force"}'] == 2
    assert after["counterfoil_sessions"] == 1
    with inside(shop.tenant_id), unit_of_work():
        events.emit(ShiftOpened(shift_id=1, register_id=1))
    assert _values(browser.get("/metrics", headers=holder).text)["counterfoil_events_waiting"] == 1
    text = browser.get("/metrics", headers=holder).text
    assert "Corner" not in text


def _values(text):
    found = {}
    for line in text.splitlines():
        if line.startswith("#"):
            assert re.fullmatch(r"# (HELP|TYPE) counterfoil_\w+ .+", line)
        else:
            name, _space, value = line.rpartition(" ")
            found[name] = float(value)
    return found
