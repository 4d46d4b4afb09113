"""Reading tables of series, and the dates they stand on."""

import gzip
from datetime import date

import numpy as np
import pytest

from retail.intelligence.forecasting import SeriesError, Step, read_series, step_of

GOOD = "date,tea,mug\n2024-02-28,3,0\n2024-02-29,4.5,\n2024-03-01,0,2\n"


@pytest.fixture
def file_with(tmp_path):
    def write(content):
        path = tmp_path / "series.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.mark.parametrize(
    "content",
    [GOOD, gzip.compress(GOOD.encode(), mtime=0), "\ufeff" + GOOD, GOOD.replace("\n", "\r\n")],
    ids=["plain", "gzip", "byte order mark", "Windows"],
)
def test_dates_names_and_numbers_are_read_and_an_empty_cell_is_unknown(file_with, content):
    table = read_series(file_with(content))
    assert table.dates == (date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1))
    assert table.names == ("tea", "mug")
    assert np.array_equal(table.values, [[3, 0], [4.5, np.nan], [0, 2]], equal_nan=True)


def test_months_may_be_written_without_a_day(file_with):
    table = read_series(file_with("month,tea\n2023-12,3\n2024-01,4\n2024-02,5\n"))
    assert table.dates[1] == date(2024, 1, 1)
    assert step_of(table.dates) is Step.MONTH


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "heading"),
        ("date,tea\n", "heading"),
        ("date\n2024-01-01\n2024-01-02\n", "heading"),
        ("date,tea,\n2024-01-01,1,2\n", "row 1, column 3: the series has no name"),
        ("date,tea,tea\n2024-01-01,1,2\n", "row 1, column 3: a second series is named “tea”"),
        ("date,tea\n2024-01-01,1\n2024-01-02,1,2\n", "row 3 has 3 cells, the heading has 2"),
        ("date,tea\n2024-01-01,1\nyesterday,1\n", "row 3: “yesterday” is not a date"),
        ("date,tea,mug\n2024-01-01,1,2\n2024-01-02,1,two\n", "row 3, column “mug”: “two” is not a number"),
        ("date,tea,mug\n2024-01-01,1,inf\n2024-01-02,1,2\n", "row 2, column “mug”: the number has no end"),
        ("date,tea\n2024-01-01,1\n2024-01-02,1\n2024-01-04,1\n", "row 4 has the date 2024-01-04 where 2024-01-03"),
        ("date,tea\n2024-01-02,1\n2024-01-01,1\n", "2024-01-01 follows 2024-01-02"),
        ("date,tea\n2024-01-01,1\n", "at least two dates"),
        (b"date,tea\n2024-01-01,1\n2024-01-02,\xe9\n", "row 3 is not UTF-8"),
        (gzip.compress(GOOD.encode(), mtime=0)[:30], "damaged gzip"),
    ],
)
def test_a_fault_is_named_with_its_place(file_with, content, message):
    with pytest.raises(SeriesError, match=message):
        read_series(file_with(content))


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SeriesError, match=r"absent\.csv cannot be read"):
        read_series(tmp_path / "absent.csv")


@pytest.mark.parametrize(
    ("first", "second", "step", "fourteenth"),
    [
        (date(2024, 2, 28), date(2024, 2, 29), Step.DAY, date(2024, 3, 13)),
        (date(2024, 2, 28), date(2024, 3, 6), Step.WEEK, date(2024, 6, 5)),
        (date(2024, 1, 31), date(2024, 2, 29), Step.MONTH, date(2025, 3, 31)),
        (date(2024, 1, 1), date(2024, 4, 1), Step.QUARTER, date(2027, 7, 1)),
        (date(2024, 1, 1), date(2025, 1, 1), Step.YEAR, date(2038, 1, 1)),
    ],
)
def test_the_distance_of_dates_is_recognized_and_continued(first, second, step, fourteenth):
    assert step_of([first, second]) is step
    assert step.after(first, 14) == fourteenth
