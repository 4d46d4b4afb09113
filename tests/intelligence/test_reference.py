"""The imported history of a real shop against reference answers that two other programs agreed on."""

from __future__ import annotations

import csv
import gzip
import io
import json
from decimal import Decimal
from pathlib import Path

import pytest

from retail.core import datasets
from retail.core.db import reading, unit_of_work
from retail.core.tenancy import inside
from retail.finance.services import open_books
from retail.identity.services import open_roles
from retail.tenancy.services import create_tenant

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"
FILE = SHARED / "online_retail" / "online_retail_2010-12_to_2011-08.csv.gz"
REFERENCE = SHARED / "reference"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.sqlite_only,
    pytest.mark.skipif(not FILE.is_file(), reason="the shared Online Retail history is not here"),
]


@pytest.fixture
def history(app):
    """A business of its own into which the whole history was imported by the command."""
    with app.app_context():
        with unit_of_work():
            tenant = create_tenant("History", "GBP", "Europe/London")
        with inside(tenant.id), unit_of_work():
            open_roles()
            open_books()
        result = app.test_cli_runner().invoke(
            args=["import", "sales", str(FILE), "--tenant", "history", "--mapping", "online-retail", "--json"]
        )
        assert result.exit_code == 0, result.output
        yield tenant.id, json.loads(result.stdout)


def test_every_figure_equals_the_reference(app, history):
    tenant_id, imported = history
    expected = json.loads((REFERENCE / "reference_A.json").read_text(), parse_float=Decimal)["online_retail_A"]
    assert (imported["rows"], imported["lines"], imported["rejected"]) == (320705, 320705, 0)
    assert (imported["documents"], imported["new_customers"]) == (expected["invoices"], expected["customers_all"])

    sales = datasets.get("sales")
    with inside(tenant_id), reading():
        whole = sales.one(["lines", "net_revenue", "orders", "customers", "units"])
        assert whole["lines"] == expected["rows"] == 320705
        assert whole["net_revenue"] == expected["net_revenue_N1"] == Decimal("5761931.382")
        assert whole["orders"] == expected["invoices"]
        assert whole["customers"] == expected["customers_all"] == 3360
        assert whole["units"] == expected["sum_quantity"]

        cancelled = sales.one(["orders", "lines", "net_revenue"], where={"kind": "return"})
        assert (cancelled["orders"], cancelled["lines"], cancelled["net_revenue"]) == (
            expected["cancelled_invoices"],
            expected["cancelled_rows"],
            expected["cancelled_amount"],
        )
        merchandise = sales.one(["net_revenue"], where={"merchandise": "yes"})
        assert merchandise["net_revenue"] == expected["net_revenue_merchandise_N2"]
        clean = sales.one(["lines", "net_revenue", "orders", "customers"], where={"clean": "yes"})
        assert (clean["lines"], clean["net_revenue"], clean["orders"], clean["customers"]) == (
            expected["clean_rows"],
            expected["clean_revenue"],
            expected["clean_invoices"],
            expected["customers_clean"],
        )
        assert_months(sales, expected)
    assert_scores(app, tenant_id)


def assert_months(sales, expected):
    """Lines, revenue and cancellations of each month."""
    rows = sales.ask(["lines", "net_revenue"], by=["month"])
    returned = sales.ask(["net_revenue"], by=["month"], where={"kind": "return"})
    months = expected["monthly"]
    assert [row["month"] for row in rows] == sorted(months)
    for row in rows:
        assert row["net_revenue"] == months[row["month"]]["N1"], row
        assert row["lines"] == months[row["month"]]["rows"], row
    assert {row["month"]: row["net_revenue"] for row in returned} == {
        month: figures["cancelled"] for month, figures in months.items()
    }


def assert_scores(app, tenant_id):
    """Every customer's recency, frequency, money and threshold scores, as the command writes them."""
    result = app.test_cli_runner().invoke(args=["rfm", "export", "--tenant", "history", "--as-of", "2011-09-01"])
    with gzip.open(REFERENCE / "online_retail_rfm_A.csv.gz", "rt", encoding="utf-8") as file:
        expected = {
            row["cid"]: (row["R"], row["F"], Decimal(row["M"]), row["Rt"], row["Ft"], row["Mt"])
            for row in csv.DictReader(file)
        }
    found = {
        row["customer"]: (
            row["recency_days"],
            row["frequency"],
            Decimal(row["monetary"]),
            row["r"],
            row["f"],
            row["m"],
        )
        for row in csv.DictReader(io.StringIO(result.stdout))
    }
    assert found == expected
