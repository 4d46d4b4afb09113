"""Labels: putting them together by scan or from elsewhere, looking at the sheet, printing; papers of one's own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from flask import Response as FlaskResponse
from flask import g, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from retail.catalog.models import Variant
from retail.catalog.queries import find_by_code, only_meant, search_variants
from retail.core import html, shown, tables
from retail.core.errors import Refused
from retail.core.forms import refusals
from retail.labels import module, printing, queries, services
from retail.labels.forms import PaperForm
from retail.labels.models import LabelBatch
from retail.labels.papers import Paper
from retail.labels.queries import Article
from retail.labels.tables import Batches
from retail.permissions import Can


@module.before_request
def mark_menu() -> None:
    """All pages of labels stand under their list."""
    g.menu_endpoint = "labels.batches"


@module.get("/", needs=Can.PRINT_LABELS)
def batches() -> Any:
    """What was put together to be printed."""
    return tables.table_page(
        Batches(),
        "labels/listed.html",
        title=_("Labels"),
        subtitle=_("For shelves and goods: on sheets for any printer, or for a label printer."),
    )


@module.post("/new", needs=Can.PRINT_LABELS)
def new_batch() -> Response:
    """Begin with nothing; articles are scanned onto it."""
    batch = services.begin_batch(_("Labels"))
    return html.done("", to=url_for("labels.batch_page", label_batch_id=batch.id))


@module.post("/papers/<int:document_id>/labels", needs=Can.PRINT_LABELS)
def of_document(document_id: int) -> Response:
    """Labels for what came with a stock paper."""
    batch = services.begin_for_document(document_id)
    return html.done("", to=url_for("labels.batch_page", label_batch_id=batch.id))


@dataclass
class Desk:
    """What the page of a batch shows, and what the last step did."""

    batch: LabelBatch
    rows: list[Article] = field(default_factory=list)
    q: str = ""
    found: list[Variant] = field(default_factory=list)
    fresh: int | None = None
    problem: str = ""
    status: int = 200
    trigger: str = ""

    @property
    def labels(self) -> int:
        """How many labels all lines come to."""
        return sum(one.copies for one in self.rows)


@module.route("/<int:label_batch_id>", methods=["GET", "POST"], needs=Can.PRINT_LABELS)
def batch_page(label_batch_id: int) -> Response:
    """The articles of a batch, its paper, and a picture of the first sheet."""
    desk = Desk(queries.batch_numbered(label_batch_id))
    if request.method == "POST":
        try:
            _keep(desk)
            _step(desk)
            if request.form.get("do") == "book":
                services.mark_printed(desk.batch)
                return html.done("", to=url_for("labels.sheets", label_batch_id=label_batch_id))
        except Refused as no:
            desk.problem, desk.status = no.message, 422
            html.settle(keep=False)
            desk.batch = queries.batch_numbered(label_batch_id)
        else:
            html.settle(keep=True)
    return _desk_page(desk)


def _keep(desk: Desk) -> None:
    """What was typed on the page: the paper, what stands on a label, how many of each."""
    sent = request.form
    copies = {
        int(line_id): text
        for name, text in sent.items()
        if (line_id := name.removeprefix("copies-")) != name and line_id.isdecimal() and len(line_id) < 18
    }
    services.set_copies(desk.batch, copies)
    if "format" in sent:
        used = sent.get("used", "0").strip() or "0"
        changed = sent["format"] != desk.batch.format
        # Another paper begins with a whole sheet.
        number = 0 if changed else int(used) if used.isascii() and used.isdecimal() and len(used) < 6 else -1
        services.choose(desk.batch, sent["format"], sent.getlist("shows"), number)


def _step(desk: Desk) -> None:
    verb, _colon, argument = request.form.get("do", "").partition(":")
    number = int(argument) if argument.isascii() and argument.isdecimal() and len(argument) < 18 else -1
    if verb == "find":
        _find(desk, request.form.get("q", "").strip()[:100])
    elif verb == "add":
        desk.fresh = services.add(desk.batch, number).id
    elif verb in {"plus", "minus"}:
        line = next((one for one in queries.lines_of(desk.batch) if one.id == number), None)
        if line is not None:
            services.set_copies(desk.batch, {number: str(line.copies + (1 if verb == "plus" else -1))})
            desk.fresh = number
    elif verb == "remove":
        services.remove(desk.batch, number)


def _find(desk: Desk, text: str) -> None:
    """Put on what a code or a text names; else show what it may mean, or say that nothing is called so."""
    if not text:
        return
    variant = find_by_code(text) or only_meant(text)
    if variant is not None:
        desk.fresh = services.add(desk.batch, variant.id).id
        return
    desk.q, desk.found = text, search_variants(text, 8)
    if desk.found:
        desk.trigger = "goods-choose"
    else:
        desk.trigger = "goods-unknown"
        raise Refused(_("Nothing has the code or name “%(text)s”. The lines are unchanged.", text=text))


def _desk_page(desk: Desk) -> Response:
    desk.rows = queries.articles_of(desk.batch)
    paper, labels = _written(desk.batch, desk.rows)
    narrow = printing.too_narrow(labels, paper)
    response = html.page(
        "labels/batch.html",
        fragment="goods",
        status=desk.status,
        desk=desk,
        batch=desk.batch,
        paper=paper,
        papers=queries.papers(),
        shows=[
            ("price", _("Price")),
            ("code", _("Barcode")),
            ("qr", _("QR code instead of bars")),
            ("sku", _("SKU")),
            ("shop", _("Name of the shop")),
        ],
        sheets=-(-(desk.labels + desk.batch.used) // paper.places),
        picture=_picture_mark(desk),
        narrow=_narrow_words(narrow),
        breadcrumbs=[(_("Labels"), url_for("labels.batches")), (desk.batch.title, None)],
    )
    if desk.trigger:
        response.headers["HX-Trigger"] = desk.trigger
    return response


def _picture_mark(desk: Desk) -> str:
    """What the picture of the first sheet depends on, so that a browser asks for it again when it is another."""
    shape = (desk.batch.format, desk.batch.used, *desk.batch.shows)
    return "-".join(map(str, (*shape, *(f"{one.variant_id}x{one.copies}" for one in desk.rows[:80]))))[:400]


def _narrow_words(names: list[str]) -> str:
    if not names:
        return ""
    said = ngettext(
        "The barcode of %(names)s is too long for this label: choose a wider one, or the QR code.",
        "%(num)s barcodes are too long for this label (%(names)s…): choose a wider one, or the QR code.",
        len(names),
        names=", ".join(names[:3]),
    )
    return str(said)


def _written(batch: LabelBatch, articles: list[Article]) -> tuple[Paper, list[printing.Label]]:
    """The batch's paper, or the usual one when its own is no longer offered, and its labels."""
    paper = queries.paper(batch.format) or queries.papers()[0]
    return paper, printing.written(articles, batch.shows)


