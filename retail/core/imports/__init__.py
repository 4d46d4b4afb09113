"""Files of rows, imported in steps that a person can look at: upload, columns, dry run, run, summary.

row = upload("products", filename, type, stream, options)     Refused names what is wrong with the file
sheet = open_sheet(row); proposed(row, sheet)                 the preview, and the column meant by each field
choose_columns(row, {"name": "Title"}, sheet.headers)         remembered for files with the same columns
ask_check(row); ask_run(row)                                  tasks; `engine.check` and `engine.run` do it here and now

What can be imported is a `Kind`: its fields, a plan per row, and a way to write the plans of a chunk. See
docs/imports.md.
"""

from retail.core.imports.engine import check, run
from retail.core.imports.kinds import (
    COUNTED,
    KINDS,
    Changed,
    Given,
    Importing,
    Kind,
    Layout,
    Past,
    Plan,
    Reader,
    Reversal,
    Told,
    Undoing,
    declare,
    kind_called,
    one_line,
    several_lines,
)
from retail.core.imports.models import IMPORT_FLOW, Import, ImportChange, RememberedMapping
from retail.core.imports.undoing import ask_undo, ask_weigh, begin_undo, kept_rows, leave_as_is, undo, weigh

__all__ = [
    "COUNTED",
    "IMPORT_FLOW",
    "KINDS",
    "Changed",
    "Given",
    "Import",
    "ImportChange",
    "Importing",
    "Kind",
    "Layout",
    "Past",
    "Plan",
    "Reader",
    "RememberedMapping",
    "Reversal",
    "Told",
    "Undoing",
    "ask_undo",
    "ask_weigh",
    "begin_undo",
    "check",
    "declare",
    "kept_rows",
    "kind_called",
    "leave_as_is",
    "one_line",
    "run",
    "several_lines",
    "undo",
    "weigh",
]
