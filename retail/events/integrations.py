"""What happens when another system's history is taken over."""

from __future__ import annotations

from retail.core.events import Happening, event


@event("history.imported")
class HistoryImported(Happening):
    """Documents of the past were booked; `first` and `last` are the ISO business dates they touch."""

    first: str
    last: str
    documents: int
    lines: int


@event("import.undone")
class ImportUndone(Happening):
    """An import was undone: of so many rows nothing is left, so many stay because somebody changed or used them."""

    import_id: int
    filename: str
    rows: int
    kept: int
