"""Addresses of other modules' pages, for those who may open them."""

from __future__ import annotations

from typing import Any

from flask import current_app, url_for

from retail.core.module import allowed, person_or_none, registry_of


def link(endpoint: str, **values: Any) -> str | None:
    """The address of a page, or None where there is none or this person may not open it: then the text stands alone."""
    need = registry_of(current_app).needs.get(endpoint)
    if need is None or not allowed(need, person_or_none()):
        return None
    return url_for(endpoint, **values)


def root_address() -> str:
    """Where people reach the program, as configured, without a slash at the end."""
    return str(current_app.config["PUBLIC_URL"]).rstrip("/")


def absolute(endpoint: str, **values: Any) -> str:
    """The whole address of a page for mails and other programs, also where there is no request; never built on what a
    request claims as host."""
    return root_address() + current_app.url_map.bind("").build(endpoint, values)
