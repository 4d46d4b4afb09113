"""A module's blueprint, whose every route says what it needs, and the guard that holds every request to that."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, Protocol, cast

from flask import Blueprint, Flask, abort, current_app, g, request
from flask_babel import refresh
from werkzeug.wrappers import Response

from retail.core import audit, db, tenancy
from retail.core.places import NOWHERE, Places
from retail.permissions import PLATFORM, PUBLIC, SIGNED_IN, Can, Need

FILES = ("models", "services", "queries", "search", "handlers", "work", "checks", "tables", "datasets", "views", "cli")
"""What a module may consist of, in the order it is loaded; `search` says what is found by text, `work` holds its tasks,
`checks` what `flask check` proves of it. A file that grew too long is split into several whose names end the same way:
`views`, `audit_views`."""
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Person(Protocol):
    """Whoever makes a request, as the core needs to know them. An administrator `of_platform` is in no tenant."""

    @property
    def id(self) -> int: ...
    @property
    def tenant_id(self) -> int | None: ...
    @property
    def of_platform(self) -> bool: ...
    @property
    def name(self) -> str: ...
    @property
    def permissions(self) -> frozenset[str]: ...
    @property
    def places(self) -> Places: ...
    def actor(self, address: str | None) -> audit.Actor: ...


@dataclass(frozen=True)
class MenuItem:
    """An entry of the sidebar, shown to whoever may open it. `shortcut` is the letter after G; `primary` ones are
    tabs on the phone."""

    label: Any
    endpoint: str
    icon: str
    group: Any
    order: int = 50
    shortcut: str | None = None
    primary: bool = False


@dataclass
class Registry:
    """What the modules declared, kept on the app, and who somebody is for whom a worker does something: by their id, at
    a location."""

    person_numbered: Callable[[int, int | None], Person | None]
    needs: dict[str, Need] = field(default_factory=dict)
    own: set[str] = field(default_factory=set)
    menu: list[MenuItem] = field(default_factory=list)


class Module(Blueprint):
    """A blueprint that will not take a route without `needs`.

    `needs` is a permission, PUBLIC, SIGNED_IN or PLATFORM. Limits on one row are rules of the shop, in services.
    A route is `own` that belongs to somebody's account: it is closed to whoever stands in for them.
    """

    def __init__(self, import_name: str, *, url_prefix: str | None = None, menu: Iterable[MenuItem] = ()) -> None:
        # Commands stand at the top level under the names people type (`flask report run`), whichever module has them.
        super().__init__(import_name.split(".")[1], import_name, url_prefix=url_prefix, cli_group=None)
        self.needs: dict[str, Need] = {}
        self.own: set[str] = set()
        self.menu = list(menu)

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: Callable[..., Any] | None = None,
        provide_automatic_options: bool | None = None,
        *,
        needs: Need | None = None,
        own: bool = False,
        **options: Any,
    ) -> None:
        if needs is None:
            raise TypeError(f"{self.name}: {rule} must say what it needs")
        name = endpoint or cast(Any, view_func).__name__
        self.needs[f"{self.name}.{name}"] = needs
        if own:
            self.own.add(f"{self.name}.{name}")
        super().add_url_rule(rule, endpoint, view_func, provide_automatic_options, **options)

    def open(self, app: Flask) -> None:
        """Load this module's files, then put its pages on the map."""
        names = sorted(found.name for found in iter_modules([str(Path(self.root_path))]))
        for kind in FILES:
            for name in names:
                if name == kind or name.endswith(f"_{kind}"):
                    import_module(f"{self.import_name}.{name}")
        registry = registry_of(app)
        registry.needs.update(self.needs)
        registry.own |= self.own
        registry.menu.extend(self.menu)
        app.register_blueprint(self)


def registry_of(app: Flask) -> Registry:
    """What the modules of this application declared."""
    return cast(Registry, app.extensions["modules"])


def allowed(need: Need, person: Person | None) -> bool:
    """Whether a person (or nobody) meets a need."""
    if need == PUBLIC:
        return True
    if person is None or person.of_platform:
        return person is not None and need == PLATFORM
    return need == SIGNED_IN or need in person.permissions


def _refusal(need: Need | None, person: Person | None) -> int:
    """The status of a page that is not opened. Of each other's pages, administrators of the platform and people of a
    business are not even told that they are there."""
    if person is None:
        return 401
    return 404 if person.of_platform or need == PLATFORM else 403


def places_of(user_id: int | None) -> Places:
    """Where somebody works for whom a worker does something; what nobody asked for is done everywhere. Nowhere for who
    may no longer sign in."""
    if user_id is None:
        return None
    person = registry_of(current_app).person_numbered(user_id, None)
    return NOWHERE if person is None else person.places


def person_or_none() -> Any:
    """Who makes this request, or None when nobody has signed in."""
    return g.get("person")


def can(permission: Can | str) -> bool:
    """Whether whoever makes this request holds a permission."""
    person = person_or_none()
    return person is not None and permission in person.permissions


def init_app(
    app: Flask,
    identify: Callable[[], Person | None],
    person_numbered: Callable[[int, int | None], Person | None],
) -> None:
    """Know of every request who makes it, and end its transaction.

    `identify` reads who that is; it runs in a read-only transaction of its own, so that a write transaction is opened
    as late as possible. `person_numbered` is for work on somebody's behalf, without a request of theirs.
    """
    app.extensions["modules"] = Registry(person_numbered)

    @app.before_request
    def recognize() -> None:
        tenancy.forget()
        audit.act_as(audit.Actor(address=request.remote_addr))
        db.set_intent("read")
        if request.endpoint is None or request.endpoint == "static":
            return
        with tenancy.across_tenants():
            g.person = person = identify()
            refresh()  # what was said before, to whoever it was, settled on a language
        db.session.rollback()
        if person is not None:
            if person.tenant_id is not None:
                g.tenant_token = tenancy.enter(person.tenant_id, person.places)
            audit.act_as(person.actor(request.remote_addr))

    @app.after_request
    def finish(response: Response) -> Response:
        db.finish(request.method in WRITES and response.status_code < 400)
        return response

    @app.teardown_request
    def leave(_error: BaseException | None) -> None:
        token = g.pop("tenant_token", None)
        if token is not None:
            tenancy.leave(token)
        tenancy.forget()
        audit.act_as(audit.Actor())


def init_guard(app: Flask) -> None:
    """Deny by default: a page is served only to someone who holds what its route says it needs."""

    @app.before_request
    def guard() -> None:
        if request.endpoint is None or request.endpoint == "static":
            return
        person = person_or_none()
        need = registry_of(app).needs.get(request.endpoint)
        if need is None or not allowed(need, person):
            abort(_refusal(need, person))
        if request.method in WRITES:
            db.set_intent("write")
