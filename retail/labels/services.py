"""The verbs of labels: put a batch together, choose its paper, keep papers of one's own."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select

from retail.catalog.models import Variant
from retail.core import shown
from retail.core.audit import current_actor
from retail.core.clock import now
from retail.core.db import in_chunks, session
from retail.core.errors import NotFound, Refused
from retail.core.places import a_place
from retail.core.tenancy import insert_owned
from retail.labels import queries
from retail.labels.models import LabelBatch, LabelFormat, LabelLine
from retail.labels.papers import USUAL

MOST_ARTICLES = 2000
MOST_COPIES = 999
MOST_LABELS = 5000
"""So many labels are set in about six seconds; who needs more prints twice."""
SHOWS = ("price", "code", "sku", "shop", "qr")
"""What may stand on a label beside the name."""
USUAL_SHOWS = ("price", "code")


def begin_batch(title: str, wanted: Iterable[tuple[int, int]] = (), location_id: int | None = None) -> LabelBatch:
    """A batch with so many labels for each variant, on the paper that this person used last; at a location, or where
    the person works.

    Refused for more articles or labels than one batch may have.
    """
    actor = current_actor()
    last = session.scalar(
        select(LabelBatch).where(LabelBatch.user_id == actor.user_id).order_by(LabelBatch.id.desc()).limit(1)
    )
    batch = LabelBatch(
        location_id=location_id or a_place(),
        title=title[:200],
        format=last.format if last is not None and queries.paper(last.format) is not None else USUAL,
        shows=list(last.shows if last is not None else USUAL_SHOWS),
        user_id=actor.user_id,
        user_name=actor.name,
        created_at=now(),
    )
    session.add(batch)
    session.flush()
    copies: dict[int, int] = {}
    for variant_id, count in wanted:
        copies[variant_id] = min(copies.get(variant_id, 0) + count, MOST_COPIES)
    _check_size(len(copies), sum(copies.values()))
    for part in in_chunks(copies.items(), 500):
        insert_owned(
            LabelLine,
            [
                {"batch_id": batch.id, "variant_id": variant_id, "copies": count}
                for variant_id, count in part
                if count > 0
            ],
        )
    return batch


def begin_for_products(product_ids: Iterable[int], per_piece: bool) -> LabelBatch:
    """A batch for the variants on sale of products: one label each, or one for each piece that lies in stock."""
    found: list[tuple[int, int]] = []
    for part in in_chunks(product_ids, 500):
        found += queries.labels_of_products(list(part), per_piece=per_piece)
        _check_size(len(found), 0)
    if not found:
        raise Refused(_("Nothing of it lies in stock.") if per_piece else _("Nothing of it is on sale."))
    return begin_batch(_("Chosen products"), found)


def begin_for_document(document_id: int) -> LabelBatch:
    """A batch for what came with a stock paper: a label for each piece, one for what is weighed or measured."""
    number, found = queries.labels_of_document(document_id)
    if not found:
        raise Refused(_("Nothing came with this paper."))
    return begin_batch(number, found, queries.came_to(document_id))


def add(batch: LabelBatch, variant_id: int) -> LabelLine:
    """One more label of a variant."""
    if session.get(Variant, variant_id) is None:
        raise NotFound(_("There is no such variant."))
    line = session.scalar(
        select(LabelLine).where(LabelLine.batch_id == batch.id, LabelLine.variant_id == variant_id).with_for_update()
    )
    if line is None:
        line = LabelLine(batch_id=batch.id, variant_id=variant_id, copies=1)
        session.add(line)
    else:
        line.copies = min(line.copies + 1, MOST_COPIES)
    session.flush()
    _check_size(*queries.size_of(batch))
    return line


def set_copies(batch: LabelBatch, copies: dict[int, str]) -> None:
    """How many labels each line gets, as typed, by the line's id; 0 takes the line off. Refused with the article's name
    for what is no number."""
    lines = {one.id: one for one in queries.lines_of(batch)}
    for line_id, text in copies.items():
        line = lines.get(line_id)
        if line is None or text.strip() == str(line.copies):
            continue
        plain = text.strip()
        if not (plain.isascii() and plain.isdecimal() and len(plain) < 9 and int(plain) <= MOST_COPIES):
            raise Refused(
                _(
                    "“%(text)s” labels of %(name)s: type a whole number up to %(most)s.",
                    text=plain[:20],
                    name=line.variant.name,
                    most=MOST_COPIES,
                ),
                field="copies",
            )
        if int(plain):
            line.copies = int(plain)
        else:
            session.delete(line)
    session.flush()
    _check_size(*queries.size_of(batch))


def remove(batch: LabelBatch, line_id: int) -> None:
    """Take an article off."""
    line = session.get(LabelLine, line_id)
    if line is not None and line.batch_id == batch.id:
        session.delete(line)
        session.flush()


def choose(batch: LabelBatch, paper: str, shows: Iterable[str], used: int) -> None:
    """The paper of a batch, what stands on each label, and how many places of the first sheet are gone.

    Refused for a paper that is no more, and for more used places than a sheet has.
    """
    found = queries.paper(paper)
    if found is None:
        raise Refused(_("Choose a paper of the list."), field="format")
    if not 0 <= used < found.places:
        raise Refused(
            _("Of %(places)s labels on a sheet, 0 to %(most)s may be gone.", places=found.places, most=found.places - 1)
            if found.places > 1
            else _("On a roll no place is gone; type 0."),
            field="used",
        )
    batch.format, batch.used = paper, used
    batch.shows = [one for one in SHOWS if one in set(shows)]
    session.flush()


def mark_printed(batch: LabelBatch) -> None:
    """Note that it was sent to print. Refused while it has no labels."""
    if not queries.size_of(batch)[1]:
        raise Refused(_("Scan or search an article first."))
    batch.printed_at = now()
    session.flush()


def _check_size(articles: int, labels: int) -> None:
    if articles > MOST_ARTICLES:
        raise Refused(_("A batch has at most %(n)s articles; choose fewer.", n=shown.quantity(MOST_ARTICLES)))
    if labels > MOST_LABELS:
        raise Refused(_("A batch has at most %(n)s labels; print in two goes.", n=shown.quantity(MOST_LABELS)))


def keep_paper(row: LabelFormat | None, name: str, **measures: Any) -> LabelFormat:
    """A paper of the shop's own, new or changed. Refused, at the field, for a name that is taken and for labels that
    would lie beside the sheet or on each other."""
    taken = session.scalar(select(LabelFormat.id).where(func.lower(LabelFormat.name) == name.lower()))
    if taken is not None and (row is None or taken != row.id):
        raise Refused(_("There is a paper called “%(name)s” already.", name=name), field="name")
    _check_measures(**measures)
    if row is None:
        row = LabelFormat(name=name, **measures)
        session.add(row)
    else:
        row.name = name
        for field, value in measures.items():
            setattr(row, field, value)
    session.flush()
    return row


def _check_measures(
    *,
    page_width: Decimal,
    page_height: Decimal,
    label_width: Decimal,
    label_height: Decimal,
    columns: int,
    rows: int,
    left: Decimal,
    top: Decimal,
    step_x: Decimal,
    step_y: Decimal,
) -> None:
    for count, step, label, field in (
        (columns, step_x, label_width, "step_x"),
        (rows, step_y, label_height, "step_y"),
    ):
        if count > 1 and step < label:
            raise Refused(
                _("From one label to the next it is at least the label itself: %(n)s mm or more.", n=label), field=field
            )
    for start, count, step, label, page, field in (
        (left, columns, step_x, label_width, page_width, "page_width"),
        (top, rows, step_y, label_height, page_height, "page_height"),
    ):
        end = start + (count - 1) * step + label
        if end > page:
            raise Refused(
                _("The labels end at %(end)s mm, the sheet at %(page)s mm. Check the measures.", end=end, page=page),
                field=field,
            )


def archive_paper(row: LabelFormat) -> None:
    """No longer offer a paper."""
    row.archived_at = now()
    session.flush()


def restore_paper(row: LabelFormat) -> None:
    """Offer it again."""
    row.archived_at = None
    session.flush()
