"""Demand forecasting: many series at once, several methods, chosen by how they did inside the history.

`forecast` looks ahead, `backtest` checks it against dates held back, `read_series` reads a table of series from a file.
The arithmetic is on arrays; nothing here reads the database.
"""

from retail.intelligence.forecasting import accuracy
from retail.intelligence.forecasting.engine import Errors, ForecastResult, backtest, forecast
from retail.intelligence.forecasting.methods import BASELINE, describe
from retail.intelligence.forecasting.series import SeriesError, SeriesTable, Step, read_series, step_of

__all__ = [
    "BASELINE",
    "Errors",
    "ForecastResult",
    "SeriesError",
    "SeriesTable",
    "Step",
    "accuracy",
    "backtest",
    "describe",
    "forecast",
    "read_series",
    "step_of",
]
