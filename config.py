"""Every setting of the program, read once from the environment and checked before anything starts.

`VARIABLES` is the one place that documents them: docs/running.md repeats it and a test holds the two together.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qs, quote, unquote, urlsplit

ROOT = Path(__file__).resolve().parent

# A unix socket's address holds 104 bytes on macOS and 108 on Linux, the closing zero included.
LONGEST_SOCKET_PATH = 99
SHORTEST_SECRET = 32
SECRET_BYTES = 32
KEY_FILE = "secret.key"
LOCAL_HOSTS = {"localhost", "127.0.0.1", "::1"}

# Words of the secrets that people leave as they found them in an example.
_EXAMPLE_WORDS = set(
    re.findall(
        "[a-z]+",
        "a be change changeme default demo dev development example flask for here in insecure key me my not of only "
        "password please prod production random replace safe secret secretkey secure some string super supersecret "
        "test testing the this to use value with you your",
    )
)


class ConfigError(ValueError):
    """A setting is wrong. The text is one line: VARIABLE: what is wrong; what would be right."""

    def __init__(self, variable: str, wrong: str, right: str) -> None:
        super().__init__(f"{variable}: {wrong}; {right}")
        self.variable = variable


@dataclass(frozen=True)
class Variable:
    """One environment variable: `default` as a person would type it, `check` turns the text into its value."""

    name: str
    default: str
    meaning: str
    check: Callable[[str, str], object]

    def read(self, environ: Mapping[str, str]) -> object:
        """Return the checked value; an empty variable counts as absent. Raises ConfigError."""
        return self.check(self.name, environ.get(self.name, "").strip() or self.default)


def _directory(name: str, given: str) -> str:
    if re.search(r"[?#%\x00-\x1f]", given):
        raise ConfigError(name, f"{given!r} holds a sign that addresses cannot", "give a path without ? # %")
    return given


def _whole(low: int, high: int) -> Callable[[str, str], int]:
    def check(name: str, given: str) -> int:
        right = f"give a whole number from {low} to {high}"
        if not re.fullmatch(r"[0-9]{1,9}", given):
            raise ConfigError(name, f"{given!r} is not a whole number", right)
        if not low <= int(given) <= high:
            raise ConfigError(name, f"{given} is out of range", right)
        return int(given)

    return check


def _flag(name: str, given: str) -> bool:
    if given.lower() in {"1", "true", "yes", "on"}:
        return True
    if given.lower() in {"0", "false", "no", "off"}:
        return False
    raise ConfigError(name, f"{given!r} is neither yes nor no", "give 1 or 0")


def _split(name: str, given: str, right: str) -> SplitResult:
    try:
        parts = urlsplit(given)
        _ = parts.port
    except ValueError:
        raise ConfigError(name, "its host or port cannot be read", right) from None
    return parts


def _host(name: str, given: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9.:_-]+", given):
        raise ConfigError(name, f"{given!r} is not an address", "give an address of this machine, or 0.0.0.0 for all")
    return given


def _level(name: str, given: str) -> str:
    levels = ("DEBUG", "INFO", "WARNING", "ERROR")
    if given.upper() not in levels:
        raise ConfigError(name, f"{given!r} is not a level", f"give one of {', '.join(levels)}")
    return given.upper()


def _one_of(*values: str) -> Callable[[str, str], str]:
    def check(name: str, given: str) -> str:
        if given.lower() not in values:
            raise ConfigError(name, f"{given!r} is unknown", f"give {' or '.join(values)}")
        return given.lower()

    return check


def _database(name: str, given: str) -> str:
    right = "give sqlite:////full/path/to/file.db or postgresql://user:password@host:5432/database"
    if not given:
        return ""
    scheme, separator, rest = given.partition("://")
    if not separator:
        raise ConfigError(name, "it is not a database address", right)
    if scheme in {"postgres", "postgresql", "postgresql+psycopg"}:
        if not _split(name, f"postgresql://{rest}", right).path.strip("/"):
            raise ConfigError(name, "it names no database", right)
        return f"postgresql+psycopg://{rest}"
    if scheme != "sqlite":
        raise ConfigError(name, f"{scheme!r} is not a database this program knows", right)
    if rest in {"", "/", "/:memory:"} or "mode=memory" in rest:
        raise ConfigError(name, "a database in memory is not shared by the processes", right)
    if not rest.startswith("//"):
        raise ConfigError(name, "its path is not a full one", right)
    return given


def _redis(name: str, given: str) -> str:
    right = "give redis://host:6379/0, rediss://... for TLS, or unix:///path/to/redis.sock"
    if not given:
        return ""
    parts = _split(name, given, right)
    if parts.scheme not in {"redis", "rediss", "unix"}:
        raise ConfigError(name, "it is not a Redis address", right)
    if parts.scheme == "unix":
        path = unquote(parts.path)
        if not path.startswith("/") or parts.netloc:
            raise ConfigError(name, "it names no socket", right)
        length = len(os.fsencode(path))
        if length > LONGEST_SOCKET_PATH:
            raise ConfigError(name, f"its path has {length} bytes", f"give one of at most {LONGEST_SOCKET_PATH} bytes")
    elif not parts.hostname:
        raise ConfigError(name, "it names no host", right)
    return given


@dataclass(frozen=True)
class MailServer:
    """Where mail is handed over. `tls` is "none", "starttls" or "tls" (encrypted from the first byte)."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    tls: str = "starttls"


