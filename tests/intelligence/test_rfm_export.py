"""`flask rfm export` and `flask forecast backtest`: what programs read."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from pathlib import Path

import pytest

from retail.core.clock import now
from tests import make

HEADING = ["customer", "recency_days", "frequency", "monetary", "r", "f", "m"]


@pytest.fixture
def bought(shop):
    """Ada bought twice, Bob once, somebody unknown once; what Bob bought he brought back."""
    tea, cup = make.product("Tea", price="2.40", stock=50), make.product("Cup", price="5", stock=50)
    ada, bob = make.customer("Ada Byron"), make.customer("Bob Dole")
    make.sale(shop, (tea, 2), (cup, 1), customer_id=ada.id)
    make.sale(shop, (tea, 1), customer_id=ada.id)
    make.sale(shop, (cup, 3), customer_id=bob.id)
    make.sale(shop, (cup, 10))
    return ada.code, bob.code


def exported(app, day):
    result = app.test_cli_runner().invoke(args=["rfm", "export", "--tenant", "corner-shop", "--as-of", day.isoformat()])
    assert result.exit_code == 0, result.output
    return list(csv.reader(io.StringIO(result.stdout)))


def test_every_customer_is_written_with_their_scores(app, shop, bought):
    ada, bob = bought
    today = shop.tenant.today()
    heading, *rows = exported(app, today + timedelta(days=3))
    assert heading == HEADING
    # Net of 20 % tax: 9.80 → 8.17 and 2.40 → 2; 15 → 12.5, without needless zeros.
    assert rows == sorted([[ada, "3", "2", "10.17", "5", "5", "1"], [bob, "3", "1", "12.5", "5", "1", "5"]])


def test_what_was_bought_on_the_day_itself_does_not_count_yet(app, shop, bought):
    assert exported(app, shop.tenant.today()) == [HEADING]


def test_another_business_sees_none_of_it(app, bought, rival):
    day = (now() + timedelta(days=9)).date().isoformat()
    result = app.test_cli_runner().invoke(args=["rfm", "export", "--tenant", rival.slug, "--as-of", day])
    assert result.stdout.splitlines() == [",".join(HEADING)]


@pytest.mark.parametrize("wrong", [["--tenant", "nobody"], ["--tenant", "corner-shop", "--as-of", "yesterday"]])
def test_what_cannot_be_answered_is_said_in_a_line(app, shop, wrong):
    result = app.test_cli_runner().invoke(args=["rfm", "export", *wrong])
    assert result.exit_code != 0
    assert result.stdout == ""
    assert "Traceback" not in result.stderr


@pytest.fixture
def series(tmp_path: Path) -> Path:
    """Twenty weeks of two products with a weekly course."""
    rows = ["date,tea,cup"]
    for number in range(140):
        day = now().date() - timedelta(days=140 - number)
        rows.append(f"{day},{5 + number % 7},{3 * (number % 7 == 2)}")
    path = tmp_path / "series.csv"
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


@pytest.mark.sqlite_only
def test_a_backtest_prints_the_errors_beside_the_baseline(app, series):
    result = app.test_cli_runner().invoke(
        args=["forecast", "backtest", "--series", str(series), "--holdout", "28", "--json"]
    )
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout, parse_constant=pytest.fail)
    assert {"wape", "wape_total", "mase", "seconds", "baseline_wape"} <= found.keys()
    assert found["wape"] < 0.05
    assert (found["series"], found["holdout"], found["season"]) == (2, 28, 7)


@pytest.mark.sqlite_only
def test_an_error_that_cannot_be_measured_is_null(app, tmp_path):
    path = tmp_path / "nothing.csv"
    path.write_text("date,tea\n" + "\n".join(f"2026-01-{day:02},0" for day in range(1, 31)), encoding="utf-8")
    result = app.test_cli_runner().invoke(
        args=["forecast", "backtest", "--series", str(path), "--holdout", "7", "--json"]
    )
    assert json.loads(result.stdout, parse_constant=pytest.fail)["wape"] is None


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    "content", ["", "date,tea\n2026-01-01,two", "date,tea\n2026-01-01,2\n2026-01-02,3"], ids=["empty", "word", "short"]
)
def test_a_file_that_cannot_be_used_is_refused_in_one_line(app, tmp_path, content):
    path = tmp_path / "bad.csv"
    path.write_text(content, encoding="utf-8")
    result = app.test_cli_runner().invoke(args=["forecast", "backtest", "--series", str(path), "--json"])
    assert result.exit_code == 1
    assert result.stdout == ""
    assert len(result.stderr.strip().splitlines()) == 1
