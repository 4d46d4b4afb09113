"""What every page shares: menu, theme, assets, security headers, error pages, the health answer."""

from __future__ import annotations

import hashlib
import logging
import secrets
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, current_app, g, redirect, render_template, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from jinja2 import Environment
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from retail.core import db, html, manual, shortcuts, troubles
from retail.core.errors import NotFound, Refused
from retail.core.links import link
from retail.core.logs import request_id
from retail.core.module import allowed, can, person_or_none, registry_of
from retail.core.search.marking import marked
from retail.permissions import PLATFORM, PUBLIC

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Nobody:
    """Stands for the visitor who has not signed in."""

    is_authenticated: bool = False
    name: str = ""
    email: str = ""
    role_name: str = ""
    theme: str = "auto"
    viewing: str = ""
    support: None = None
    of_platform: bool = False


NOBODY = Nobody()


@lru_cache(maxsize=512)
def _fingerprint(path: str, _changed: float) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:12]


@lru_cache(maxsize=1024)
def _address_below(root: str, endpoint: str) -> str:
    """The address of a page without values where the program is served below this path."""
    del root
    return url_for(endpoint)


def _address(endpoint: str) -> str:
    return _address_below(request.script_root, endpoint)


@lru_cache(maxsize=16)
def _assets_below(root: str) -> dict[str, str]:
    """The addresses known of static files where the program is served below this path."""
    del root
    return {}


def asset(path: str) -> str:
    """The address of a static file with its fingerprint, so that browsers may keep it for good. Looked up once, since
    a page names thirty files, that of the icons a hundred times; while somebody works on the files, once for a page."""
    known: dict[str, str] = g.setdefault("assets", {}) if current_app.debug else _assets_below(request.script_root)
    if path not in known:
        file = Path(str(current_app.static_folder)) / path
        mark = _fingerprint(str(file), file.stat().st_mtime) if file.is_file() else "missing"
        known[path] = url_for("static", filename=path, v=mark)
    return known[path]


def csp_nonce() -> str:
    """The nonce of this answer's scripts."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return str(g.csp_nonce)


def menu() -> list[dict[str, Any]]:
    """The sidebar: groups of entries the person may open, in the order declared."""
    person = person_or_none()
    registry = registry_of(current_app)
    groups: dict[str, list[dict[str, Any]]] = {}
    here = (request.endpoint or "").split(".")[0]
    for item in sorted(registry.menu, key=lambda one: one.order):
        if item.endpoint not in registry.needs or not allowed(registry.needs[item.endpoint], person):
            continue
        groups.setdefault(str(item.group), []).append(
            {
                "label": str(item.label),
                "icon": item.icon,
                "endpoint": item.endpoint,
                "url": _address(item.endpoint),
                "active": request.endpoint == item.endpoint
                or (here == item.endpoint.split(".")[0] and g.get("menu_endpoint") == item.endpoint),
                "shortcut": shortcuts.letter_for(item.endpoint, item.shortcut, person.shortcuts),
                "primary": item.primary,
                "count": None,
            }
        )
    _mark_nearest([item for items in groups.values() for item in items])
    return [{"label": label, "items": items} for label, items in groups.items()]


def _mark_nearest(items: list[dict[str, Any]]) -> None:
    """On a page that has no entry of its own, mark the entry whose address it lies below."""
    if any(item["active"] for item in items) or "menu_endpoint" in g:
        return
    above = [item for item in items if request.path.startswith(item["url"].rstrip("/") + "/") and item["url"] != "/"]
    if above:
        max(above, key=lambda item: len(item["url"]))["active"] = True


def _context() -> dict[str, Any]:
    person = person_or_none()
    locale = get_locale()
    return {
        "current_user": person or NOBODY,
        "tenant": person.tenant if person else None,
        "theme": person.theme if person else "auto",
        "locale_code": str(locale).replace("_", "-") if locale else "en",
        "text_direction": locale.text_direction if locale else "ltr",
        "menu": menu() if person else [],
        "shortcut_keys": shortcuts.keys_for(person.shortcuts if person else {}),
        "shortcut_sheet": shortcuts.SHEET,
        "breadcrumbs": [],
        "location": None,
        "locations": [],
        "unread_count": 0,
        "home_url": link("operations.platform_tenants") if person and person.of_platform else "/",
    }


def manual_here() -> str | None:
    """The chapter of the manual that explains this page, or the menu's entry above it; None where there is none."""
    above = g.get("menu_endpoint")
    if above is None:
        registry = registry_of(current_app)
        own = [
            one.endpoint for one in registry.menu if request.path.startswith(_address(one.endpoint).rstrip("/") + "/")
        ]
        above = max(own, key=lambda endpoint: len(_address(endpoint)), default=None)
    chapter = manual.chapter_of(request.endpoint, above)
    return link("operations.help_page", chapter=chapter) if chapter else None


