"""The pages of the manual."""

from __future__ import annotations

from flask import current_app, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from retail.core import html, manual
from retail.core.errors import NotFound
from retail.core.module import allowed, person_or_none, registry_of
from retail.operations import module
from retail.permissions import SIGNED_IN


@module.get("/help/", needs=SIGNED_IN)
def help_pages() -> Response:
    """All chapters, or those that hold what was typed."""
    q = " ".join(request.args.get("q", "").split())[:80]
    return html.page(
        "operations/help.html",
        fragment="chapters",
        q=q,
        chapters=manual.search(q),
        breadcrumbs=[(_("Help"), None)],
    )


@module.get("/help/<chapter>", needs=SIGNED_IN)
def help_page(chapter: str) -> Response:
    """One chapter, with links to the screens it explains that this person may open."""
    found = manual.chapters().get(chapter)
    if found is None:
        raise NotFound(_("There is no such chapter in the manual."))
    registry = registry_of(current_app)
    entries = {item.endpoint: item for item in registry.menu}
    screens = [
        (str(entries[screen].label), url_for(screen), entries[screen].icon)
        for screen in found.screens
        if screen in entries and allowed(registry.needs[screen], person_or_none())
    ]
    return html.page(
        "operations/help_page.html",
        chapter=found,
        screens=screens,
        breadcrumbs=[(_("Help"), url_for("operations.help_pages")), (found.title, None)],
    )
