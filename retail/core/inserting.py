"""Inserting many rows of one table as fast as the driver allows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import repeat
from typing import Any, cast

from sqlalchemy import JSON, Dialect, Table
from sqlalchemy.sql.schema import ScalarElementColumnDefault


class BulkInsert:
    """One INSERT for a set of columns, prepared once: its SQL, and what turns each column's values into the driver's.

    Equal values are converted once per call, for ledgers repeat themselves: the same date, the same price, zero.
    """

    def __init__(self, table: Table, names: Sequence[str], dialect: Dialect) -> None:
        columns = [table.c[name] for name in names]
        defaults = [one for one in table.c if one.name not in names and one.default is not None]
        if any(not isinstance(one.default, ScalarElementColumnDefault) for one in defaults):
            raise ValueError(f"{table.name}: only plain defaults can be left out of a bulk insert")
        self._names = names
        self._constants = [cast(ScalarElementColumnDefault, one.default).arg for one in defaults]
        self._convert = [one.type.dialect_impl(dialect).bind_processor(dialect) for one in (*columns, *defaults)]
        self._remember = [not isinstance(one.type, JSON) for one in (*columns, *defaults)]
        quote = dialect.identifier_preparer
        mark = "?" if dialect.paramstyle == "qmark" else "%s"
        self.sql = (
            f"INSERT INTO {quote.format_table(table)} "  # noqa: S608  names of our own columns, quoted
            f"({', '.join(quote.format_column(one) for one in (*columns, *defaults))}) "
            f"VALUES ({', '.join([mark] * len(self._convert))})"
        )

    def parameters(self, rows: Sequence[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
        """The rows as the driver takes them."""
        filled: list[Iterable[Any]] = [[row[name] for row in rows] for name in self._names]
        filled += [repeat(value, len(rows)) for value in self._constants]
        return list(zip(*map(self._converted, filled, self._convert, self._remember), strict=True))

    @staticmethod
    def _converted(values: Iterable[Any], convert: Callable[[Any], Any] | None, remember: bool) -> Iterable[Any]:
        if convert is None:
            return values
        if not remember:
            return map(convert, values)
        known: dict[Any, Any] = {}
        found = []
        for value in values:
            try:
                found.append(known[value])
            except KeyError:
                known[value] = convert(value)
                found.append(known[value])
        return found
