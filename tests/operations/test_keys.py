"""Keys are changed while the shop runs: every secret can be read at every moment, whenever it is cut off."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys

import pytest
from sqlalchemy import select, update

import config
from retail.core import audit_proof, rotation, secrets
from retail.core.archive.rows import all_tables
from retail.core.audit import PlatformEntry
from retail.core.db import reading, session, unit_of_work
from retail.core.secrets import SEALED, seal, unseal
from retail.core.tenancy import across_tenants, inside
from retail.identity import services as identity
from retail.identity.models import User
from tests import make
from tests.conftest import KEY, fill, make_app
from tests.support.shop import clean_environ


@pytest.fixture
def keyed(context, shop, tmp_path):
    """The corner shop whose key lies in a file, with a few people who have a second factor."""
    file = tmp_path / config.KEY_FILE
    secrets.write_keys(file, [KEY])
    context.config["SECRET_KEY_FILE"] = str(file)
    secrets.watch(file)
    with unit_of_work():
        for number in range(7):
            user = identity.add_user(f"p{number}@corner.example", f"Person {number}", "cashier", None)
            user.totp_secret = seal(f"seed {number}", f"users.totp_secret:{user.id}")
    yield file
    context.config["SECRET_KEY_FILE"] = None
    secrets.watch(None)
    secrets.load_keys(KEY)


def seeds(shop):
    with inside(shop.tenant_id), reading():
        people = session.scalars(select(User).where(User.totp_secret.is_not(None)).order_by(User.id)).all()
        return [unseal(one.totp_secret, f"users.totp_secret:{one.id}") for one in people]


def keys_used(shop):
    with inside(shop.tenant_id), reading():
        return {one.partition(":")[0] for one in session.scalars(select(User.totp_secret)) if one}


SEEDS = [f"seed {number}" for number in range(7)]


def run(app, *arguments):
    session.rollback()
    return app.test_cli_runner().invoke(args=["keys", *arguments])


def test_everything_is_sealed_anew_and_the_old_key_can_go(context, shop, keyed):
    before = keys_used(shop)
    out = run(context, "rotate", "--json")
    done = json.loads(out.output)
    assert (done["sealed"], done["unreadable"]) == (7, 0)
    assert done["signed"] >= 2
    assert KEY not in out.output
    assert len(secrets.keys_in(keyed)) == 2
    assert keyed.stat().st_mode & 0o077 == 0
    assert seeds(shop) == SEEDS
    assert keys_used(shop).isdisjoint(before)
    assert "1 old keys deleted" in run(context, "forget").output
    assert secrets.keys_in(keyed) != [KEY]
    secrets.load_keys(*secrets.keys_in(keyed))
    assert seeds(shop) == SEEDS
    with reading():
        assert audit_proof.prove(shop.tenant_id).ok
    with across_tenants(), reading():
        assert session.scalars(select(PlatformEntry.action)).all() == ["keys_rotated"]


def test_a_rotation_that_was_cut_off_leaves_everything_readable_and_goes_on(context, shop, keyed, monkeypatch):
    monkeypatch.setattr(rotation, "PIECE", 2)
    usual = rotation._seal_piece
    turns = iter(range(100))

    def cut_off(*arguments):
        if arguments[0].name == "users" and next(turns) == 2:
            raise KeyboardInterrupt
        return usual(*arguments)

    monkeypatch.setattr(rotation, "_seal_piece", cut_off)
    run(context, "rotate")
    assert len(keys_used(shop)) == 2
    assert seeds(shop) == SEEDS
    assert "need the old keys" in run(context, "forget").output
    monkeypatch.setattr(rotation, "_seal_piece", usual)
    assert run(context, "rotate").exit_code == 0
    assert len(keys_used(shop)) == 1
    assert seeds(shop) == SEEDS
    assert run(context, "forget").exit_code == 0


def test_a_process_that_runs_meanwhile_takes_up_the_new_key(shop, keyed):
    secrets.key_in_force()
    rotation.take_new_key(keyed)
    fresh = secrets.keys_in(keyed)[0]
    secrets.load_keys(KEY)
    sealed_elsewhere = _sealed_with(fresh, KEY)
    assert unseal(sealed_elsewhere, "somewhere") == "hello"
    assert seal("x", "y").partition(":")[0] == sealed_elsewhere.partition(":")[0]


def _sealed_with(*keys):
    """What another process seals; this one's ring stays what it was."""
    secrets.load_keys(*keys)
    sealed = seal("hello", "somewhere")
    secrets.load_keys(KEY)
    secrets._file.changed = 0
    return sealed


