"""The owner's report on its way: as HTML and text with a picture, and as workbook and PDF attached."""

from __future__ import annotations

from io import BytesIO

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import select

from retail.core import export, mail, shown
from retail.core.charts import png
from retail.core.db import session
from retail.core.documents import ReportColumn, ReportDocument, ReportTable, ReportText, is_right_to_left, report_pdf
from retail.core.documents import Stat as PrintedStat
from retail.core.errors import Refused
from retail.core.export import Column, Sheet
from retail.core.language import attributes, speaking
from retail.core.mail import Mail
from retail.identity.models import Role, User
from retail.orders import labels
from retail.reports.owner_report import OwnerReport
from retail.tenancy.models import Tenant

CATEGORY = "report"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def recipients() -> list[User]:
    """The owners who want the report: all of them, but those who said no in their preferences."""
    owners = session.scalars(
        select(User)
        .join(Role, Role.id == User.role_id)
        .where(Role.name == "owner", User.active, User.everywhere)
        .order_by(User.id)
    )
    return [one for one in owners if one.preferences.get("daily_report", True)]


def readers(tenant: Tenant, to: str | None = None) -> dict[str, list[tuple[str, str]]]:
    """Address and name of who gets the report, by the language they read: the owners who want it, or the one address
    `to` in the language of the business. Refused when there is nobody."""
    if to:
        return {tenant.locale: [(to, "")]}
    people: dict[str, list[tuple[str, str]]] = {}
    for one in recipients():
        people.setdefault(one.locale or tenant.locale, []).append((one.email, one.name))
    if not people:
        raise Refused(_("Nobody is to get the report: no active owner wants it."))
    return people


def send(report: OwnerReport, people: list[tuple[str, str]]) -> list[Mail]:
    """Write the report's mails in the present transaction, in the report's language."""
    with speaking(report.locale):
        return _write(report, people)


def _write(report: OwnerReport, people: list[tuple[str, str]]) -> list[Mail]:
    picture = None if report.is_empty else png(report.chart)
    name = f"{report.tenant.slug}-{report.day.isoformat()}"
    attachments = [
        (f"{name}.xlsx", XLSX, workbook(report)),
        (f"{name}.pdf", "application/pdf", report_pdf(document(report))),
    ]
    context = {
        "report": report,
        "tenders": _tenders(report),
        "returns": _returns(report),
        "money": lambda amount: shown.figure(amount, report.tenant.currency),
        "root": str(current_app.config.get("PUBLIC_URL") or "").rstrip("/"),
        "spoken": attributes(report.locale),
        "right_to_left": is_right_to_left(report.locale),
    }
    # Straight from the templates: what pages get besides (menu, theme, tokens) has no place in a mail.
    text = current_app.jinja_env.get_template("reports/mail/owner.txt").render(context)
    html = current_app.jinja_env.get_template("reports/mail/owner.html").render(
        context, has_picture=picture is not None
    )
    subject = f"{report.tenant.name} · {report.headline}"
    inline = [("sales-by-hour", "sales-by-hour.png", "image/png", picture)] if picture else []
    return [
        mail.send(address, subject, text, html, name=person, category=CATEGORY, attachments=attachments, inline=inline)
        for address, person in people
    ]


def _tenders(report: OwnerReport) -> list[tuple[str, str]]:
    currency = report.tenant.currency
    return [(labels.method(name), shown.figure(amount, currency)) for name, amount in report.tenders.items()]


def _returns(report: OwnerReport) -> list[tuple[str, str, str]]:
    names = {"return": _("Returns"), "void": _("Voids")}
    return [
        (names[kind], shown.quantity(count), shown.figure(amount, report.tenant.currency))
        for kind, (count, amount) in sorted(report.reversed.items())
    ]


def document(report: OwnerReport) -> ReportDocument:
    """The same report for paper."""
    currency = report.tenant.currency
    sections: list[object] = []
    if report.is_empty:
        sections.append(ReportText(_("Nothing was sold on this day.")))
    else:
        sections.append(report.chart)
        sections.append(
            ReportTable(
                _("Best sellers"),
                (ReportColumn(_("Product")), ReportColumn(_("Units"), "end"), ReportColumn(_("Sales"), "end")),
                tuple(
                    (row.name, shown.quantity(row.units), shown.figure(row.gross, currency)) for row in report.products
                ),
            )
        )
        sections.append(
            ReportTable(
                _("Money by tender"),
                (ReportColumn(_("Tender")), ReportColumn(_("Amount"), "end")),
                tuple(_tenders(report)),
            )
        )
    if report.reversed:
        sections.append(
            ReportTable(
                _("Given back"),
                (ReportColumn(_("Kind")), ReportColumn(_("Documents"), "end"), ReportColumn(_("Amount"), "end")),
                tuple(_returns(report)),
            )
        )
    if report.low:
        sections.append(
            ReportTable(
                _("Running low"),
                (ReportColumn(_("Product")), ReportColumn(_("Left"), "end"), ReportColumn(_("Reorder at"), "end")),
                tuple((row.name, shown.quantity(row.on_hand), shown.quantity(row.reorder_point)) for row in report.low),
            )
        )
    return ReportDocument(
        shop_name=report.tenant.name,
        title=_("Daily report"),
        period=report.day_name,
        compared_with=_("Compared with %(day)s", day=report.day_before_name),
        stats=tuple(
            PrintedStat(
                one.label,
                one.value,
                "" if one.change is None else one.written_change,
                one.tone,  # type: ignore[arg-type]
            )
            for one in report.figures
        ),
        sections=tuple(sections),  # type: ignore[arg-type]
        footer=_("Counterfoil · %(shop)s", shop=report.tenant.name),
        language=report.locale,
    )


def workbook(report: OwnerReport) -> bytes:
    """The figures as a workbook: a sheet for the day, the hours, the products and the tenders."""
    currency = report.tenant.currency
    day, before = str(report.day), str(report.before)
    plain, earlier = report.taken, report.taken_before
    rows: list[tuple[str, object, object]] = [
        (_("Sales"), plain.gross, earlier.gross),
        (_("Net sales"), plain.net, earlier.net),
        (_("Margin"), plain.margin, earlier.margin),
        (_("Average basket"), plain.basket, earlier.basket),
        (_("Orders"), plain.sales, earlier.sales),
        (_("Units"), plain.units, earlier.units),
    ]
    sheets = [
        Sheet(
            _("Day"),
            [Column("figure", _("Figure")), Column("day", day, "decimal"), Column("before", before, "decimal")],
            rows,
        ),
        Sheet(
            _("Hours"),
            [Column("hour", _("Hour"))]
            + [Column(str(place), one.name, "money", currency) for place, one in enumerate(report.chart.series)],
            [
                (label, *(one.values[place] for one in report.chart.series))
                for place, label in enumerate(report.chart.labels)
            ],
            totals=["0", "1"],
        ),
        Sheet(
            _("Products"),
            [
                Column("product", _("Product")),
                Column("units", _("Units"), "decimal"),
                Column("gross", _("Sales"), "money", currency),
            ],
            [(row.name, row.units, row.gross) for row in report.products],
            totals=["units", "gross"],
        ),
        Sheet(
            _("Tenders"),
            [Column("tender", _("Tender")), Column("amount", _("Amount"), "money", currency)],
            [(labels.method(name), amount) for name, amount in report.tenders.items()],
            totals=["amount"],
        ),
    ]
    stream = BytesIO()
    export.write_workbook(sheets, stream, title=f"{report.tenant.name} {day}")
    return stream.getvalue()
