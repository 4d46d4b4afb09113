"""The figures of the books: debits and credits by account and time."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, case, func, select, type_coerce

from retail.core.datasets import Dataset, Dimension, Measure
from retail.core.money import AmountType
from retail.finance.models import Account, JournalEntry, JournalLine
from retail.permissions import Can


def _lines() -> Select[Any]:
    return (
        select()
        .select_from(JournalLine)
        .join(JournalEntry, JournalEntry.id == JournalLine.entry_id)
        .join(Account, Account.id == JournalLine.account_id)
    )


JOURNAL = Dataset(
    name="journal",
    label=_l("Journal"),
    about=_l("Every line of the books. Debits less credits is the balance; over all accounts it is nothing."),
    source=_lines,
    at=JournalEntry.business_date,
    needs=Can.VIEW_JOURNAL,
    default_measures=("debit", "credit", "amount"),
    measures={
        "lines": Measure(_l("Lines"), func.count(JournalLine.id)),
        "entries": Measure(_l("Entries"), func.count(JournalLine.entry_id.distinct())),
        "debit": Measure(_l("Debit"), func.sum(case((JournalLine.amount > 0, JournalLine.amount), else_=0)), "money"),
        "credit": Measure(
            _l("Credit"),
            type_coerce(-func.sum(case((JournalLine.amount < 0, JournalLine.amount), else_=0)), AmountType),
            "money",
        ),
        "amount": Measure(_l("Balance"), func.sum(JournalLine.amount), "money", _l("Debits less credits.")),
    },
    dimensions={
        "account": Dimension(_l("Account"), Account.code),
        "account_name": Dimension(_l("Account name"), Account.name),
        "account_kind": Dimension(_l("Kind of account"), Account.kind),
        "source": Dimension(_l("Source"), JournalEntry.source),
    },
)
