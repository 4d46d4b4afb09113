"""How much one caller may ask for: who is counted, the standard headers that tell them, and who is over the limit now.

Whoever is signed in is counted by themselves, so that a shop behind one address is not one caller; everybody else by
their address. Counts are in Redis, in this process's memory while that is away.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from flask import Flask, current_app, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_limiter import ApplicationLimit, Limiter, RequestLimit
from limits import parse
from sqlalchemy import ColumnElement, Index, UniqueConstraint, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapped, mapped_column
from werkzeug.wrappers import Response

from retail.core.audit import Audited
from retail.core.clock import now
from retail.core.db import Model, session, unit_of_work
from retail.core.errors import Refused
from retail.core.module import person_or_none
from retail.core.network import neighborhood
from retail.core.remembered import Remembered, remembered
from retail.core.retention import passes
from retail.core.tenancy import across_tenants

log = logging.getLogger(__name__)
MOST_REMEMBERED = 10_000
FEWEST_EACH_MINUTE = 60
NO_LIMIT = "1 per minute"
"""What stands where the limit does not apply, and is never counted."""


@dataclass(frozen=True)
class Policy:
    """One limit: its name in the headers, what it is for, and the setting or the text that says how much, as long as no
    administrator chose otherwise."""

    name: str
    words: Any
    setting: str = ""
    text: str = ""

    @property
    def value(self) -> str:
        """How much, such as `600 per minute`; empty where there is no limit."""
        if not self.setting:
            return self.text
        return f"{self.each_minute} per minute" if self.each_minute else ""

    @property
    def each_minute(self) -> int:
        """How many requests a minute; 0 is any number."""
        return chosen_limits().get().get(self.name, self.by_setting)

    @property
    def by_setting(self) -> int:
        """How many the settings of the installation say."""
        return int(current_app.config[self.setting])


POLICIES = {
    one.name: one
    for one in (
        Policy("user", _l("One person who is signed in"), "RATE_LIMIT_USER"),
        Policy("address", _l("One address, nobody signed in"), "RATE_LIMIT_ADDRESS"),
        Policy("door", _l("One address, at sign-in"), text="60 per minute"),
    )
}


class LimitedCaller(Model):
    """Somebody who was over a limit, once for each limit: how often, when first and last, and until when."""

    __tablename__ = "limited_callers"
    __table_args__ = (UniqueConstraint("policy", "caller"), Index(None, "until"), Index(None, "last_at"))

    policy: Mapped[str]
    caller: Mapped[str]
    label: Mapped[str]
    scope: Mapped[str]
    value: Mapped[str]
    times: Mapped[int] = mapped_column(default=0)
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    until: Mapped[datetime]
    released_by: Mapped[str] = mapped_column(default="")


class ChosenLimit(Audited, Model):
    """What an administrator chose in place of a setting, until they take it back."""

    __tablename__ = "chosen_limits"

    policy: Mapped[str] = mapped_column(unique=True)
    each_minute: Mapped[int]
    chosen_at: Mapped[datetime]
    chosen_by: Mapped[str]

    @property
    def audit_label(self) -> str:
        return self.policy


def chosen_limits() -> Remembered[dict[str, int]]:
    """What was chosen for this application, by the name of the policy."""
    return cast("Remembered[dict[str, int]]", remembered("limits"))


def _read_chosen() -> dict[str, int]:
    rows = session.execute(select(ChosenLimit.policy, ChosenLimit.each_minute)).all()
    return {row.policy: row.each_minute for row in rows}


def choose_limit(policy: str, each_minute: int | None, by: str) -> None:
    """Let so many requests a minute be asked for from now on, 0 for any number, or None for what the setting says.

    Refused below `FEWEST_EACH_MINUTE`, with which nobody could open the page that takes it back.
    """
    if each_minute and each_minute < FEWEST_EACH_MINUTE:
        raise Refused(
            _("A page takes several requests: allow %(n)s or more, or 0 for any number.", n=FEWEST_EACH_MINUTE),
            field=policy,
        )
    row = session.scalar(select(ChosenLimit).where(ChosenLimit.policy == policy).with_for_update())
    if each_minute is None:
        if row is not None:
            session.delete(row)
    else:
        if row is None:
            row = ChosenLimit(policy=policy)
            session.add(row)
        elif row.each_minute == each_minute:
            return
        row.each_minute, row.chosen_at, row.chosen_by = each_minute, now(), by
    session.flush()
    chosen_limits().read_after_commit()


def by_address() -> str:
    """Count this request by where it comes from."""
    return f"address:{neighborhood(request.remote_addr)}"


def caller() -> str:
    """Who is counted: `user:12`, `administrator:3`, else `address:192.0.2.7` or, of IPv6, its network."""
    person = person_or_none()
    if person is None:
        return by_address()
    if person.of_platform:
        return f"administrator:{person.id}"
    return f"user:{person.id}" if person.support is None else f"administrator:{person.support.administrator_id}"


def _present() -> Policy:
    return POLICIES["address" if person_or_none() is None else "user"]


def _value() -> str:
    return _present().value or NO_LIMIT


def _uncounted() -> bool:
    """Where there is no limit, and what has no network address, which is on this machine."""
    return not _present().value or (person_or_none() is None and not neighborhood(request.remote_addr))


limiter = Limiter(
    key_func=by_address,
    application_limits=[ApplicationLimit(_value, key_function=caller, exempt_when=_uncounted)],
)
at_the_door: Callable[..., Any] = limiter.shared_limit(POLICIES["door"].text, scope="door", methods=["POST"])
"""Put it on a view that takes passwords, codes or addresses of people who are not signed in."""


def policy_of(limit: RequestLimit) -> str:
    """The name of the policy a limit belongs to."""
    if limit.request_args[-1] == "door":
        return "door"
    return "address" if limit.request_args[0].startswith("address:") else "user"


def _tell(response: Response) -> Response:
    """The standard headers (draft-ietf-httpapi-ratelimit-headers): what holds, what is left of it and for how long."""
    applied = limiter.current_limits
    # Asking what is left costs as much as counting. The parts of a page are many, and nobody reads their headers.
    of_a_page = request.headers.get("HX-Request") and not any(one.breached for one in applied)
    if not applied or of_a_page:
        return response
    try:
        told = [(policy_of(one), one.limit, max(one.remaining, 0), _seconds(one)) for one in applied]
    except Exception as problem:  # noqa: BLE001  whatever counts them is away; the page itself is not to suffer
        log.debug("limits are not told: %s", problem)
        return response
    response.headers["RateLimit-Policy"] = ", ".join(
        f'"{name}";q={limit.amount};w={limit.get_expiry()}' for name, limit, _left, _wait in told
    )
    response.headers["RateLimit"] = ", ".join(f'"{name}";r={left};t={wait}' for name, _limit, left, wait in told)
    breached = [one for one in applied if one.breached]
    if breached and "Retry-After" not in response.headers:
        response.headers["Retry-After"] = str(max(_seconds(one) for one in breached))
    if breached:
        _note_later(response, breached)
    return response


def _seconds(limit: RequestLimit) -> int:
    return max(1, int(limit.reset_at - time.time()))


_told: dict[tuple[str, str], float] = {}
"""Until when a caller's being over a limit is written down already, so that a flood of requests is one line."""


