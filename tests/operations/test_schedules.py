"""Schedules: how the last runs went, when the next come on the shop's clock, and never two of one at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from retail.core import clock, schedules, tasks
from retail.core.db import reading, session, unit_of_work
from retail.core.errors import Refused
from retail.core.tasks import Task
from tests import make

AUTUMN = datetime(2026, 10, 23, 12, 0, tzinfo=UTC)


@pytest.fixture
def two(app, shop, monkeypatch):
    """Two schedules of one task, of which the second is refused its work."""
    monkeypatch.setattr(tasks, "TASKS", dict(tasks.TASKS))
    for place in ("core.schedules", "operations.task_views"):
        monkeypatch.setattr(f"retail.{place}.TASKS", tasks.TASKS)

    @tasks.task("test.stars", "Count the stars")
    def stars(progress, cloudy):
        with unit_of_work():
            session.scalars(select(Task).where(Task.state == "running")).one().started_at -= timedelta(seconds=8)
        if cloudy:
            raise Refused("The sky is cloudy.")
        return {"stars": 7}

    with clock.frozen(AUTUMN), unit_of_work():
        clear = schedules.plan("clear", "Clear sky", "test.stars", "0 3 * * *", "Europe/London", cloudy=False)
        cloudy = schedules.plan("cloudy", "Cloudy sky", "test.stars", "0 4 * * *", "Europe/London", cloudy=True)
        return clear.id, cloudy.id


def at(cast, instant):
    with clock.frozen(instant), make.within(cast):
        schedules.fire_due()
        session.rollback()
        tasks.run_due()


def test_the_last_runs_say_who_how_it_went_and_how_long_it_took(app, shop, two):
    clear, cloudy = two
    manager = make.client(app, shop, "manager")
    assert "It has not run yet" in manager.get(f"/schedules/{clear}").text
    at(shop, AUTUMN + timedelta(days=1))
    make.post(manager, f"/schedules/{clear}/run")
    with make.within(shop):
        tasks.run_due()
    page = manager.get(f"/schedules/{clear}").text
    assert page.count('class="num" href="/tasks/') == 2
    assert "The clock" in page
    assert "manager" in page
    assert "8.0 s" in page or "8 s" in page
    assert "cloudy" not in page
    failed = manager.get(f"/schedules/{cloudy}").text
    assert "The sky is cloudy." in failed
    assert failed.count('class="num" href="/tasks/') == 1
    both = manager.get("/schedules/").text
    assert "Failed" in both
    assert "Done" in both


def test_the_next_times_are_on_the_wall_clock_and_say_when_it_changes(app, shop, two):
    clear, _cloudy = two
    manager = make.client(app, shop, "manager")
    with clock.frozen(AUTUMN):
        page = manager.get(f"/schedules/{clear}").text
        for day in (24, 25, 26, 27, 28):
            assert f"{day} Oct 2026, 03:00" in page
        assert page.count("after the clocks changed") == 1
        make.post(manager, f"/schedules/{clear}/pause")
        paused = manager.get(f"/schedules/{clear}").text
    assert "It rests until somebody resumes it" in paused
    assert "03:00" not in paused.partition("The last runs")[2]


def test_pressed_twice_it_runs_once(app, shop, two):
    clear, _cloudy = two
    manager = make.client(app, shop, "manager")
    answers = {make.post(manager, f"/schedules/{clear}/run").location for _press in range(2)}
    assert len(answers) == 1
    with make.within(shop), reading():
        assert session.scalar(select(func.count()).select_from(Task).where(Task.schedule_id == clear)) == 1


def test_who_may_only_look_is_offered_nothing_else(app, shop, rival, two):
    clear, _cloudy = two
    reader = make.client(app, shop, "read-only") if "read-only" in shop.users else make.client(app, shop, "manager")
    assert reader.get(f"/schedules/{clear}").status_code == 200
    assert make.client(app, shop, "cashier").get(f"/schedules/{clear}").status_code == 403
    assert make.client(app, rival, "owner").get(f"/schedules/{clear}").status_code == 404
