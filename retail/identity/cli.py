"""`flask user reset-password`: let somebody in again from the command line."""

from __future__ import annotations

import secrets

import click

from retail.core import audit
from retail.core.commands import command_errors
from retail.core.db import reading, unit_of_work
from retail.core.errors import NotFound
from retail.core.tenancy import across_tenants, inside
from retail.identity import module, second_factor, services, sessions, signing_in
from retail.identity.passwords import check_password


@module.cli.group("user")
def user() -> None:
    """People who sign in."""


@user.command("reset-password")
@click.option("--email", required=True, metavar="ADDRESS", help="Whose password.")
@click.option("--password", metavar="PASSWORD", help="The new one; without it one is made and printed.")
@click.option("--without-second-factor", is_flag=True, help="Remove the second factor and the passkeys as well.")
@command_errors
def reset_password(email: str, password: str | None, without_second_factor: bool) -> None:
    """Set a new password, and sign the person out everywhere."""
    made = password or "-".join(secrets.token_hex(3) for _part in range(3))
    check_password(made)
    with across_tenants(), reading():
        found = signing_in.user_with_address(email)
        whose = (found.id, found.tenant_id) if found is not None else None
    if whose is None:
        raise NotFound(f"Nobody signs in with {email}.")
    with inside(whose[1]), unit_of_work():
        person = services.user_numbered(whose[0])
        services.set_password(person, made)
        sessions.end_all(person.id)
        if without_second_factor:
            second_factor.remove_all(person)
        audit.record("password_reset", "users", person.id, person.name)
    click.echo("done" if password else made)
