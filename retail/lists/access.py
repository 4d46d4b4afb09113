"""Which list an address names, and whether this person may see it."""

from __future__ import annotations

from flask import abort
from flask_babel import gettext as _

from retail.core.errors import NotFound
from retail.core.module import allowed, person_or_none
from retail.core.tables import TABLES, Bulk, Onward, Table


def table_named(name: str) -> Table:
    """A list by its name; NotFound where there is none, 403 for whoever may not see it."""
    found = TABLES.get(name)
    if found is None:
        raise NotFound(_("There is no such list."))
    if not allowed(found.needs, person_or_none()):
        abort(403)
    return found()


def job_named(table: Table, name: str) -> Bulk | Onward:
    """What a list offers for many rows; NotFound where there is no such thing, 403 for whoever may not do it."""
    found = table.bulk.get(name) or table.onward.get(name)
    if found is None:
        raise NotFound(_("There is no such job for this list."))
    if not allowed(found.needs, person_or_none()):
        abort(403)
    return found
