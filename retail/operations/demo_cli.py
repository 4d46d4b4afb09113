"""`flask demo …`: the demonstration shops."""

from __future__ import annotations

import time
from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy import func, select

from retail.core.commands import command_errors
from retail.core.db import reading, session
from retail.core.tenancy import across_tenants
from retail.operations import module
from retail.operations.demo import load_demo
from retail.operations.demo.kinds import KINDS
from retail.tenancy.models import Tenant

demo = AppGroup("demo", help="The demonstration shops.")
module.cli.add_command(demo)


@demo.command("load")
@click.option("--if-empty", is_flag=True, help="Do nothing when there is a business already.")
@click.option("--days", type=click.IntRange(1, 1500), help="Days of trade: 365 unless said otherwise, 14 for a kind.")
@click.option("--kind", type=click.Choice(sorted(KINDS)), help="Load the shop of this kind instead of the two.")
@command_errors
def load(if_empty: bool, days: int | None, kind: str | None) -> None:
    """Load two demonstration shops with a year of trade, and write their log-ins to demo-logins.json."""
    logins = Path(current_app.config["INSTANCE_DIR"]) / "demo-logins.json"
    with across_tenants(), reading():
        others = session.scalar(select(func.count()).select_from(Tenant)) or 0
    if if_empty and others and logins.exists():
        click.echo("There is a business already; nothing was loaded.")
        return
    began = time.monotonic()
    sales = load_demo(logins, click.echo, days, kind)
    click.echo(f"{sales:,} sales in {time.monotonic() - began:.0f} s; log-ins: {logins}")
