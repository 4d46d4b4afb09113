"""Files taken in from their first byte to the last row."""

from __future__ import annotations

import io

from retail.core.db import unit_of_work
from retail.core.imports import engine, kind_called, services
from retail.integrations.arriving import take_in


def quiet(*_given):
    """Progress nobody looks at."""


def taken_in(content, kind="products", name="file.csv", pictures=None, **options):
    """Import a file as its columns are found, or as a program's that is known; the import's number."""
    content = content.encode() if isinstance(content, str) else content
    with unit_of_work():
        given = {**kind_called(kind).options(), **options}
        sent = None if pictures is None else io.BytesIO(pictures)
        row = take_in(kind_called(kind), name, io.BytesIO(content), given, sent)
        sheet = services.open_sheet(row)
        layout = services.recognize(row, sheet)
        if layout is not None:
            services.choose_layout(row, layout.name, sheet.headers)
        else:
            matches = services.proposed(row, sheet)
            services.choose_columns(row, {field: match.header for field, match in matches.items()}, sheet.headers)
        services.begin_run(row)
        import_id = row.id
    engine.run(import_id, quiet)
    return import_id
