"""Every dataset can be asked every measure by every dimension, and each value it answers can be asked for alone."""

from __future__ import annotations

import pytest

from retail.core import datasets, db, events
from retail.reports.asking import Question, answer
from tests.reports.support import trade


@pytest.mark.slow
def test_any_measure_by_any_dimension_for_any_value(app, shop):
    trade(shop)
    events.drain()
    asked = 0
    with db.reading():
        for name, dataset in datasets.DATASETS.items():
            for dimension in dataset.all_dimensions:
                found = answer(Question(name, tuple(dataset.measures), (dimension,)))
                for row in found.rows[:2]:
                    if row[dimension] is None:
                        continue
                    alone = answer(
                        Question(name, tuple(dataset.measures), (dimension,), where={dimension: str(row[dimension])})
                    )
                    assert alone.rows == [row], f"{name} by {dimension} = {row[dimension]}"
                asked += 1
    assert asked > 60