def _headers(response: Response) -> Response:
    # Swagger-like pages and the scanner may widen their own policy; everybody else gets the strict one.
    nonce = g.get("csp_nonce")
    scripts = f"'self' 'nonce-{nonce}'" if nonce else "'self'"
    response.headers.setdefault(
        "Content-Security-Policy",
        f"default-src 'self'; script-src {scripts}; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
        "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    )
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers.setdefault("Permissions-Policy", "camera=(self), microphone=(), geolocation=(), payment=()")
    response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
    if request.endpoint == "static":
        kept = "public, max-age=31536000, immutable" if "v" in request.args else "public, max-age=300"
        response.headers["Cache-Control"] = kept
    return response


def _problem(status: int, title: str, words: str, reference: str | None = None) -> Response:
    """An error as a page; for htmx, which swaps no error in, the same words as a toast."""
    db.session.rollback()
    body = render_template("core/error.html", status=status, error_title=title, error_text=words, reference=reference)
    response = Response(body, status, content_type="text/html; charset=utf-8")
    if html.htmx:
        html.toast(response, f"{title} {words}", "danger")
    if reference:
        response.headers["X-Reference"] = reference
    return response


def _http_error(error: HTTPException) -> Any:
    code = error.code or 500
    if code == 401:
        if registry_of(current_app).needs.get(request.endpoint or "") == PLATFORM:
            return html.elsewhere(url_for("identity.platform_sign_in"))
        if html.htmx:
            return Response("", 204, {"HX-Redirect": url_for("identity.sign_in", next=html.page_of_fragment())})
        back = request.full_path.rstrip("?") if request.method == "GET" else None
        return redirect(url_for("identity.sign_in", next=back), 303)
    if code < 400:
        return error
    words = {
        400: (_("That could not be read."), _("Go back, reload the page and try again.")),
        403: (_("You may not do this."), _("Ask somebody whose role allows it, or the owner to change yours.")),
        404: (_("There is nothing here."), _("The address is wrong, or the thing was removed.")),
        405: (_("That does not work here."), _("Open the page from the menu and use its buttons.")),
        413: (
            _("That file is too large."),
            _(
                "At most %(mb)s MB can be uploaded; split it, or save it smaller.",
                mb=(current_app.config["MAX_CONTENT_LENGTH"] or 0) // 1048576,
            ),
        ),
        429: (_("Too many tries."), _("Wait a minute and try again.")),
    }.get(code, (_("That did not work."), str(error.description or "")))
    if code == 404 and getattr(person_or_none(), "access_ended", False):
        words = (_("Your access to this business has ended."), _("Ask for it again on the page of the business."))
    return _problem(code, *words)


def _refused(error: Refused) -> Response:
    """A refusal no form took: 404 for what is not there, else 422 with the sentence."""
    if isinstance(error, NotFound):
        return _problem(404, _("There is nothing here."), error.message)
    return _problem(422, _("That is not possible."), error.message)


def _csrf(_error: CSRFError) -> Response:
    return _problem(
        400, _("This page is too old to be sent."), _("Your session may have ended. Reload the page and try again.")
    )


def _busy(error: OperationalError) -> Response:
    log.warning("database unavailable: %s", error)
    return _problem(503, _("The shop's database is busy."), _("Nothing was changed. Try again in a moment."))


def _unforeseen(error: Exception) -> Any:
    if isinstance(error, HTTPException):
        return _http_error(error)
    reference, person = request_id(), person_or_none()
    log.error("error %s at %s %s", reference, request.method, request.path, exc_info=error)
    if person is not None:
        where = f"{request.method} {request.path}"
        troubles.note_error(person.tenant_id, error, reference=reference, where=where, user=person.name)
    return _problem(
        500,
        _("Something broke on our side."),
        _("Nothing was changed. If it happens again, tell support the reference %(ref)s.", ref=reference),
        reference,
    )


def _health() -> tuple[dict[str, str], int]:
    """Whether pages can be served: the process answers and the database does."""
    try:
        db.session.connection().exec_driver_sql("SELECT 1")
    except OperationalError:
        return {"status": "database unavailable"}, 503
    finally:
        db.session.rollback()
    return {"status": "ok"}, 200


class _Macros:
    """The macros of a template, for whole pages and for blocks rendered alone; read when the first is asked for, so
    that a command which draws no page does not wait for them."""

    def __init__(self, environment: Environment, template: str) -> None:
        self._environment, self._template = environment, template

    def __getattr__(self, name: str) -> Any:
        macro = getattr(self._environment.get_template(self._template).module, name)
        setattr(self, name, macro)
        return macro


def init_app(app: Flask) -> None:
    """Put what every page shares on the application."""
    app.context_processor(_context)
    app.after_request(_headers)
    app.jinja_env.globals.update(asset=asset, csp_nonce=csp_nonce, can=can, manual_here=manual_here)
    # Macros as a module are there for whole pages and for blocks rendered alone.
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.filters["marked"] = marked
    app.jinja_env.globals["ui"] = _Macros(app.jinja_env, "core/ui.html")
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(Refused, _refused)
    app.register_error_handler(OperationalError, _busy)
    app.register_error_handler(Exception, _unforeseen)
    registry = registry_of(app)
    registry.needs.update({"core_health": PUBLIC, "core_favicon": PUBLIC})
    app.add_url_rule("/health", "core_health", _health)
    app.add_url_rule("/favicon.ico", "core_favicon", lambda: redirect(asset("favicon.svg"), 302))
