"""Columns of another program's file, found by the names that program has given them over the years."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from retail.core.spreadsheets import Row, Sheet, normalized


class Columns:
    """The columns of a file by field of ours; `headers` says which one each was found in."""

    def __init__(self, sheet: Sheet, names: Mapping[str, Sequence[str]]) -> None:
        places = {normalized(header): index for index, header in enumerate(sheet.headers)}
        self._places: dict[str, int] = {}
        self.headers: dict[str, str] = {}
        for field, spellings in names.items():
            place = next((places[one] for one in map(normalized, spellings) if one in places), None)
            if place is not None:
                self._places[field] = place
                self.headers[field] = sheet.headers[place]

    def of(self, row: Row) -> dict[str, str]:
        """The cells of a row by field."""
        return {field: row.values[place] for field, place in self._places.items()}


def several(cell: str) -> list[str]:
    """The parts of a cell that lists things with commas between; a comma within one is written “\\,”."""
    parts = cell.replace("\\,", "\0").split(",")
    return [part for part in (one.replace("\0", ",").strip() for one in parts) if part]
