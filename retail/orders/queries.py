"""Reads of orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import bindparam, select
from sqlalchemy.orm import joinedload

from retail.core.audit import AuditEntry
from retail.core.db import session
from retail.core.money import ZERO
from retail.finance.models import Account, JournalEntry, JournalLine, TaxRate
from retail.identity.models import User
from retail.orders.models import Order, OrderLine
from retail.payments.models import Payment
from retail.payments.queries import payments_of

_SOLD_AS = select(Order).where(Order.key == bindparam("order_key"))


def sold_as(key: str) -> Order | None:
    """The document a key already made, so that sending it twice sells once."""
    return session.scalar(_SOLD_AS, {"order_key": key})


def order_with_lines(order_id: int, lock: bool = False) -> Order | None:
    """A document of the tenant we are in with its place and customer, or None."""
    statement = (
        select(Order).where(Order.id == order_id).options(joinedload(Order.location), joinedload(Order.customer))
    )
    if lock:
        statement = statement.with_for_update(of=Order)
    return session.scalar(statement)


def order_numbered(number: str) -> Order | None:
    """A document by its number, however it was typed."""
    return session.scalar(select(Order).where(Order.number == number.strip().upper()))


def lines_of(order_id: int) -> Sequence[OrderLine]:
    """The lines of a document, in order."""
    return session.scalars(select(OrderLine).where(OrderLine.order_id == order_id).order_by(OrderLine.position)).all()


def reversals_of(order_id: int) -> Sequence[Order]:
    """The returns and voids made against a document, oldest first."""
    return session.scalars(select(Order).where(Order.reverses_id == order_id).order_by(Order.id)).all()


@dataclass(frozen=True)
class TaxSum:
    """What the lines of one rate come to."""

    label: str
    rate: Decimal
    net: Decimal
    tax: Decimal
    gross: Decimal


@dataclass(frozen=True)
class JournalRow:
    """A line of the books: account, and debit above or credit below zero."""

    entry_id: int
    code: str
    account: str
    amount: Decimal
    memo: str


@dataclass(frozen=True)
class Document:
    """A document with all that its page and its receipt show."""

    order: Order
    lines: Sequence[OrderLine]
    payments: Sequence[Payment]
    taxes: tuple[TaxSum, ...]
    cashier: str
    reverses: Order | None
    reversals: Sequence[Order]
    approved_by: str = ""

    @property
    def can_be_given_back(self) -> bool:
        """Whether anything of it is left to refund."""
        return self.order.kind == "sale" and self.order.state in {"paid", "part_refunded"}

    @property
    def change(self) -> Decimal:
        """What went back over the counter when it was paid."""
        return sum(((one.tendered or one.amount) - one.amount for one in self.payments), ZERO)


def document(order_id: int) -> Document | None:
    """A document of the tenant we are in, or None."""
    order = order_with_lines(order_id)
    if order is None:
        return None
    lines = lines_of(order_id)
    names = {row.code: row.name for row in session.scalars(select(TaxRate))}
    return Document(
        order=order,
        lines=lines,
        payments=payments_of(order_id),
        taxes=_taxes(lines, names),
        cashier=session.scalar(select(User.name).where(User.id == order.user_id)) or "",
        reverses=session.get(Order, order.reverses_id) if order.reverses_id else None,
        reversals=reversals_of(order_id),
        approved_by=_approved_by(order_id),
    )


def _approved_by(order_id: int) -> str:
    """Whose PIN allowed what was beyond the cashier's limit; nobody's for most."""
    changes = session.scalar(
        select(AuditEntry.changes).where(
            AuditEntry.subject == "orders",
            AuditEntry.subject_id == order_id,
            AuditEntry.action == "done_with_approval",
        )
    )
    return str(changes["approved_by"][1]) if changes else ""


def _taxes(lines: Sequence[OrderLine], names: dict[str, str]) -> tuple[TaxSum, ...]:
    sums: dict[tuple[str, Decimal], list[Decimal]] = {}
    for line in lines:
        found = sums.setdefault((line.tax_code, line.tax_rate), [ZERO, ZERO, ZERO])
        for at, amount in enumerate((line.net, line.tax, line.gross)):
            found[at] += amount
    return tuple(
        TaxSum(names.get(code, code), rate, net, tax, gross) for (code, rate), (net, tax, gross) in sums.items()
    )


def journal_of(order_id: int) -> list[JournalRow]:
    """What a document did to the books."""
    rows = session.execute(
        select(JournalEntry.id, Account.code, Account.name, JournalLine.amount, JournalEntry.memo)
        .join(JournalEntry, JournalEntry.id == JournalLine.entry_id)
        .join(Account, Account.id == JournalLine.account_id)
        .where(JournalEntry.source == "order", JournalEntry.source_id == order_id)
        .order_by(JournalLine.id)
    )
    return [JournalRow(*row) for row in rows]


def history_of(order_id: int) -> Sequence[AuditEntry]:
    """Who did what to a document, newest first."""
    return session.scalars(
        select(AuditEntry)
        .where(AuditEntry.subject == "orders", AuditEntry.subject_id == order_id)
        .order_by(AuditEntry.id.desc())
        .limit(50)
    ).all()
