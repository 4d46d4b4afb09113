"""How near do the forecasts come, and how long do they take?

Holds back the last dates of every series, forecasts them from the rest, and prints the errors beside those of the plain
methods a shopkeeper could compute in a spreadsheet. Run it from the project's root:

    .venv/bin/python bench/forecast.py --series FILE --holdout 28 --json
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np

# Started as a file, Python looks for modules beside this one only.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from retail.intelligence.forecasting import SeriesError, accuracy, backtest, read_series, step_of
from retail.intelligence.forecasting.series import Floats


def plain_methods(training: Floats, holdout: int, season: int) -> dict[str, Floats]:
    """The methods to compare with, as statistics packages define them: every row counts, closed days included."""
    window = min(4 * season if season > 1 else 8, len(training))
    repeat = np.arange(holdout)
    return {
        "seasonal_naive": training[-season:][repeat % season],
        "naive": np.repeat(training[-1:], holdout, axis=0),
        "historic_average": np.repeat(training.mean(axis=0, keepdims=True), holdout, axis=0),
        "window_average": np.repeat(training[-window:].mean(axis=0, keepdims=True), holdout, axis=0),
        "seasonal_window_average": training[len(training) - window // season * season :]
        .reshape(-1, season, training.shape[1])
        .mean(axis=0)[repeat % season],
    }


def measure(path: Path, holdout: int, season: int | None) -> dict[str, object]:
    """Read, forecast and compare; `seconds_all` includes reading the file, `seconds` is the forecast alone."""
    started = time.perf_counter()
    table = read_series(path)
    dates = list(table.dates)
    figures = backtest(table.values, dates, holdout, season=season)
    seconds_all = time.perf_counter() - started
    cycle = int(figures["season"])
    training, actual = table.values[:-holdout], table.values[-holdout:]
    plain = {}
    for name, forecast in plain_methods(np.nan_to_num(training), holdout, cycle).items():
        plain[name] = {
            "wape": round(accuracy.wape(actual, forecast), 4),
            "wape_total": round(accuracy.wape_total(actual, forecast), 4),
            "mase": round(accuracy.mase(training, actual, forecast, cycle), 4),
        }
    rounded = {name: round(value, 4) if isinstance(value, float) else value for name, value in figures.items()}
    return {**rounded, "seconds_all": round(seconds_all, 4), "step": step_of(dates).name.lower(), "plain": plain}


def main() -> int:
    """Print the figures; 2 if the file cannot be used."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=Path, required=True, help="CSV or CSV.gz: dates, then one column per series")
    parser.add_argument("--holdout", type=int, default=28, help="how many dates to hold back (default 28)")
    parser.add_argument("--season", type=int, help="dates in a season (default: 7 for days, 12 for months, ...)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    try:
        found = measure(options.series, options.holdout, options.season)
    except SeriesError as error:
        print(error, file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps(found, indent=1))
        return 0
    print(f"{'':26}{'WAPE':>8}{'WAPE of totals':>16}{'MASE':>8}")
    print(f"{'ours':26}{found['wape']:8.4f}{found['wape_total']:16.4f}{found['mase']:8.4f}")
    plain = found["plain"]
    assert isinstance(plain, dict)
    for name, errors in plain.items():
        print(f"{name:26}{errors['wape']:8.4f}{errors['wape_total']:16.4f}{errors['mase']:8.4f}")
    print(f"{found['series']} series, {found['training_dates']} dates, {found['seconds']:.2f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
