"""Bulk jobs, declared: what to do to many chosen rows, in a way that can be taken back.

A job reads the rows as flat mappings of plain values, says what they should become, and writes mappings back. Undoing
is then the same for all jobs: what still is as the job left it gets its former value, what somebody changed by hand
since stays as it is and is named.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from flask_babel import lazy_gettext as _l

from retail.permissions import Can

State = dict[str, Any]
"""What a job may change of one row: plain values that survive JSON, by a name each."""
Changes = Mapping[int, State]


@dataclass(frozen=True)
class BulkField:
    """One question a job asks: how it is answered, and what stands there at first."""

    label: Any
    kind: Literal["choice", "text", "decimal"] = "text"
    choices: Callable[[], Sequence[tuple[str, Any]]] | None = None
    default: str = ""
    help: Any = ""
    optional: bool = False


class Reading(Protocol):
    """Gives the state of rows by id, leaving out rows that are not there. With `lock` they are locked, in the order of
    their ids, until the transaction ends: what is written then was decided on what stands there."""

    def __call__(self, row_ids: Sequence[int], /, *, lock: bool = False) -> Changes: ...


@dataclass(frozen=True)
class Bulk:
    """A job for many rows of a list.

    `label` is what the button says, `done` a sentence in the past tense with `%(n)s` for how many rows changed. `read`
    gives the state of rows; `change` says what one state becomes, given what was answered, and raises Refused for a row
    it cannot change; `write` is the service that puts states back; `words` says a state to people.
    """

    label: Any
    done: Any
    icon: str
    needs: Can
    read: Reading
    change: Callable[[State, Mapping[str, Any]], State]
    write: Callable[[Changes], object]
    words: Callable[[State], str]
    fields: Mapping[str, BulkField] = field(default_factory=dict)
    check: Callable[[Mapping[str, Any]], None] | None = None
    danger: bool = False


@dataclass(frozen=True)
class Onward:
    """What takes chosen rows on to a page that is about them, and changes none of them. `take` is given their ids and
    what was answered, and returns the address of that page; it may raise Refused."""

    label: Any
    icon: str
    needs: Can
    take: Callable[[Sequence[int], Mapping[str, Any]], str]
    fields: Mapping[str, BulkField] = field(default_factory=dict)
    check: Callable[[Mapping[str, Any]], None] | None = None
    danger: bool = False


def archiving(
    needs: Can,
    read: Reading,
    write: Callable[[Changes], object],
    words: Mapping[bool, Any],
    *,
    archived: Any,
    back: Any,
    restored: Any,
) -> dict[str, Bulk]:
    """The two jobs of every list whose rows are archived and not deleted, for states with the value `archived`.

    `words` says to people what a row is, by whether it is archived; `archived` and `restored` are the sentences when it
    is done, `back` is what the button says that brings rows back.
    """

    def job(label: Any, done: Any, icon: str, *, to: bool) -> Bulk:
        return Bulk(
            label=label,
            done=done,
            icon=icon,
            needs=needs,
            read=read,
            change=lambda _state, _answers: {"archived": to},
            write=write,
            words=lambda state: str(words[state["archived"]]),
        )

    return {
        "archive": job(_l("Archive"), archived, "box", to=True),
        "restore": job(back, restored, "refresh", to=False),
    }
