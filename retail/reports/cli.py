"""`flask report …`: figures, the owner's report and the rollups from the command line."""

from __future__ import annotations

import re
from datetime import date, datetime

import click
from sqlalchemy import select

from retail.core import db, export, tasks
from retail.core.commands import command_errors
from retail.core.datasets import read_conditions
from retail.core.db import session
from retail.core.errors import Refused
from retail.core.mail import Mail
from retail.core.tasks import Task
from retail.core.tenancy import inside
from retail.reports import module, services
from retail.reports.asking import Question, answer
from retail.reports.work import owner_daily, stock_figures
from retail.tenancy.services import tenant_called

DAY = click.DateTime(["%Y-%m-%d"])


@module.cli.group("report")
def report() -> None:
    """Ask for figures, send the owner's report, rebuild rollups."""


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _date(instant: datetime | None) -> date | None:
    return instant.date() if instant else None


@report.command("run")
@click.argument("dataset")
@click.option("--tenant", required=True, metavar="SLUG", help="The business to ask about.")
@click.option(
    "--measures", default="", metavar="A,B", help="Figures, with commas between; the dataset's usual ones if left out."
)
@click.option(
    "--by", default="", metavar="X,Y", help="Dimensions to break them down by: day, month, product, cashier …"
)
@click.option("--where", multiple=True, metavar="NAME=VALUE", help="Only this value of a dimension; repeat for more.")
@click.option("--from", "first", type=DAY, metavar="DATE", help="First business date, 2026-11-21.")
@click.option("--to", "last", type=DAY, metavar="DATE", help="Last business date.")
@click.option("--order", metavar="NAME", help="Column to sort by; -name for the largest first.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most so many rows.")
@click.option("--json", "form", flag_value="json", default=True, help="A JSON list of objects (the default).")
@click.option("--csv", "form", flag_value="csv", help="CSV with a header line.")
@command_errors
def run(
    dataset: str,
    tenant: str,
    measures: str,
    by: str,
    where: tuple[str, ...],
    first: datetime | None,
    last: datetime | None,
    order: str | None,
    limit: int | None,
    form: str,
) -> None:
    """Figures of a dataset (sales, documents, journal …) on standard output.

    Amounts are JSON numbers with every digit they have, dates are ISO texts.
    """
    question = Question(
        dataset, _names(measures), _names(by), _date(first), _date(last), read_conditions(where), order, limit
    )
    shop = tenant_called(tenant)
    with inside(shop.id), db.reading():
        found = answer(question, currency=shop.currency)
    if form == "csv":
        pieces = export.write_csv(found.columns, found.rows)
    else:
        pieces = export.write_json(found.columns, found.rows)
    for piece in pieces:
        click.echo(piece, nl=False)


@report.command("rebuild")
@click.option("--tenant", required=True, metavar="SLUG", help="The business whose rollups are made again.")
@click.option("--from", "first", type=DAY, metavar="DATE", help="First business date; all if left out.")
@click.option("--to", "last", type=DAY, metavar="DATE", help="Last business date.")
@command_errors
def rebuild(tenant: str, first: datetime | None, last: datetime | None) -> None:
    """Make the sums behind the dashboard again from the ledger."""
    shop = tenant_called(tenant)
    with inside(shop.id), db.unit_of_work():
        services.rebuild(_date(first), _date(last))
    click.echo(f"The rollups of {shop.slug} are made again.")


@report.command("stock")
@click.option("--tenant", required=True, metavar="SLUG", help="The business whose figures are reckoned.")
@command_errors
def stock(tenant: str) -> None:
    """Reckon now what the reports of stock read, as the night does: until yesterday evening."""
    shop = tenant_called(tenant)
    with inside(shop.id):
        done = stock_figures(progress=lambda *_said: None)
    assert done is not None
    click.echo(f"The stock of {shop.slug} is reckoned until {done['until']}: {done['standings']} levels.")


@report.command("send")
@click.option("--tenant", required=True, metavar="SLUG", help="The business whose report is sent.")
@click.option(
    "--date", "day", type=DAY, metavar="DATE", help="The business date; the last one that is over if left out."
)
@click.option("--to", metavar="EMAIL", help="To this address only; to the owners if left out.")
@command_errors
def send(tenant: str, day: datetime | None, to: str | None) -> None:
    """Mail the owner's report now; no worker is needed."""
    if to is not None and not re.fullmatch(r"[^@\s]+@[^@\s]+", to):
        raise Refused(f"“{to}” is no e-mail address.")
    shop = tenant_called(tenant)
    with inside(shop.id):
        result = owner_daily(progress=None, day=day.date().isoformat() if day else None, to=to)
    assert result is not None
    if problem := _deliver(shop.id, result["mails"]):
        raise Refused(problem)
    click.echo(f"The report of {result['day']} is on its way to {', '.join(result['to'])}.")


def _deliver(tenant_id: int, mail_ids: list[int]) -> str | None:
    """Run the mails' own tasks here and now; returns what went wrong with one, or None."""
    with inside(tenant_id), db.reading():
        keys = [str(mail_id) for mail_id in mail_ids]
        waiting = list(session.scalars(select(Task.id).where(Task.name == "mail.send", Task.key.in_(keys))))
    for task_id in waiting:
        tasks.run(task_id, tenant_id)
    with inside(tenant_id), db.reading():
        return session.scalar(select(Mail.error).where(Mail.id.in_(mail_ids), Mail.error.is_not(None)).limit(1))
