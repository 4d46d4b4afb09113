"""Posting to the journal, by a rule table a bookkeeper can read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from flask_babel import gettext as _
from sqlalchemy import bindparam, select

from retail.core.audit import current_actor
from retail.core.clock import now
from retail.core.db import session
from retail.core.errors import Refused
from retail.core.money import ZERO
from retail.core.tenancy import insert_owned, insert_owned_returning
from retail.finance.models import Account, JournalEntry, JournalLine, TaxRate

CHART: dict[str, tuple[str, str]] = {
    "1000": ("Cash in drawers", "asset"),
    "1010": ("Card payments on their way", "asset"),
    "1050": ("Safe and bank", "asset"),
    "1090": ("Payments in imported history", "asset"),
    "1100": ("Customers' accounts", "asset"),
    "1200": ("Stock", "asset"),
    "1300": ("Tax on purchases", "asset"),
    "2000": ("Suppliers", "liability"),
    "1210": ("Stock in transit", "asset"),
    "2100": ("Goods received, not billed", "liability"),
    "2110": ("Freight and duty, not billed", "liability"),
    "2200": ("Tax on sales", "liability"),
    "2300": ("Store credit", "liability"),
    "3000": ("Opening balances", "equity"),
    "4000": ("Sales", "income"),
    "4900": ("Rounding", "income"),
    "5000": ("Cost of goods sold", "expense"),
    "5100": ("Stock adjustments", "expense"),
    "5200": ("Cash over and short", "expense"),
    "5300": ("Petty cash", "expense"),
    "5400": ("Purchase price differences", "expense"),
    "5450": ("Exchange differences", "expense"),
}
"""The accounts every tenant begins with: code to name and kind."""

TENDER_ACCOUNTS = {"cash": "1000", "card": "1010", "account": "1100", "store_credit": "2300", "history": "1090"}
COUNTERPART_ACCOUNTS = {
    "supplier": "2100",
    "customer": "5000",
    "adjustment": "5100",
    "scrap": "5100",
    "opening": "3000",
    "transit": "1210",
}
"""What stands against the stock account when goods come from or go to a counterpart."""


@dataclass(frozen=True)
class Posting:
    """One entry to be posted: account codes to amounts, debits above zero. `source` and `source_id` name the
    document."""

    source: str
    source_id: int
    memo: str
    business_date: date
    amounts: Mapping[str, Decimal]
    posted_at: datetime | None = None


_ACCOUNTS = select(Account.code, Account.id).where(Account.code.in_(bindparam("codes", expanding=True)))


def open_books() -> None:
    """Give the tenant we are in its chart of accounts; what is there already stays."""
    known = set(session.scalars(select(Account.code)))
    session.add_all(
        Account(code=code, name=name, kind=kind) for code, (name, kind) in CHART.items() if code not in known
    )
    session.flush()


def account_ids(codes: Sequence[str]) -> dict[str, int]:
    """The ids of accounts by code; Refused when one is missing."""
    rows = session.execute(_ACCOUNTS, {"codes": list(codes)})
    found = {code: account_id for code, account_id in rows}  # noqa: C416  a row is no pair to the type checker
    missing = sorted(set(codes) - set(found))
    if missing:
        raise Refused(_("The chart of accounts has no account %(codes)s.", codes=", ".join(missing)))
    return found


def post(posting: Posting) -> None:
    """Post one entry. Refused when debits and credits differ."""
    post_many([posting])


def post_many(postings: Sequence[Posting]) -> None:
    """Post entries; accounts that come to nothing in an entry are left out, entries of nothing are not posted."""
    lines = [{code: amount for code, amount in one.amounts.items() if amount} for one in postings]
    for one, amounts in zip(postings, lines, strict=True):
        if difference := sum(amounts.values(), ZERO):
            raise Refused(_("%(memo)s: debits and credits differ by %(sum)s.", memo=one.memo, sum=difference))
    kept = [(one, amounts) for one, amounts in zip(postings, lines, strict=True) if amounts]
    if not kept:
        return
    ids = account_ids(sorted({code for _one, amounts in kept for code in amounts}))
    user_id, instant = current_actor().user_id, now()
    rows = [
        {
            "business_date": one.business_date,
            "posted_at": one.posted_at or instant,
            "memo": one.memo,
            "source": one.source,
            "source_id": one.source_id,
            "user_id": user_id,
        }
        for one, _amounts in kept
    ]
    entry_ids = insert_owned_returning(JournalEntry, rows)
    insert_owned(
        JournalLine,
        [
            {"entry_id": entry_id, "account_id": ids[code], "amount": amount}
            for entry_id, (_one, amounts) in zip(entry_ids, kept, strict=True)
            for code, amount in amounts.items()
        ],
    )


def add_tax_rate(code: str, name: str, rate: Decimal) -> TaxRate:
    """A rate products can name; 0.2 is 20 %."""
    if not 0 <= rate < 1:
        raise Refused(_("A tax rate lies between 0 and 1; write 0.2 for %(percent)s %%.", percent=20), field="percent")
    known = session.scalar(select(TaxRate).where(TaxRate.code == code))
    if known is not None:
        return known
    row = TaxRate(code=code, name=name, rate=rate)
    session.add(row)
    session.flush()
    return row


def new_tax_rate(code: str, name: str, rate: Decimal) -> TaxRate:
    """A rate under a code of its own; 0.2 is 20 %. Refused when the code is taken."""
    if session.scalar(select(TaxRate.id).where(TaxRate.code == code)) is not None:
        raise Refused(_("A tax rate with the code “%(code)s” exists already.", code=code), field="code")
    return add_tax_rate(code, " ".join(name.split()), rate)


def sale_amounts(
    *, net: Decimal, tax: Decimal, rounding: Decimal, cost: Decimal, tenders: Mapping[str, Decimal]
) -> dict[str, Decimal]:
    """How a sale is posted; a reversal is the same with every sign turned.

    | account | amount |
    |---|---|
    | each tender's | what was paid by it |
    | 4000 Sales | − net |
    | 2200 Tax on sales | − tax |
    | 4900 Rounding | − rounding |
    | 5000 Cost of goods sold | cost |
    | 1200 Stock | − cost |
    """
    amounts: dict[str, Decimal] = {}
    for method, amount in tenders.items():
        code = TENDER_ACCOUNTS[method]
        amounts[code] = amounts.get(code, ZERO) + amount
    return amounts | {"4000": -net, "2200": -tax, "4900": -rounding, "5000": cost, "1200": -cost}
