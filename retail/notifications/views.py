"""The bell and the history behind it."""

from __future__ import annotations

import json
from datetime import date, timedelta
from functools import cache
from itertools import groupby
from typing import Any

from flask import g, make_response, redirect, request, url_for
from flask_babel import format_timedelta
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.local import LocalProxy
from werkzeug.wrappers import Response

from retail.core import html
from retail.core.clock import now
from retail.core.links import link
from retail.core.module import person_or_none
from retail.core.shown import value
from retail.notifications import module, queries, services, sockets
from retail.notifications.labels import SEVERITY_WORDS, category_icon, category_label
from retail.notifications.models import CATEGORIES, SEVERITIES, Notification
from retail.notifications.queries import Wanted
from retail.permissions import SIGNED_IN

RECENT_DAYS = 6
DRAWER_ROWS = 8
VIEW_WORDS = {"all": _l("All"), "unread": _l("Unread"), "archive": _l("Archive")}
# Importing is what connects the handlers of the sockets.
SOCKETS = sockets


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
        "text": " · ".join(part for part in (row.text, row.actor_name) if part),
        "when": _when(row),
        "day": row.happened_at.astimezone(g.person.zone).date(),
        "icon": category_icon(row.category),
        "tone": row.severity if row.severity in SEVERITIES else "neutral",
        "category": row.category,
        "label": category_label(row.category),
        "unread": row.is_unread,
        "archived": row.archived_at is not None,
    }


def _day_words(day: date) -> str:
    today = now().astimezone(g.person.zone).date()
    if day == today:
        return str(_("Today"))
    return str(_("Yesterday")) if day == today - timedelta(days=1) else value(day, "date")


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(request.values.get(name, ""))
    except ValueError:
        return None


def _wanted() -> Wanted:
    values = request.values
    view, category, severity = (values.get(name, "") for name in ("view", "category", "severity"))
    return Wanted(
        view=view if view in queries.VIEWS else "all",
        category=category if category in CATEGORIES else "",
        severity=severity if severity in SEVERITIES else "",
        first=_day("first"),
        last=_day("last"),
        zone=str(g.person.timezone),
    )


def _address(wanted: Wanted) -> dict[str, Any]:
    """What of the present page's address says something."""
    said = {
        "view": wanted.view if wanted.view != "all" else "",
        "category": wanted.category,
        "severity": wanted.severity,
        "first": wanted.first.isoformat() if wanted.first else "",
        "last": wanted.last.isoformat() if wanted.last else "",
    }
    return {name: text for name, text in said.items() if text}


def _page() -> Response:
    wanted = _wanted()
    before = request.values.get("before", type=int)
    found = queries.told(_me(), wanted, before)
    here = _address(wanted)
    narrowing: dict[str, Any] = {name: text for name, text in here.items() if name != "view"}
    tabs = [
        {
            "label": str(VIEW_WORDS[name]),
            "url": url_for("notifications.index", **{**narrowing, "view": None if name == "all" else name}),
            "active": wanted.view == name,
            "count": queries.unread_count(_me()) or None if name == "unread" else None,
        }
        for name in queries.VIEWS
    ]
    kinds = [(one, category_label(one)) for one in queries.categories_of(_me())]
    filters = [
        {"name": "category", "label": _("Everything"), "kind": "choice", "choices": kinds, "value": wanted.category},
        {
            "name": "severity",
            "label": _("However urgent"),
            "kind": "choice",
            "choices": [(one, str(SEVERITY_WORDS[one])) for one in reversed(SEVERITIES)],
            "value": wanted.severity,
        },
        {"name": "first", "label": _("From"), "kind": "date", "value": here.get("first", "")},
        {"name": "last", "label": _("To"), "kind": "date", "value": here.get("last", "")},
    ]
    rows = [_shown(row) for row in found.rows]
    return html.page(
        "notifications/index.html",
        fragment="told",
        days=[(_day_words(day), list(told)) for day, told in groupby(rows, key=lambda row: row["day"])],
        tabs=tabs,
        filters=filters,
        here=here,
        view=wanted.view,
        narrowed=bool(narrowing),
        clear_url=url_for("notifications.index", view=None if wanted.view == "all" else wanted.view),
        older_url=url_for("notifications.index", before=found.before, **here) if found.before else None,
        newest_url=url_for("notifications.index", **here) if before else None,
    )


def _back(message: object = "", undo_url: str | None = None) -> Response:
    """The list as it is now: to htmx in place, with what can be undone; to everyone else as a page."""
    if not html.wants_fragment():
        return html.done(message, url_for("notifications.index", **_address(_wanted())))
    html.settle(keep=True)
    response = _page()
    if str(message):
        html.toast(response, message, undo_url=undo_url)
    # The bell of this very page, also where no word comes live.
    said = json.loads(response.headers.get("HX-Trigger", "{}"))
    response.headers["HX-Trigger"] = json.dumps({**said, "bell-changed": True})
    return response


@module.get("/", needs=SIGNED_IN)
def index() -> Response:
    """Everything somebody was told, newest first."""
    return _page()


@module.get("/bell", needs=SIGNED_IN)
def bell() -> Response:
    """How many are unread, as the text of the bell."""
    count = queries.unread_count(_me())
    response = make_response(("99+" if count > 99 else str(count)) if count else "")
    response.headers["Cache-Control"] = "no-store"
    return response


@module.get("/drawer", needs=SIGNED_IN)
def drawer() -> Response:
    """The latest few, to be shown beside another page."""
    found = queries.told(_me())
    return html.page(
        "notifications/drawer.html", fragment="drawer", rows=[_shown(row) for row in found.rows[:DRAWER_ROWS]]
    )


def _target(row: Notification) -> str:
    return (link(row.endpoint, **row.arguments) if row.endpoint else None) or url_for("notifications.index")


@module.post("/<int:notification_id>/open", needs=SIGNED_IN)
def open_it(notification_id: int) -> Response:
    """Read it, and go to what it is about."""
    return html.done("", _target(services.mark_read(notification_id, _me())))


@module.get("/<int:notification_id>/go", needs=SIGNED_IN)
def go(notification_id: int) -> Response:
    """Go to what it is about, from a mail or a browser's message; reading changes nothing, so it stays unread."""
    return redirect(_target(services.own(notification_id, _me())), 303)


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
    return _back(_("Put away."), url_for("notifications.restore", notification_id=notification_id))


@module.post("/<int:notification_id>/restore", needs=SIGNED_IN)
def restore(notification_id: int) -> Response:
    """Take it out of the archive again."""
    services.restore(notification_id, _me())
    if html.wants_fragment() and html.htmx.target != "told":
        # Undone from a message at the foot of the screen: lists that show it re-read themselves.
        html.settle(keep=True)
        return make_response("", 204, {"HX-Trigger": "notification"})
    return _back(_("It is back in your list."))


@module.post("/read-all", needs=SIGNED_IN)
def read_all() -> Response:
    """Be done with all of them, or with those of one category."""
    services.mark_all_read(_me(), _wanted().category)
    return _back()
