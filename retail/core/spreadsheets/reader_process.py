"""The program that opens workbooks, in a process of its own with little memory.

A workbook of five kilobytes can name one cell in row 1 and one in row 1,048,576: its reader then asks for half a
terabyte and the operating system ends the process. That process must not be the shop's. So this file is run by path,
knows nothing of the rest of the program, and prints a line of JSON for the sheets and one for each row: text as it is,
what the workbook had typed (numbers, dates) as a list of one text.
"""

import json
import resource
import sys
from datetime import date, datetime, time
from typing import Any, BinaryIO

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetVisibleEnum

LOCKED, DAMAGED, NO_SUCH_SHEET = 3, 4, 5


def main(arguments: list[str], out: BinaryIO) -> int:
    """Print the sheets of the file `arguments[0]` and the rows of the sheet `arguments[1]` ("" is the first)."""
    path, sheet_name, memory, seconds = arguments
    if int(memory):
        resource.setrlimit(resource.RLIMIT_AS, (int(memory), int(memory)))
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds)))
    try:
        book = CalamineWorkbook.from_path(path)
        visible = [sheet.name for sheet in book.sheets_metadata if sheet.visible is SheetVisibleEnum.Visible]
        names = visible or book.sheet_names
        if not names or (sheet_name and sheet_name not in book.sheet_names):
            return NO_SUCH_SHEET
        sheet = book.get_sheet_by_name(sheet_name or names[0])
        out.write(json.dumps({"sheets": names, "sheet": sheet_name or names[0]}).encode() + b"\n")
        if sheet.start is not None:
            out.writelines(
                json.dumps([written(cell) for cell in row], ensure_ascii=False).encode() + b"\n"
                for row in sheet.iter_rows()
            )
    except PasswordError:
        return LOCKED
    except CalamineError:
        return DAMAGED
    return 0


def written(cell: Any) -> str | list[str]:
    """A cell for the other side: 5.0 as ["5"], a day as its ISO form, text as it is."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return ["true" if cell else "false"]
    if isinstance(cell, float):
        return [str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)]
    if isinstance(cell, datetime):
        return [cell.date().isoformat() if cell.time() == time() else cell.isoformat(sep=" ", timespec="seconds")]
    if isinstance(cell, date | time):
        return [cell.isoformat()]
    return [str(cell)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], sys.stdout.buffer))
