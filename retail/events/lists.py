"""What happens to lists."""

from __future__ import annotations

from retail.core.events import Happening, event


@event("export.made")
class ExportMade(Happening):
    """A file that somebody had asked for was made; it is kept for a week."""

    export_id: int
    title: str
    rows: int
