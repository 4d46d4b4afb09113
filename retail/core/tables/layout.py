"""How somebody sees a list: which columns in which order, and which saved view they are in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from retail.core.module import Person, person_or_none
from retail.core.saved_lists import ListLayout, SavedView, layout_of, views_of
from retail.core.tables.address import Asked
from retail.core.tables.declared import Column, Table


def keeper() -> Person | None:
    """Who can keep views and columns of lists: whoever is signed in to a business."""
    person = person_or_none()
    return person if person is not None and person.tenant_id is not None else None


@dataclass(frozen=True)
class Layout:
    """The columns to show, all there are to choose from in the same order, and the saved views of the list."""

    columns: dict[str, Column]
    offered: dict[str, Column]
    views: Sequence[SavedView]
    view: SavedView | None
    default_view_id: int | None
    own: ListLayout | None

    @classmethod
    def of(cls, table: Table, asked: Asked) -> Layout:
        """As the address names the columns; else as the view has them; else as the person chose; else as declared."""
        person = keeper()
        views = views_of(table.name, person.id) if person else []
        own = layout_of(table.name, person.id) if person else None
        view = next((one for one in views if str(one.id) == asked.view), None)
        wanted = asked.columns or (view.columns if view else None) or (own.columns if own and not view else None)
        offered = table.visible()
        chosen = _chosen(offered, wanted) if wanted else _usual(offered)
        rest = {key: column for key, column in offered.items() if key not in chosen}
        return cls(chosen, chosen | rest, views, view, own.default_view_id if own else None, own)

    @property
    def is_usual(self) -> bool:
        """Whether the columns are those the list was made with, in their order."""
        return list(self.columns) == list(_usual(dict(self.offered)))


def _usual(offered: dict[str, Column]) -> dict[str, Column]:
    return {key: column for key, column in offered.items() if not column.hidden}


def _chosen(offered: dict[str, Column], wanted: Iterable[str]) -> dict[str, Column]:
    """The wanted columns that there are; the first one declared names the row and always stands first."""
    title = next(iter(offered))
    return {key: offered[key] for key in (title, *wanted) if key in offered}