def test_keys_of_the_environment_still_read_when_the_file_changes(context, shop, keyed):
    """OLD_SECRET_KEYS beside a file of keys: a rotation, here or by another process, does not lose what they read."""
    fresh = secrets.new_key()
    secrets.write_keys(keyed, [fresh])
    secrets.load_keys(fresh, KEY)
    secrets.watch(keyed, KEY)
    out = run(context, "rotate", "--json")
    done = json.loads(out.output)
    assert (done["sealed"], done["unreadable"]) == (7, 0)
    assert seeds(shop) == SEEDS
    assert run(context, "forget").exit_code == 0
    secrets.key_in_force()
    assert unseal(_sealed_with(KEY), "somewhere") == "hello"


def test_a_key_that_comes_while_something_is_sealed_does_not_spoil_it(shop, monkeypatch):
    """Another thread takes up new keys at the worst moment; what is sealed names the key it was sealed with."""
    fresh, usual = secrets.new_key(), secrets.AESGCM

    class Interrupted:
        def __init__(self, key):
            self.key = key

        def encrypt(self, *arguments):
            secrets.load_keys(fresh, KEY)
            return usual(self.key).encrypt(*arguments)

    try:
        monkeypatch.setattr(secrets, "AESGCM", Interrupted)
        sealed = seal("hello", "here")
        monkeypatch.setattr(secrets, "AESGCM", usual)
        assert unseal(sealed, "here") == "hello"
    finally:
        secrets.load_keys(KEY)


@pytest.mark.parametrize("lost", ["deadbeef:AAAA", "{key}:AAAA", "{key}:no base64", "nothing"])
def test_what_no_key_can_read_is_left_and_told_and_keeps_no_key(context, shop, keyed, lost):
    sealed = lost.format(key=secrets.key_in_force())
    with unit_of_work():
        session.execute(update(User).where(User.email == "p3@corner.example").values(totp_secret=sealed))
    out = run(context, "rotate")
    assert "6 secrets encrypted anew" in out.output
    assert "1 could not be read" in out.output
    out = run(context, "forget")
    assert "1 old keys deleted" in out.output
    assert "1 secrets could not be read with them either" in out.output


def test_a_damaged_end_of_the_audit_is_not_signed_anew(context, shop, keyed):
    with unit_of_work():
        session.connection().exec_driver_sql(f"update audit_heads set position = 1 where chain = {shop.tenant_id}")
    run(context, "rotate")
    with reading():
        assert not audit_proof.prove(shop.tenant_id).ok


def test_a_key_of_the_environment_is_changed_there(context, shop):
    answer = run(context, "rotate")
    assert answer.exit_code == 1
    assert "OLD_SECRET_KEYS" in answer.output
    assert "OLD_SECRET_KEYS" in run(context, "forget").output
    context.config["SECRET_KEY_FALLBACKS"] = ["x" * 40]
    try:
        assert run(context, "rotate").exit_code == 0
    finally:
        context.config["SECRET_KEY_FALLBACKS"] = []


