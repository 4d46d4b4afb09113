"""The books on screen: the journal, one entry, the trial balance."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import current_app, g, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response

from retail.core import html
from retail.core.datasets import get
from retail.core.db import session
from retail.core.errors import NotFound, Refused
from retail.core.module import allowed, person_or_none, registry_of
from retail.core.money import ZERO
from retail.core.tables import table_page
from retail.finance import module
from retail.finance.labels import ACCOUNT_KINDS, SOURCES
from retail.finance.models import Account, JournalEntry, JournalLine
from retail.finance.tables import JournalTable
from retail.permissions import Can

DOCUMENT_PAGES = {
    "order": ("orders.order_page", "order_id"),
    "shift": ("till.shift_page", "shift_id"),
    "receipt": ("inventory.document_page", "document_id"),
    "adjustment": ("inventory.document_page", "document_id"),
}
"""The pages of the documents entries come from; they stand above the books, so they are known by name only."""


@module.get("/journal/", needs=Can.VIEW_JOURNAL)
def journal() -> Any:
    """All entries."""
    return table_page(
        JournalTable(),
        "finance/journal.html",
        title=_("Journal"),
        subtitle=_("Posted once, never changed; reversed if wrong."),
    )


@module.get("/journal/<int:entry_id>", needs=Can.VIEW_JOURNAL)
def entry(entry_id: int) -> Response:
    """One entry with its lines."""
    found = session.scalar(select(JournalEntry).where(JournalEntry.id == entry_id))
    if found is None:
        raise NotFound(_("There is no such entry."))
    lines = session.execute(
        select(Account.code, Account.name, JournalLine.amount)
        .join(Account, Account.id == JournalLine.account_id)
        .where(JournalLine.entry_id == entry_id)
        .order_by(JournalLine.amount.desc(), Account.code)
    ).all()
    return html.page(
        "finance/entry.html",
        entry=found,
        lines=lines,
        total=sum((line.amount for line in lines if line.amount > 0), ZERO),
        source=SOURCES.get(found.source, found.source),
        document_url=_document_url(found),
    )


def _document_url(entry: JournalEntry) -> str | None:
    endpoint, argument = DOCUMENT_PAGES.get(entry.source, ("", ""))
    need = registry_of(current_app).needs.get(endpoint)
    if need is None or not allowed(need, person_or_none()):
        return None
    values: dict[str, Any] = {argument: entry.source_id}
    return url_for(endpoint, **values)


@module.get("/trial-balance", needs=Can.VIEW_JOURNAL)
def trial_balance() -> Response:
    """The balance of every account at the end of a business date; debits and credits come to the same."""
    text = request.args.get("to", "")
    try:
        last = date.fromisoformat(text) if text else g.person.tenant.today()
    except ValueError:
        raise Refused(_("“%(text)s” is no date.", text=text), field="to") from None
    rows = get("journal").ask(("amount",), ("account", "account_name", "account_kind"), between=(None, last))
    groups: dict[str, list[dict[str, Any]]] = {str(label): [] for label in ACCOUNT_KINDS.values()}
    for row in rows:
        amount = row["amount"]
        groups.setdefault(str(ACCOUNT_KINDS.get(row["account_kind"], row["account_kind"])), []).append(
            {
                "code": row["account"],
                "name": row["account_name"],
                "debit": amount if amount > 0 else None,
                "credit": -amount if amount < 0 else None,
                "url": url_for("finance.journal", account=row["account"]),
            }
        )
    return html.page(
        "finance/trial_balance.html",
        fragment="balance",
        groups={label: accounts for label, accounts in groups.items() if accounts},
        last=last,
        debit=sum((row["amount"] for row in rows if row["amount"] > 0), ZERO),
        credit=-sum((row["amount"] for row in rows if row["amount"] < 0), ZERO),
    )
