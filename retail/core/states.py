"""States and their successors as data beside the model; one function moves a row from one to the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _

from retail.core.errors import Refused

FLOWS: dict[str, Flow] = {}


class Flow:
    """The states of one kind of document: `Flow("order", "draft", draft=["paid"], paid=[])`.

    The first argument names it, the second is the state a row is born in. A rule test proves that every state can be
    reached and that each state without a successor is declared in `ends`.
    """

    def __init__(self, name: str, start: str, ends: Sequence[str], steps: Mapping[str, Sequence[str]]) -> None:
        self.name, self.start, self.ends, self.steps = name, start, tuple(ends), dict(steps)
        FLOWS[name] = self

    def can(self, row: Any, state: str) -> bool:
        return state in self.steps[row.state]

    def move(self, row: Any, state: str) -> None:
        """Set the row's state; Refused when its present state does not lead there."""
        if not self.can(row, state):
            raise Refused(
                _("This %(thing)s is %(now)s and cannot become %(then)s.", thing=self.name, now=row.state, then=state)
            )
        row.state = state