def mail_server(address: str) -> MailServer:
    """Read an smtp:// or smtps:// address. Raises ValueError saying what is wrong, never quoting the password."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        raise ValueError("its host or port cannot be read") from None
    if parts.scheme not in {"smtp", "smtps"}:
        raise ValueError("it is not a mail address of a server")
    if not parts.hostname:
        raise ValueError("it names no host")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    asked = parse_qs(parts.query).get("tls", [""])[0]
    if asked not in {"", "none", "starttls"}:
        raise ValueError(f"tls={asked} is unknown")
    tls = "tls" if parts.scheme == "smtps" else asked or ("starttls" if user else "none")
    if tls == "none" and user and parts.hostname not in LOCAL_HOSTS:
        raise ValueError("it would send the password unencrypted")
    standard = {"tls": 465, "starttls": 587, "none": 25}
    return MailServer(parts.hostname, port or standard[tls], user, password, tls)


def _mail(name: str, given: str) -> str:
    right = "give mailbox: or smtp://user:password@host:587?tls=starttls or smtps://user:password@host"
    if given == "mailbox:":
        return given
    try:
        mail_server(given)
    except ValueError as problem:
        raise ConfigError(name, str(problem), right) from None
    return given


def _sender(name: str, given: str) -> str:
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", parseaddr(given)[1]) or "\n" in given or "\r" in given:
        raise ConfigError(name, f"{given!r} is not a sender", "give an address such as Corner Shop <shop@example.com>")
    return given


def _public(name: str, given: str) -> str:
    if not given:
        return ""
    right = "give for example https://shop.example.com"
    parts = _split(name, given, right)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigError(name, f"{given!r} is not the address of a site", right)
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ConfigError(name, f"{given!r} goes on after the host", right)
    return given.rstrip("/")


def _secret(name: str, given: str) -> str:
    right = f"give at least {SHORTEST_SECRET} random characters, or leave it out"
    if not given:
        return ""
    if len(given) < SHORTEST_SECRET:
        raise ConfigError(name, f"it has {len(given)} characters", right)
    words = set(re.findall("[a-z]+", given.lower()))
    if len(set(given)) < 8 or (words and words <= _EXAMPLE_WORDS):
        raise ConfigError(name, "it can be guessed", right)
    return given


def _secrets(name: str, given: str) -> tuple[str, ...]:
    return tuple(_secret(name, one) for one in given.split())


VARIABLES: tuple[Variable, ...] = (
    Variable("PORT", "8000", "port of the web server", _whole(1, 65535)),
    Variable("HOST", "127.0.0.1", "address it listens on; 0.0.0.0 for every network of this machine", _host),
    Variable("INSTANCE_DIR", "./instance", "directory of all state: database, queue, files, logs, secret", _directory),
    Variable("DATABASE_URL", "", "database; empty: SQLite at INSTANCE_DIR/counterfoil.db", _database),
    Variable("REDIS_URL", "", "Redis; empty: one of its own, on a socket in INSTANCE_DIR/run", _redis),
    Variable("DEMO", "1", "1 loads the demo shop into an empty database, 0 leaves it empty", _flag),
    Variable("SECRET_KEY", "", "signs cookies and links; empty: kept in INSTANCE_DIR/secret.key", _secret),
    Variable("OLD_SECRET_KEYS", "", "former values of SECRET_KEY, separated by spaces; they still read", _secrets),
    Variable("MAIL_URL", "mailbox:", "where mail goes; mailbox: keeps it on a page of the program", _mail),
    Variable("MAIL_FROM", "Counterfoil <noreply@localhost.localdomain>", "sender of mail", _sender),
    Variable("PUBLIC_URL", "", "address people use; https:// makes cookies secure; empty: http://HOST:PORT", _public),
    Variable("SESSION_IDLE_MINUTES", "720", "minutes without use after which a session ends", _whole(5, 10080)),
    Variable("SESSION_DAYS", "30", "days after which a session ends in any case", _whole(1, 365)),
    Variable("THREADS", "200", "requests one web process serves at a time; open screens need none", _whole(4, 2000)),
    Variable("WEB_PROCESSES", "2", "processes of the web server", _whole(1, 32)),
    Variable("WORKERS", "1", "worker processes for background jobs", _whole(1, 32)),
    Variable("LOG_LEVEL", "INFO", "how much is logged: DEBUG, INFO, WARNING, ERROR", _level),
    Variable("LOG_FORMAT", "text", "text for people, json for programs", _one_of("text", "json")),
    Variable("METRICS_TOKEN", "", "whoever sends it as Bearer may read /metrics; empty: nobody", _secret),
    Variable("SLOW_REQUEST_MS", "500", "milliseconds from which a request is noted as slow", _whole(1, 600000)),
    Variable("SLOW_QUERY_MS", "200", "milliseconds from which a query is noted as slow", _whole(1, 600000)),
    Variable(
        "EXPORT_ROWS_AT_ONCE", "10000", "rows from which a file is made by a worker; of a PDF a tenth", _whole(1, 10**8)
    ),
    Variable("RATE_LIMIT_USER", "3000", "requests a minute of one person signed in; 0: any number", _whole(0, 9999999)),
    Variable(
        "RATE_LIMIT_ADDRESS", "1200", "requests a minute of one address, nobody signed in; 0: any", _whole(0, 9999999)
    ),
    Variable("TRUSTED_PROXIES", "0", "reverse proxies in front whose X-Forwarded headers are believed", _whole(0, 5)),
    Variable("MAX_UPLOAD_MB", "64", "largest upload, in megabytes", _whole(1, 2048)),
)


@dataclass(frozen=True)
class Config:
    """The settings in force: one field per variable, checked, nothing left empty."""

    port: int
    host: str
    instance_dir: Path
    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    demo: bool
    secret_key: str = field(repr=False)
    old_secret_keys: tuple[str, ...] = field(repr=False)
    mail_url: str = field(repr=False)
    mail_from: str
    public_url: str
    session_idle_minutes: int
    session_days: int
    threads: int
    web_processes: int
    workers: int
    log_level: str
    log_format: str
    metrics_token: str = field(repr=False)
    slow_request_ms: int
    slow_query_ms: int
    export_rows_at_once: int
    rate_limit_user: int
    rate_limit_address: int
    trusted_proxies: int
    max_upload_mb: int
    embedded_redis: bool
    keeps_secret_key: bool

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is a file of this machine."""
        return self.database_url.startswith("sqlite")

    @property
    def database_file(self) -> Path | None:
        """The file of a SQLite database; None on PostgreSQL."""
        return Path(self.database_url[len("sqlite:///") :].partition("?")[0]) if self.is_sqlite else None

    @property
    def redis_socket(self) -> Path | None:
        """The socket behind a unix:// address; None when Redis is reached by network."""
        parts = urlsplit(self.redis_url)
        return Path(unquote(parts.path)) if parts.scheme == "unix" else None

    @property
    def mail_server(self) -> MailServer | None:
        """The server mail is handed to; None when it stays in the mailbox page."""
        return None if self.mail_url == "mailbox:" else mail_server(self.mail_url)

    @property
    def is_https(self) -> bool:
        """Whether people reach the program through TLS."""
        return self.public_url.startswith("https://")

    def flask_settings(self) -> dict[str, Any]:
        """Return what goes into `app.config`."""
        limits = self.redis_url.replace("unix://", "redis+unix://", 1)
        return {
            "SECRET_KEY": self.secret_key,
            "SECRET_KEY_FALLBACKS": [*self.old_secret_keys],
            "SECRET_KEY_FILE": str(self.instance_dir / KEY_FILE) if self.keeps_secret_key else None,
            "INSTANCE_DIR": str(self.instance_dir),
            "SQLALCHEMY_DATABASE_URI": self.database_url,
            "REDIS_URL": self.redis_url,
            "PUBLIC_URL": self.public_url,
            "PREFERRED_URL_SCHEME": "https" if self.is_https else "http",
            "DEMO": self.demo,
            "MAIL_SERVER": self.mail_server,
            "MAIL_FROM": self.mail_from,
            "THREADS": self.threads,
            "LOG_LEVEL": self.log_level,
            "METRICS_TOKEN": self.metrics_token,
            "SLOW_REQUEST_MS": self.slow_request_ms,
            "SLOW_QUERY_MS": self.slow_query_ms,
            "EXPORT_ROWS_AT_ONCE": self.export_rows_at_once,
            "TRUSTED_PROXIES": self.trusted_proxies,
            # The __Host- prefix makes browsers refuse the cookie from a sister domain, but demands https.
            "SESSION_COOKIE_NAME": "__Host-counterfoil" if self.is_https else "counterfoil",
            "SESSION_COOKIE_SECURE": self.is_https,
            "SESSION_COOKIE_HTTPONLY": True,
            "SESSION_COOKIE_SAMESITE": "Lax",
            "SESSION_COOKIE_PATH": "/",
            "SESSION_IDLE": timedelta(minutes=self.session_idle_minutes),
            "PERMANENT_SESSION_LIFETIME": timedelta(days=self.session_days),
            "MAX_CONTENT_LENGTH": self.max_upload_mb * 1024 * 1024,
            # A till stays open all day: the token lives as long as the session it is bound to.
            "WTF_CSRF_TIME_LIMIT": None,
            "RATE_LIMIT_USER": self.rate_limit_user,
            "RATE_LIMIT_ADDRESS": self.rate_limit_address,
            "REMEMBERED_SECONDS": 5,
            "RATELIMIT_STORAGE_URI": limits,
            "RATELIMIT_IN_MEMORY_FALLBACK_ENABLED": True,
        }


