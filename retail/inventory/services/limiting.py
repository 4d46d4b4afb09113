"""How much of stock somebody corrects alone: beyond it a colleague approves, once, exactly what is booked."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _

from retail.core.errors import NeedsApproval
from retail.identity import approval_services as approvals
from retail.inventory.models import StockDocument
from retail.permissions import Can


@dataclass(frozen=True)
class Reach:
    """How far whoever books goes alone, in worth at cost (None is any amount), and the token of a colleague's approval
    for going further this once."""

    limit: Decimal | None
    approval: str = ""


ANY = Reach(None)
"""For what no person books by hand: programs, imports, tests."""


def check_reach(reach: Reach, worth: Decimal, paper: StockDocument, permission: Can, *bound_to: Any) -> None:
    """Use up the approval there is for a correction beyond the limit, and leave on the paper who approved it. Raises
    NeedsApproval where there is none; then nothing is booked."""
    if reach.limit is None or worth <= reach.limit:
        return
    need = NeedsApproval(
        _("This corrects stock by more than you may book alone; ask a manager."),
        permission=permission,
        action="adjustment",
        measure=worth,
        amount=worth,
        bound_to=approvals.fingerprint("adjustment", *bound_to),
        location_id=paper.location_id,
    )
    approvals.note(approvals.use(reach.approval, need), need, paper.id, paper.number, "stock_documents")
