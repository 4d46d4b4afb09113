"""What every `flask` command does with what goes wrong: one line, a non-zero exit, nothing half-written."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import click
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError

from retail.core.audit import Actor, act_as
from retail.core.errors import Refused

P = ParamSpec("P")
R = TypeVar("R")
_FIGURE = re.compile(r'"\\u0000(-?[0-9.]+?)0*\\u0000"')


def command_errors(command: Callable[P, R]) -> Callable[P, R]:
    """Turn a refusal, or a value the program cannot take, into one line on standard error and exit status 1."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        act_as(Actor(name="command line"))
        try:
            return command(*args, **kwargs)
        except Refused as no:
            raise click.ClickException(no.message) from None
        except ValueError as no:
            raise click.ClickException(str(no)) from None
        except (OperationalError, ProgrammingError) as no:
            raise click.ClickException(_of_the_database(no)) from None

    return run


def _of_the_database(problem: DBAPIError) -> str:
    said = str(problem.orig).strip().splitlines()[0]
    if "no such table" in said or "does not exist" in said:
        return f"The database is not made yet, or is older than the program ({said}). Run: flask db upgrade"
    return f"The database cannot be used: {said}"


def as_json(value: Any) -> str:
    """JSON in which amounts are numbers with their exact digits, and dates ISO text."""
    return _FIGURE.sub(r"\1", json.dumps(_jsonable(value), ensure_ascii=False, indent=2))


def _jsonable(value: Any) -> Any:
    if isinstance(value, Decimal):
        # A float would lose digits: the number is written as marked text, and the marks taken away afterwards.
        return f"\x00{value:f}\x00" if value != value.to_integral_value() else int(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): _jsonable(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(one) for one in value]
    return value
