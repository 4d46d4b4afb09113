"""Addresses that are not served at all: single ones or whole networks, for a time or for good.

Asked before anything else, also for static files and sockets, of a list in this process's memory.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address
from typing import Any, cast

from flask import Flask
from flask_babel import gettext as _
from sqlalchemy import Index, select
from sqlalchemy.orm import Mapped, mapped_column

from retail.core.audit import Audited
from retail.core.clock import now
from retail.core.db import Model, session
from retail.core.errors import NotFound, Refused
from retail.core.network import Address, Network, address_of, network_of
from retail.core.remembered import Remembered, remembered

WIDEST = {4: 16, 6: 32}
"""A block of fewer bits than these takes in whole countries, and is made only by who says that they are sure."""
HERE = tuple(map(ip_address, ("127.0.0.1", "::1")))
ANSWER = b"This address is blocked. If it should not be, tell whoever runs this installation.\n"


class BlockedNetwork(Audited, Model):
    """An address or network that is not served, until an instant or for good."""

    __tablename__ = "blocked_networks"
    __table_args__ = (Index(None, "created_at"),)

    network: Mapped[str] = mapped_column(unique=True)
    reason: Mapped[str]
    until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    created_by: Mapped[str]

    @property
    def audit_label(self) -> str:
        return self.network


@dataclass(frozen=True)
class Listed:
    """The blocks in force, by version and length of their networks, so that an address is looked up once for each
    length there is. Values are until when, in seconds of the epoch."""

    lengths: dict[int, dict[int, dict[int, float]]] = field(default_factory=lambda: {4: {}, 6: {}})

    @classmethod
    def of(cls, blocks: Iterable[tuple[str, datetime | None]]) -> Listed:
        """The list of these networks."""
        found = cls()
        for text, until in blocks:
            network = network_of(text)
            shift = network.max_prefixlen - network.prefixlen
            end = until.timestamp() if until is not None else float("inf")
            found.lengths[network.version].setdefault(shift, {})[int(network.network_address) >> shift] = end
        return found

    def holds(self, address: Address | None, instant: float) -> bool:
        """Whether an address is blocked at an instant."""
        if address is None:
            return False
        number = int(address)
        return any(found.get(number >> shift, 0.0) > instant for shift, found in self.lengths[address.version].items())


def blocked() -> Remembered[Listed]:
    """The list of this application."""
    return cast("Remembered[Listed]", remembered("blocks"))


def _read() -> Listed:
    rows = session.execute(select(BlockedNetwork.network, BlockedNetwork.until)).all()
    return Listed.of((row.network, row.until) for row in rows)


def block(network: str, reason: str, until: datetime | None, by: str, *, own: str | None, sure: bool) -> BlockedNetwork:
    """Serve an address or network no more. Refused for what is no address, for a time that has passed, for what is
    blocked already, and unless `sure`, for one's `own` address, that of this machine, and for very large networks."""
    try:
        found = network_of(network)
    except ValueError:
        wrong = _("“%(text)s” is no address; write one such as 192.0.2.7, 192.0.2.0/24 or 2001:db8::/64.", text=network)
        raise Refused(wrong, field="network") from None
    reason = " ".join(reason.split())
    if not reason:
        raise Refused(_("Say why, for those who find it later."), field="reason")
    if until is not None and until <= now():
        raise Refused(_("This time has passed."), field="until")
    if not sure:
        _warn(found, own)
    if session.scalar(select(BlockedNetwork.id).where(BlockedNetwork.network == str(found))) is not None:
        raise Refused(_("%(network)s is blocked already.", network=str(found)), field="network")
    row = BlockedNetwork(network=str(found), reason=reason, until=until, created_at=now(), created_by=by)
    session.add(row)
    session.flush()
    blocked().read_after_commit()
    return row


def _warn(network: Network, own: str | None) -> None:
    mine = address_of(own)
    if mine is not None and mine in network:
        raise Refused(
            _("This would block you: your own address is %(own)s. Tick the box below if you mean it.", own=str(mine)),
            field="sure",
        )
    if any(here in network for here in HERE):
        raise Refused(
            _("This machine itself is among them, and behind a proxy everybody may seem to come from it."), field="sure"
        )
    if network.prefixlen < WIDEST[network.version]:
        raise Refused(_("That is a very large network. Tick the box below if you mean it."), field="sure")


def unblock(row: BlockedNetwork) -> None:
    """Serve an address or network again."""
    session.delete(row)
    session.flush()
    blocked().read_after_commit()


def block_numbered(block_id: int) -> BlockedNetwork:
    """A block by its id; NotFound when there is none."""
    row = session.get(BlockedNetwork, block_id)
    if row is None:
        raise NotFound(_("There is no such block."))
    return row


def block_of(network: str) -> BlockedNetwork:
    """The block of exactly this network; NotFound when there is none."""
    try:
        row = session.scalar(select(BlockedNetwork).where(BlockedNetwork.network == str(network_of(network))))
    except ValueError:
        row = None
    if row is None:
        raise NotFound(_("%(network)s is not blocked.", network=network), field="network")
    return row


def init_app(app: Flask) -> None:
    """Turn away who is blocked, before anything else sees their request."""
    listed = Remembered(app, "blocks", Listed(), _read)
    inside = app.wsgi_app

    def serve(environ: dict[str, Any], start_response: Any) -> Any:
        if not listed.get().holds(address_of(environ.get("REMOTE_ADDR")), now().timestamp()):
            return inside(environ, start_response)
        head = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(ANSWER)))]
        start_response("403 Forbidden", [*head, ("Cache-Control", "no-store"), ("Connection", "close")])
        return [ANSWER]

    app.wsgi_app = cast(Any, serve)  # type: ignore[method-assign]
