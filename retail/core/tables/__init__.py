"""Lists, declared: columns, filters, search, order, paging, export, bulk jobs and cells one may change, from one
statement.

The whole state of a list is its address, so a link to it can be sent and saved. Paging is by key, so page 1,000 costs
what page 1 costs. Words: list, view (a list saved with its filters under a name), layout (whose columns are chosen).
"""

from __future__ import annotations

from retail.core.tables.address import Asked
from retail.core.tables.answering import cell_of, listing, table_page
from retail.core.tables.bulk import Bulk, BulkField, Changes, Onward, archiving
from retail.core.tables.declared import (
    COUNT_LIMIT,
    PAGE_SIZE,
    SORT_LIMIT,
    TABLES,
    Column,
    Edit,
    Filter,
    FoundBy,
    Kind,
    Table,
    choices_of,
    counted,
)
from retail.core.tables.drawn import Listing
from retail.core.tables.exporting import export_of
from retail.core.tables.filters import RANGE, among_days, among_instants, among_numbers

__all__ = [
    "COUNT_LIMIT",
    "PAGE_SIZE",
    "RANGE",
    "SORT_LIMIT",
    "TABLES",
    "Asked",
    "Bulk",
    "BulkField",
    "Changes",
    "Column",
    "Edit",
    "Filter",
    "FoundBy",
    "Kind",
    "Listing",
    "Onward",
    "Table",
    "among_days",
    "among_instants",
    "among_numbers",
    "archiving",
    "cell_of",
    "choices_of",
    "counted",
    "export_of",
    "listing",
    "table_page",
]
