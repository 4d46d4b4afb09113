"""A manager's PIN where somebody's limit ends: the question, and doing again with the answer what was asked for.

The question carries all that was sent, so the answer is the same request with a PIN. What is approved is what that
request works out to; an approval of one cart, amount or action fits no other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from flask import request
from werkzeug.wrappers import Response

from retail.core import db, html
from retail.core.errors import NeedsApproval, Refused
from retail.core.forms import add_problem, choices_from
from retail.core.module import person_or_none
from retail.identity import approval_services as approvals
from retail.identity.approving import approve_by_pin
from retail.identity.forms import ApprovalForm

T = TypeVar("T")
OF_THE_QUESTION = frozenset({"csrf_token", "pin", "approver", "approval"})


class NotApproved(NeedsApproval):
    """The approval was tried and failed: `problem` says why."""

    def __init__(self, need: NeedsApproval, problem: str) -> None:
        super().__init__(
            need.message,
            need.permission,
            need.field,
            action=need.action,
            measure=need.measure,
            amount=need.amount,
            bound_to=need.bound_to,
            location_id=need.location_id,
        )
        self.problem = problem


def with_approval(act: Callable[[str], T]) -> T:
    """Do something with the approval the page carries; where another is needed and a manager's PIN was sent along, have
    it approved and do it again. Raises NeedsApproval when nobody has approved it."""
    try:
        return act(request.form.get("approval", ""))
    except NeedsApproval as need:
        form = ApprovalForm()
        if not form.pin.data:
            raise
        try:
            token = approve_by_pin(need, form.approver.data or 0, form.pin.data)
        except Refused as no:
            raise NotApproved(need, no.message) from None
        return act(token)


def ask_approval(need: NeedsApproval, action: str, target: str, back: str) -> Response:
    """The question: who approves, and their PIN. A dialog above the page that sent it, else a page of its own. `back`
    is where who gives up goes on."""
    db.session.rollback()
    html.settle(keep=False)
    form = ApprovalForm(formdata=None)
    with db.reading():
        people = approvals.who_may_approve(need, person_or_none().stands_at)
    form.approver.choices = choices_from((one.id, one.name) for one in people)
    wanted = request.form.get("approver", type=int)
    form.approver.data = wanted if any(one.id == wanted for one in people) else people[0].id if people else None
    if isinstance(need, NotApproved):
        add_problem(form, need.problem, "pin")
    sent = [(name, value) for name, value in request.form.items(multi=True) if name not in OF_THE_QUESTION]
    dialog = html.wants_fragment()
    response = html.page(
        "identity/_approval.html" if dialog else "identity/approval.html",
        status=422,
        form=form,
        need=need,
        people={one.id: one for one in people},
        sent=sent,
        action=action,
        target=target,
        back=back,
        dialog=dialog,
    )
    if dialog:
        response.headers["HX-Retarget"], response.headers["HX-Reswap"] = "#approval", "innerHTML"
    return response
