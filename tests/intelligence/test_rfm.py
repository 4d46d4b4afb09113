"""RFM: the scores an independent tool computed for a real shop, and what an owner would notice."""

import csv
import gzip
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from retail.intelligence.rfm import Segment, score

SHARED_DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
HISTORY = SHARED_DATA / "online_retail" / "online_retail_2010-12_to_2011-08.csv.gz"
REFERENCE = SHARED_DATA / "reference" / "online_retail_rfm_A.csv.gz"
REFERENCE_DAY = date(2011, 9, 1)


def clean_purchases():
    """Last purchase, distinct invoices and money in ten-thousandths of a pound, per customer."""
    last, invoices, money = {}, {}, {}
    with gzip.open(HISTORY, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if not row["CustomerID"] or row["InvoiceNo"].startswith("C"):
                continue
            quantity, price = int(row["Quantity"]), Decimal(row["UnitPrice"])
            if quantity <= 0 or price <= 0:
                continue
            customer = int(float(row["CustomerID"]))
            last[customer] = max(last.get(customer, ""), row["InvoiceDate"][:10])
            invoices.setdefault(customer, set()).add(row["InvoiceNo"])
            money[customer] = money.get(customer, 0) + int(quantity * price * 10_000)
    customers = sorted(last)
    return (
        customers,
        np.array([date.fromisoformat(last[customer]).toordinal() for customer in customers]),
        np.array([len(invoices[customer]) for customer in customers]),
        np.array([money[customer] for customer in customers]),
    )


@pytest.mark.slow
@pytest.mark.skipif(not HISTORY.exists(), reason=f"{HISTORY} is not here")
def test_every_customer_of_a_real_shop_gets_the_score_an_independent_tool_gave():
    customers, last, frequency, monetary = clean_purchases()
    scores = score(last, frequency, monetary, reference_day=REFERENCE_DAY.toordinal())
    found = {
        customer: (int(days), int(times), Decimal(int(money)) / 10_000, int(r), int(f), int(m))
        for customer, days, times, money, r, f, m in zip(
            customers, scores.recency_days, scores.frequency, scores.monetary, scores.r, scores.f, scores.m, strict=True
        )
    }
    with gzip.open(REFERENCE, "rt", encoding="utf-8", newline="") as file:
        expected = {
            int(row["cid"]): (
                int(row["R"]), int(row["F"]), Decimal(row["M"]), int(row["Rt"]), int(row["Ft"]), int(row["Mt"])
            )
            for row in csv.DictReader(file)
        }  # fmt: skip
    assert len(expected) == 3317
    assert found == expected


def test_customers_with_the_same_figures_get_the_same_score():
    scores = score([100] * 7, [2] * 7, [5_000] * 7, reference_day=130)
    assert len({*zip(scores.r, scores.f, scores.m, strict=True)}) == 1


def test_bought_today_counts_as_one_day_ago():
    assert score([130], [1], [100], reference_day=130).recency_days.tolist() == [1]


def test_the_more_recent_often_and_valuable_the_higher_the_score():
    days = np.arange(101, 201)
    scores = score(days, np.arange(1, 101), np.arange(1, 101) * 100, reference_day=201)
    for values in (scores.r, scores.f, scores.m):
        assert np.array_equal(values, np.repeat([1, 2, 3, 4, 5], 20))


def test_a_value_at_a_limit_counts_to_the_lower_score_and_the_same_day_to_the_better_one():
    scores = score([10, 9, 8, 7, 6, 5], [1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6], reference_day=11)
    assert scores.frequency_limits == (2.0, 3.0, 4.0, 5.0)
    assert scores.f.tolist() == [1, 1, 2, 3, 4, 5]
    assert scores.r.tolist() == [5, 5, 4, 3, 2, 1]


def test_segments_tell_champions_from_new_at_risk_and_lost_customers():
    days = np.array([199, 198, 150, 102, 101, 103, 199])
    frequency = np.array([30, 12, 5, 28, 1, 2, 1])
    monetary = np.array([90_000, 50_000, 9_000, 80_000, 500, 700, 600])
    crowd = np.arange(101, 201, 5)
    scores = score(
        np.concatenate([days, crowd]),
        np.concatenate([frequency, np.arange(1, 21)]),
        np.concatenate([monetary, np.arange(1, 21) * 1_000]),
        reference_day=200,
    )
    named = scores.segments[:7]
    assert named[0] is Segment.CHAMPIONS
    assert named[3] is Segment.CANNOT_LOSE
    assert named[4] is Segment.LOST
    assert named[6] is Segment.NEW


def test_every_combination_of_scores_has_a_segment_and_all_segments_are_in_use():
    rng = np.random.default_rng(7)
    scores = score(
        rng.integers(1, 400, 5_000), rng.geometric(0.3, 5_000), rng.integers(100, 90_000, 5_000), reference_day=400
    )
    assert set(scores.segments) == set(Segment)


def test_no_customers_no_scores():
    scores = score([], [], [], reference_day=10)
    assert scores.r.size == 0
    assert scores.segments == ()


@pytest.mark.parametrize(
    ("last", "frequency", "monetary", "message"),
    [
        ([1, 2], [1], [1, 2], "one value per customer"),
        ([11], [1], [1], "after the reference day"),
        ([1], [1], [1.5], "monetary: whole numbers"),
    ],
)
def test_impossible_input_is_refused_with_the_reason(last, frequency, monetary, message):
    with pytest.raises(ValueError, match=message):
        score(last, frequency, monetary, reference_day=10)
