"""A job done to many rows of a list: what was asked, and each row as it was and as it became."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from retail.core.clock import now
from retail.core.db import Model
from retail.core.states import Flow
from retail.core.tables import TABLES, Bulk
from retail.core.tenancy import OfTenant

KEPT_DAYS = 90
"""So long a job can be undone; then what its rows were is forgotten."""
RUN_FLOW = Flow(
    "change of many rows",
    "planned",
    ends=("undone", "called_off"),
    steps={
        "planned": ("running", "called_off"),
        "running": ("done",),
        "done": ("undoing",),
        "undoing": ("undone", "done"),
        "undone": (),
        "called_off": (),
    },
)


class BulkRun(OfTenant, Model):
    """One job done once: by whom, to how many rows, with what result. `answers` is what the job had asked.

    It goes from planned, at once or at `starts_at`, to running and done, unless it is called off; and when it is taken
    back over undoing to undone; an undoing that was stopped goes back to done, so that it can be taken up. At `ends_at`
    it is taken back by itself, by the task `end_task_id`. The counts are rows; `restored` and `kept` are those that
    undoing gave their former values, and those it left because somebody changed them since.
    """

    __tablename__ = "bulk_runs"
    __table_args__ = (Index(None, "tenant_id", "created_at"),)

    list_name: Mapped[str]
    job: Mapped[str]
    answers: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    state: Mapped[str] = mapped_column(default=RUN_FLOW.start)
    rows: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    unchanged: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)
    restored: Mapped[int] = mapped_column(default=0)
    kept: Mapped[int] = mapped_column(default=0)
    task_id: Mapped[int | None]
    user_id: Mapped[int | None]
    user_name: Mapped[str] = mapped_column(default="system")
    created_at: Mapped[datetime]
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    end_task_id: Mapped[int | None]
    ended_at: Mapped[datetime | None]

    @property
    def declared(self) -> Bulk | None:
        """The job as its list declares it, None when a later version no longer has it."""
        table = TABLES.get(self.list_name)
        return table.bulk.get(self.job) if table is not None else None

    @property
    def handled(self) -> int:
        """How many rows the job is through with."""
        return self.changed + self.unchanged + self.refused

    @property
    def to_undo(self) -> int:
        """How many of the changed rows undoing has not come to yet."""
        return self.changed - self.restored - self.kept

    @property
    def is_forgotten(self) -> bool:
        """Whether it is so long ago that what its rows were is, or may be, no longer kept."""
        return self.created_at < now() - timedelta(days=KEPT_DAYS)


class BulkChange(OfTenant, Model):
    """One row of a run: waiting, then changed, unchanged or refused, and after undoing restored or kept."""

    __tablename__ = "bulk_changes"
    __table_args__ = (Index(None, "tenant_id", "bulk_run_id", "state"),)

    bulk_run_id: Mapped[int] = mapped_column(ForeignKey("bulk_runs.id"))
    row_id: Mapped[int]
    label: Mapped[str] = mapped_column(default="")
    state: Mapped[str] = mapped_column(default="waiting")
    before: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    after: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    reason: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
