"""The list of journal entries."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from flask import url_for
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, func, select
from sqlalchemy.orm import aliased

from retail.core.db import session
from retail.core.money import AmountType
from retail.core.tables import Column, Filter, Table
from retail.finance.labels import SOURCES
from retail.finance.models import Account, JournalEntry, JournalLine
from retail.permissions import Can

_line = aliased(JournalLine)
_moved = (
    select(func.sum(_line.amount, type_=AmountType))
    .where(_line.entry_id == JournalEntry.id, _line.amount > 0)
    .correlate(JournalEntry)
    .scalar_subquery()
)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _since(statement: Select[Any], text: str) -> Select[Any]:
    day = _day(text)
    return statement.where(JournalEntry.business_date >= day) if day else statement


def _until(statement: Select[Any], text: str) -> Select[Any]:
    day = _day(text)
    return statement.where(JournalEntry.business_date <= day) if day else statement


def _touching(statement: Select[Any], code: str) -> Select[Any]:
    entries = (
        select(JournalLine.entry_id).join(Account, Account.id == JournalLine.account_id).where(Account.code == code)
    )
    return statement.where(JournalEntry.id.in_(entries))


def _accounts() -> Sequence[tuple[str, Any]]:
    return [
        (code, f"{code} {name}")
        for code, name in session.execute(select(Account.code, Account.name).order_by(Account.code))
    ]


class JournalTable(Table):
    """Everything posted to the books, newest first."""

    name = "journal"
    label = _l("Journal")
    order = "-date"
    needs = Can.VIEW_JOURNAL
    row_id = JournalEntry.id
    columns = {
        "memo": Column(
            _l("Entry"),
            JournalEntry.memo,
            search=True,
            sortable=False,
            link=lambda row: url_for("finance.entry", entry_id=row.row_id),
        ),
        "date": Column(_l("Business date"), JournalEntry.business_date, "date"),
        "source": Column(
            _l("Source"), JournalEntry.source, show=lambda source: str(SOURCES.get(source, source)), sortable=False
        ),
        "moved": Column(_l("Amount"), _moved, "money", sortable=False),
    }
    filters = {
        "account": Filter(_l("Account"), _touching, "choice", _accounts),
        "source": Filter(
            _l("Source"),
            lambda statement, source: statement.where(JournalEntry.source == source),
            "choice",
            lambda: list(SOURCES.items()),
        ),
        "from": Filter(_l("From"), _since, "date"),
        "to": Filter(_l("To"), _until, "date"),
    }
    empty = {
        "title": _l("Nothing posted yet"),
        "text": _l("Every sale, delivery and count posts itself; the entries appear here."),
        "icon": "building-bank",
    }

    def source(self) -> Select[Any]:
        """All entries."""
        return select().select_from(JournalEntry)
