import os
import re
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from retail.core.charts import Chart, Series
from retail.core.documents import (
    LabeledValue,
    ReceiptDocument,
    ReceiptLine,
    ReportColumn,
    ReportDocument,
    ReportTable,
    ReportText,
    Stat,
    TaxLine,
    TypesettingError,
    compile_pdf,
    is_right_to_left,
    qr_svg,
    receipt_pdf,
    report_pdf,
)

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
RECEIPT = ReceiptDocument(
    shop_name="Fern & Field",
    number="S-000123",
    address=("12 Mill Lane", "Bath"),
    tax_id="GB 123456789",
    facts=(LabeledValue("Cashier", "Amira"),),
    lines=(
        ReceiptLine("Cakestand", "£25.50", "2", "£12.75", discounts=(LabeledValue("Spring offer", "−£2.55"),)),
        ReceiptLine('#panic("x") *b* $y$ <label>', "£1.00"),
        ReceiptLine("चाय شاي", "£3.00"),
    ),
    subtotal="£29.50",
    total="£26.95",
    tenders=(LabeledValue("Cash", "£30.00"),),
    change="£3.05",
    taxes=(TaxLine("VAT 20 %", "£22.46", "£4.49", "£26.95"),),
    footer=("Thank you!",),
    qr_text="S-000123",
    issued=NOON,
)
REPORT = ReportDocument(
    shop_name="Fern & Field",
    title="Daily report",
    period="20 November 2026",
    stats=(Stat("Net sales", "£1,204.50", "▲ 12 %", "good"),),
    sections=(
        Chart("line", "Sales by hour", [Series("Today", [1, 2, 3])], ["9", "10", "11"], note="Best at 11"),
        ReportTable(
            "Top products",
            (ReportColumn("Product"), ReportColumn("Units", "end")),
            tuple((f"Product {number}", str(number)) for number in range(60)),
            ("Total", "1770"),
        ),
        ReportTable("Stock alerts", (ReportColumn("Product"),), ()),
        ReportText("All is balanced.", "Checks"),
    ),
    footer="made by Counterfoil",
    generated=NOON,
)


def words(pdf, tmp_path):
    """The text of a PDF as pdftotext reads it."""
    path = tmp_path / "document.pdf"
    path.write_bytes(pdf)
    try:
        return subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, check=True).stdout.decode()
    except FileNotFoundError:
        pytest.skip("pdftotext (poppler-utils) is not here")


def test_a_receipt_says_everything_and_runs_nothing_that_was_typed(tmp_path):
    text = words(receipt_pdf(RECEIPT), tmp_path)
    for expected in (
        "Fern & Field", "12 Mill Lane", "GB 123456789", "S-000123", "Amira", "Cakestand", "2 × £12.75",
        "£25.50", "Spring offer", "−£2.55", '#panic("x") *b* $y$ <label>', "Subtotal", "Total", "£26.95",
        "Cash", "Change", "£3.05",
        "VAT 20 %", "£4.49", "Thank you!",
    ):  # fmt: skip
        assert expected in text
    assert "COPY" not in text
    assert "REFUND" not in text


def test_copies_refunds_and_voids_are_stamped(tmp_path):
    refund = replace(RECEIPT, kind="refund", is_copy=True, refers_to="S-000100")
    text = words(receipt_pdf(refund), tmp_path)
    assert "REFUND" in text
    assert "COPY" in text
    assert "S-000100" in text
    assert "Refunded" in text
    assert "VOID" in words(receipt_pdf(replace(RECEIPT, kind="void")), tmp_path)
    assert refund.title == "Refund S-000123"


def page_sizes(pdf, tmp_path):
    """Width and height of each page in points, as pdfinfo reads them."""
    path = tmp_path / "sized.pdf"
    path.write_bytes(pdf)
    try:
        said = subprocess.run(["pdfinfo", "-l", "99", path], capture_output=True, check=True).stdout.decode()
    except FileNotFoundError:
        pytest.skip("pdfinfo (poppler-utils) is not here")
    return [(float(width), float(height)) for width, height in re.findall(r"size: +([\d.]+) x ([\d.]+)", said)]