def load(environ: Mapping[str, str] | None = None) -> Config:
    """Read and check every setting; make INSTANCE_DIR and, unless given, the secret in it. Raises ConfigError."""
    environ = os.environ if environ is None else environ
    values: dict[str, Any] = {variable.name.lower(): variable.read(environ) for variable in VARIABLES}
    directory = _instance_directory(values["instance_dir"], given=bool(environ.get("INSTANCE_DIR", "").strip()))
    values["instance_dir"] = directory
    values["database_url"] = values["database_url"] or f"sqlite:///{directory / 'counterfoil.db'}"
    values["embedded_redis"] = not values["redis_url"]
    values["redis_url"] = values["redis_url"] or f"unix://{quote(str(embedded_socket(directory)))}"
    if values["public_url"]:
        _demand_decision_about_demo(environ, values["public_url"])
    values["public_url"] = values["public_url"] or f"http://{reachable(values['host'])}:{values['port']}"
    values["keeps_secret_key"] = not values["secret_key"]
    if not values["secret_key"]:
        values["secret_key"], *older = _kept_secrets(directory / KEY_FILE)
        values["old_secret_keys"] = (*older, *values["old_secret_keys"])
    return Config(**values)


def load_or_exit(environ: Mapping[str, str] | None = None) -> Config:
    """`load` for commands: a wrong setting prints its one line and ends the process with status 2."""
    try:
        return load(environ)
    except ConfigError as problem:
        sys.stderr.write(f"{problem}\n")
        raise SystemExit(2) from None


