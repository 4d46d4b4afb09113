"""The keys that each person chooses for themselves."""

from __future__ import annotations

from typing import Any

from flask import current_app, g, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from retail.core import html, shortcuts
from retail.core.module import allowed, registry_of
from retail.core.shortcuts import GO, PAGES, PREFERENCE, PREFIX, SHORTCUTS
from retail.identity import module, services
from retail.identity.profile_views import account_tabs
from retail.identity.proof import myself
from retail.permissions import SIGNED_IN


def _rows(chosen: dict[str, str]) -> list[dict[str, Any]]:
    """Every shortcut with its present key, those of pages this person may open included."""
    keys = shortcuts.keys_for(chosen)
    rows: list[dict[str, Any]] = [
        {"name": one.name, "label": one.label, "group": one.group, "key": keys[one.name], "fixed": one.fixed}
        for one in SHORTCUTS
    ]
    registry = registry_of(current_app)
    for item in sorted(registry.menu, key=lambda one: one.order):
        if item.endpoint in registry.needs and allowed(registry.needs[item.endpoint], g.person):
            letter = shortcuts.letter_for(item.endpoint, item.shortcut, chosen)
            rows.append(
                {"name": GO + item.endpoint, "label": item.label, "group": PAGES, "key": letter, "fixed": False}
            )
    return rows


def _problems(rows: list[dict[str, Any]]) -> dict[str, str]:
    """What is wrong with the keys, by name: no key, or one that means something else already."""
    found = {}
    names = {row["name"]: str(row["label"]) for row in rows}
    for is_page in (False, True):
        group = [row for row in rows if row["name"].startswith(GO) == is_page]
        for row in group:
            problem = None if row["fixed"] else shortcuts.problem_with(row["key"], letter=is_page)
            if problem:
                found[row["name"]] = problem
        for shared in shortcuts.collisions((row["name"], row["key"]) for row in group).values():
            for name in shared:
                others = ", ".join(names[other] for other in shared if other != name)
                found.setdefault(name, str(_("The same key is for: %(others)s.", others=others)))
    return found


@module.route("/profile/shortcuts", methods=["GET", "POST"], needs=SIGNED_IN, own=True)
def shortcut_keys() -> Response:
    """All keys, each of which one may choose anew; those that collide are named and nothing is kept."""
    user = myself()
    chosen = dict(user.preferences.get(PREFERENCE) or {})
    rows = _rows(chosen)
    problems: dict[str, str] = {}
    if request.method == "POST":
        if request.form.get("reset"):
            services.choose_shortcuts(user, {})
            return html.done(_("The usual keys are back."), to=url_for("identity.shortcut_keys"))
        usual = {row["name"]: row["key"] for row in _rows({})}
        for row in rows:
            if not row["fixed"] and row["name"] in request.form:
                typed = request.form[row["name"]].strip()[:10]
                row["key"] = "Enter" if typed.casefold() == "enter" else typed
        problems = _problems(rows)
        if not problems:
            services.choose_shortcuts(
                user, {row["name"]: row["key"] for row in rows if row["key"] != usual[row["name"]]}
            )
            return html.done(_("Saved."), to=url_for("identity.shortcut_keys"))
    return html.page(
        "identity/shortcuts.html",
        status=422 if problems else 200,
        rows=rows,
        problems=problems,
        groups=list(dict.fromkeys(row["group"] for row in rows)),
        changed=bool(chosen),
        prefix=PREFIX.upper(),
        pages=PAGES,
        tabs=account_tabs(),
        email=user.email,
    )
