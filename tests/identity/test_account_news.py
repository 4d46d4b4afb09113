"""News of what people prove themselves by: told at once, because it may not have been them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy import select

from retail.core.db import session, unit_of_work
from retail.core.mail import Mail
from retail.identity import services
from retail.identity.models import User
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
        ("pin", {"pin": "2580", "pin_again": "2580"}, "Somebody who manages people gave you a PIN."),
        ("second-factor/off", {}, "Your second factor and your passkeys were removed by somebody who manages people."),
    ],
)
def test_what_others_change_about_ones_account_is_told(
    app: Flask, shop: make.Cast, path: str, data: dict[str, str], subject: str
) -> None:
    make.post(make.client(app, shop, "owner"), f"/people/{shop.users['clerk']}/{path}", data)
    assert subjects(shop, "clerk@corner.example") == [subject]


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