def _file(body: bytes | str, mimetype: str, name: str, how: str = "inline") -> Response:
    headers = {"Content-Disposition": f'{how}; filename="{name}"', "Cache-Control": "no-store"}
    return FlaskResponse(body, mimetype=mimetype, headers=headers)


@module.get("/found", needs=Can.PRINT_LABELS)
def found() -> Response:
    """What a text may mean, to be put on by touching it."""
    q = request.args.get("q", "").strip()[:100]
    return html.page("labels/found.html", fragment="found", q=q, found=search_variants(q, 8))


@module.get("/<int:label_batch_id>/sheet.png", needs=Can.PRINT_LABELS)
def picture(label_batch_id: int) -> Response:
    """The first sheet as it will be printed, with the edges of the labels."""
    batch = queries.batch_numbered(label_batch_id)
    paper, _labels = _written(batch, [])
    labels = printing.written(queries.articles_of(batch, limit=paper.places), batch.shows)
    return _file(printing.picture(batch, paper, labels), "image/png", "sheet.png")


@module.get("/<int:label_batch_id>/labels.pdf", needs=Can.PRINT_LABELS)
def sheets(label_batch_id: int) -> Response:
    """All labels, for any printer."""
    batch = queries.batch_numbered(label_batch_id)
    paper, labels = _written(batch, queries.articles_of(batch))
    return _file(printing.pdf(batch, paper, labels), "application/pdf", f"labels-{batch.id}.pdf")


@module.get("/<int:label_batch_id>/labels.zpl", needs=Can.PRINT_LABELS)
def commands(label_batch_id: int) -> Response:
    """All labels in the language of label printers."""
    batch = queries.batch_numbered(label_batch_id)
    paper, labels = _written(batch, queries.articles_of(batch))
    return _file(printing.zpl(paper, labels), "text/plain", f"labels-{batch.id}.zpl", "attachment")


@module.get("/papers/", needs=Can.PRINT_LABELS)
def papers() -> Response:
    """The shop's own papers, and those that come with the program."""
    return html.page(
        "labels/papers.html",
        own=queries.own_papers(),
        shipped=[one for one in queries.papers() if not one.key.startswith("own-")],
        plain=shown.quantity,
        breadcrumbs=[(_("Labels"), url_for("labels.batches")), (_("Papers"), None)],
    )


@module.route("/papers/new", methods=["GET", "POST"], needs=Can.PRINT_LABELS)
def new_paper() -> Response:
    """A paper of the shop's own."""
    return _paper_form(None)


@module.route("/papers/<int:label_format_id>", methods=["GET", "POST"], needs=Can.PRINT_LABELS)
def paper_page(label_format_id: int) -> Response:
    """Change one of them."""
    return _paper_form(label_format_id)


def _paper_form(label_format_id: int | None) -> Response:
    row = queries.own_paper(label_format_id) if label_format_id is not None else None
    form = PaperForm(obj=row)
    if form.validate_on_submit():
        with refusals(form):
            services.keep_paper(row, form.name.data, **form.measures)
            return html.done(_("The paper is kept."), to=url_for("labels.papers"))
    return html.page(
        "labels/paper.html",
        status=422 if form.is_submitted() else 200,
        form=form,
        row=row,
        breadcrumbs=[
            (_("Labels"), url_for("labels.batches")),
            (_("Papers"), url_for("labels.papers")),
            (row.name if row else _("New"), None),
        ],
    )


@module.post("/papers/<int:label_format_id>/archive", needs=Can.PRINT_LABELS)
def archive_paper(label_format_id: int) -> Response:
    """No longer offer it; batches that were put together for it say so."""
    services.archive_paper(queries.own_paper(label_format_id))
    undo = url_for("labels.restore_paper", label_format_id=label_format_id)
    return html.done(_("The paper is no longer offered."), to=url_for("labels.papers"), undo_url=undo)


@module.post("/papers/<int:label_format_id>/restore", needs=Can.PRINT_LABELS)
def restore_paper(label_format_id: int) -> Response:
    """Offer it again."""
    services.restore_paper(queries.own_paper(label_format_id))
    return html.done(_("The paper is offered again."), to=url_for("labels.papers"))
