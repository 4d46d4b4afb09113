"""The list of what was put together to be printed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import url_for
from flask_babel import lazy_gettext as _l
from sqlalchemy import Row, Select, func, select

from retail.core.tables import Column, Filter, Table, among_instants
from retail.labels.models import LabelBatch, LabelLine
from retail.permissions import Can


def _of_lines(what: Any) -> Any:
    return select(what).where(LabelLine.batch_id == LabelBatch.id).correlate(LabelBatch).scalar_subquery()


def _page(row: Row[Any]) -> str:
    return url_for("labels.batch_page", label_batch_id=row.row_id)


class Batches(Table):
    """Labels that were put together, newest first."""

    name = "labels"
    label = _l("Labels")
    order = "-created"
    needs = Can.PRINT_LABELS
    row_id = LabelBatch.id
    columns: Mapping[str, Column] = {  # type: ignore[misc]
        "title": Column(_l("Labels"), LabelBatch.title, link=_page, search=True),
        "articles": Column(_l("Articles"), _of_lines(func.count()), "integer"),
        "labels": Column(_l("How many"), _of_lines(func.coalesce(func.sum(LabelLine.copies), 0)), "integer"),
        "created": Column(_l("Put together"), LabelBatch.created_at, "datetime"),
        "printed": Column(_l("Printed"), LabelBatch.printed_at, "datetime"),
        "who": Column(_l("By"), LabelBatch.user_name),
    }
    filters = {
        "created": Filter(_l("Put together"), among_instants(LabelBatch.created_at), "days"),
        "open": Filter(
            _l("Not printed yet"), lambda statement, _value: statement.where(LabelBatch.printed_at.is_(None))
        ),
    }
    empty = {
        "title": _l("No labels yet"),
        "text": _l(
            "Scan what needs one, choose products in their list, or print what a delivery brought from its paper."
        ),
        "icon": "tag",
    }

    def source(self) -> Select[Any]:
        return select(LabelBatch)
