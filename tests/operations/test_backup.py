"""Everything goes into one file while the shop runs, and comes back equal, on either database; or nothing changes."""

from __future__ import annotations

import fcntl
import json
import threading
import zipfile

import pytest
from sqlalchemy import func, select

import config
from retail.catalog.models import Variant
from retail.core import audit_proof, chain, db, events, files, secrets
from retail.core.archive import instances
from retail.core.archive.rows import all_tables, rows_of, snapshot
from retail.core.checks import run_checks
from retail.core.db import reading, session, unit_of_work
from retail.core.errors import Refused
from retail.core.secrets import seal, unseal
from retail.core.tenancy import across_tenants, inside
from retail.identity.models import User
from retail.orders.models import Order
from retail.tenancy.models import Tenant
from tests import make
from tests.conftest import KEY
from tests.rules import scenario

LEAVES_A_TRACE = {"platform_entries", "audit_heads"}


def everything():
    """Every row of every table."""
    with snapshot() as connection:
        return {
            table.name: list(rows_of(connection, table, [one.name for one in table.c]))
            for table in all_tables()
            if table.name not in LEAVES_A_TRACE
        }


def run(app, *arguments):
    session.rollback()
    return app.test_cli_runner().invoke(args=[*map(str, arguments)])


def test_a_backup_brings_everything_back(context, lived_in, tmp_path):
    file = tmp_path / "all.zip"
    before = everything()
    assert run(context, "backup", file).exit_code == 0
    assert file.stat().st_mode & 0o077 == 0
    with inside(lived_in.tenant_id):
        make.sale(lived_in, (make.product("Later", stock=5), 1))
        with reading():
            # Not just any file of the folder: tests on the other database leave theirs there too.
            rows = session.scalars(select(files.StoredFile).order_by(files.StoredFile.id)).all()
            lost, damaged, *_rest = dict.fromkeys(map(files.path_of, rows))
        good = damaged.read_bytes()
        lost.unlink()
        damaged.write_bytes(b"?" * len(good))
    strays = files.folder_of(4711) / "ab"
    strays.mkdir(parents=True)
    assert everything() != before
    refused = run(context, "restore", file)
    assert refused.exit_code == 1
    assert "--force replaces everything" in refused.output
    out = run(context, "restore", file, "--force", "--json")
    assert out.exit_code == 0, out.output
    assert everything() == before
    assert lost.exists()
    assert damaged.read_bytes() == good
    assert not strays.parent.exists()
    with across_tenants(), reading():
        ids = session.scalars(select(Tenant.id)).all()
        assert audit_proof.prove(chain.OF_THE_PLATFORM).ok
    events.drain()
    assert [one for one in run_checks(ids) if one.faults] == []
    with inside(lived_in.tenant_id):
        assert make.sale(lived_in, (make.product("After", stock=5), 1)).number
    assert [one for one in run_checks(ids) if one.faults and one.name != "events"] == []


@pytest.mark.postgres
def test_a_backup_of_one_database_restores_into_the_other(two_databases, tmp_path):
    source, target = two_databases
    file = tmp_path / "all.zip"
    with source.app_context():
        scenario.build()
        session.remove()
        assert run(source, "backup", file).exit_code == 0
        before = everything()
        session.remove()
        db.db.engine.dispose()
    with target.app_context():
        out = run(target, "restore", "--force", file)
        assert out.exit_code == 0, out.output
        assert everything() == before
        cast = make.corner_shop()
        with inside(cast.tenant_id):
            assert make.sale(cast, (make.product("New", stock=5), 1)).number
        with inside(cast.tenant_id), reading():
            assert audit_proof.prove(cast.tenant_id).ok
        session.remove()
        db.db.engine.dispose()


def test_a_stored_file_that_is_damaged_is_left_out_and_named(context, lived_in, tmp_path):
    with inside(lived_in.tenant_id), reading():
        row = session.scalars(select(files.StoredFile).order_by(files.StoredFile.id)).first()
        name, path = row.name, files.path_of(row)
    good = path.read_bytes()
    path.write_bytes(b"?" * len(good))
    for command in (["backup"], ["tenant", "export", "--tenant", "corner-shop"]):
        file = tmp_path / f"{command[0]}.zip"
        out = run(context, *command, file)
        assert out.exit_code == 0
        assert f"{name} is damaged among the stored files and was left out" in out.output
    path.write_bytes(good)
    for command in (["restore", "--force", tmp_path / "backup.zip"], ["tenant", "import", file, "--as", "Copy"]):
        assert run(context, *command).exit_code == 0
    assert path.read_bytes() == good


