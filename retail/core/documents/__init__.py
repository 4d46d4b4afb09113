"""Documents for paper and archive: `receipt_pdf(ReceiptDocument)`, `report_pdf(ReportDocument)`, set by Typst.

Both take frozen values that are already written for their reader, so that the page on screen and the PDF are made from
the same object and cannot disagree. A new document is a template in `templates/pdf/` and a call of `compile_pdf`.
"""

from retail.core.documents.language import is_right_to_left
from retail.core.documents.receipt import (
    LabeledValue,
    ReceiptDocument,
    ReceiptKind,
    ReceiptLine,
    TaxLine,
    qr_svg,
    receipt_pdf,
)
from retail.core.documents.report import (
    ReportColumn,
    ReportDocument,
    ReportTable,
    ReportText,
    Stat,
    report_pdf,
)
from retail.core.typesetting import TypesettingError, compile_pdf, compile_png

__all__ = [
    "LabeledValue",
    "ReceiptDocument",
    "ReceiptKind",
    "ReceiptLine",
    "ReportColumn",
    "ReportDocument",
    "ReportTable",
    "ReportText",
    "Stat",
    "TaxLine",
    "TypesettingError",
    "compile_pdf",
    "compile_png",
    "is_right_to_left",
    "qr_svg",
    "receipt_pdf",
    "report_pdf",
]
