"""The second factor: codes of an authenticator app (RFC 6238, 30 seconds, 6 digits) and one-time recovery codes."""

from __future__ import annotations

import hashlib
import secrets as randomness
from base64 import b32encode

import pyotp
from flask_babel import gettext as _
from sqlalchemy import delete, func, select, update

from retail.core import audit
from retail.core.clock import now
from retail.core.db import session
from retail.core.errors import Refused
from retail.core.secrets import seal, unseal
from retail.identity import passkeys
from retail.identity.administrator_models import Administrator
from retail.identity.letters import tell
from retail.identity.models import RecoveryCode, User

STEP_SECONDS = 30
RECOVERY_CODES = 10


Somebody = User | Administrator


def _place(user: Somebody) -> str:
    return f"{user.__tablename__}.totp_secret:{user.id}"


def begin_setup(user: Somebody) -> None:
    """Give the user a new seed, not yet in force. Refused while a second factor is in force."""
    if user.totp_confirmed_at is not None:
        raise Refused(_("The second factor is on already; turn it off first."))
    user.totp_secret = seal(pyotp.random_base32(), _place(user))
    user.last_totp_step = None


def seed_of(user: Somebody) -> str:
    """The seed in the letters an app takes."""
    if user.totp_secret is None:
        raise Refused(_("Start setting up the second factor first."))
    return unseal(user.totp_secret, _place(user))


def address_for_app(user: Somebody, issuer: str) -> str:
    """The otpauth:// address that the picture shows."""
    return str(pyotp.TOTP(seed_of(user)).provisioning_uri(name=user.email, issuer_name=issuer))


def accept_code(user: Somebody, code: str) -> bool:
    """Whether this is the app's code now, or of the step before or after. A step is taken once only, so a code that was
    read over a shoulder is worth nothing."""
    code = "".join(code.split())
    if len(code) != 6 or not code.isdigit() or user.totp_secret is None:
        return False
    totp = pyotp.TOTP(seed_of(user))
    present = int(now().timestamp()) // STEP_SECONDS
    for step in (present, present - 1, present + 1):
        if randomness.compare_digest(totp.at(step * STEP_SECONDS), code):
            return _take_step(user, step)
    return False


def _take_step(user: Somebody, step: int) -> bool:
    """Mark a step as used; of two requests with the same code only one gets it."""
    model = type(user)
    taken = session.execute(
        update(model)
        .where(model.id == user.id, (model.last_totp_step.is_(None)) | (model.last_totp_step < step))
        .values(last_totp_step=step)
        .returning(model.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    return taken is not None


def put_in_force(user: Somebody, code: str) -> None:
    """Put the seed in force once the app has shown a right code; Refused for a wrong one."""
    if not accept_code(user, code):
        raise Refused(_("That code is not right. Wait for the next one and check the clock of your phone."), "code")
    user.totp_confirmed_at = now()


def turn_on(user: User, code: str) -> list[str]:
    """`put_in_force` for somebody of a business; returns their recovery codes, to be shown once."""
    put_in_force(user, code)
    audit.record("second_factor_on", "users", user.id, user.name)
    tell(user, "second_factor_on")
    return _new_recovery_codes(user)


def turn_off(user: User) -> None:
    """Forget the seed and the recovery codes."""
    _forget(user)
    tell(user, "second_factor_off")


def remove_all(user: User) -> None:
    """Forget all that a user who lost it proved themselves by besides the password: second factor and passkeys."""
    if user.totp_confirmed_at is not None:
        _forget(user)
    passkeys.remove_all(user)
    tell(user, "removed")


def _forget(user: User) -> None:
    user.totp_secret = user.totp_confirmed_at = user.last_totp_step = None
    session.execute(
        delete(RecoveryCode).where(RecoveryCode.user_id == user.id), execution_options={"synchronize_session": False}
    )
    audit.record("second_factor_off", "users", user.id, user.name)


def _hash_of(user: User, code: str) -> str:
    plain = "".join(letter for letter in code.lower() if letter.isalnum())
    return hashlib.sha256(f"recovery\0{user.id}\0{plain}".encode()).hexdigest()


def renew_recovery_codes(user: User) -> list[str]:
    """Ten new codes; the old ones are void."""
    audit.record("recovery_codes_renewed", "users", user.id, user.name)
    tell(user, "recovery_codes")
    return _new_recovery_codes(user)


def _new_recovery_codes(user: User) -> list[str]:
    """Each has 50 random bits, so a plain hash keeps them safe."""
    session.execute(
        delete(RecoveryCode).where(RecoveryCode.user_id == user.id), execution_options={"synchronize_session": False}
    )
    codes = []
    for _number in range(RECOVERY_CODES):
        letters = b32encode(randomness.token_bytes(7)).decode().lower()[:10]
        codes.append(f"{letters[:5]}-{letters[5:]}")
    session.add_all(RecoveryCode(user_id=user.id, code_hash=_hash_of(user, code)) for code in codes)
    session.flush()
    return codes


def use_recovery_code(user: User, code: str) -> bool:
    """Spend a recovery code; False when it is wrong or spent."""
    spent = session.execute(
        update(RecoveryCode)
        .where(
            RecoveryCode.user_id == user.id,
            RecoveryCode.code_hash == _hash_of(user, code),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=now())
        .returning(RecoveryCode.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if spent is not None:
        audit.record("recovery_code_used", "users", user.id, user.name)
        tell(user, "recovery_code")
    return spent is not None


def recovery_codes_left(user_id: int) -> int:
    """How many recovery codes of a user are unspent."""
    left = select(func.count()).where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
    return session.scalar(left) or 0
