"""`flask tenant create`: a new business, from the command line."""

from __future__ import annotations

import click

from retail.core.commands import command_errors
from retail.core.errors import Refused
from retail.operations import module
from retail.operations.founding import found_business


@module.cli.group("tenant")
def tenant() -> None:
    """Businesses on this server."""


@tenant.command("create")
@click.option("--name", required=True, help="What the business is called; its short name is made of it.")
@click.option("--currency", required=True, metavar="CODE", help="Three letters, such as GBP.")
@click.option("--timezone", required=True, metavar="ZONE", help="Such as Europe/London.")
@click.option("--owner-email", metavar="ADDRESS", help="Who signs in first, as owner.")
@click.option("--owner-password", metavar="PASSWORD", help="Their password, at least 10 characters.")
@click.option("--owner-name", metavar="NAME", default="Owner", show_default=True, help="What they are called.")
@command_errors
def create(
    name: str, currency: str, timezone: str, owner_email: str | None, owner_password: str | None, owner_name: str
) -> None:
    """Found a business with its roles, accounts, location, register and schedules; prints its short name."""
    owner = None
    if owner_email or owner_password:
        if not owner_email or not owner_password:
            raise Refused("Give --owner-email and --owner-password together.")
        owner = (owner_email, owner_name, owner_password)
    made = found_business(name, currency, timezone, owner=owner)
    click.echo(made.slug)
