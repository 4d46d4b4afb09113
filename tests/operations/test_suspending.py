"""All businesses at a glance; one is suspended and its people are told, and goes on where it was."""

from __future__ import annotations

import json

from sqlalchemy import select

from retail.core import audit_proof, chain
from retail.core.audit import AuditEntry, PlatformEntry
from retail.core.db import reading, session
from retail.core.tenancy import across_tenants
from tests import make


def run(app, *arguments):
    session.rollback()
    return app.test_cli_runner().invoke(args=["tenant", *arguments])


def sign_in(browser, password=make.PASSWORD):
    return make.post(browser, "/sign-in", {"email": "owner@corner.example", "password": password})


def test_a_suspended_business_is_closed_to_its_people_who_are_told_why(app, shop, rival):
    signed_in, theirs = make.client(app, shop, "owner"), make.client(app, rival, "owner")
    assert signed_in.get("/customers/").status_code == 200
    out = run(app, "suspend", "--tenant", "corner-shop", "--reason", "The bill is not paid.")
    assert out.output.strip() == "corner-shop: suspended"
    assert signed_in.get("/customers/").status_code == 303
    told = sign_in(app.test_client())
    assert told.status_code == 422
    assert "is suspended: The bill is not paid. Nothing is lost" in told.text
    assert "suspended" not in sign_in(app.test_client(), "a wrong password").text
    assert theirs.get("/customers/").status_code == 200
    again = run(app, "suspend", "--tenant", "corner-shop", "--reason", "x")
    assert (again.exit_code, "suspended already" in again.output) == (1, True)
    assert run(app, "resume", "--tenant", "corner-shop").exit_code == 0
    assert sign_in(app.test_client()).status_code == 303
    assert run(app, "resume", "--tenant", "corner-shop").exit_code == 1
    assert run(app, "suspend", "--tenant", "corner-shop", "--reason", " ").exit_code == 1


def test_both_audits_tell_of_it(app, shop):
    run(app, "suspend", "--tenant", "corner-shop", "--reason", "Asked for")
    with make.within(shop):
        assert "suspend" in session.scalars(select(AuditEntry.action)).all()
    with across_tenants(), reading():
        (entry,) = session.scalars(select(PlatformEntry)).all()
        assert (entry.action, entry.subject_label, entry.changes) == ("suspend", "Corner Shop", {"reason": "Asked for"})
        assert audit_proof.prove(chain.OF_THE_PLATFORM).ok


def test_the_list_says_what_there_is(app, shop):
    make.sale(shop, (make.product("Tea", stock=3), 1))
    run(app, "suspend", "--tenant", "rival", "--reason", "Moved away")
    rows = {row["tenant"]: row for row in json.loads(run(app, "list", "--json").output)}
    ours, theirs = rows["corner-shop"], rows["rival"]
    assert (ours["documents"], ours["people"], ours["suspended_at"]) == (1, 4, None)
    assert ours["last_activity"]
    assert (theirs["documents"], theirs["reason"]) == (0, "Moved away")
    text = run(app, "list").output
    assert "suspended (Moved away)" in text
    assert "1 documents" in text
