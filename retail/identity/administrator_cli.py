"""`flask platform admin`: who keeps the installation, outside of every business."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import click

from retail.core.blocks import block_of, unblock
from retail.core.commands import as_json, command_errors
from retail.core.db import reading, unit_of_work
from retail.core.tenancy import across_tenants
from retail.identity import administrator_services as administrators
from retail.identity import module


@module.cli.group("platform")
def platform() -> None:
    """The installation itself, outside of every business."""


@platform.group("admin")
def admin() -> None:
    """Administrators of the platform."""


@contextmanager
def _writing() -> Iterator[None]:
    with across_tenants(), unit_of_work():
        yield


def _made() -> str:
    return "-".join(secrets.token_hex(3) for _part in range(4))


@admin.command("create")
@click.option("--email", required=True, metavar="ADDRESS", help="By which they sign in.")
@click.option("--name", required=True, help="What they are called, also by the businesses they support.")
@click.option("--password", metavar="PASSWORD", help="Their password; without it one is made and printed.")
@click.option("--timezone", default="UTC", show_default=True, metavar="ZONE", help="In which times are shown to them.")
@command_errors
def create(email: str, name: str, password: str | None, timezone: str) -> None:
    """Make an administrator, who sets up a second factor when they first sign in at /platform/sign-in."""
    given = password or _made()
    with _writing():
        administrators.add_administrator(email, name, given, timezone)
    click.echo("done" if password else given)


@admin.command("list")
@click.option("--json", "wants_json", is_flag=True, help="Write JSON, for programs.")
@command_errors
def list_(wants_json: bool) -> None:
    """Every administrator: whether they may sign in, their second factor, when they last did."""
    with across_tenants(), reading():
        rows = [
            {
                "email": one.email,
                "name": one.name,
                "active": one.active,
                "second_factor": one.totp_confirmed_at is not None,
                "last_sign_in_at": one.last_sign_in_at,
            }
            for one in administrators.administrators()
        ]
    if wants_json:
        click.echo(as_json(rows))
        return
    for row in rows:
        proved = "second factor on" if row["second_factor"] else "second factor not set up"
        last = row["last_sign_in_at"]
        seen = f"last sign-in {last:%Y-%m-%d %H:%M} UTC" if last else "never signed in"
        click.echo(f"{row['email']:32} {row['name']}; {proved if row['active'] else 'removed'}; {seen}")


@admin.command("reset")
@click.option("--email", required=True, metavar="ADDRESS", help="Whose password.")
@click.option("--password", metavar="PASSWORD", help="The new one; without it one is made and printed.")
@command_errors
def reset(email: str, password: str | None) -> None:
    """Give an administrator who lost password or telephone a new start: new password, no second factor, signed out."""
    given = password or _made()
    with _writing():
        administrators.reset(administrators.administrator_called(email), given)
    click.echo("done" if password else given)


@admin.command("remove")
@click.option("--email", required=True, metavar="ADDRESS", help="Who.")
@command_errors
def remove(email: str) -> None:
    """Take an administrator away: they are signed out at once, what they did stays written down."""
    with _writing():
        administrators.remove_administrator(administrators.administrator_called(email))
    click.echo("removed")


@platform.command("unblock")
@click.argument("network")
@command_errors
def unblock_(network: str) -> None:
    """Serve an address or network again that was blocked on the platform's pages; it may be one's own."""
    with _writing():
        unblock(block_of(network))
    click.echo(f"{network}: served again")
