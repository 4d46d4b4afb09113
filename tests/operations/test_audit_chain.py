"""The audit is chained: what anybody changes, removes, inserts or swaps behind its back is found and named."""

from __future__ import annotations

import json
import threading
from datetime import timedelta

import pytest
from sqlalchemy import delete, func, insert, select, update

from retail.core import audit, audit_proof, chain, clock, secrets
from retail.core.audit import AuditEntry, PlatformEntry
from retail.core.chain import AuditHead
from retail.core.clock import now
from retail.core.db import reading, session, table_of, unit_of_work
from retail.core.errors import Refused
from retail.core.tenancy import across_tenants, inside
from retail.identity.models import User
from tests import make
from tests.support.queries import count_queries

ENTRIES = table_of(AuditEntry)


@pytest.fixture
def written(shop):
    """A business whose audit has a dozen entries more, of several transactions."""
    for turn in range(6):
        with unit_of_work():
            audit.record("export", "products", turn, f"list {turn} é✓", {"rows": [None, turn], "of": "Ünïcode"})
            session.get_one(User, shop.users["clerk"]).name = f"Clerk {turn}"
    return shop


def prove(shop):
    with reading():
        return audit_proof.prove(shop.tenant_id)


def rows(shop):
    with reading():
        found = session.connection().execute(
            select(ENTRIES).where(ENTRIES.c.tenant_id == shop.tenant_id).order_by(ENTRIES.c.position)
        )
        return found.all()


def behind_its_back(*statements):
    with unit_of_work():
        for one in statements:
            session.connection().execute(one)


def test_an_untouched_chain_is_whole_and_counts_all(written):
    proof = prove(written)
    assert proof.ok
    assert proof.entries == len(rows(written)) >= 12
    assert [row.position for row in rows(written)] == list(range(1, proof.entries + 1))


@pytest.mark.parametrize("field", [*chain.HASHED, "digest"])
def test_one_changed_field_names_its_entry(written, field):
    victim = next(row for row in rows(written) if row.subject_label == "list 3 é✓")
    value = getattr(victim, field)
    changed = {
        "occurred_at": lambda: value + timedelta(microseconds=1),
        "changes": lambda: {**value, "rows": [None, 4]},
    }.get(field, lambda: (value or 0) + 1 if field.endswith(("_id", "_for")) else (value or "") + "x")()
    behind_its_back(update(ENTRIES).where(ENTRIES.c.id == victim.id).values({field: changed}))
    bad = prove(written).first_bad
    assert (bad.id, bad.position, bad.why) == (victim.id, victim.position, "changed")


