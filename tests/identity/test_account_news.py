"""News of what people prove themselves by: told at once, because it may not have been them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy import select

from retail.core.clock import now
from retail.core.db import session, unit_of_work
from retail.core.mail import Mail
from retail.identity import services
from retail.identity.models import Passkey, User
from tests import make


def subjects(shop: make.Cast, email: str) -> list[str]:
    with make.within(shop):
        return list(session.scalars(select(Mail.subject).where(Mail.to_address == email)))


def test_a_new_password_is_told_by_mail(app: Flask, shop: make.Cast) -> None:
    clerk = make.client(app, shop, "clerk")
    new = {"current": make.PASSWORD, "password": "tide quilt lantern", "again": "tide quilt lantern"}
    assert make.post(clerk, "/profile/password", new).status_code == 303
    assert subjects(shop, "clerk@corner.example") == ["Your password was changed."]


@pytest.mark.parametrize(
    ("path", "data", "subject"),
    [
        ("pin", {"pin": "2580", "pin_again": "2580"}, "A PIN was set for your account."),
        ("pin/remove", {}, "The PIN of your account was removed."),
        ("second-factor/off", {}, "Your second factor and your passkeys were removed by somebody who manages people."),
    ],
)
def test_what_others_change_about_ones_account_is_told(
    app: Flask, shop: make.Cast, path: str, data: dict[str, str], subject: str
) -> None:
    if path == "pin/remove":
        with make.within(shop), unit_of_work():
            session.get_one(User, shop.users["clerk"]).pin_hash = "of an earlier day"
    make.post(make.client(app, shop, "owner"), f"/people/{shop.users['clerk']}/{path}", data)
    assert subjects(shop, "clerk@corner.example") == [subject]


def add_passkey(user_id: int) -> int:
    with unit_of_work():
        made = Passkey(user_id=user_id, name="Phone", credential_id="phone", public_key=b"", created_at=now())
        session.add(made)
        session.flush()
        return made.id


def test_what_one_changes_oneself_is_told_as_well_for_it_may_have_been_a_stranger(app: Flask, shop: make.Cast) -> None:
    clerk, email = make.client(app, shop, "clerk"), "clerk@corner.example"
    make.post(clerk, "/profile/pin", {"pin": "2580", "pin_again": "2580"})
    make.post(clerk, "/profile/pin/remove")
    make.post(clerk, "/profile/pin/remove")
    with make.within(shop):
        passkey_id = add_passkey(shop.users["clerk"])
    assert make.post(clerk, f"/profile/passkeys/{passkey_id}/remove").status_code == 303
    with make.within(shop), unit_of_work():
        session.get_one(User, shop.users["clerk"]).totp_confirmed_at = now()
    assert make.post(clerk, "/profile/recovery-codes").status_code == 200
    assert subjects(shop, email) == [
        "A PIN was set for your account.",
        "The PIN of your account was removed.",
        "A passkey was removed from your account.",
        "New recovery codes were made for your account.",
    ]


def test_a_reset_from_the_command_line_is_told_and_leaves_no_way_in(app: Flask, shop: make.Cast) -> None:
    with make.within(shop):
        add_passkey(shop.users["clerk"])
    arguments = ["user", "reset-password", "--email", "clerk@corner.example", "--without-second-factor"]
    result = app.test_cli_runner().invoke(args=arguments)
    assert result.exit_code == 0, result.output
    assert subjects(shop, "clerk@corner.example") == [
        "Your password was changed.",
        "Your second factor and your passkeys were removed by somebody who manages people.",
    ]
    with make.within(shop):
        assert session.scalars(select(Passkey)).all() == []
        assert "http" in session.scalars(select(Mail.text)).first()


def test_two_owners_who_lock_each_other_out_at_once_do_not_both_succeed(app: Flask, shop: make.Cast) -> None:
    with make.within(shop), unit_of_work():
        second = services.add_user("second@corner.example", "Second owner", "owner", None)
        second.password_hash = session.get_one(User, shop.users["owner"]).password_hash
        session.flush()
        shop.users["second"] = second.id
    pairs = [("owner", "second"), ("second", "owner")]
    browsers = [(make.client(app, shop, one), shop.users[other]) for one, other in pairs]
    with ThreadPoolExecutor(2) as both:
        found = list(both.map(lambda one: make.post(one[0], f"/people/{one[1]}/deactivate"), browsers))
    done = [answer for answer in found if answer.status_code == 303 and "/sign-in" not in answer.location]
    assert len(done) == 1, "one is told that it is done, the other that it is not theirs to do any more"
    (other,) = (answer for answer in found if answer is not done[0])
    assert other.status_code in {303, 401, 403, 422}
    with make.within(shop):
        left = session.scalars(select(User.id).where(User.id.in_([shop.users["owner"], second.id]), User.active)).all()
    assert len(left) == 1, "one of them is left"