def _note_later(response: Response, breached: Sequence[RequestLimit]) -> None:
    """Write down who is over a limit, once the answer is on its way and at most once until the limit ends."""
    instant = time.time()
    if len(_told) > MOST_REMEMBERED:
        _told.clear()
    fresh = []
    for one in breached:
        key = (policy_of(one), one.request_args[0])
        if _told.get(key, 0.0) <= instant:
            _told[key] = one.reset_at
            fresh.append((*key, one.request_args[-1], str(one.limit), one.reset_at))
    if not fresh:
        return
    label, app = _label(), current_app._get_current_object()  # type: ignore[attr-defined]

    def write() -> None:
        with app.app_context():
            for policy, who, scope, value, until in fresh:
                _note(policy, who, label, scope, value, datetime.fromtimestamp(until, UTC))

    response.call_on_close(write)


def _label() -> str:
    """What the platform calls the caller: a business and a number, not a person's name."""
    person, (kind, _colon, who) = person_or_none(), caller().partition(":")
    if kind == "address":
        return who
    return f"{person.tenant.name} · {kind} {who}" if person.tenant is not None else f"{kind} {who}"


def _note(policy: str, who: str, label: str, scope: str, value: str, until: datetime) -> None:
    try:
        with across_tenants(), unit_of_work():
            row = session.scalar(
                select(LimitedCaller)
                .where(LimitedCaller.policy == policy, LimitedCaller.caller == who)
                .with_for_update()
            )
            if row is None:
                row = LimitedCaller(policy=policy, caller=who, times=0, first_at=now())
                session.add(row)
            row.label, row.scope, row.value, row.times = label, scope, value, row.times + 1
            row.last_at, row.until, row.released_by = now(), until, ""
    except SQLAlchemyError as problem:
        log.warning("somebody over a limit could not be noted: %s", problem)


def release(row: LimitedCaller, by: str) -> None:
    """Let somebody go on who is over a limit; their count begins anew."""
    limiter.limiter.clear(parse(row.value), row.caller, row.scope)
    _told.pop((row.policy, row.caller), None)
    row.until, row.released_by = now(), by


@passes("callers over a limit", LimitedCaller, days=90)
def limited_before(instant: datetime) -> ColumnElement[bool]:
    """Who was over a limit long ago."""
    return LimitedCaller.last_at < instant


def forget() -> None:
    """Begin all counts of this process anew, for tests: every one of them comes from the same address."""
    limiter.reset()
    _told.clear()


def init_app(app: Flask) -> None:
    """Count every request once it is known who asks; tell what is left with every answer."""
    nothing: dict[str, int] = {}
    Remembered(app, "limits", nothing, _read_chosen)
    limiter.init_app(app)
    app.after_request(_tell)
