"""Pages and their fragments: the named block to htmx, the whole page to everyone else."""

from __future__ import annotations

import json
from typing import Any, cast
from urllib.parse import urlsplit

from flask import current_app, flash, make_response, redirect, render_template, request
from flask_htmx import HTMX
from jinja2_fragments.flask import render_block
from markupsafe import Markup
from werkzeug.wrappers import Response

from retail.core import db, queue

htmx = HTMX()
SETTLED = "counterfoil.settled"


def wants_fragment() -> bool:
    """htmx, but not a boosted link nor a page restored from history: those want it all."""
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def settle(keep: bool) -> None:
    """End the request's transaction before anything is rendered, so that a write lock is held for as short as possible,
    and wake the relay when something was emitted. Once a request: what a page reads afterwards stays as it was read."""
    if request.environ.get(SETTLED):
        return
    emitted = bool(db.session.info.pop("emitted", False))
    db.finish(keep)
    request.environ[SETTLED] = True
    if emitted and keep:
        queue.nudge()


def page(template: str, *, fragment: str | None = None, status: int = 200, **context: Any) -> Response:
    """Render a page, or only its block `fragment` for htmx. A status of 400 and above drops what the request wrote."""
    if request.method not in {"GET", "HEAD"}:
        settle(keep=status < 400)
    body = (
        render_block(template, fragment, **context)
        if fragment and wants_fragment()
        else render_template(template, **context)
    )
    response = make_response(body, status)
    response.vary.add("HX-Request")
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def done(message: object, to: str, level: str = "success", undo_url: str | None = None) -> Response:
    """After a successful write: commit, say so, and go on to `to`. With `undo_url` the message offers to take it back;
    without scripts the page that follows has to offer that."""
    settle(keep=True)
    if undo_url and wants_fragment():
        return toast(make_response("", 204, {"HX-Redirect": to}), message, level, undo_url)
    if str(message):
        flash(str(message), level)
    return elsewhere(to)


def elsewhere(to: str) -> Response:
    """Lead to another page: the whole window, also when htmx asked for a part."""
    return make_response("", 204, {"HX-Redirect": to}) if wants_fragment() else redirect(to, 303)


def page_of_fragment() -> str | None:
    """The page that htmx asked for a part of, as a path of this site; None when it does not say."""
    page = urlsplit(htmx.current_url or "")
    if page.netloc != request.host:
        return None
    return f"{page.path}?{page.query}" if page.query else page.path


def toast(response: Response, message: object, level: str = "success", undo_url: str | None = None) -> Response:
    """Show a short message beside what the response swaps in."""
    response.headers["HX-Trigger"] = json.dumps(
        {"toast": {"message": str(message), "level": level, "undo_url": undo_url}}, ensure_ascii=True
    )
    return response


def drawn(macro: str, *values: Any, **named: Any) -> Markup:
    """What a macro of `templates/core/ui.html` draws, for a cell of a list."""
    return cast(Markup, getattr(current_app.jinja_env.globals["ui"], macro)(*values, **named))


def is_safe_target(target: str) -> bool:
    """Whether a `next` address stays on this site: a path, no scheme, no host, no backslash tricks."""
    return target.startswith("/") and not target.startswith(("//", "/\\")) and "\\" not in target and "\n" not in target
