"""What happens to people's access."""

from __future__ import annotations

from retail.core.events import Happening, event


@event("user.signed_in")
class UserSignedIn(Happening):
    """Somebody signed in on a device they had not used before."""

    user_id: int
    device: str
    address: str


@event("support.asked")
class SupportAsked(Happening):
    """An administrator of the platform asked to look into the business; somebody has to allow or refuse it."""

    access_id: int
    name: str
    reason: str
    hours: int


@event("user.placed")
class PlacesGiven(Happening):
    """Somebody works at other locations from now on."""

    user_id: int
