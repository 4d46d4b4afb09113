"""Rows of a JSON file: an array of flat objects, alone or under one name; or an object on each line (JSON Lines)."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from flask_babel import gettext as _

from retail.core.spreadsheets.delimited import RawRow
from retail.core.spreadsheets.errors import SpreadsheetError
from retail.core.spreadsheets.source import Source, in_words
from retail.core.spreadsheets.values import TypedText

LARGEST = 64 * 1024 * 1024


def rows(source: Source) -> Iterator[RawRow]:
    """The names of all fields as first row, then each object; numbers keep every digit.

    Raises SpreadsheetError for what is no array of objects.
    """
    if _has_lines(source):
        names = list(dict.fromkeys(name for each in _lines(source) for name in each))
        objects: Iterable[dict[str, Any]] = _lines(source)
    else:
        objects = _load(source)
        names = list(dict.fromkeys(name for each in objects for name in each))
    yield 1, names, ""
    for number, each in enumerate(objects, 2):
        nested = next((name for name, value in each.items() if isinstance(value, dict | list)), None)
        problem = (
            str(_("“%(name)s” holds a list or object; only plain values can be read.", name=nested)) if nested else ""
        )
        yield number, [_text(each.get(name)) for name in names], problem


def _has_lines(source: Source) -> bool:
    """Whether the first two lines are an object each."""
    first = [line for line in source.sample().decode("utf-8-sig", errors="replace").splitlines() if line.strip()][:2]
    return len(first) == 2 and all(line.lstrip().startswith("{") and line.rstrip().endswith("}") for line in first)


def _lines(source: Source) -> Iterator[dict[str, Any]]:
    """The object on each line, read as a stream however long the file is."""
    with source.open() as stream:
        for number, line in enumerate(stream, 1):
            if not line.strip(b"\xef\xbb\xbf \t\r\n"):
                continue
            try:
                each = json.loads(line.decode("utf-8-sig"), parse_float=TypedText, parse_int=TypedText)
            except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as problem:
                raise _not_an_object(source.filename, number) from problem
            if not isinstance(each, dict):
                raise _not_an_object(source.filename, number)
            yield each


def _not_an_object(filename: str, number: int) -> SpreadsheetError:
    return SpreadsheetError(
        filename,
        _("This line is no JSON object in UTF-8."),
        _("Write each line as {“name”: …, “price”: …}, or all of them as one array."),
        number,
    )


def _load(source: Source) -> list[dict[str, Any]]:
    name = source.filename
    with source.open() as stream:
        content = stream.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise SpreadsheetError(
            name,
            _("JSON files can have at most %(size)s.", size=in_words(LARGEST)),
            _("Split the file, or use CSV, which has no such limit."),
        )
    try:
        loaded = json.loads(content.decode("utf-8-sig"), parse_float=TypedText, parse_int=TypedText)
    except UnicodeDecodeError as problem:
        raise SpreadsheetError(
            name, _("JSON must be in UTF-8."), _("Save it as UTF-8 and upload it again.")
        ) from problem
    except json.JSONDecodeError as problem:
        raise SpreadsheetError(
            name, _("This is not valid JSON (%(why)s).", why=problem.msg), _("Mend it there."), problem.lineno
        ) from problem
    except RecursionError as problem:
        raise _not_an_array(name) from problem
    if isinstance(loaded, dict):
        arrays = [value for value in loaded.values() if isinstance(value, list)]
        loaded = arrays[0] if len(arrays) == 1 else None
    if not isinstance(loaded, list) or not all(isinstance(each, dict) for each in loaded):
        raise _not_an_array(name)
    return loaded


def _not_an_array(filename: str) -> SpreadsheetError:
    return SpreadsheetError(
        filename, _("There is no array of objects in it."), _("Write it as [{“name”: …}, {“name”: …}].")
    )


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return TypedText(json.dumps(value, ensure_ascii=False))
