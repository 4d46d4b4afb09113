"""Who may act at which end of a transfer, where people work at some locations only.

A transfer concerns two locations. Whoever works at one of them may ask for it; each step is done by those at whose end
it happens, and then changes what stands at the other end as well.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, Literal, ParamSpec, TypeVar

from flask_babel import gettext as _
from sqlalchemy import select

from retail.core.db import session
from retail.core.errors import NotFound, Refused
from retail.core.places import everywhere, is_here
from retail.inventory.models import StockTransfer

P = ParamSpec("P")
R = TypeVar("R")
End = Literal["location_id", "to_location_id"]


def at_end(*ends: End) -> Callable[[Callable[Concatenate[int, P], R]], Callable[Concatenate[int, P], R]]:
    """A step of a transfer that happens at one of these ends: Refused for people of the other, NotFound for those of
    neither."""

    def declare(step: Callable[Concatenate[int, P], R]) -> Callable[Concatenate[int, P], R]:
        @wraps(step)
        def act(transfer_id: int, /, *arguments: P.args, **named: P.kwargs) -> R:
            row = session.scalar(select(StockTransfer).where(StockTransfer.id == transfer_id))
            if row is None:
                raise NotFound(_("There is no such transfer."))
            if not is_here(*(getattr(row, end) for end in ends)):
                raise Refused(_("Only people of the other location can do this."))
            with everywhere():
                return step(transfer_id, *arguments, **named)

        return act

    return declare


def from_either_end(
    begin: Callable[Concatenate[int, int, P], R],
) -> Callable[Concatenate[int, int, P], R]:
    """A transfer that begins, from one location to another: NotFound for whoever works at neither."""

    @wraps(begin)
    def act(from_location_id: int, to_location_id: int, /, *arguments: P.args, **named: P.kwargs) -> R:
        if not is_here(from_location_id, to_location_id):
            raise NotFound(_("There is no such location."), field="location")
        with everywhere():
            return begin(from_location_id, to_location_id, *arguments, **named)

    return act


def check_both_ends(*location_ids: int) -> None:
    """Refused for goods carried over at once by somebody who does not work at both ends."""
    if not all(is_here(one) for one in location_ids):
        raise Refused(
            _("Goods are there at once only where you work at both ends; send them on their way."), field="to_location"
        )
