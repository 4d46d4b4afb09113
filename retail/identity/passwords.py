"""What makes a password good enough: long, not among those attackers try first, and none the person had before.

The list (`breached_passwords.txt.gz`, see docs/identity.md for where it is from) is read when the first password is
set, never at sign-in.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from flask_babel import gettext as _

from retail.core.errors import Refused

SHORTEST = 10
REMEMBERED = 5
"""How many passwords, the present one among them, cannot be taken again."""
LIST = Path(__file__).with_name("breached_passwords.txt.gz")
MOST_DECORATION = 6
"""So many digits and signs before and after a well-known password do not make it another one."""
FEWEST_LETTERS = 5
"""Different characters a password has at least."""
SWAPS = str.maketrans("@431!0$57", "aaeiiosst")


@cache
def breached() -> frozenset[str]:
    """The passwords attackers try first, in small letters."""
    return frozenset(gzip.decompress(LIST.read_bytes()).decode().split())


def is_breached(password: str) -> bool:
    """Whether a password is on the list: as it is, said twice, with letters swapped for signs that look alike, or with
    a few digits and signs added (`Sunshine2026!`)."""
    plain = "".join(password.lower().split())
    half = plain[: len(plain) // 2]
    candidates = {plain, half if plain == half * 2 else plain}
    core = plain.strip("0123456789!\"#$%&'()*+,-./:;<=>?@[]^_`{|}~ ")
    if len(plain) - len(core) <= MOST_DECORATION and core:
        candidates.add(core)
    candidates |= {one.translate(SWAPS) for one in candidates}
    return not candidates.isdisjoint(breached())


def check_password(password: str, about: Iterable[str] = ()) -> None:
    """Refused, with the reason and a remedy, when a password is too easy to guess. `about` is what anybody knows of the
    person: name and address."""
    if len(password) < SHORTEST:
        raise Refused(
            _("A password needs at least %(n)d characters; a few words make a good one.", n=SHORTEST), field="password"
        )
    plain = password.lower()
    if len(set(plain)) < FEWEST_LETTERS:
        raise Refused(_("This repeats a few characters; take several words instead."), field="password")
    if any(part in plain and len(plain) - len(part) <= MOST_DECORATION for part in _parts(about)):
        raise Refused(_("This is little more than your name or address; take several words instead."), field="password")
    if is_breached(password):
        raise Refused(
            _("Attackers try this first: it is a well-known password, or one with a little added. Take several words."),
            field="password",
        )


def _parts(about: Iterable[str]) -> set[str]:
    whole = {one.strip().lower() for one in about if one}
    parts = {one.partition("@")[0] for one in whole} | {"".join(one.split()) for one in whole} | whole
    return {one for one in parts if len(one) >= 4}


def check_is_new(password: str, hashes: Iterable[str], hasher: PasswordHasher) -> None:
    """Refused when this is a password the person had: `hashes` are the last ones. Slow; call it in no transaction."""
    if any(fits(one, password, hasher) for one in hashes):
        raise Refused(
            _("You had this password before; take one that none of your last %(n)d was.", n=REMEMBERED),
            field="password",
        )


def fits(stored: str, secret: str, hasher: PasswordHasher) -> bool:
    """Whether a stored hash is that of a password or PIN."""
    try:
        return hasher.verify(stored, secret)
    except (Argon2Error, InvalidHashError):
        return False