def test_what_is_damaged_or_breaks_off_leaves_all_as_it_was(context, lived_in, tmp_path, monkeypatch):
    file, broken = tmp_path / "all.zip", tmp_path / "broken.zip"
    assert run(context, "backup", file).exit_code == 0
    broken.write_bytes(file.read_bytes()[:-100])
    before = everything()
    assert "cut off" in run(context, "restore", "--force", broken).output
    usual = instances._write

    def fails(connection, archive, table):
        if table.name == "payments":
            raise Refused("the disk is full")
        return usual(connection, archive, table)

    monkeypatch.setattr(instances, "_write", fails)
    assert "disk is full" in run(context, "restore", "--force", file).output
    assert everything() == before
    other = run(context, "tenant", "import", file, "--as", "Other")
    assert "another kind" in other.output


def test_the_keys_travel_in_a_backup_and_those_here_still_read(context, lived_in, tmp_path):
    theirs, ours = KEY, secrets.new_key()
    file, key_file = tmp_path / "all.zip", tmp_path / config.KEY_FILE
    secrets.write_keys(key_file, [theirs])
    context.config["SECRET_KEY_FILE"] = str(key_file)
    try:
        with inside(lived_in.tenant_id), unit_of_work():
            user = session.get_one(User, lived_in.users["owner"])
            user.totp_secret = seal("the seed", f"users.totp_secret:{user.id}")
        out = run(context, "backup", file)
        assert "holds the keys" in out.output
        secrets.write_keys(key_file, [ours])
        secrets.load_keys(ours)
        kept_here = seal("ours", "here")
        assert run(context, "restore", "--force", file).exit_code == 0
        assert secrets.keys_in(key_file) == [theirs, ours]
        with inside(lived_in.tenant_id), reading():
            user = session.get_one(User, lived_in.users["owner"])
            assert unseal(user.totp_secret, f"users.totp_secret:{user.id}") == "the seed"
            assert audit_proof.prove(lived_in.tenant_id).ok
        assert unseal(kept_here, "here") == "ours"
        bare = run(context, "backup", "--without-keys", tmp_path / "bare.zip")
        assert "holds no keys" in bare.output
        with zipfile.ZipFile(tmp_path / "bare.zip") as archive:
            assert json.loads(archive.read("manifest.json"))["keys"] == []
        assert "held no keys" in run(context, "restore", "--force", tmp_path / "bare.zip").output
    finally:
        context.config["SECRET_KEY_FILE"] = None
        secrets.load_keys(KEY)
    assert "from the environment" in run(context, "restore", "--force", file).output


def test_a_running_program_is_not_replaced(context, lived_in, tmp_path):
    file = tmp_path / "all.zip"
    assert run(context, "backup", file).exit_code == 0
    lock = instances.Path(context.config["INSTANCE_DIR"]) / "run" / "lock"
    lock.parent.mkdir(exist_ok=True)
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert "stop it first" in run(context, "restore", "--force", file).output
    lock.unlink()


def test_a_backup_is_one_moment_while_others_sell(context, lived_in, tmp_path, monkeypatch):
    """Sales that are made while it is written are in it wholly or not at all."""
    with inside(lived_in.tenant_id):
        tea = make.product("Hot", stock=50).id
        make.open_till(lived_in)
    usual, begun, sold = instances.rows_of, threading.Event(), threading.Event()

    def sell():
        begun.wait(10)
        with context.app_context(), inside(lived_in.tenant_id):
            for _turn in range(3):
                make.sale(lived_in, (session.get_one(Variant, tea), 1))
            session.remove()
            sold.set()

    def slowly(connection, table, columns, *conditions):
        if table.name == "orders":
            begun.set()
            assert sold.wait(20)
        return usual(connection, table, columns, *conditions)

    with across_tenants(), reading():
        before = session.scalar(select(func.count()).select_from(Order))
    monkeypatch.setattr(instances, "rows_of", slowly)
    seller = threading.Thread(target=sell)
    seller.start()
    file = tmp_path / "all.zip"
    assert run(context, "backup", file).exit_code == 0
    seller.join()
    assert run(context, "restore", "--force", file).exit_code == 0
    with across_tenants(), reading():
        assert session.scalar(select(func.count()).select_from(Order)) == before
    events.drain()
    assert [one for one in run_checks([lived_in.tenant_id]) if one.faults] == []