def embedded_socket(instance: Path) -> Path:
    """Return where the embedded Redis of `instance` listens: inside it, or under /tmp when that path is too long."""
    inside = instance / "run" / "redis.sock"
    if len(os.fsencode(inside)) <= LONGEST_SOCKET_PATH:
        return inside
    key = hashlib.sha256(os.fsencode(instance)).hexdigest()[:16]
    # Who starts Redis makes that directory and checks that it is its own.
    return Path(f"/tmp/counterfoil-{os.getuid()}-{key}/redis.sock")  # noqa: S108


def reachable(host: str) -> str:
    """Return the host part of an address that reaches a server listening on `host` from this machine."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - nothing is bound here
    return f"[{host}]" if ":" in host else host


def _demand_decision_about_demo(environ: Mapping[str, str], public_url: str) -> None:
    """The demo's log-ins are written down for all to read: on a public address somebody must have wanted that."""
    if urlsplit(public_url).hostname not in LOCAL_HOSTS and not environ.get("DEMO", "").strip():
        raise ConfigError("DEMO", "it is not set although PUBLIC_URL is", "give 0 for a shop, 1 for a public demo")


def _instance_directory(text: str, *, given: bool) -> Path:
    directory = Path(text).expanduser().resolve() if given else ROOT / "instance"
    right = "give a directory that this user may write"
    if directory in {ROOT, Path("/")} or directory.is_relative_to(ROOT / ".venv"):
        raise ConfigError("INSTANCE_DIR", f"{directory} is used for something else", right)
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as problem:
        raise ConfigError("INSTANCE_DIR", f"{directory} cannot be made ({problem.strerror})", right) from None
    if not os.access(directory, os.W_OK | os.X_OK):
        raise ConfigError("INSTANCE_DIR", f"{directory} cannot be written", right)
    return directory


def _kept_secrets(path: Path) -> list[str]:
    right = "give SECRET_KEY, or remove the file to have a new one made (everybody must sign in again)"
    try:
        if not path.exists():
            # Written whole beside its place and then linked: two processes starting at once agree on one secret.
            fresh = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_hex(SECRET_BYTES) + "\n")
            try:
                os.link(fresh, path)
            except FileExistsError:
                pass
            finally:
                fresh.unlink()
        path.chmod(0o600)
        kept = path.read_text(encoding="ascii").split()
    except (OSError, UnicodeDecodeError):
        raise ConfigError("SECRET_KEY", f"{path} cannot be read", right) from None
    shortest = min((len(one) for one in kept), default=0)
    if shortest < SHORTEST_SECRET:
        raise ConfigError("SECRET_KEY", f"{path} holds only {shortest} characters", right)
    return kept
