"""`flask keys rotate` and `flask keys forget`: a new key for what is encrypted, and the end of the old ones."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click
from flask import current_app

from retail.core import rotation
from retail.core.commands import as_json, command_errors
from retail.core.errors import Refused
from retail.operations import module


@module.cli.group("keys")
def keys() -> None:
    """The keys with which secrets are encrypted and cookies signed."""


def key_file() -> Path | None:
    """The file that holds the keys; None when they come from the environment."""
    name = current_app.config["SECRET_KEY_FILE"]
    return Path(name) if name else None


@keys.command("rotate")
@click.option("--json", "wants_json", is_flag=True, help="Write JSON, for programs.")
@command_errors
def rotate(wants_json: bool) -> None:
    """Put a new key in force and encrypt everything anew with it, while the shop runs.

    Old keys still read, so it can be stopped at any moment and run again. Restart the program afterwards.
    """
    path = key_file()
    if path is not None:
        rotation.take_new_key(path)
    elif not current_app.config["SECRET_KEY_FALLBACKS"]:
        raise Refused(
            "SECRET_KEY comes from the environment: put a new one there and the present one into OLD_SECRET_KEYS, "
            "restart, and run this again."
        )
    done = rotation.seal_anew()
    if wants_json:
        click.echo(as_json(asdict(done)))
        return
    click.echo(f"{done.sealed} secrets encrypted anew, {done.signed} ends of the audit signed anew")
    if done.unreadable:
        click.echo(f"{done.unreadable} could not be read with any key and were left as they are", err=True)
    click.echo("restart the program, so that cookies are signed with the new key as well")


@keys.command("forget")
@command_errors
def forget() -> None:
    """Delete the old keys, when nothing needs them any more; who signed in before the rotation signs in again."""
    path = key_file()
    if path is None:
        raise Refused("SECRET_KEY comes from the environment: empty OLD_SECRET_KEYS there.")
    done = rotation.forget_old_keys(path)
    click.echo(f"{done.keys} old keys deleted")
    if done.unreadable:
        click.echo(f"{done.unreadable} secrets could not be read with them either; enter those again", err=True)
