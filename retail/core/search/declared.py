"""What can be searched: a kind of thing, declared by the module that owns it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from retail.core.db import Model


@dataclass(frozen=True)
class SearchText:
    """What is to be found of one thing: its name, further words such as a brand, and codes, of which any part is found.

    `group_id` is what lists show it under, such as the product of a variant; `active` is false for what is archived.
    """

    subject_id: int
    title: str
    also: str = ""
    codes: tuple[str, ...] = ()
    group_id: int | None = None
    active: bool = True


@dataclass(frozen=True)
class Watch:
    """Rows of which the texts are made.

    `subject` is the attribute that names the thing: the row's own `id`, or its key to it. Where the thing names the
    row instead, as variants name their product, `through` is that key of the thing. Changes of other `fields` than
    these mean nothing to the search.
    """

    subject: str
    fields: frozenset[str]
    through: Any = None


@dataclass(frozen=True)
class Searched:
    """One kind of thing that is searched; `texts` reads those of some ids, without those that are no more; `all_ids` is
    the column of the ids of everything there is to find."""

    kind: str
    texts: Callable[[Collection[int]], Iterable[SearchText]]
    watches: Mapping[type[Model], Watch]
    all_ids: Any


SEARCHED: dict[str, Searched] = {}
WATCHED: dict[type[Model], list[tuple[str, Watch]]] = {}


def searched(one: Searched) -> Searched:
    """Declare it: from here on its texts are kept with every change of the rows it watches."""
    if one.kind in SEARCHED:
        raise ValueError(f"two searches are called {one.kind}")
    SEARCHED[one.kind] = one
    for model, watch in one.watches.items():
        WATCHED.setdefault(model, []).append((one.kind, watch))
    return one
