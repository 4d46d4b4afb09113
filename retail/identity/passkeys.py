"""Passkeys (WebAuthn): keys kept by a device, by which people sign in without a password.

A passkey that asked for a finger, a face or the device's code is two factors by itself. What a browser signs names the
site it is on, so a page that only looks like ours gets nothing.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from secrets import token_bytes
from typing import Any
from urllib.parse import urlsplit

import webauthn
from flask_babel import gettext as _
from sqlalchemy import select, update
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, options_to_json_dict
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from retail.core import audit
from retail.core.clock import now
from retail.core.db import session
from retail.core.errors import NotFound, Refused
from retail.core.tenancy import taken_anywhere
from retail.identity.letters import tell
from retail.identity.models import Passkey, User

LIFETIME_SECONDS = 300
"""How long a person may take to touch the key."""
MOST = 20
"""Passkeys of one person."""


@dataclass(frozen=True)
class Site:
    """Where the program is: the name passkeys are bound to, and the origin browsers sign."""

    name: str
    origin: str


@dataclass(frozen=True)
class Challenge:
    """What a key has to sign, and when it was asked for (seconds since 1970)."""

    value: str
    asked_at: float

    @classmethod
    def new(cls) -> Challenge:
        return cls(bytes_to_base64url(token_bytes(32)), now().timestamp())

    @classmethod
    def read(cls, kept: Any) -> Challenge:
        """The challenge kept since; Refused when there is none or it is too old."""
        found = cls(*kept) if isinstance(kept, list) and len(kept) == 2 else None
        if found is None or found.asked_at < now().timestamp() - LIFETIME_SECONDS:
            raise Refused(_("That took too long. Try again."))
        return found

    @property
    def instant(self) -> datetime:
        return datetime.fromtimestamp(self.asked_at, UTC)


def site_of(public_url: str, request_url: str) -> Site:
    """The site by its public address; for one that is only an IP address, by the name the browser uses.

    Browsers allow no passkeys for IP addresses: Refused with the remedy.
    """
    for url in (public_url, request_url):
        parts = urlsplit(url)
        if parts.hostname and not _is_ip(parts.hostname):
            return Site(parts.hostname, f"{parts.scheme}://{parts.netloc}")
    port = urlsplit(request_url).port
    raise Refused(
        _(
            "Passkeys need a name in the address, not numbers: open the program at %(url)s.",
            url=f"http://localhost:{port or 80}",
        )
    )


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def passkeys_of(user_id: int) -> Sequence[Passkey]:
    """Somebody's passkeys, the oldest first."""
    return session.scalars(select(Passkey).where(Passkey.user_id == user_id).order_by(Passkey.id)).all()


def registration_options(user: User, site: Site, challenge: Challenge) -> dict[str, Any]:
    """What a browser needs to make a passkey for somebody; those they have already are left out."""
    options = webauthn.generate_registration_options(
        rp_id=site.name,
        rp_name="Counterfoil",
        user_id=f"{user.tenant_id}:{user.id}".encode(),
        user_name=user.email,
        user_display_name=user.name,
        challenge=base64url_to_bytes(challenge.value),
        timeout=LIFETIME_SECONDS * 1000,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[_descriptor(one) for one in passkeys_of(user.id)],
    )
    return options_to_json_dict(options)


def _descriptor(passkey: Passkey) -> PublicKeyCredentialDescriptor:
    known = {one.value: one for one in AuthenticatorTransport}
    return PublicKeyCredentialDescriptor(
        id=base64url_to_bytes(passkey.credential_id),
        transports=[known[one] for one in passkey.transports if one in known],
    )


def register(user: User, site: Site, challenge: Challenge, answer: dict[str, Any], name: str) -> Passkey:
    """Keep the passkey a browser made. Refused when its answer is not one to this challenge of this site."""
    if len(passkeys_of(user.id)) >= MOST:
        raise Refused(_("%(n)d passkeys are the most; remove one first.", n=MOST))
    try:
        verified = webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=base64url_to_bytes(challenge.value),
            expected_rp_id=site.name,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError):
        raise Refused(_("The browser's answer could not be verified. Try again.")) from None
    credential_id = bytes_to_base64url(verified.credential_id)
    if taken_anywhere(Passkey.credential_id, credential_id):
        raise Refused(_("This passkey is registered already."))
    made = Passkey(
        user_id=user.id,
        name=" ".join(name.split())[:60] or _("Passkey"),
        credential_id=credential_id,
        public_key=verified.credential_public_key,
        sign_count=verified.sign_count,
        transports=_transports(answer),
        created_at=now(),
    )
    session.add(made)
    session.flush()
    tell(user, "passkey")
    return made


def _transports(answer: dict[str, Any]) -> list[str]:
    response = answer.get("response")
    told = response.get("transports") if isinstance(response, dict) else None
    return [str(one)[:20] for one in told][:8] if isinstance(told, list) else []


def sign_in_options(site: Site, challenge: Challenge) -> dict[str, Any]:
    """What a browser needs to ask whoever is in front of it for any of their passkeys for this site."""
    options = webauthn.generate_authentication_options(
        rp_id=site.name,
        challenge=base64url_to_bytes(challenge.value),
        timeout=LIFETIME_SECONDS * 1000,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json_dict(options)


def passkey_called(credential_id: str) -> Passkey | None:
    """The passkey with an id, in whichever tenant we may look."""
    return session.scalar(select(Passkey).where(Passkey.credential_id == credential_id))


def accept(passkey: Passkey, site: Site, challenge: Challenge, answer: dict[str, Any]) -> None:
    """Take a browser's answer as proof, once. Refused when it is none, or was used already."""
    try:
        verified = webauthn.verify_authentication_response(
            credential=answer,
            expected_challenge=base64url_to_bytes(challenge.value),
            expected_rp_id=site.name,
            expected_origin=site.origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError):
        raise Refused(_("This passkey could not be verified. Try again, or sign in with your password.")) from None
    taken = session.execute(
        update(Passkey)
        .where(Passkey.id == passkey.id, (Passkey.last_used_at.is_(None)) | (Passkey.last_used_at < challenge.instant))
        .values(last_used_at=now(), sign_count=verified.new_sign_count)
        .returning(Passkey.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if taken is None:
        raise Refused(_("This answer was used already. Try again."))


def passkey_numbered(passkey_id: int, user_id: int) -> Passkey:
    """One of somebody's own passkeys; NotFound for any other."""
    found = session.get(Passkey, passkey_id)
    if found is None or found.user_id != user_id:
        raise NotFound(_("There is no such passkey."))
    return found


def rename(passkey: Passkey, name: str) -> None:
    """Call a passkey something its owner recognizes."""
    passkey.name = " ".join(name.split())


def remove(passkey: Passkey) -> None:
    """Forget a passkey: it signs nobody in any more."""
    tell(session.get_one(User, passkey.user_id), "passkey_removed")
    session.delete(passkey)
    session.flush()


def remove_all(user: User) -> int:
    """Forget all passkeys of somebody who lost their devices; returns how many they were."""
    found = passkeys_of(user.id)
    for one in found:
        session.delete(one)
    session.flush()
    if found:
        audit.record("passkeys_removed", "users", user.id, user.name)
    return len(found)