def test_settings_read_several_keys(tmp_path):
    file = tmp_path / config.KEY_FILE
    keys = [secrets.new_key() for _one in range(4)]
    file.write_text("\n".join(keys[:2]))
    found = config.load({"INSTANCE_DIR": str(tmp_path), "OLD_SECRET_KEYS": f"{keys[2]} {keys[3]}"})
    assert (found.secret_key, found.old_secret_keys) == (keys[0], tuple(keys[1:]))
    assert not any(key in repr(found) for key in keys)
    given = config.load({"INSTANCE_DIR": str(tmp_path), "SECRET_KEY": keys[3]})
    assert (given.secret_key, given.old_secret_keys, given.keeps_secret_key) == (keys[3], (), False)
    with pytest.raises(config.ConfigError, match="OLD_SECRET_KEYS"):
        config.load({"INSTANCE_DIR": str(tmp_path), "OLD_SECRET_KEYS": "short"})


def test_sealed_columns_are_declared(context):
    """Every place that something is sealed for, as the program's text has it, is found by rotation."""
    # What is the same for several tables asks each for its name; then it is meant wherever there is such a column.
    place = re.compile(r'f"(\w+|\{\w+\.__tablename__\})\.(\w+):\{')
    written = {
        (table.name, match[2])
        for path in (config.ROOT / "retail").rglob("*.py")
        for match in place.finditer(path.read_text(encoding="utf-8"))
        for table in all_tables()
        if match[1] == table.name or (match[1].startswith("{") and match[2] in table.c)
    }
    declared = {(table.name, column.name) for table, column in rotation.sealed_columns()}
    assert ("users", "totp_secret") in written
    assert written == declared
    assert SEALED == {"sealed": True}


@pytest.mark.sqlite_only
@pytest.mark.slow
def test_a_rotation_is_killed_in_the_middle(tmp_path):
    """A real process, killed while it works; then another one finishes."""
    instance = tmp_path / "instance"
    instance.mkdir()
    url = f"sqlite:///{instance}/counterfoil.db"
    first = secrets.new_key()
    secrets.write_keys(instance / config.KEY_FILE, [first])
    app = make_app(instance, url, key=first)
    fill(app)
    with app.app_context():
        cast = make.corner_shop()
        with inside(cast.tenant_id), unit_of_work():
            for number in range(7):
                user = identity.add_user(f"k{number}@corner.example", f"Person {number}", "cashier", None)
                user.totp_secret = seal(f"seed {number}", f"users.totp_secret:{user.id}")
        slowly = """
import os, time
from retail.app import create_app
from retail.core import rotation, secrets

rotation.PIECE, usual = 1, secrets.seal

def slow(*arguments):
    os.write(1, b"sealed")
    time.sleep(0.2)
    return usual(*arguments)

secrets.seal = slow
create_app().test_cli_runner().invoke(args=["keys", "rotate"], catch_exceptions=False)
"""
        environ = clean_environ(INSTANCE_DIR=str(instance), DEMO="0")
        working = [sys.executable, "-u", "-c", slowly]
        with subprocess.Popen(working, cwd=config.ROOT, env=environ, stdout=subprocess.PIPE) as process:
            assert process.stdout.read(18) == b"sealed" * 3
            os.kill(process.pid, signal.SIGKILL)
        keys = secrets.keys_in(instance / config.KEY_FILE)
        secrets.load_keys(*keys)
        try:
            assert len(keys) == 2
            assert seeds(cast) == SEEDS
            again = subprocess.run(
                [sys.executable, "-m", "flask", "keys", "rotate"],
                cwd=config.ROOT,
                env=environ,
                check=False,
                capture_output=True,
                text=True,
            )
            assert again.returncode == 0, again.stderr
            assert "7 secrets encrypted anew" in again.stdout
            secrets.load_keys(*secrets.keys_in(instance / config.KEY_FILE)[:1])
            assert seeds(cast) == SEEDS
        finally:
            secrets.load_keys(KEY)
            make_app(tmp_path / "other", f"sqlite:///{tmp_path}/other.db")
        session.remove()
