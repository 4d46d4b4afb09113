"""The owner's report: one day against the same weekday a week before, as plain values for mail, workbook and PDF."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from babel.dates import format_date
from flask_babel import gettext as _

from retail.core import shown
from retail.core.charts import Chart
from retail.core.language import readable, speaking
from retail.reports import queries
from retail.reports.dashboard import WEEK, by_the_hour, change
from retail.reports.queries import Taken
from retail.tenancy.models import Tenant

TOP = 10


@dataclass(frozen=True)
class Comparison:
    """One figure of the day, of the day a week before, and the change as a share (None: nothing to compare with)."""

    label: str
    value: str
    before: str
    change: Decimal | None

    @property
    def written_change(self) -> str:
        """+12% or −3%; a dash where there is nothing to compare with."""
        if self.change is None:
            return "–"
        return ("+" if self.change >= 0 else "−") + shown.percent(abs(self.change), 0)

    @property
    def tone(self) -> str:
        """Whether the change is good, bad or neither."""
        if self.change is None or not self.change:
            return "neutral"
        return "good" if self.change > 0 else "bad"


@dataclass(frozen=True)
class OwnerReport:
    """Everything the mail says."""

    tenant: Tenant
    locale: str
    day: date
    before: date
    taken: Taken
    taken_before: Taken
    figures: list[Comparison]
    chart: Chart
    products: list[Any]
    low: list[Any]
    low_count: int
    tenders: Mapping[str, Decimal]
    reversed: Mapping[str, tuple[int, Decimal]] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether nothing happened at all that day."""
        return not self.taken.sales and not self.taken.gross and not self.reversed

    @property
    def day_name(self) -> str:
        return str(format_date(self.day, "EEEE d MMMM y", locale=self.locale))

    @property
    def day_before_name(self) -> str:
        return str(format_date(self.before, "EEEE d MMMM", locale=self.locale))

    @property
    def headline(self) -> str:
        """The result in one line: what the subject says."""
        day = format_date(self.day, "EEE d MMM", locale=self.locale)
        if self.is_empty:
            return str(_("%(day)s: no sales", day=day))
        amount = shown.figure(self.taken.gross, self.tenant.currency)
        gross = self.figures[0]
        if gross.change is None:
            return str(_("%(day)s: %(amount)s", day=day, amount=amount))
        more = gross.written_change
        return str(_("%(day)s: %(amount)s, %(change)s on last week", day=day, amount=amount, change=more))


def make(tenant: Tenant, day: date, locale: str | None = None) -> OwnerReport:
    """Read everything the report of a business date says, from the rollups and that day's documents; in the language of
    the business, or of `locale`."""
    spoken = readable(locale or tenant.locale)
    with speaking(spoken):
        return _make(tenant, day, spoken)


def _make(tenant: Tenant, day: date, locale: str) -> OwnerReport:
    before = day - WEEK
    hours = queries.by_hour([day, before])
    taken = sum((one for (on, _hour), one in hours.items() if on == day), Taken())
    earlier = sum((one for (on, _hour), one in hours.items() if on == before), Taken())
    low, low_count = queries.low_stock(limit=TOP)
    return OwnerReport(
        tenant=tenant,
        locale=locale,
        day=day,
        before=before,
        taken=taken,
        taken_before=earlier,
        figures=_figures(taken, earlier, tenant.currency),
        chart=by_the_hour(hours, day, before, tenant),
        products=list(queries.top_products(day, day, limit=TOP)),
        low=list(low),
        low_count=low_count,
        tenders=queries.tenders_on(day),
        reversed=queries.reversed_on(day),
    )


def _figures(taken: Taken, before: Taken, currency: str) -> list[Comparison]:
    def money(label: str, value: Decimal | None, earlier: Decimal | None) -> Comparison:
        return Comparison(
            label,
            "–" if value is None else shown.figure(value, currency),
            "–" if earlier is None else shown.figure(earlier, currency),
            None if value is None or earlier is None else change(value, earlier),
        )

    return [
        money(_("Sales"), taken.gross, before.gross),
        Comparison(
            _("Orders"), shown.quantity(taken.sales), shown.quantity(before.sales), change(taken.sales, before.sales)
        ),
        money(_("Average basket"), taken.basket, before.basket),
        money(_("Margin"), taken.margin, before.margin),
        Comparison(
            _("Units"), shown.quantity(taken.units), shown.quantity(before.units), change(taken.units, before.units)
        ),
        money(_("Net sales"), taken.net, before.net),
    ]


def yesterday(tenant: Tenant) -> date:
    """The last business date that is over."""
    return tenant.today() - timedelta(days=1)
