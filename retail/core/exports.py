"""Files of many rows are made by a worker: asked for on a page, kept for a week for whoever asked.

What a file holds is said by its address, the one at which a short file is sent at once. A view that is about to make
one asks `is_made_later`, and where it is, answers with `ask_page`. The worker opens the same address as the same
person, so that search, filters, columns, permissions and places are those of the page.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from contextvars import copy_context
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from flask import current_app, g, has_app_context, request
from flask_babel import gettext as _
from sqlalchemy import JSON, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column
from werkzeug.exceptions import HTTPException
from werkzeug.http import parse_options_header
from werkzeug.routing import RequestRedirect
from werkzeug.wrappers import Response

from retail.core import files, html, shown
from retail.core.clock import now
from retail.core.db import Model, session, set_intent
from retail.core.errors import NotFound, Refused
from retail.core.files import StoredFile
from retail.core.links import root_address
from retail.core.module import allowed, registry_of
from retail.core.places import cover, stand_at
from retail.core.tasks import ask_for
from retail.core.tenancy import OfTenant

TASK = "lists.export"
KEPT = timedelta(days=7)
REPORT_EVERY = 1000
"""Progress is told after so many rows."""
LONGEST_ADDRESS = 4000


class Export(OfTenant, Model):
    """One file somebody asked for: what of, as which form, and once it is made the file and its number of rows.

    `permissions` and `places` (None: everywhere) are those its maker had: who lost one of them since may not have the
    file any more. `location_id` is where they worked, which reports begin with.
    """

    __tablename__ = "exports"
    __table_args__ = (Index(None, "tenant_id", "created_at"),)

    title: Mapped[str]
    address: Mapped[str]
    form: Mapped[str]
    user_id: Mapped[int]
    permissions: Mapped[list[str]] = mapped_column(JSON, default=list)
    places: Mapped[list[int] | None] = mapped_column(JSON)
    location_id: Mapped[int | None]
    task_id: Mapped[int | None]
    file_id: Mapped[int | None] = mapped_column(ForeignKey("stored_files.id"))
    rows: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]

    @property
    def kept_until(self) -> datetime:
        """When the file is deleted."""
        return self.created_at + KEPT


@dataclass
class Making:
    """A file that a worker makes: whom to tell how many of how many rows are written."""

    tell: Callable[[int, int | None], None]
    total: int | None = None
    rows: int = 0


def _making() -> Making | None:
    return g.get("export") if has_app_context() else None


def is_being_made() -> bool:
    """Whether a worker makes the file, and nobody waits for it at a page."""
    return _making() is not None


def is_made_later(rows: int, form: str) -> bool:
    """Whether a file of so many rows is left to a worker; never within that worker."""
    limit = int(current_app.config["EXPORT_ROWS_AT_ONCE"])
    return not is_being_made() and rows > (max(1, limit // 10) if form == "pdf" else limit)


def expect(rows: int) -> None:
    """Say how many rows there will be, where a worker makes the file."""
    making = _making()
    if making is not None:
        making.total = rows
        making.tell(0, rows)


def report_progress(rows: int) -> None:
    """Say how many rows are written, where a worker makes the file."""
    making = _making()
    if making is None:
        return
    making.rows = rows
    if rows % REPORT_EVERY == 0:
        making.tell(rows, making.total)


def ask_page(title: str, form: str, rows: int, at_most: int | None = None) -> Response:
    """Instead of the file: how long it is, and a button that has it made. `rows` counted no further than `at_most`."""
    many = shown.quantity(at_most) if at_most is not None and rows > at_most else shown.quantity(rows)
    return html.page(
        "lists/ask_export.html",
        title=title,
        form=form,
        many=_("more than %(n)s", n=many) if at_most is not None and rows > at_most else many,
        address=request.full_path.rstrip("?"),
        back=request.path,
    )


def ask(title: str, address: str, person: Any) -> Export:
    """Have a worker make the file of an address. Refused while somebody looks at the program as another."""
    if person.viewing or person.by_pin:
        raise Refused(_("Files of so many rows are made for whoever signed in, not while you look as somebody else."))
    row = Export(
        title=title[:200],
        address=address,
        form=address.rpartition("format=")[2].partition("&")[0][:10],
        user_id=person.id,
        permissions=sorted(person.permissions),
        places=None if person.places is None else sorted(person.places),
        location_id=person.location_id,
        created_at=now(),
    )
    session.add(row)
    session.flush()
    row.task_id = ask_for(TASK, export_id=row.id).id
    return row


@dataclass(frozen=True)
class Made:
    """A file that was made, and is not yet anybody's."""

    kept: files.Kept
    name: str
    content_type: str
    rows: int


def make(address: str, user_id: int, location_id: int | None, progress: Callable[..., None]) -> Made:
    """The file that an address gives to somebody, kept. Refused when it gives none, or they may not have it."""
    app = current_app.app_context

    def tell(rows: int, total: int | None) -> None:
        # The file is read in one transaction from beginning to end; this is another one.
        with app():
            progress(rows, total, "")

    # A request leaves its tenant and its actor when it ends: here, those of the copy.
    return copy_context().run(_opened, address, user_id, location_id, tell)


def _opened(address: str, user_id: int, location_id: int | None, tell: Callable[[int, int | None], None]) -> Made:
    app = current_app
    with app.test_request_context(address, base_url=root_address()):
        set_intent("read")
        registry = registry_of(app)
        g.person = registry.person_numbered(user_id, location_id)
        g.export = making = Making(tell)
        endpoint, arguments = place_of(address)
        need = registry.needs.get(endpoint)
        if g.person is None or need is None or not allowed(need, g.person):
            raise Refused(_("You may no longer see this list."))
        stand_at(g.person.places)
        response = app.make_response(cast(Any, app.view_functions[endpoint](**arguments)))
        disposition = response.headers.get("Content-Disposition", "") if response.status_code == 200 else ""
        if not disposition:
            raise Refused(_("There is no file at this address any more."))
        with tempfile.TemporaryFile() as stream:
            stream.writelines(response.iter_encoded())
            response.close()
            stream.seek(0)
            name = parse_options_header(disposition)[1]["filename"]
            return Made(files.keep(stream), name, str(response.mimetype), making.rows)


def place_of(address: str) -> tuple[str, Mapping[str, Any]]:
    """The page of an address, and what it takes from its path. Refused for what is no address of ours."""
    path = address.partition("?")[0]
    try:
        endpoint, arguments = current_app.url_map.bind("").match(path, method="GET")
    except (HTTPException, RequestRedirect):
        endpoint, arguments = "", {}
    if not endpoint or not html.is_safe_target(address) or len(address) > LONGEST_ADDRESS:
        raise Refused(_("There is no list at this address."))
    return endpoint, arguments


def export_numbered(export_id: int) -> Export:
    """A file somebody asked for. NotFound when there is none, or its week is over."""
    row = session.get(Export, export_id)
    if row is None:
        raise NotFound(_("There is no such export; files are kept for a week."))
    return row


def may_take(row: Export, person: Any) -> bool:
    """Whether somebody still holds every permission, and works at every place, with which their file was made."""
    made_at = None if row.places is None else frozenset(row.places)
    return frozenset(row.permissions) <= frozenset(person.permissions) and cover(person.places, made_at)


def file_of(row: Export) -> StoredFile | None:
    """The file, once it is made."""
    return session.get(StoredFile, row.file_id) if row.file_id is not None else None
