"""What the frame of every page knows about where one works: the location, and the others one may change to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import g, request
from werkzeug.local import LocalProxy
from werkzeug.wrappers import Response

from retail.core import html, language
from retail.core.module import person_or_none
from retail.identity import module, sessions
from retail.identity.administrator_sessions import OnPlatform
from retail.identity.sessions import SignedIn
from retail.permissions import PUBLIC, SIGNED_IN
from retail.tenancy.models import Location
from retail.tenancy.queries import location_numbered, locations


class Workplaces:
    """The locations of the switch, read once when the frame is drawn."""

    def __init__(self, person: SignedIn | OnPlatform | None) -> None:
        self.person = person
        self._found: Sequence[Location] | None = None

    def _all(self) -> Sequence[Location]:
        if self._found is None:
            self._found = locations() if self.person is not None and self.person.tenant_id is not None else []
        return self._found

    def choices(self) -> Sequence[Location]:
        """Where the person may work; none when there is nothing to choose."""
        return self._all() if len(self._all()) > 1 else []

    def present(self) -> Location | None:
        """Where they do; None is all of them. Of a business with one location nothing is said."""
        if self.person is None or (len(self._all()) < 2 and self.person.places is None):
            return None
        return next((place for place in self._all() if place.id == self.person.location_id), None)


@module.app_context_processor
def workplace() -> dict[str, Any]:
    """`locations` and `location` for the frame. They are read when a template asks, so fragments pay nothing."""
    places = Workplaces(person_or_none())
    return {"locations": LocalProxy(places.choices), "location": LocalProxy(places.present)}


@module.post("/language", needs=PUBLIC)
def read_in() -> Response:
    """Read this browser's pages in another language: for whoever has not signed in, or cannot find their profile. Who
    is signed in keeps it in their profile."""
    wanted = request.form.get("language", "")
    target = request.form.get("next", "")
    response = html.done("", to=target if html.is_safe_target(target) else "/")
    if wanted in language.LANGUAGES:
        response.set_cookie(
            language.COOKIE,
            wanted,
            max_age=language.COOKIE_SECONDS,
            httponly=True,
            samesite="Lax",
            secure=request.is_secure,
        )
    return response


@module.post("/location", needs=SIGNED_IN)
def work_at() -> Response:
    """Work at another location, or at all of them."""
    wanted = request.form.get("location", type=int)
    location_id = location_numbered(wanted).id if wanted else None
    sessions.work_at(g.person.session_id, location_id)
    target = request.form.get("next", "/")
    return html.done("", to=target.rstrip("?") if html.is_safe_target(target) else "/")
