"""What is told when an import was undone, whatever it was of."""

from __future__ import annotations

from retail.core.events import emit
from retail.core.imports import Import
from retail.events.integrations import ImportUndone


def tell_undone(row: Import) -> None:
    """Say of how many rows of an undone import nothing is left, and how many stay."""
    rows = sum(row.undo[name] for name in ("removed", "restored", "withdrawn"))
    emit(ImportUndone(import_id=row.id, filename=row.filename, rows=rows, kept=row.undo["kept"]))
