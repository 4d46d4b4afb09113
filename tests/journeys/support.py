"""Whole shops for journeys: an instance with two businesses in it, and tills that sell over HTTP and do not give up."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from flask import Flask
from flask_migrate import upgrade

import config
from retail.core import db, tenancy
from tests import make
from tests.conftest import make_app
from tests.support.shop import clean_environ

STOCK = 10_000
HTMX = {"HX-Request": "true"}


@dataclass(frozen=True)
class Browser:
    """Somebody who has signed in: the cookie, and the token of the forms."""

    cookies: dict[str, str]
    csrf: str

    def get(self, url: str) -> requests.Response:
        """Look at a page."""
        return requests.get(url, cookies=self.cookies, timeout=20)

    def post(self, url: str, form: dict[str, str] | None = None) -> requests.Response:
        """Send a form as htmx does."""
        sent = {**(form or {}), "csrf_token": self.csrf}
        return requests.post(url, data=sent, cookies=self.cookies, headers=HTMX, timeout=20, allow_redirects=False)


@dataclass(frozen=True)
class Business:
    """One of the two businesses: its people's browsers by role, and the ids of what it sells."""

    cast: make.Cast
    people: dict[str, Browser]
    goods: tuple[int, ...]

    def pay(self, url: str, key: str, goods: int, quantity: int = 1) -> int:
        """The cashier sells once, paid in cash; returns the status."""
        form = {"key": key, "lines-0-variant": str(goods), "lines-0-quantity": str(quantity), "tender": "cash"}
        return self.people["cashier"].post(f"{url}/till/pay", form).status_code


@dataclass
class Stand:
    """A till at which somebody sells until told to stop; each sale is sent again under its key until it is answered."""

    name: str
    url: str
    business: Business
    stop: threading.Event
    sold: dict[str, tuple[int, int]] = field(default_factory=dict)
    tries: int = 0
    refused: list[int] = field(default_factory=list)

    def run(self) -> None:
        """Sell."""
        number = 0
        while not self.stop.is_set():
            number += 1
            key = f"{self.name}-sale-{number:06}"
            goods = self.business.goods[number % len(self.business.goods)]
            quantity = 1 + number % 3
            self._sell(key, goods, quantity)
            self.sold[key] = (goods, quantity)

    def _sell(self, key: str, goods: int, quantity: int) -> None:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            self.tries += 1
            try:
                status = self.business.pay(self.url, key, goods, quantity)
            except requests.RequestException:
                time.sleep(0.1)
                continue
            if status == 200:
                return
            self.refused.append(status)
            time.sleep(0.1)
        raise AssertionError(f"{key} could not be sold in two minutes; answers: {self.refused}")


def found(instance: Path) -> tuple[Business, Business]:
    """Make the businesses of `tests.make` in a new instance, with goods and open tills."""
    instance.mkdir(exist_ok=True)
    # With the instance's own key, which the program will read the cookies by.
    app = make_app(instance, f"sqlite:///{instance / 'counterfoil.db'}", key="")
    with app.app_context(), db.intent("write"):
        upgrade()
        make.cast()
        both = _business(app, make.corner_shop()), _business(app, make.rival())
        db.session.remove()
        db.db.engine.dispose()
    return both


def _business(app: Flask, cast: make.Cast) -> Business:
    with tenancy.inside(cast.tenant_id):
        goods = tuple(make.product(f"Goods {number}", stock=STOCK).id for number in range(1, 5))
        make.open_till(cast)
    tenancy.forget()
    people = {}
    for role in make.ROLES:
        client = make.client(app, cast, role)
        if role == "cashier":
            assert make.post(client, f"/till/registers/{cast.register_id}/use").status_code == 303
        token = make.csrf(client)
        cookie = client.get_cookie(app.config["SESSION_COOKIE_NAME"])
        assert cookie is not None
        people[role] = Browser({cookie.key: cookie.value}, token)
    return Business(cast, people, goods)


def flask(instance: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the program on an instance, as a person would beside the running shop."""
    return subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi:app", *arguments],
        cwd=config.ROOT,
        env=clean_environ(INSTANCE_DIR=str(instance), DEMO="0", PATH=os.environ["PATH"]),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def check(instance: Path) -> dict[str, Any]:
    """What `flask check` says."""
    answer = flask(instance, "check", "--json")
    assert answer.stdout, answer.stderr
    return dict(json.loads(answer.stdout))
