"""What is wrong with a file or a cell, in words that say what to do."""

from dataclasses import dataclass


class SpreadsheetError(ValueError):
    """A file cannot be read. The message names the file, the row if one is at fault, and the remedy."""

    def __init__(self, filename: str, problem: object, remedy: object, row: int | None = None) -> None:
        place = f"{filename}, row {row}" if row else filename
        super().__init__(f"{place}: {problem} {remedy}".rstrip())
        self.filename, self.row = filename, row
        self.problem, self.remedy = str(problem), str(remedy)


class CellError(ValueError):
    """The text of a cell is not what its column asks for; the message quotes it and says what would be right."""


@dataclass(frozen=True)
class Limits:
    """How much a file may hold. Sizes are bytes; `unpacked` is what a packed file (xlsx, ods, gzip) may grow to."""

    size: int = 256 * 1024 * 1024
    unpacked: int = 1024 * 1024 * 1024
    workbook_unpacked: int = 300 * 1024 * 1024
    rows: int = 2_000_000
    columns: int = 1_000
    cell_length: int = 100_000
