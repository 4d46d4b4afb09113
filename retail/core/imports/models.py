"""An import, what it changed, and the layouts of files it has learned."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from retail.core.db import Model
from retail.core.states import Flow
from retail.core.tenancy import OfTenant

IMPORT_FLOW = Flow(
    "import",
    "uploaded",
    ends=("undone",),
    steps={
        "uploaded": ("checking", "running", "cancelled"),
        "checking": ("checked", "done", "uploaded", "failed"),
        "checked": ("uploaded", "checking", "running", "cancelled"),
        "running": ("done", "cancelled", "failed"),
        "failed": ("uploaded", "cancelled"),
        "done": ("weighing", "undoing"),
        "cancelled": ("weighing", "undoing"),
        "weighing": ("weighed", "done", "cancelled"),
        "weighed": ("undoing", "done", "cancelled"),
        "undoing": ("undone",),
        "undone": (),
    },
)


class Import(OfTenant, Model):
    """One file on its way in. The counts are rows; `position` is the number of the last row that is settled, so that
    a run whose worker died goes on behind it. `checked` holds the counts the dry run found. Encoding,
    delimiter and sheet are what a person chose; where they are empty they are found in the file, each time the same.
    `layout` names another program whose files are understood as they are; else `mapping` says which column is which
    field. `note` says in words how the file was understood; `attached` and `unattached` count what was put to records
    beside their fields, such as pictures, and what could not be. `undo` holds what undoing it comes to: counts of rows
    by outcome, and the first of what stays.
    """

    __tablename__ = "imports"
    __table_args__ = (Index(None, "tenant_id", "kind", "id"),)

    kind: Mapped[str]
    state: Mapped[str] = mapped_column(default="uploaded")
    filename: Mapped[str]
    file_id: Mapped[int] = mapped_column(ForeignKey("stored_files.id"))
    encoding: Mapped[str] = mapped_column(default="")
    delimiter: Mapped[str] = mapped_column(default="")
    sheet: Mapped[str] = mapped_column(default="")
    decimal_comma: Mapped[bool | None]
    layout: Mapped[str] = mapped_column(default="")
    mapping: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    options: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    checked: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    sample: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    position: Mapped[int] = mapped_column(default=0)
    created: Mapped[int] = mapped_column(default=0)
    updated: Mapped[int] = mapped_column(default=0)
    unchanged: Mapped[int] = mapped_column(default=0)
    rejected: Mapped[int] = mapped_column(default=0)
    undo: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    error_file_id: Mapped[int | None] = mapped_column(ForeignKey("stored_files.id"))
    report_file_id: Mapped[int | None] = mapped_column(ForeignKey("stored_files.id"))
    problem: Mapped[str] = mapped_column(default="")
    note: Mapped[str] = mapped_column(default="")
    attached: Mapped[int] = mapped_column(default=0)
    unattached: Mapped[int] = mapped_column(default=0)
    task_id: Mapped[int | None]
    user_id: Mapped[int | None]
    user_name: Mapped[str] = mapped_column(default="system")
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in {"done", "cancelled", "undone"}

    @property
    def has_written(self) -> bool:
        """Whether anything of it came in."""
        return bool(self.created or self.updated or self.attached)

    @property
    def counts(self) -> dict[str, int]:
        """What the run did so far, in rows."""
        return {
            "created": self.created,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "rejected": self.rejected,
        }


class ImportChange(OfTenant, Model):
    """One record an import created or changed, with the fields it touched as they were and as they became.

    `outcome` is what undoing the import came to for this record, empty before that; `kept` are the fields somebody
    changed since, which stay: in words, what the import wrote and what stands there.
    """

    __tablename__ = "import_changes"
    __table_args__ = (
        Index(None, "tenant_id", "import_id", "id"),
        Index(None, "tenant_id", "subject", "subject_id"),
    )

    import_id: Mapped[int] = mapped_column(ForeignKey("imports.id"))
    row: Mapped[int]
    subject: Mapped[str]
    subject_id: Mapped[int]
    created: Mapped[bool]
    before: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    after: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    outcome: Mapped[str] = mapped_column(default="")
    label: Mapped[str] = mapped_column(default="")
    kept: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)


class RememberedMapping(OfTenant, Model):
    """Which column is which field in files that have these columns; `name` is what a person or command calls it."""

    __tablename__ = "import_mappings"
    __table_args__ = (UniqueConstraint("tenant_id", "kind", "signature"),)

    kind: Mapped[str]
    signature: Mapped[str]
    name: Mapped[str] = mapped_column(default="")
    mapping: Mapped[dict[str, str]] = mapped_column(JSON)
