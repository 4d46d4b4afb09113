"""Reading what people have: CSV of any delimiter and encoding, XLSX, XLS, ODS, JSON.

sheet = read(path, "products.csv")                     SpreadsheetError names file, row and remedy
matches = match_columns(sheet.headers, FIELDS)         {"price": Match("Variant Price", 0.97)}
for row in sheet.rows():                               Row(number, values, problem), streamed, as often as asked
    if row.problem: bad.append(BadRow(row.number, row.values, row.problem))
    parse_decimal(row.values[index], sheet.decimal_comma["Variant Price"])     CellError says what is wrong
write_error_file(path, sheet.headers, bad)             the bad rows with “row” and “reason”

All values are text. What a workbook had typed is `TypedText`: its numbers have a point whatever the column's habit.
"""

from retail.core.spreadsheets.error_file import BadRow, write_error_file
from retail.core.spreadsheets.errors import CellError, Limits, SpreadsheetError
from retail.core.spreadsheets.matching import Field, Match, match_columns, normalized
from retail.core.spreadsheets.sheet import Row, Sheet, read
from retail.core.spreadsheets.values import (
    DateOrder,
    TypedText,
    date_order,
    parse_boolean,
    parse_date,
    parse_datetime,
    parse_decimal,
    parse_integer,
)

__all__ = [
    "BadRow",
    "CellError",
    "DateOrder",
    "Field",
    "Limits",
    "Match",
    "Row",
    "Sheet",
    "SpreadsheetError",
    "TypedText",
    "date_order",
    "match_columns",
    "normalized",
    "parse_boolean",
    "parse_date",
    "parse_datetime",
    "parse_decimal",
    "parse_integer",
    "read",
    "write_error_file",
]
