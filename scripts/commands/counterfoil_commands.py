"""Lets `flask routes` be the program's own command.

Flask looks for its built-in commands before it loads the program, and only commands of installed packages replace them.
So `scripts/install.sh` puts this file into .venv as one; it hands over to the command that the program declares.
"""

from __future__ import annotations

from typing import Any

import click
from flask.cli import ScriptInfo, routes_command


class OfTheProgram(click.Command):
    """Stands for the command of the same name that the program declares."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        if parent is None or info_name is None:
            return super().make_context(info_name, args, parent, **extra)
        declared = parent.ensure_object(ScriptInfo).load_app().cli.commands.get(info_name, routes_command)
        return declared.make_context(info_name, args, parent, **extra)


routes = OfTheProgram("routes", help="Show every address of the program, and what it needs.")