def test_a_receipt_is_80_mm_wide_and_as_long_as_it_needs(tmp_path):
    ((width, height),) = page_sizes(receipt_pdf(RECEIPT), tmp_path)
    assert width == pytest.approx(80 / 25.4 * 72, abs=0.1)
    ((_same, longer),) = page_sizes(receipt_pdf(replace(RECEIPT, lines=RECEIPT.lines * 20)), tmp_path)
    assert longer > height + 500


def test_the_same_receipt_is_the_same_file_and_another_one_is_not():
    assert receipt_pdf(RECEIPT) == receipt_pdf(RECEIPT)
    assert receipt_pdf(RECEIPT) != receipt_pdf(replace(RECEIPT, total="£26.96"))
    assert report_pdf(REPORT) == report_pdf(REPORT)


def test_archive_and_accessibility_are_declared():
    assert b"pdfaid:part>2" in receipt_pdf(RECEIPT)
    assert b"pdfuaid:part>1" in report_pdf(REPORT)


def test_a_receipt_in_arabic_runs_from_right_to_left_and_keeps_its_values_whole(tmp_path):
    arabic = replace(RECEIPT, language="ar_EG", shop_name="متجر")
    assert receipt_pdf(arabic) != receipt_pdf(replace(arabic, language="en"))
    assert "12 Mill Lane" in words(receipt_pdf(arabic), tmp_path)
    report_pdf(replace(REPORT, language="ar"))
    assert is_right_to_left("ur-PK")
    assert not is_right_to_left("en_GB")


def test_a_report_has_figures_pictures_tables_and_numbered_pages(tmp_path):
    pdf = report_pdf(REPORT)
    text = words(pdf, tmp_path)
    for expected in (
        "Daily report", "20 November 2026", "Net sales", "£1,204.50", "▲ 12 %", "Sales by hour", "Best at 11",
        "Product 59", "1770", "Stock alerts", "Nothing in this period.", "All is balanced.", "made by Counterfoil",
        "Page 1 of 3",
    ):  # fmt: skip
        assert expected in text
    assert text.count("Units") >= 2, "the head of a table is repeated on the next page"
    assert len(page_sizes(pdf, tmp_path)) == 3


def test_a_table_with_a_value_too_few_is_refused():
    with pytest.raises(ValueError, match="Top"):
        ReportTable("Top", (ReportColumn("a"), ReportColumn("b")), (("x",),))


def test_a_missing_template_and_missing_data_are_named():
    with pytest.raises(TypesettingError, match=r"nowhere\.typ"):
        compile_pdf("nowhere.typ", {})
    with pytest.raises(TypesettingError, match=r"receipt\.typ"):
        compile_pdf("receipt.typ", {})
    assert receipt_pdf(RECEIPT)


def test_many_threads_can_set_pages_at_once():
    made = []

    def work():
        made.extend(receipt_pdf(RECEIPT) for _turn in range(5))

    threads = [threading.Thread(target=work) for _each in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert made == [receipt_pdf(RECEIPT)] * 30


FORKED = """
import os, signal
from tests_documents import RECEIPT, receipt_pdf
expected = receipt_pdf(RECEIPT)
child = os.fork()
if not child:
    signal.alarm(30)
    os._exit(0 if receipt_pdf(RECEIPT) == expected else 1)
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.slow
def test_a_forked_worker_can_set_pages_though_its_parent_did(tmp_path):
    (tmp_path / "tests_documents.py").write_text(Path(__file__).read_text())
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{tmp_path}"}
    done = subprocess.run(
        [sys.executable, "-c", FORKED], cwd=root, env=environment, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr.decode()


def test_a_code_to_scan_needs_no_inline_style():
    svg = qr_svg("S-000123")
    assert svg.startswith("<svg")
    assert "style" not in svg
