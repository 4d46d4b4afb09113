"""Fields made of several columns: `{cut} diamond {carat} ct` names columns in braces; `{row}` is the row's number."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from flask_babel import gettext as _

from retail.core.errors import Refused
from retail.core.spreadsheets import Row, normalized

NAMED = re.compile(r"\{([^{}]+)\}")
ROW = "row"


def is_pattern(text: str) -> bool:
    """Whether a field's mapping is a pattern and not the name of one column."""
    return bool(NAMED.search(text))


def checked_pattern(name: str, text: str, headers: Sequence[str]) -> str:
    """A pattern whose columns are all there; Refused with the ones that are when one is not."""
    known = {normalized(header) for header in headers} | {ROW}
    for column in NAMED.findall(text):
        if normalized(column) not in known:
            raise Refused(
                _(
                    "The file has no column “%(column)s”; write one of these in braces: %(known)s.",
                    column=column,
                    known=", ".join(headers),
                ),
                field=name,
            )
    return text


def filler(text: str, headers: Sequence[str]) -> Callable[[Row], str]:
    """What a pattern comes to in a row: nothing where all of its columns are blank."""
    places = {normalized(header): place for place, header in reversed(list(enumerate(headers)))}
    columns = [normalized(column) for column in NAMED.findall(text)]

    def fill(row: Row) -> str:
        values = {ROW: str(row.number)} | {name: row.values[place].strip() for name, place in places.items()}
        if not any(values[name] for name in columns):
            return ""
        return " ".join(NAMED.sub(lambda found: values[normalized(found[1])], text).split())

    return fill


def usable(mapping: Mapping[str, str], headers: Sequence[str]) -> dict[str, str]:
    """What of a mapping fits a file with these columns."""
    known = {normalized(header) for header in headers} | {ROW}
    return {
        name: text
        for name, text in mapping.items()
        if text in headers or (is_pattern(text) and all(normalized(column) in known for column in NAMED.findall(text)))
    }
