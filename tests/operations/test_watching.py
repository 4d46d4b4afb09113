"""What whoever runs the shop sees of it: health, metrics, log lines with a reference, errors, what is slow."""

from __future__ import annotations

import json
import logging
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

import config
from jobs import preflight
from retail.core import clock, events, logs, observing, tasks, troubles
from retail.core.db import session, unit_of_work
from retail.core.logs import JsonLines, OfRequest
from retail.core.tasks import Task
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
        events.emit(ShiftOpened(shift_id=1, register_id=1, location_id=1))
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


def test_health_tells_of_work_that_nobody_takes_up(app, shop):
    def found(name, **ago):
        with inside(shop.tenant_id), unit_of_work():
            row = session.scalars(select(Task)).one()
            row.name, row.due_at = name, clock.now() - timedelta(**ago)
        check = app.test_client().get("/health/deep").json["checks"]["tasks"]
        assert check["waiting"] == 1
        return check["ok"], check["oldest_seconds"] // 100

    with unit_of_work():
        tasks.ask_for("operations.tidy")
    assert found("operations.tidy", seconds=0) == (True, 0)
    assert found("mail.send", seconds=410) == (False, 4)
    assert found("operations.tidy", seconds=410) == (True, 4)
    assert found("operations.tidy", hours=2) == (False, 72)
    assert found("mail.send", hours=-2) == (True, 0)


def test_metrics_count_what_failed_within_a_day_and_no_words_of_strangers(app, shop, monkeypatch):
    monkeypatch.setitem(app.config, "METRICS_TOKEN", TOKEN)
    with unit_of_work():
        for days in (0, 2):
            row = tasks.ask_for("operations.tidy")
            row.state, row.ended_at = "failed", clock.now() - timedelta(days=days)
    app.test_client().open("/sign-in", method="BREW")
    text = app.test_client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).text
    assert 'counterfoil_tasks{state="failed"} 1' in text
    assert "BREW" not in text
    assert 'method="other"' in text


def test_a_new_start_counts_from_nothing(tmp_path):
    settings = config.load({"INSTANCE_DIR": str(tmp_path)})
    counts = observing.Counts()
    counts.add(0.1, 200, "GET", observing.Asked())
    counts.keep(tmp_path / "run" / "metrics", at_once=True)
    held, _was_killed = preflight.lock(settings)
    with held:
        assert not list(tmp_path.glob("run/metrics/*"))


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
        events.emit(ShiftOpened(shift_id=1, register_id=1, location_id=1))
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
