"""Passwords: long, not on the list of those attackers try, none one had before, and said in words."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import func, select

from retail.core.db import session, unit_of_work
from retail.core.errors import Refused
from retail.identity import passwords, services
from retail.identity.models import OldPassword, User
from tests import make


def refusal(password: str, *about: str) -> str:
    with pytest.raises(Refused) as no:
        passwords.check_password(password, about)
    return no.value.message


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("short", "at least 10 characters"),
        ("aaaaaaaaaaaaaa", "repeats a few characters"),
        ("1234567890", "Attackers try this first"),
        ("Sunshine2026!", "Attackers try this first"),
        ("passwordpassword", "Attackers try this first"),
        ("P@ssw0rd123", "Attackers try this first"),
        ("  Basketball  ", "Attackers try this first"),
    ],
)
def test_a_weak_password_is_refused_with_its_reason(app: Flask, shop: make.Cast, password: str, reason: str) -> None:
    assert reason in refusal(password)


def test_ones_own_name_or_address_is_no_password(app: Flask, shop: make.Cast) -> None:
    assert "little more than your name" in refusal("noranewcomer1", "nora@corner.example", "Nora Newcomer")
    assert "little more than your name" in refusal("nora@corner.example", "nora@corner.example", "Nora")


@pytest.mark.parametrize(
    "password", ["correct horse battery", "tide-quilt-lantern", "82736450192-dragon", "ñandú veloz"]
)
def test_a_good_password_is_taken(password: str) -> None:
    passwords.check_password(password, ["Nora Newcomer", "nora@corner.example"])


def test_the_list_is_shipped_and_large_enough_to_matter() -> None:
    assert len(passwords.breached()) > 35000
    assert {"password1", "qwertyuiop", "liverpool"} <= passwords.breached()


def test_none_of_the_last_five_is_taken_again(app: Flask, shop: make.Cast) -> None:
    words = [make.PASSWORD, *(f"tide quilt lantern {number}" for number in ("one", "two", "three", "four", "five"))]
    for word in words[1:]:
        with unit_of_work():
            services.set_password(session.get_one(User, shop.users["clerk"]), word)
    for known in words[1:]:
        with pytest.raises(Refused, match="You had this password before"), unit_of_work():
            services.set_password(session.get_one(User, shop.users["clerk"]), known)
    with unit_of_work():
        services.set_password(session.get_one(User, shop.users["clerk"]), words[0])
    assert session.scalar(select(func.count()).select_from(OldPassword)) == passwords.REMEMBERED - 1


def test_the_profile_says_so_at_the_field(app: Flask, shop: make.Cast) -> None:
    clerk = make.client(app, shop, "clerk")
    for new, reason in ((make.PASSWORD, "You had this password before"), ("Sunshine2026!", "Attackers try this first")):
        form = {"current": make.PASSWORD, "password": new, "again": new}
        answer = make.post(clerk, "/profile/password", form)
        assert answer.status_code == 422
        assert reason in answer.text
