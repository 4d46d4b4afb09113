"""What a service says when a rule of the shop forbids what was asked."""

from __future__ import annotations


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
    """The person may not do this alone; somebody who holds `permission` may approve it."""

    def __init__(self, message: object, permission: str, field: str | None = None) -> None:
        super().__init__(message, field)
        self.permission = permission
