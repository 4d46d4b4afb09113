"""Settings: what is refused, in which words, and what the program makes of what is accepted."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

import config
from tests.support.shop import clean_environ


@pytest.fixture
def load(tmp_path):
    def load_with(**environ):
        return config.load({"INSTANCE_DIR": str(tmp_path / "instance"), **environ})

    return load_with


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PORT", "eighty"),
        ("PORT", "0"),
        ("PORT", "70000"),
        ("HOST", "here, there"),
        ("INSTANCE_DIR", "/proc/nowhere"),
        ("INSTANCE_DIR", "/"),
        ("INSTANCE_DIR", "/tmp/what?"),
        ("DATABASE_URL", "counterfoil.db"),
        ("DATABASE_URL", "mysql://shop@db/shop"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("DATABASE_URL", "sqlite:///relative.db"),
        ("DATABASE_URL", "postgresql://shop:hunter2@db"),
        ("DATABASE_URL", "postgresql://shop:hunter2@db:port/shop"),
        ("REDIS_URL", "http://cache"),
        ("REDIS_URL", "redis://"),
        ("REDIS_URL", "redis://:hunter2@cache:port"),
        ("REDIS_URL", "unix://redis.sock"),
        ("REDIS_URL", "unix:///" + "long/" * 30 + "redis.sock"),
        ("DEMO", "perhaps"),
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", "change-me-change-me-change-me-change-me"),
        ("SECRET_KEY", "a" * 64),
        ("MAIL_URL", "mail.example.com"),
        ("MAIL_URL", "smtp://"),
        ("MAIL_URL", "smtp://shop:hunter2@mail.example.com:port"),
        ("MAIL_URL", "smtp://shop:hunter2@mail.example.com?tls=none"),
        ("MAIL_URL", "smtp://mail.example.com?tls=maybe"),
        ("MAIL_FROM", "the shop"),
        ("MAIL_FROM", "shop@example.com\nBcc: all@example.com"),
        ("PUBLIC_URL", "shop.example.com"),
        ("PUBLIC_URL", "https://shop.example.com/till"),
        ("SESSION_IDLE_MINUTES", "1"),
        ("SESSION_DAYS", "-1"),
        ("THREADS", "1"),
        ("WORKERS", "0"),
        ("LOG_LEVEL", "chatty"),
        ("TRUSTED_PROXIES", "many"),
        ("MAX_UPLOAD_MB", "0"),
    ],
)
def test_a_wrong_setting_is_refused_in_one_line_that_names_the_remedy(load, variable, value):
    with pytest.raises(config.ConfigError) as refused:
        load(**{variable: value})
    line = str(refused.value)
    assert line.startswith(f"{variable}: ")
    assert "; give" in line
    assert "\n" not in line
    assert "hunter2" not in line


def test_without_any_setting_everything_lies_in_the_instance(load, tmp_path):
    settings = load()
    instance = tmp_path / "instance"
    assert (settings.port, settings.host, settings.demo) == (8000, "127.0.0.1", True)
    assert settings.database_file == instance / "counterfoil.db"
    assert settings.redis_socket == config.embedded_socket(instance)
    assert settings.embedded_redis
    assert settings.mail_server is None
    assert settings.public_url == "http://127.0.0.1:8000"


def test_an_empty_variable_counts_as_absent(load):
    assert load(PORT="", DATABASE_URL=" ").port == 8000


def test_the_secret_is_made_once_and_only_its_owner_can_read_it(load, tmp_path):
    first = load().secret_key
    file = tmp_path / "instance" / "secret.key"
    file.chmod(0o644)
    assert load().secret_key == first
    assert len(bytes.fromhex(first)) == 32
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(file.parent.glob("secret.key*")) == [file]


def test_two_instances_never_share_a_secret(tmp_path):
    one, other = (config.load({"INSTANCE_DIR": str(tmp_path / name)}).secret_key for name in ("one", "other"))
    assert one != other


def test_a_damaged_secret_is_not_replaced_behind_the_owners_back(load, tmp_path):
    load()
    (tmp_path / "instance" / "secret.key").write_text("gone")
    with pytest.raises(config.ConfigError, match=r"SECRET_KEY: .*secret\.key holds only 4 characters; give"):
        load()


def test_secrets_do_not_show_when_the_settings_are_printed(load):
    settings = load(
        DATABASE_URL="postgresql://shop:hunter2@db/shop",
        REDIS_URL="redis://:hunter2@cache",
        MAIL_URL="smtps://shop:hunter2@mail.example.com",
    )
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in repr(settings.mail_server)
    assert settings.secret_key not in repr(settings)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_is_understood_by_each_of_its_names(load, scheme):
    settings = load(DATABASE_URL=f"{scheme}://shop:pw@db:5433/shop")
    assert settings.database_url == "postgresql+psycopg://shop:pw@db:5433/shop"
    assert settings.database_file is None


def test_a_long_instance_path_gets_a_short_socket(tmp_path):
    deep = tmp_path / ("deep" * 25)
    socket = config.load({"INSTANCE_DIR": str(deep)}).redis_socket
    assert socket is not None
    assert len(str(socket)) <= config.LONGEST_SOCKET_PATH
    assert socket != config.embedded_socket(tmp_path / ("deeq" * 25))


@pytest.mark.parametrize(
    ("address", "port", "tls"),
    [
        ("smtp://localhost", 25, "none"),
        ("smtp://shop:pw@mail.example.com", 587, "starttls"),
        ("smtp://shop:pw@mail.example.com:2525?tls=starttls", 2525, "starttls"),
        ("smtps://shop:pw@mail.example.com", 465, "tls"),
        ("smtp://shop:pw@127.0.0.1:1025?tls=none", 1025, "none"),
    ],
)
def test_the_mail_server_gets_the_usual_port_and_encryption(load, address, port, tls):
    server = load(MAIL_URL=address).mail_server
    assert server is not None
    assert (server.port, server.tls) == (port, tls)


def test_passwords_in_addresses_may_hold_any_sign(load):
    server = load(MAIL_URL="smtps://shop%40example.com:p%2Fw%3A@mail.example.com").mail_server
    assert server is not None
    assert (server.user, server.password) == ("shop@example.com", "p/w:")


def test_cookies_are_secure_exactly_when_the_site_is(load):
    plain = load().flask_settings()
    site = load(PUBLIC_URL="https://shop.example.com", DEMO="0").flask_settings()
    assert (plain["SESSION_COOKIE_SECURE"], site["SESSION_COOKIE_SECURE"]) == (False, True)
    assert site["SESSION_COOKIE_NAME"].startswith("__Host-")
    assert site["PREFERRED_URL_SCHEME"] == "https"


def test_a_public_address_demands_a_decision_about_the_demo(load):
    with pytest.raises(config.ConfigError, match="DEMO: it is not set"):
        load(PUBLIC_URL="https://shop.example.com")
    assert load(PUBLIC_URL="https://shop.example.com", DEMO="1").demo
    assert load(PUBLIC_URL="http://localhost:8000").demo


def test_limits_and_lifetimes_reach_the_application(load):
    settings = load(MAX_UPLOAD_MB="3", SESSION_IDLE_MINUTES="15", SESSION_DAYS="2").flask_settings()
    assert settings["MAX_CONTENT_LENGTH"] == 3 * 1024 * 1024
    assert settings["SESSION_IDLE"].total_seconds() == 15 * 60
    assert settings["PERMANENT_SESSION_LIFETIME"].days == 2
    assert settings["RATELIMIT_STORAGE_URI"].startswith("redis+unix:///")


def test_the_documentation_lists_the_variables_as_they_are():
    page = (config.ROOT / "docs" / "running.md").read_text(encoding="utf-8")
    for variable in config.VARIABLES:
        default = f"`{variable.default}`" if variable.default else ""
        assert f"| `{variable.name}` | {default} | {variable.meaning} |" in page


def test_every_variable_is_a_field_and_every_field_is_accounted_for():
    fields = set(config.Config.__dataclass_fields__)
    assert {variable.name.lower() for variable in config.VARIABLES} == fields - {"embedded_redis", "keeps_secret_key"}


@pytest.mark.parametrize("command", [["-m", "jobs.supervisor"], ["-m", "jobs.schema"], ["-c", "import wsgi"]])
def test_commands_end_with_status_2_and_the_line_alone(command, tmp_path: Path):
    ended = subprocess.run(
        [sys.executable, *command],
        cwd=config.ROOT,
        env=clean_environ(INSTANCE_DIR=str(tmp_path), PORT="eighty"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr == "PORT: 'eighty' is not a whole number; give a whole number from 1 to 65535\n"
    assert ended.stdout == ""
