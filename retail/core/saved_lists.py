"""Lists as people keep them: views saved under a name, and the columns each has chosen.

A view is a list's address with a name; it may be shared with the business. What is deleted can be brought back at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import JSON, ForeignKey, Index, UniqueConstraint, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from retail.core.audit import Audited
from retail.core.clock import now
from retail.core.db import Model, session
from retail.core.errors import NotFound, Refused
from retail.core.tenancy import OfTenant

LONGEST_NAME = 40
MOST_VIEWS = 30
"""So many of one list a person may save: more than fit on any screen."""
NO_VIEW = "all"
"""What `view` says in an address for the list as it is, so that a default view does not stand in the way."""


class SavedView(OfTenant, Audited, Model):
    """A list's search, filters, order and columns under a name, somebody's own or shared with the business."""

    __tablename__ = "saved_views"
    __table_args__ = (Index(None, "tenant_id", "list_name"),)

    list_name: Mapped[str]
    user_id: Mapped[int]
    name: Mapped[str]
    is_shared: Mapped[bool] = mapped_column(default=False)
    path: Mapped[str]
    query: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    columns: Mapped[list[str] | None] = mapped_column(JSON)
    created_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


class ListLayout(OfTenant, Audited, Model):
    """Which columns of a list somebody chose, in which order, and with which view it opens for them."""

    __tablename__ = "list_layouts"
    __table_args__ = (
        UniqueConstraint("tenant_id", "user_id", "list_name"),
        Index(None, "tenant_id", "default_view_id"),
    )

    list_name: Mapped[str]
    user_id: Mapped[int]
    columns: Mapped[list[str] | None] = mapped_column(JSON)
    default_view_id: Mapped[int | None] = mapped_column(ForeignKey("saved_views.id"))

    @property
    def audit_label(self) -> str:
        """Which list it is about."""
        return self.list_name


def views_of(list_name: str, user_id: int) -> Sequence[SavedView]:
    """The views of a list that somebody sees: their own and the shared ones, by name."""
    return session.scalars(
        select(SavedView)
        .where(
            SavedView.list_name == list_name,
            SavedView.deleted_at.is_(None),
            or_(SavedView.user_id == user_id, SavedView.is_shared),
        )
        .order_by(SavedView.name, SavedView.id)
    ).all()


def views_named(text: str, user_id: int, limit: int) -> Sequence[SavedView]:
    """The views somebody sees whose name holds every word of a text, whichever list they are of."""
    statement = select(SavedView).where(
        SavedView.deleted_at.is_(None), or_(SavedView.user_id == user_id, SavedView.is_shared)
    )
    for word in text.split()[:5]:
        statement = statement.where(SavedView.name.icontains(word, autoescape=True))
    return session.scalars(statement.order_by(SavedView.name, SavedView.id).limit(limit)).all()


def layout_of(list_name: str, user_id: int) -> ListLayout | None:
    """The columns somebody chose for a list, or None when they left it as it is."""
    return session.scalar(select(ListLayout).where(ListLayout.list_name == list_name, ListLayout.user_id == user_id))


def _own_layout(list_name: str, user_id: int) -> ListLayout:
    found = layout_of(list_name, user_id)
    if found is None:
        found = ListLayout(list_name=list_name, user_id=user_id)
        session.add(found)
    return found


def seen_view(view_id: int, user_id: int) -> SavedView:
    """A view that somebody sees; NotFound for another's own, and for what was deleted."""
    found = session.get(SavedView, view_id)
    if found is None or found.deleted_at is not None or not (found.is_shared or found.user_id == user_id):
        raise NotFound(_("There is no such view."))
    return found


def own_view(view_id: int, user_id: int, *, deleted: bool = False) -> SavedView:
    """A view that somebody made and may change; with `deleted` also one that they deleted. NotFound for any other."""
    found = session.get(SavedView, view_id)
    if found is None or found.user_id != user_id or (found.deleted_at is not None and not deleted):
        raise NotFound(_("There is no such view of yours."))
    return found


def save_view(
    list_name: str,
    user_id: int,
    name: str,
    path: str,
    query: Mapping[str, str],
    columns: Sequence[str] | None = None,
    *,
    is_shared: bool = False,
) -> SavedView:
    """Keep a list's state under a name. Refused for no name, a name one has already, and too many views."""
    mine = [one for one in views_of(list_name, user_id) if one.user_id == user_id]
    if len(mine) >= MOST_VIEWS:
        raise Refused(_("You have %(n)s views of this list; delete one first.", n=MOST_VIEWS), field="name")
    view = SavedView(
        list_name=list_name,
        user_id=user_id,
        name=_free_name(name, mine),
        is_shared=is_shared,
        path=path,
        query=dict(query),
        columns=list(columns) if columns else None,
        created_at=now(),
    )
    session.add(view)
    session.flush()
    return view


def rename_view(view: SavedView, name: str, *, is_shared: bool) -> None:
    """Call a view otherwise, and share it with the business or no longer."""
    others = [one for one in views_of(view.list_name, view.user_id) if one.user_id == view.user_id and one is not view]
    view.name, view.is_shared = _free_name(name, others), is_shared
    session.flush()


def keep_in_view(view: SavedView, query: Mapping[str, str], columns: Sequence[str] | None) -> None:
    """Let a view mean the present search, filters, order and columns."""
    view.query, view.columns = dict(query), list(columns) if columns else None
    session.flush()


def delete_view(view: SavedView) -> None:
    """Take a view away; nobody's list opens with it any more."""
    view.deleted_at = now()
    session.execute(
        update(ListLayout).where(ListLayout.default_view_id == view.id).values(default_view_id=None),
        execution_options={"synchronize_session": "fetch"},
    )


def restore_view(view: SavedView) -> None:
    """Bring a deleted view back. Refused when another has taken its name."""
    others = [one for one in views_of(view.list_name, view.user_id) if one.user_id == view.user_id and one is not view]
    view.name = _free_name(view.name, others)
    view.deleted_at = None
    session.flush()


def open_with(list_name: str, user_id: int, view: SavedView | None) -> None:
    """Let a list open with a view for somebody, or as it is."""
    _own_layout(list_name, user_id).default_view_id = view.id if view is not None else None
    session.flush()


def choose_columns(list_name: str, user_id: int, columns: Sequence[str] | None) -> None:
    """Keep which columns somebody wants to see, in their order; None is the list as it was made."""
    _own_layout(list_name, user_id).columns = list(columns) if columns else None
    session.flush()


def _free_name(name: str, others: Sequence[SavedView]) -> str:
    name = " ".join(name.split())
    if not name:
        raise Refused(_("Give the view a name."), field="name")
    if len(name) > LONGEST_NAME:
        raise Refused(_("A view's name has at most %(n)s characters.", n=LONGEST_NAME), field="name")
    if any(one.name.casefold() == name.casefold() for one in others):
        raise Refused(_("You have a view called “%(name)s” already.", name=name), field="name")
    return name
