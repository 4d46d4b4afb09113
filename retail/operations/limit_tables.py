"""The lists of who was over a limit, and of what is blocked."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, bindparam, case, literal, select

from retail.core.blocks import BlockedNetwork
from retail.core.clock import now
from retail.core.db import Instant
from retail.core.rate_limits import POLICIES, LimitedCaller
from retail.core.tables import Column, Filter, Table, choices_of
from retail.permissions import PLATFORM

# The instant is asked for each time a list is read.
_NOW = bindparam("instant", callable_=now, type_=Instant(), unique=True)
STATES = {"now": _l("Limited now"), "over": _l("Over"), "released": _l("Released")}
STATE = case((LimitedCaller.released_by != "", "released"), (LimitedCaller.until > _NOW, "now"), else_="over")
IN_FORCE = case((BlockedNetwork.until.is_(None), "in force"), (BlockedNetwork.until > _NOW, "in force"), else_="over")
FORCES = {"in force": _l("In force"), "over": _l("Over")}
TONES = {"now": "warning", "in force": "danger"}


def _limit(name: str) -> str:
    known = POLICIES.get(name)
    return str(known.words) if known else name


def _of_state(statement: Select[Any], value: str) -> Select[Any]:
    return statement.where(literal(value) == STATE)


def _of_force(statement: Select[Any], value: str) -> Select[Any]:
    return statement.where(literal(value) == IN_FORCE)


class LimitedCallers(Table):
    """Everybody who was over a limit, the last first."""

    name = "limited-callers"
    label = _l("Over a limit")
    order = "-last"
    needs = PLATFORM
    row_id = LimitedCaller.id
    columns = {
        "who": Column(_l("Who"), LimitedCaller.label, search=True),
        "state": Column(_l("State"), STATE, show=lambda one: str(STATES.get(one, one)), tone=TONES.get),
        "limit": Column(_l("Limit"), LimitedCaller.policy, show=_limit),
        "value": Column(_l("At most"), LimitedCaller.value, show=lambda text: str(text).replace(" per 1 ", " per ")),
        "times": Column(_l("Times"), LimitedCaller.times, "integer"),
        "first": Column(_l("First"), LimitedCaller.first_at, "datetime", hidden=True),
        "last": Column(_l("Last"), LimitedCaller.last_at, "datetime"),
        "until": Column(_l("Until"), LimitedCaller.until, "datetime"),
    }
    filters = {"state": Filter(_l("Every state"), _of_state, "choice", choices_of(*STATES.items()))}
    empty = {
        "title": _l("Nobody was over a limit"),
        "text": _l("Who asks for more than the limits allow is listed here, once for each limit."),
        "icon": "circle-check",
    }

    def source(self) -> Select[Any]:
        return select(LimitedCaller)


class Blocks(Table):
    """Addresses and networks that are not served."""

    name = "blocks"
    label = _l("Blocked addresses")
    order = "-since"
    needs = PLATFORM
    row_id = BlockedNetwork.id
    columns = {
        "network": Column(
            _l("Address or network"),
            BlockedNetwork.network,
            search=True,
            link=lambda row: url_for("operations.platform_block", blocked_network_id=row.row_id),
        ),
        "state": Column(_l("State"), IN_FORCE, show=lambda one: str(FORCES.get(one, one)), tone=TONES.get),
        "reason": Column(_l("Reason"), BlockedNetwork.reason, search=True),
        "until": Column(_l("Until"), BlockedNetwork.until, "datetime"),
        "by": Column(_l("By"), BlockedNetwork.created_by, search=True),
        "since": Column(_l("Since"), BlockedNetwork.created_at, "datetime"),
    }
    filters = {"state": Filter(_l("Every state"), _of_force, "choice", choices_of(*FORCES.items()))}
    empty = {
        "title": _l("No address is blocked"),
        "text": _l(
            "Block one that attacks or floods the installation: it is turned away before anything is asked of us."
        ),
        "icon": "shield-check",
    }

    def source(self) -> Select[Any]:
        return select(BlockedNetwork)
