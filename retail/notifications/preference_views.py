"""How somebody wants to be told: one page, which works without JavaScript."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any

from flask import current_app, g, jsonify, request, send_from_directory, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from werkzeug.wrappers import Response

from retail.core import html
from retail.core.clock import as_utc, now
from retail.core.errors import Refused
from retail.core.forms import refusals
from retail.identity.services import user_numbered
from retail.notifications import module
from retail.notifications import preference_services as services
from retail.notifications.forms import ReachForm, SubscriptionForm
from retail.notifications.labels import CATEGORY_WORDS, CHANNEL_WORDS
from retail.notifications.models import CATEGORIES, CHANNELS, NotificationMute
from retail.notifications.preference_queries import (
    Cell,
    addressee_of,
    matrix_of,
    mutes_of,
    sms_account,
    subscriptions_of,
)
from retail.permissions import PUBLIC, SIGNED_IN

MAIL_CHOICES = (("off", _l("Never")), ("now", _l("At once")), ("digest", _l("In a digest")))
MORNING = 8


def _me() -> int:
    return int(g.person.id)


def cell_name(category: str, channel: str) -> str:
    """What a cell of the matrix is called in a form."""
    return f"{channel}-{category}"


def drawn_cell(category: str, channel: str, value: str, fixed: bool) -> Markup:
    """One cell of the matrix."""
    name = cell_name(category, channel)
    label = f"{CATEGORY_WORDS[category][0]}: {CHANNEL_WORDS[channel]}"
    if channel == "email":
        return html.drawn("cell_select", name, value, [(one, str(text)) for one, text in MAIL_CHOICES], label, fixed)
    return html.drawn("cell_check", name, value == "now", label, fixed)


def read_matrix() -> dict[tuple[str, str], str]:
    """What a sent matrix says; an e-mail that was not sent along is left as it is."""
    found = {}
    for category in CATEGORIES:
        for channel in CHANNELS:
            name = cell_name(category, channel)
            if channel != "email":
                found[category, channel] = "now" if request.form.get(name) else "off"
            elif name in request.form:
                found[category, channel] = request.form[name]
    return found


def _rows(cells: Mapping[tuple[str, str], Cell], mutes: Mapping[str, NotificationMute]) -> list[dict[str, Any]]:
    return [
        {
            "label": str(words),
            "note": str(note),
            "icon": icon,
            "badge": html.drawn("badge", _("Muted"), "warning") if category in mutes else None,
            "cells": [
                drawn_cell(category, channel, cells[category, channel].value, cells[category, channel].forced)
                for channel in CHANNELS
            ],
        }
        for category, (words, note, icon) in CATEGORY_WORDS.items()
    ]


def _time(minutes: int | None) -> time | None:
    return None if minutes is None else time(*divmod(minutes, 60))


def _minutes(value: time | None) -> int | None:
    return None if value is None else value.hour * 60 + value.minute


def _reach_form() -> ReachForm:
    row = addressee_of(_me())
    if row is None:
        return ReachForm(urgent_anyway=True, digest="daily", digest_hour=MORNING)
    return ReachForm(
        phone=row.phone,
        quiet_from=_time(row.quiet_from),
        quiet_to=_time(row.quiet_to),
        urgent_anyway=row.urgent_anyway,
        digest=row.digest,
        digest_hour=row.digest_hour,
    )


def _page(form: ReachForm, status: int = 200) -> Response:
    row, user, mutes = addressee_of(_me()), user_numbered(_me()), mutes_of(_me())
    cells = matrix_of(_me())
    account = sms_account()
    return html.page(
        "notifications/preferences.html",
        status=status,
        form=form,
        columns=[str(CHANNEL_WORDS[channel]) for channel in CHANNELS],
        rows=_rows(cells, mutes),
        any_forced=any(cell.forced for cell in cells.values()),
        email=user.email,
        zone=g.person.timezone.replace("_", " "),
        email_stopped=row.email_stopped if row is not None and row.refuses(user.email) else "",
        phone_stopped=row.phone_stopped if row is not None else "",
        texts_stay=account is None or not account.active,
        mutes=[
            {"category": category, "label": str(CATEGORY_WORDS[category][0]), "until": mute.until}
            for category, mute in mutes.items()
        ],
        mutable=[(one, str(CATEGORY_WORDS[one][0])) for one in CATEGORIES if one not in mutes],
        browsers=subscriptions_of(_me()),
        breadcrumbs=[(_("Notifications"), url_for("notifications.index")), (_("Preferences"), None)],
    )


@module.route("/preferences", methods=["GET", "POST"], needs=SIGNED_IN, own=True)
def preferences() -> Response:
    """Which news by which way, at which hours."""
    form = _reach_form()
    if request.method == "POST" and form.validate():
        with refusals(form):
            services.choose(_me(), read_matrix())
            services.set_reach(
                _me(),
                phone=form.phone.data,
                quiet_from=_minutes(form.quiet_from.data),
                quiet_to=_minutes(form.quiet_to.data),
                urgent_anyway=form.urgent_anyway.data,
                digest=form.digest.data,
                digest_hour=form.digest_hour.data,
            )
            return html.done(_("Your preferences are saved."), url_for("notifications.preferences"))
    return _page(form, 422 if form.errors or form.form_errors else 200)


@module.post("/preferences/reset", needs=SIGNED_IN, own=True)
def reset_preferences() -> Response:
    """Let the rules of the business hold again."""
    services.forget_choices(_me())
    return html.done(_("The preferences of your business hold for you again."), url_for("notifications.preferences"))


def _until(choice: str) -> datetime | None:
    """The end of a mute: in an hour, tomorrow or next Monday morning on their own clock, or open."""
    instant = now()
    if choice == "hour":
        return instant + timedelta(hours=1)
    if choice == "forever":
        return None
    today = instant.astimezone(g.person.zone).date()
    days = {"day": 1, "week": 7 - today.weekday()}.get(choice)
    if days is None:
        raise Refused(_("Choose for how long."), field="until")
    return as_utc(datetime.combine(today + timedelta(days=days), time(MORNING)), g.person.timezone)


@module.post("/mute", needs=SIGNED_IN, own=True)
def mute() -> Response:
    """Hear nothing of a category for a while."""
    services.mute(_me(), request.form.get("category", ""), _until(request.form.get("until", "")))
    return html.done(_("Muted. It is still kept in your list."), url_for("notifications.preferences") + "#muting")


@module.post("/unmute", needs=SIGNED_IN, own=True)
def unmute() -> Response:
    """Hear of a category again."""
    services.unmute(_me(), request.form.get("category", ""))
    return html.done(_("You hear of it again."), url_for("notifications.preferences") + "#muting")


@module.post("/preferences/addresses", needs=SIGNED_IN, own=True)
def try_address_again() -> Response:
    """Take up an address again that refused messages."""
    services.try_address_again(_me())
    return html.done(_("We will try again with the next notification."), url_for("notifications.preferences"))


@module.post("/push/key", needs=SIGNED_IN, own=True)
def push_key() -> Response:
    """The key a browser subscribes with; made when the first asks, which is why this is sent and not read."""
    key = services.push_key().public
    html.settle(keep=True)
    return jsonify(key=key)


@module.post("/push/subscribe", needs=SIGNED_IN, own=True)
def subscribe() -> Response:
    """Let this browser be woken."""
    form = SubscriptionForm()
    if not form.validate():
        raise Refused(_("This browser did not say where it can be reached; turn it on once more."), field="endpoint")
    services.subscribe(_me(), form.endpoint.data, form.p256dh.data, form.auth.data, request.user_agent.string)
    return html.done(_("This browser is woken from now on."), url_for("notifications.preferences") + "#browsers")


@module.post("/push/<int:subscription_id>/end", needs=SIGNED_IN, own=True)
def unsubscribe(subscription_id: int) -> Response:
    """Let a browser sleep."""
    services.unsubscribe(subscription_id, _me())
    return html.done(_("That browser is left alone."), url_for("notifications.preferences") + "#browsers")


@module.get("/push-worker.js", needs=PUBLIC)
def push_worker() -> Response:
    """The script a browser keeps to be woken by. It stands below this address, which is all it may speak for."""
    response = send_from_directory(f"{current_app.static_folder}/js", "push-worker.js", mimetype="text/javascript")
    response.headers["Cache-Control"] = "no-cache"
    return response
