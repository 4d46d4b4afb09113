"""Batches of labels, and the papers a shop prints on beyond those that come with the program."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, ColumnElement, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from retail.catalog.models import Variant
from retail.core.audit import Audited
from retail.core.db import Model
from retail.core.money import Amount
from retail.core.places import AtPlace
from retail.core.retention import passes
from retail.core.tenancy import OfTenant

KEPT_DAYS = 180


class LabelFormat(OfTenant, Audited, Model):
    """A paper of the shop's own. All lengths are millimeters; `columns` and `rows` are 1 on a roll, and the page is the
    label then."""

    __tablename__ = "label_formats"
    __table_args__ = (UniqueConstraint("tenant_id", "name"),)

    name: Mapped[str]
    page_width: Mapped[Amount]
    page_height: Mapped[Amount]
    label_width: Mapped[Amount]
    label_height: Mapped[Amount]
    columns: Mapped[int]
    rows: Mapped[int]
    left: Mapped[Amount]
    top: Mapped[Amount]
    step_x: Mapped[Amount]
    step_y: Mapped[Amount]
    archived_at: Mapped[datetime | None]


class LabelBatch(OfTenant, AtPlace, Model):
    """Labels put together to be printed, at a location or by somebody who works at all of them (None). `format` is the
    key of a paper, `shows` what stands on each label, `used` how many places of the first sheet are gone already."""

    __tablename__ = "label_batches"
    __table_args__ = (
        Index(None, "tenant_id", "created_at"),
        CheckConstraint("used >= 0", name="used_not_negative"),
    )

    location_id: Mapped[int | None] = mapped_column(ForeignKey("locations.id"))
    title: Mapped[str]
    format: Mapped[str]
    shows: Mapped[list[str]] = mapped_column(JSON, default=list)
    used: Mapped[int] = mapped_column(default=0)
    user_id: Mapped[int | None]
    user_name: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    printed_at: Mapped[datetime | None]

    lines: Mapped[list[LabelLine]] = relationship(
        lazy="raise_on_sql", order_by="LabelLine.id", back_populates="batch", cascade="all, delete-orphan"
    )


class LabelLine(OfTenant, AtPlace, Model):
    """One article of a batch and how many labels it gets."""

    __tablename__ = "label_lines"
    within = "batch_id"
    __table_args__ = (
        UniqueConstraint("tenant_id", "batch_id", "variant_id"),
        CheckConstraint("copies > 0", name="copies_positive"),
    )

    batch_id: Mapped[int] = mapped_column(ForeignKey("label_batches.id", ondelete="CASCADE"))
    variant_id: Mapped[int] = mapped_column(ForeignKey("variants.id"))
    copies: Mapped[int]

    batch: Mapped[LabelBatch] = relationship(lazy="raise_on_sql", back_populates="lines")
    variant: Mapped[Variant] = relationship(lazy="raise_on_sql")


@passes("label batches", LabelBatch, days=KEPT_DAYS)
def _old_batches(instant: datetime) -> ColumnElement[bool]:
    return LabelBatch.created_at < instant