@pytest.mark.sqlite_only
@pytest.mark.parametrize("field", ["user_name", "subject_label", "changes", "occurred_at", "digest"])
def test_every_flipped_byte_is_found_also_one_that_is_no_text_any_more(written, field):
    victim = rows(written)[-3]
    raw = session.connection().exec_driver_sql
    stored = raw(f"select cast({field} as blob) from audit_entries where id = ?", (victim.id,)).scalar()
    session.rollback()
    for at in (0, len(stored) // 2, len(stored) - 1):
        for bit in (0x80, 0x01):
            flipped = bytes(one ^ bit if number == at else one for number, one in enumerate(stored))
            with unit_of_work():
                session.connection().exec_driver_sql(
                    f"update audit_entries set {field} = cast(? as text) where id = ?", (flipped, victim.id)
                )
            bad = prove(written).first_bad
            assert (bad.id, bad.why) == (victim.id, "changed"), (at, bit)
    with unit_of_work():
        session.connection().exec_driver_sql(
            f"update audit_entries set {field} = cast(? as text) where id = ?", (stored, victim.id)
        )
    assert prove(written).ok


def test_a_removed_entry_is_missed_wherever_it_was(written):
    every = rows(written)
    for victim in (every[-1], every[len(every) // 2], every[0]):
        behind_its_back(delete(ENTRIES).where(ENTRIES.c.id == victim.id))
        bad = prove(written).first_bad
        assert (bad.id, bad.position, bad.why) == (None, victim.position, "missing")
        behind_its_back(insert(ENTRIES).values(victim._asdict()))
        assert prove(written).ok
    behind_its_back(delete(ENTRIES))
    assert prove(written).first_bad.why == "missing"


def test_an_inserted_entry_is_named(written):
    last = rows(written)[-1]
    forged = {**last._asdict(), "id": last.id + 10, "position": last.position + 1}
    behind_its_back(insert(ENTRIES).values(forged))
    bad = prove(written).first_bad
    assert (bad.id, bad.why) == (forged["id"], "inserted")


def swap(first, second, *fields):
    """Exchange fields of two entries; positions by way of one that is free."""
    one = {name: getattr(first, name) for name in fields}
    other = {name: getattr(second, name) for name in fields}
    if "position" in fields:
        behind_its_back(update(ENTRIES).where(ENTRIES.c.id == first.id).values(position=10**6))
    behind_its_back(update(ENTRIES).where(ENTRIES.c.id == second.id).values(one))
    behind_its_back(update(ENTRIES).where(ENTRIES.c.id == first.id).values(other))


@pytest.mark.parametrize("fields", [chain.HASHED, (*chain.HASHED, "digest"), ("position",), ("position", "digest")])
def test_two_swapped_entries_are_named(written, fields):
    every = rows(written)
    first, second = every[4], every[7]
    swap(first, second, *fields)
    bad = prove(written).first_bad
    assert bad.position == first.position
    assert bad.id in {first.id, second.id}


def test_entries_that_only_exchanged_their_ids_are_named(written):
    every = rows(written)
    first, second = every[4], every[5]
    swap(first, second, *chain.HASHED, "digest", "position")
    assert prove(written).first_bad.id in {first.id, second.id}


def test_a_moved_entry_is_found_where_it_is(written, rival):
    victim = rows(written)[5]
    behind_its_back(update(ENTRIES).where(ENTRIES.c.id == victim.id).values(position=10**6))
    bad = prove(written).first_bad
    assert (bad.id, bad.position, bad.why) == (victim.id, victim.position, "moved")
    session.rollback()
    with across_tenants():
        behind_its_back(
            update(ENTRIES)
            .where(ENTRIES.c.id == victim.id)
            .values(position=victim.position + 500, tenant_id=rival.tenant_id)
        )
    with across_tenants():
        assert prove(written).first_bad.id == victim.id


def test_a_whole_new_chain_does_not_verify_without_the_key(written):
    """Whoever can write to the database may compute all digests anew, but not sign the head."""
    head = table_of(AuditHead)
    victim = rows(written)[-1]
    facts = [getattr(victim, name) for name in chain.HASHED]
    facts[0], facts[-1] = chain.instant_text(victim.occurred_at), json.dumps({"rows": 1})
    before = rows(written)[-2].digest
    digest = chain.digest_of(before, victim.position, facts)
    behind_its_back(
        update(ENTRIES).where(ENTRIES.c.id == victim.id).values(changes={"rows": 1}, digest=digest),
        update(head).where(head.c.chain == written.tenant_id).values(digest=digest),
    )
    bad = prove(written).first_bad
    assert (bad.why, bad.id) == ("head", victim.id)
    behind_its_back(delete(head))
    assert prove(written).first_bad.why == "head"


def test_the_platform_has_a_chain_of_its_own(context):
    with across_tenants(), unit_of_work():
        audit.record_for_platform("backup", "instance", label="by hand")
    with across_tenants(), reading():
        assert audit_proof.prove(chain.OF_THE_PLATFORM).entries == 1
    with across_tenants():
        behind_its_back(update(table_of(PlatformEntry)).values(subject_label="by foot"))
        with reading():
            assert audit_proof.prove(chain.OF_THE_PLATFORM).first_bad.why == "changed"


def test_what_is_rolled_back_leaves_no_entry_and_no_gap(written):
    before = prove(written).entries

    def fail():
        audit.record("export", "products")
        session.get_one(User, written.users["clerk"]).name = "Nobody"
        session.flush()
        raise RuntimeError

    with pytest.raises(RuntimeError), unit_of_work():
        fail()
    with unit_of_work():
        audit.record("export", "products")
    proof = prove(written)
    assert proof.ok
    assert proof.entries == before + 1


def test_many_writers_make_one_chain(context, shop, rival):
    before = prove(shop).entries
    session.rollback()

    def write(cast, turns):
        with context.app_context(), inside(cast.tenant_id):
            for turn in range(turns):
                with unit_of_work():
                    audit.record("export", "products", turn)
                    audit.record("export", "customers", turn)
            session.remove()

    threads = [threading.Thread(target=write, args=(cast, 10)) for cast in (shop, rival, shop, shop)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    proof = prove(shop)
    assert proof.ok
    assert proof.entries == before + 60


def test_a_chain_is_whole_while_the_shop_goes_on(context, shop, monkeypatch):
    """The end of the chain and its entries are read from one moment, also when an entry comes between the two."""
    usual = audit_proof._Walk._first_bad

    def write():
        with context.app_context(), inside(shop.tenant_id), unit_of_work():
            audit.record("export", "products")

    def meanwhile(self, head):
        writer = threading.Thread(target=write)
        writer.start()
        writer.join()
        return usual(self, head)

    monkeypatch.setattr(audit_proof._Walk, "_first_bad", meanwhile)
    assert prove(shop).ok


def test_the_entries_of_a_transaction_move_the_head_once(written):
    def statements(count):
        with unit_of_work(), count_queries() as asked:
            for turn in range(count):
                audit.record("export", "products", turn)
        with count_queries() as asked, unit_of_work():
            for turn in range(count):
                audit.record("export", "products", turn)
        return len([one for one in asked if "audit" in one])

    assert statements(1) == statements(20) == 3


def test_old_entries_are_cut_and_the_rest_still_verifies(written):
    every = rows(written)
    with clock.frozen(now() + timedelta(days=400)), unit_of_work():
        audit.record("export", "products", label="a year later")
    with clock.frozen(now() + timedelta(days=401)), unit_of_work():
        assert audit_proof.cut(clock.now() - timedelta(days=200)) == len(every)
    assert [row.action for row in rows(written)] == ["export", "audit_cut"]
    assert prove(written).ok
    with unit_of_work():
        assert audit_proof.cut(now()) == 0
    behind_its_back(update(ENTRIES).where(ENTRIES.c.action == "export").values(subject_label="never"))
    assert prove(written).first_bad.why == "changed"
    with pytest.raises(Refused, match="damaged"), unit_of_work():
        audit_proof.cut(now() + timedelta(days=999))


def test_a_lost_key_makes_the_head_unproved(context, written):
    session.rollback()
    secrets.load_keys("another key of at least 32 characters")
    try:
        assert prove(written).first_bad.why == "head"
    finally:
        secrets.load_keys(context.config["SECRET_KEY"])
    assert prove(written).ok


def run(context, *arguments):
    session.rollback()
    return context.test_cli_runner().invoke(args=["audit", *arguments])


def test_the_command_names_the_entry_and_ends_with_1(context, written, rival):
    well = run(context, "verify", "--json")
    report = json.loads(well.output)
    assert (well.exit_code, report["ok"]) == (0, True)
    assert [(one["tenant"], one["ok"], one["first_bad"]) for one in report["tenants"]] == [
        ("corner-shop", True, None),
        ("rival", True, None),
    ]
    victim = rows(written)[6]
    behind_its_back(update(ENTRIES).where(ENTRIES.c.id == victim.id).values(user_name="Somebody Else"))
    ill = run(context, "verify", "--json")
    first, second = json.loads(ill.output)["tenants"]
    assert ill.exit_code == 1
    assert (first["ok"], first["first_bad"]["id"], second["ok"]) == (False, victim.id, True)
    assert (
        f"entry {victim.id} at position {victim.position}" in run(context, "verify", "--tenant", "corner-shop").output
    )
    assert run(context, "verify", "--tenant", "rival").exit_code == 0
    assert "platform: 0 entries" in run(context, "verify").output
    assert run(context, "cut", "--tenant", "corner-shop", "--before", "2001-01-01").exit_code == 1
    assert "0 entries deleted" in run(context, "cut", "--tenant", "rival", "--before", "2001-01-01").output
    with reading():
        assert session.scalar(select(func.count()).select_from(AuditEntry))
    assert make.corner_shop().slug == "corner-shop"
