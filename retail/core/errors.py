"""What a service says when a rule of the shop forbids what was asked."""

from __future__ import annotations

from decimal import Decimal


class Refused(Exception):
    """A rule forbids this. `message` is for the person and names the remedy; `field` names the input at fault, if one
    is.
    """

    def __init__(self, message: object, field: str | None = None) -> None:
        super().__init__(str(message))
        self.message = str(message)
        self.field = field


class NotFound(Refused):
    """The thing asked for does not exist, or belongs to somebody else: both look the same from outside."""


class NeedsApproval(Refused):
    """The person may not do this alone; somebody who holds `permission` and has a higher limit may approve it.

    `action` names what it is, `measure` what is held against the limit (percent or an amount), `amount` the money at
    stake, and `bound_to` exactly what would be done, in a form that is equal for equal things only. Somebody who works
    at `location_id` approves it; where none is said, at the place of whoever asks.
    """

    def __init__(
        self,
        message: object,
        permission: str,
        field: str | None = None,
        *,
        action: str,
        measure: Decimal,
        amount: Decimal,
        bound_to: str,
        location_id: int | None = None,
    ) -> None:
        super().__init__(message, field)
        self.permission, self.action = permission, action
        self.measure, self.amount, self.bound_to = measure, amount, bound_to
        self.location_id = location_id
