"""Saved views and chosen columns: what each person makes of a list."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import g, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from retail.core import html
from retail.core import saved_lists as views
from retail.core.errors import Refused
from retail.core.saved_lists import NO_VIEW, SavedView
from retail.core.tables import TABLES, Asked, Table
from retail.lists import module
from retail.lists.access import table_named
from retail.permissions import SIGNED_IN


def _path() -> str:
    """The page of the list, as the form names it; only pages of this site, without their question."""
    sent = request.form.get("path", "")
    if not html.is_safe_target(sent):
        raise Refused(_("Open the list from the menu and try again."))
    return sent.partition("?")[0]


def _asked(table: Table) -> Asked:
    """The state of the list that the form was sent from."""
    return Asked.told(table, request.form.get("state", ""))


def _address(view: SavedView, **more: str) -> str:
    return f"{view.path}?{urlencode({**view.query, 'view': view.id, **more})}"


def _columns(table: Table) -> list[str] | None:
    known = table.visible()
    chosen = [name for name in dict.fromkeys(request.form.getlist("columns")) if name in known]
    usual = [name for name, one in known.items() if not one.hidden]
    return None if not chosen or chosen == usual or [next(iter(known)), *chosen] == usual else chosen


@module.post("/<list_name>/columns", needs=SIGNED_IN)
def choose_columns(list_name: str) -> Response:
    """Which columns to show, in which order: kept in one's own view when one is open, in its address when the view is
    somebody else's, else for this person and list."""
    table = table_named(list_name)
    path, asked = _path(), _asked(table)
    columns = None if request.form.get("reset") else _columns(table)
    kept = asked.arguments(table)
    kept.pop("columns", None)
    view = views.seen_view(asked.view_id, g.person.id) if asked.view_id is not None else None
    if view is None:
        views.choose_columns(table.name, g.person.id, columns)
    elif view.user_id == g.person.id:
        views.keep_in_view(view, view.query, columns)
    elif columns:
        kept["columns"] = ",".join(columns)
    return html.done("", to=f"{path}?{urlencode(kept)}" if kept else path)


@module.post("/<list_name>/views", needs=SIGNED_IN)
def save_view(list_name: str) -> Response:
    """Keep the list as it is now under a name."""
    table = table_named(list_name)
    asked = _asked(table)
    layout = views.layout_of(table.name, g.person.id)
    columns = asked.columns or (layout.columns if layout else None)
    view = views.save_view(
        table.name,
        g.person.id,
        request.form.get("name", ""),
        _path(),
        asked.saved(table),
        columns,
        is_shared=bool(request.form.get("shared")),
    )
    if request.form.get("default"):
        views.open_with(table.name, g.person.id, view)
    return html.done(_("“%(name)s” is saved.", name=view.name), to=_address(view))


@module.post("/views/<int:saved_view_id>", needs=SIGNED_IN)
def rename_view(saved_view_id: int) -> Response:
    """Another name, shared or not, the view a list opens with or not."""
    view = views.own_view(saved_view_id, g.person.id)
    views.rename_view(view, request.form.get("name", ""), is_shared=bool(request.form.get("shared")))
    _open_with(view, bool(request.form.get("default")))
    return html.done(_("Saved."), to=_address(view))


def _open_with(view: SavedView, wanted: bool) -> None:
    layout = views.layout_of(view.list_name, g.person.id)
    present = layout.default_view_id if layout else None
    if wanted != (present == view.id):
        views.open_with(view.list_name, g.person.id, view if wanted else None)


@module.post("/views/<int:saved_view_id>/default", needs=SIGNED_IN)
def open_with_view(saved_view_id: int) -> Response:
    """Let the list open with this view for this person, or no longer."""
    view = views.seen_view(saved_view_id, g.person.id)
    layout = views.layout_of(view.list_name, g.person.id)
    turned_on = layout is None or layout.default_view_id != view.id
    views.open_with(view.list_name, g.person.id, view if turned_on else None)
    said = _("The list opens with “%(name)s” now.", name=view.name) if turned_on else _("The list opens as it is now.")
    return html.done(said, to=_address(view))


@module.post("/views/<int:saved_view_id>/keep", needs=SIGNED_IN)
def keep_in_view(saved_view_id: int) -> Response:
    """Let the view mean what the list shows now."""
    view = views.own_view(saved_view_id, g.person.id)
    table = TABLES[view.list_name]()
    asked = _asked(table)
    views.keep_in_view(view, asked.saved(table), asked.columns or view.columns)
    return html.done(_("“%(name)s” is changed.", name=view.name), to=_address(view))


@module.post("/views/<int:saved_view_id>/delete", needs=SIGNED_IN)
def delete_view(saved_view_id: int) -> Response:
    """Take a view away; the message offers to undo it."""
    view = views.own_view(saved_view_id, g.person.id)
    views.delete_view(view)
    return html.done(
        _("“%(name)s” is deleted.", name=view.name),
        to=f"{view.path}?view={NO_VIEW}",
        undo_url=url_for("lists.restore_view", saved_view_id=view.id),
    )


@module.post("/views/<int:saved_view_id>/restore", needs=SIGNED_IN)
def restore_view(saved_view_id: int) -> Response:
    """Bring a deleted view back."""
    view = views.own_view(saved_view_id, g.person.id, deleted=True)
    views.restore_view(view)
    return html.done(_("“%(name)s” is back.", name=view.name), to=_address(view))
