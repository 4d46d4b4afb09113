"""`flask backup` and `flask restore`: the whole installation as one file, and back."""

from __future__ import annotations

from pathlib import Path

import click
from flask import current_app

from retail.core import secrets
from retail.core.archive import instances
from retail.core.commands import as_json, command_errors
from retail.core.errors import Refused
from retail.operations import module
from retail.operations.archive_cli import tell_lost
from retail.operations.keys_cli import key_file


@module.cli.command("backup")
@click.option("--without-keys", is_flag=True, help="Leave the keys out; without them no secret can be read again.")
@click.option("--json", "wants_json", is_flag=True, help="Write JSON, for programs.")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@command_errors
def backup(without_keys: bool, wants_json: bool, file: Path) -> None:
    """Write everything (rows, stored files, keys) to FILE, while the shop runs."""
    path = key_file()
    keys = None if without_keys or path is None else secrets.keys_in(path)
    done = instances.back_up(file, keys)
    if wants_json:
        click.echo(as_json(done))
    else:
        click.echo(f"{done['rows']} rows, {done['files']} files, {done['bytes']} bytes in {done['seconds']} s")
    if keys:
        click.echo("FILE holds the keys: whoever has it can read everything and sign in as anybody.", err=True)
    else:
        click.echo("FILE holds no keys: keep SECRET_KEY elsewhere; without it no secret can be read again.", err=True)
    tell_lost(done)


@module.cli.command("restore")
@click.option("--force", is_flag=True, help="Replace the businesses that are here; they are gone then.")
@click.option("--json", "wants_json", is_flag=True, help="Write JSON, for programs.")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@command_errors
def restore(force: bool, wants_json: bool, file: Path) -> None:
    """Make this installation what FILE says, on either database; run `flask db upgrade` first on a new one.

    The file is checked before anything is touched, and the database changes in one transaction.
    """
    if instances.is_running(Path(current_app.config["INSTANCE_DIR"])):
        raise Refused("The program runs here; stop it first, so that nobody sells into what is replaced.")
    done = instances.restore(file, force=force, key_file=key_file())
    if wants_json:
        click.echo(as_json(done))
    else:
        click.echo(f"{done['rows']} rows, {done['files']} files of {done['made_at']} in {done['seconds']} s")
    if done["keys"] == "missing":
        click.echo("FILE held no keys: give the SECRET_KEY of that installation, or second factors are lost.", err=True)
    elif done["keys"] == "given":
        click.echo("SECRET_KEY comes from the environment: it must be that of the installation in FILE.", err=True)
