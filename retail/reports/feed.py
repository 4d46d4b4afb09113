"""What happened, in words, for the feed of the dashboard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from flask_babel import format_datetime, ngettext
from flask_babel import gettext as _

from retail.core import shown
from retail.core.events import Event
from retail.reports.links import link

KINDS = (
    "sale.completed",
    "sale.reversed",
    "stock.low",
    "stock.received",
    "stock.adjusted",
    "shift.opened",
    "shift.closed",
    "products.imported",
    "history.imported",
)


@dataclass(frozen=True)
class Line:
    """One thing that happened, as the timeline draws it."""

    title: str
    text: str
    icon: str
    tone: str
    href: str | None
    when: str
    actor: str


def in_words(events: Sequence[Event], today: date) -> list[Line]:
    """The events as lines, in the order given; the day is said when it is not today."""
    return [_line(event, today) for event in events]


def _line(event: Event, today: date) -> Line:
    data = event.data
    title, text, icon, tone, href = _WORDS[event.kind](data)
    same_day = format_datetime(event.occurred_at, "yyyy-MM-dd") == today.isoformat()
    when = format_datetime(event.occurred_at, "HH:mm" if same_day else "d MMM HH:mm")
    return Line(title, text, icon, tone, href, str(when), event.user_name if event.user_id else "")


Words = tuple[str, str, str, str, str | None]


def _sold(data: dict[str, Any]) -> Words:
    amount = shown.money(Decimal(data["total"]))
    title = _("%(amount)s sold", amount=amount)
    return title, data["number"], "receipt", "success", link("orders.order_page", order_id=data["order_id"])


def _reversed(data: dict[str, Any]) -> Words:
    amount = shown.money(-Decimal(data["total"]))
    voided = data["by"] == "void"
    title = _("%(amount)s voided", amount=amount) if voided else _("%(amount)s given back", amount=amount)
    href = link("orders.order_page", order_id=data["order_id"])
    return title, data["number"], "circle-x" if voided else "receipt-refund", "warning", href


def _low(data: dict[str, Any]) -> Words:
    left = shown.quantity(Decimal(data["on_hand"]))
    return _("%(name)s is running low", name=data["name"]), _("%(left)s left", left=left), "package", "danger", None


def _received(data: dict[str, Any]) -> Words:
    text = ngettext("%(num)s line", "%(num)s lines", data["lines"])
    return _("Goods received"), text, "truck-delivery", "info", None


def _adjusted(data: dict[str, Any]) -> Words:
    quantity = Decimal(data["quantity"])
    sign = "+" if quantity > 0 else ""
    return (
        _("Stock corrected by %(number)s", number=sign + shown.quantity(quantity)),
        "",
        "adjustments",
        "neutral",
        None,
    )


def _opened(_data: dict[str, Any]) -> Words:
    return _("Shift opened"), "", "lock-open", "neutral", None


def _closed(data: dict[str, Any]) -> Words:
    difference = Decimal(data["difference"])
    if not difference:
        return _("Shift closed, cash exact"), data["number"], "lock", "neutral", None
    amount = shown.money(abs(difference))
    words = _("Shift closed, %(amount)s over", amount=amount) if difference > 0 else None
    return words or _("Shift closed, %(amount)s short", amount=amount), data["number"], "lock", "warning", None


def _products(data: dict[str, Any]) -> Words:
    text = _("%(new)s new, %(changed)s changed", new=data["created"], changed=data["updated"])
    return _("Products imported"), text, "table-import", "info", None


def _history(data: dict[str, Any]) -> Words:
    text = ngettext("%(num)s document", "%(num)s documents", data["documents"])
    return _("Sales history taken over"), text, "history", "info", None


_WORDS = {
    "sale.completed": _sold,
    "sale.reversed": _reversed,
    "stock.low": _low,
    "stock.received": _received,
    "stock.adjusted": _adjusted,
    "shift.opened": _opened,
    "shift.closed": _closed,
    "products.imported": _products,
    "history.imported": _history,
}
