"""The bell and the history behind it."""

from __future__ import annotations

from functools import cache
from typing import Any

from flask import g, make_response, request, url_for
from flask_babel import format_timedelta
from flask_babel import gettext as _
from werkzeug.local import LocalProxy
from werkzeug.wrappers import Response

from retail.core import html
from retail.core.clock import now
from retail.core.links import link
from retail.core.module import person_or_none
from retail.core.shown import value
from retail.notifications import module, queries, services, sockets
from retail.notifications.models import Notification
from retail.permissions import SIGNED_IN

ICONS = {
    "stock": "package",
    "till": "cash-register",
    "task": "list-check",
    "import": "table-import",
    "security": "shield-check",
}
TONES = {"info": "info", "success": "success", "warning": "warning", "danger": "danger"}
RECENT_DAYS = 6
# Importing is what connects the handlers of the sockets.
SOCKETS = sockets


def _words() -> dict[str, str]:
    return {
        "stock": _("Stock"),
        "till": _("Till"),
        "task": _("Tasks"),
        "import": _("Imports"),
        "security": _("Security"),
        "system": _("System"),
    }


def _me() -> int:
    return int(g.person.id)


@module.app_context_processor
def _bell() -> dict[str, Any]:
    """The bell's figure, asked for once, and only where a template shows it."""
    person = person_or_none()
    count = cache(lambda: queries.unread_count(person.id) if person is not None else 0)
    return {"unread_count": LocalProxy(count)}


def _when(row: Notification) -> str:
    age = now() - row.happened_at
    if age.days > RECENT_DAYS:
        return value(row.happened_at, "datetime")
    return str(format_timedelta(-age, add_direction=True, granularity="minute"))


def _shown(row: Notification) -> dict[str, Any]:
    return {
        "id": row.id,
        "title": row.title,
        "text": row.text,
        "when": _when(row),
        "icon": ICONS.get(row.category, "bell"),
        "tone": TONES.get(row.severity, "neutral"),
        "unread": row.is_unread,
        "archived": row.archived_at is not None,
    }


def _page() -> Response:
    values = request.values
    view = values.get("view", "all")
    view = view if view in queries.VIEWS else "all"
    category = values.get("category", "")
    before = values.get("before", type=int)
    found = queries.told(_me(), view, category, before)
    here: dict[str, Any] = {"view": view, "category": category}
    words = _words()
    tabs = [
        {"label": label, "url": url_for("notifications.index", view=name), "active": view == name, "count": None}
        for name, label in (("all", _("All")), ("unread", _("Unread")), ("archive", _("Archive")))
    ]
    kinds = [("", _("Everything")), *((one, words.get(one, one)) for one in queries.categories_of(_me()))]
    filters = [
        {"label": label, "url": url_for("notifications.index", view=view, category=one), "active": category == one}
        for one, label in kinds
    ]
    return html.page(
        "notifications/index.html",
        fragment="told",
        rows=[_shown(row) for row in found.rows],
        tabs=tabs,
        filters=filters if len(filters) > 2 else [],
        here=here,
        view=view,
        older_url=url_for("notifications.index", before=found.before, **here) if found.before else None,
        newest_url=url_for("notifications.index", **here) if before else None,
    )


def _back() -> Response:
    view, category = request.values.get("view", "all"), request.values.get("category", "")
    return html.done("", url_for("notifications.index", view=view, category=category))


@module.get("/", needs=SIGNED_IN)
def index() -> Response:
    """Everything somebody was told, newest first."""
    return _page()


@module.get("/bell", needs=SIGNED_IN)
def bell() -> Response:
    """How many are unread, as the text of the bell."""
    count = queries.unread_count(_me())
    response = make_response(str(count) if count else "")
    response.headers["Cache-Control"] = "no-store"
    return response


@module.get("/drawer", needs=SIGNED_IN)
def drawer() -> Response:
    """The latest few, to be shown beside another page."""
    found = queries.told(_me())
    return html.page("notifications/drawer.html", fragment="drawer", rows=[_shown(row) for row in found.rows[:8]])


@module.post("/<int:notification_id>/open", needs=SIGNED_IN)
def open_it(notification_id: int) -> Response:
    """Read it, and go to what it is about."""
    row = services.mark_read(notification_id, _me())
    target = link(row.endpoint, **row.arguments) if row.endpoint else None
    return html.done("", target or url_for("notifications.index"))


@module.post("/<int:notification_id>/read", needs=SIGNED_IN)
def read(notification_id: int) -> Response:
    """Read it here."""
    services.mark_read(notification_id, _me())
    return _back()


@module.post("/<int:notification_id>/unread", needs=SIGNED_IN)
def unread(notification_id: int) -> Response:
    """Keep it for later."""
    services.mark_unread(notification_id, _me())
    return _back()


@module.post("/<int:notification_id>/archive", needs=SIGNED_IN)
def archive(notification_id: int) -> Response:
    """Put it away."""
    services.archive(notification_id, _me())
    return _back()


@module.post("/read-all", needs=SIGNED_IN)
def read_all() -> Response:
    """Be done with all of them."""
    services.mark_all_read(_me())
    return _back()
