"""What the environment says. `load` is the only reader of the environment in the project."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar
from urllib.parse import SplitResult, urlsplit

from dotenv import dotenv_values

from viraltracker import addresses
from viraltracker.addresses import Mailbox
from viraltracker.errors import ConfigurationError

#: Where an installation that runs as root keeps its data: root's database runs as a system user of its own,
#: which cannot enter /root.
SYSTEM_FOLDER = Path("/var/lib/viraltracker")

#: Variables that a child process gets by name or not at all.
SECRETS = (
    "SUPABASE_SECRET_KEY",
    "SUPABASE_DB_URL",
    "META_ACCESS_TOKEN",
    "META_APP_SECRET",
    "GEMINI_API_KEY",
    "ANTHROPIC_API_KEY",
    "APIFY_TOKEN",
    "SLACK_BOT_TOKEN",
    "SMTP_URL",
)
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
HOSTED = ("SUPABASE_URL", "SUPABASE_PUBLISHABLE_KEY", "SUPABASE_SECRET_KEY")
#: What passes row-level security, and so has no place in the process that talks to browsers.
PAST_ROW_SECURITY = ("SUPABASE_SECRET_KEY", "SUPABASE_DB_URL")
#: What spends money: only the worker asks models, and searches through Apify.
MODEL_KEYS = ("GEMINI_API_KEY", "ANTHROPIC_API_KEY")
PAID_KEYS = (*MODEL_KEYS, "APIFY_TOKEN")
#: What speaks in the organisation's name: only the worker sends.
SENDING_KEYS = ("SLACK_BOT_TOKEN", "SMTP_URL")
#: What else sending needs, by whom it serves.
SLACK = ("SLACK_BOT_TOKEN", "SLACK_CHANNEL")
MAIL = ("SMTP_URL", "MAIL_FROM")
#: Keys whose presence the page Settings tells. The page knows their names alone.
TOLD = (*PAID_KEYS, "META_ACCESS_TOKEN", "META_APP_SECRET", *SLACK, *MAIL, "MAIL_TO", "APP_URL")
#: Where their names are handed on, for a process that must not hold the keys themselves.
KEYS_FOUND = "VIRALTRACKER_KEYS_FOUND"
#: A tenth of a million requests a minute is above every provider's limit.
MOST_PER_MINUTE = 100_000

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that can be set from outside. Durations are seconds. Secrets are left out of `repr`."""

    supabase_url: str | None = None
    supabase_publishable_key: str | None = field(default=None, repr=False)
    supabase_secret_key: str | None = field(default=None, repr=False)
    supabase_db_url: str | None = field(default=None, repr=False)
    local_owner_jwt: str | None = field(default=None, repr=False)
    asset_dir: Path | None = None

    home: Path
    cache: Path
    postgrest_bin: Path | None = None
    rest_port: int | None = None

    meta_graph_url: str = "https://graph.facebook.com"
    meta_api_version: str = "v26.0"
    meta_app_secret: str | None = field(default=None, repr=False)
    meta_access_token: str | None = field(default=None, repr=False)
    meta_connect_timeout: float = 5.0
    meta_read_timeout: float = 60.0

    gemini_api_key: str | None = field(default=None, repr=False)
    gemini_model: str = "gemini-3.8-flash"
    gemini_url: str | None = None
    gemini_per_minute: int = 300
    gemini_image_model: str = "gemini-3.1-flash-image"
    gemini_image_per_minute: int = 60
    anthropic_api_key: str | None = field(default=None, repr=False)
    anthropic_model: str = "claude-haiku-5-5"
    anthropic_url: str | None = None
    anthropic_per_minute: int = 50
    model_concurrency: int = 32
    model_timeout: float = 120.0

    apify_token: str | None = field(default=None, repr=False)
    apify_actor: str = "curious_coder/facebook-ads-library-scraper"
    apify_url: str | None = None
    apify_timeout: float = 30.0

    app_url: str | None = None
    slack_bot_token: str | None = field(default=None, repr=False)
    slack_channel: str | None = None
    slack_url: str = "https://slack.com/api"
    smtp_url: str | None = field(default=None, repr=False)
    mail_from: Mailbox | None = None
    mail_to: tuple[str, ...] = ()

    web_port: int | None = None
    poll_seconds: float = 1.0
    lease_seconds: float = 90.0
    beat_seconds: float = 20.0
    reap_seconds: float = 30.0
    worker_slots: int = 2
    database_timeout: float = 30.0
    keys_found: frozenset[str] = frozenset()
    log_level: str = "INFO"
    log_format: Literal["json", "text"] = "json"

    @property
    def hosted(self) -> bool:
        """True when Supabase's own service is used and nothing is started here."""
        return self.supabase_url is not None and self.local_owner_jwt is None


def project_root() -> Path:
    """The folder with this package's pyproject.toml, or the current folder when installed without one."""
    folder = Path(__file__).resolve().parent.parent
    return folder if (folder / "pyproject.toml").is_file() else Path.cwd()


def load(env: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process.

    Without `env`, reads `.env` in the project root or else the current folder; the real environment wins.
    With `env`, reads nothing else. An empty value counts as not set.

    Raises `ConfigurationError` naming the variable and what to do.
    """
    read = _reader(_environment() if env is None else env)
    _require_all_or_none(read, HOSTED)
    return _settings(read)


def load_for_web() -> Settings:
    """The settings of the web process, which never holds a key past row-level security, one that spends money, or one
    to send with.

    Such a key is neither read nor left in this process's environment, where a host may have put it for the worker.
    """
    values = _environment()
    values[KEYS_FOUND] = os.environ[KEYS_FOUND] = ",".join(sorted(_keys_found(_reader(values))))
    for name in (*PAST_ROW_SECURITY, *PAID_KEYS, *SENDING_KEYS):
        values.pop(name, None)
        os.environ.pop(name, None)
    read = _reader(values)
    _require_all_or_none(read, HOSTED[:2])
    return _settings(read)


def _settings(read: _Reader) -> Settings:
    settings = Settings(
        supabase_url=read.url("SUPABASE_URL"),
        supabase_publishable_key=read.text("SUPABASE_PUBLISHABLE_KEY"),
        supabase_secret_key=read.text("SUPABASE_SECRET_KEY"),
        supabase_db_url=read.database_url("SUPABASE_DB_URL"),
        local_owner_jwt=read.text("VIRALTRACKER_LOCAL_OWNER_JWT"),
        asset_dir=read.path("VIRALTRACKER_ASSET_DIR"),
        home=read.path("VIRALTRACKER_HOME") or _default_home(),
        cache=read.path("VIRALTRACKER_CACHE") or _default_cache(),
        postgrest_bin=read.path("POSTGREST_BIN"),
        rest_port=read.port("VIRALTRACKER_REST_PORT"),
        meta_graph_url=read.url("META_GRAPH_URL") or Settings.meta_graph_url,
        meta_api_version=read.text("META_API_VERSION") or Settings.meta_api_version,
        meta_app_secret=read.text("META_APP_SECRET"),
        meta_access_token=read.text("META_ACCESS_TOKEN"),
        meta_connect_timeout=read.seconds("META_CONNECT_TIMEOUT_SECONDS", Settings.meta_connect_timeout),
        meta_read_timeout=read.seconds("META_READ_TIMEOUT_SECONDS", Settings.meta_read_timeout),
        gemini_api_key=read.key("GEMINI_API_KEY"),
        gemini_model=read.text("GEMINI_MODEL") or Settings.gemini_model,
        gemini_url=read.url("GEMINI_BASE_URL"),
        gemini_per_minute=read.whole("GEMINI_REQUESTS_PER_MINUTE", Settings.gemini_per_minute, 0, MOST_PER_MINUTE),
        gemini_image_model=read.text("GEMINI_IMAGE_MODEL") or Settings.gemini_image_model,
        gemini_image_per_minute=read.whole(
            "GEMINI_IMAGE_REQUESTS_PER_MINUTE", Settings.gemini_image_per_minute, 0, MOST_PER_MINUTE
        ),
        anthropic_api_key=read.key("ANTHROPIC_API_KEY"),
        anthropic_model=read.text("ANTHROPIC_MODEL") or Settings.anthropic_model,
        anthropic_url=read.url("ANTHROPIC_BASE_URL"),
        anthropic_per_minute=read.whole(
            "ANTHROPIC_REQUESTS_PER_MINUTE", Settings.anthropic_per_minute, 0, MOST_PER_MINUTE
        ),
        model_concurrency=read.whole("VIRALTRACKER_MODEL_CONCURRENCY", Settings.model_concurrency, 1, 256),
        model_timeout=read.seconds("VIRALTRACKER_MODEL_TIMEOUT_SECONDS", Settings.model_timeout),
        apify_token=read.key("APIFY_TOKEN"),
        apify_actor=read.actor("APIFY_ACTOR") or Settings.apify_actor,
        apify_url=read.url("APIFY_BASE_URL"),
        apify_timeout=read.seconds("APIFY_TIMEOUT_SECONDS", Settings.apify_timeout),
        app_url=read.url("APP_URL"),
        slack_bot_token=read.key("SLACK_BOT_TOKEN"),
        slack_channel=read.slack_channel("SLACK_CHANNEL"),
        slack_url=read.url("SLACK_API_URL") or Settings.slack_url,
        smtp_url=read.smtp_url("SMTP_URL"),
        mail_from=read.mailbox("MAIL_FROM"),
        mail_to=read.addresses("MAIL_TO"),
        web_port=read.port("VIRALTRACKER_WEB_PORT"),
        poll_seconds=read.seconds("VIRALTRACKER_POLL_SECONDS", Settings.poll_seconds),
        lease_seconds=read.seconds("VIRALTRACKER_LEASE_SECONDS", Settings.lease_seconds),
        beat_seconds=read.seconds("VIRALTRACKER_BEAT_SECONDS", Settings.beat_seconds),
        reap_seconds=read.seconds("VIRALTRACKER_REAP_SECONDS", Settings.reap_seconds),
        worker_slots=read.whole("VIRALTRACKER_WORKER_SLOTS", Settings.worker_slots, 1, 64),
        database_timeout=read.seconds("VIRALTRACKER_DATABASE_TIMEOUT_SECONDS", Settings.database_timeout),
        keys_found=_keys_found(read),
        log_level=read.log_level("VIRALTRACKER_LOG_LEVEL") or Settings.log_level,
        log_format=read.log_format("VIRALTRACKER_LOG_FORMAT") or Settings.log_format,
    )
    if settings.beat_seconds * 2 > settings.lease_seconds:
        raise ConfigurationError(
            f"VIRALTRACKER_LEASE_SECONDS ({settings.lease_seconds:g}) must be at least twice "
            f"VIRALTRACKER_BEAT_SECONDS ({settings.beat_seconds:g}), or a healthy worker loses its runs."
        )
    return settings


def child_environment(changes: Mapping[str, str | None]) -> dict[str, str]:
    """This process's environment for a child of ours, with some variables set, or taken out where None.

    Secrets go only to a child that is handed them: a page or the sandbox has no use for a token.
    """
    kept = {name: value for name, value in os.environ.items() if name not in changes and name not in SECRETS}
    return kept | {name: value for name, value in changes.items() if value is not None}


class _Reader:
    """Typed access to variables; every complaint names the variable and never repeats a secret's value."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def text(self, name: str) -> str | None:
        return self._values.get(name)

    def key(self, name: str) -> str | None:
        """A key as it goes into a header: printable ASCII without spaces."""
        value = self._values.get(name)
        if value is not None and not all("!" <= letter <= "~" for letter in value):
            raise ConfigurationError(
                f"{name} holds a character that no key has, such as a space or a curly quote; copy it again."
            )
        return value

    def actor(self, name: str) -> str | None:
        """An actor's id at Apify, or its owner and name."""
        value = self._values.get(name)
        if value is not None and not re.fullmatch(r"[\w.-]+([/~][\w.-]+)?", value, re.ASCII):
            raise ConfigurationError(
                f"{name} must be an actor's owner and name, like somebody/some-scraper, or its id."
            )
        return value

    def path(self, name: str) -> Path | None:
        value = self._values.get(name)
        if value is None:
            return None
        try:
            return Path(os.path.abspath(Path(value).expanduser()))  # noqa: PTH100 - resolve() would follow links
        except (RuntimeError, ValueError) as error:
            raise ConfigurationError(f"{name} is not a path this system understands ({error}).") from None

    def url(self, name: str) -> str | None:
        value = self._values.get(name)
        if value is None:
            return None
        parts = _split(name, value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigurationError(f"{name} must be a web address like https://example.com.")
        return value.rstrip("/")

    def database_url(self, name: str) -> str | None:
        value = self._values.get(name)
        if value is not None and _split(name, value).scheme not in ("postgres", "postgresql"):
            raise ConfigurationError(
                f"{name} must start with postgresql:// (copy it from Supabase under Connect, Session pooler)."
            )
        return value

    def slack_channel(self, name: str) -> str | None:
        value = self._values.get(name)
        if value is not None and not re.fullmatch(r"[CGD][A-Z0-9]{7,20}", value):
            raise ConfigurationError(
                f"{name} must be the channel's id, like C0123456789: open the channel's details in Slack, it stands at "
                "the bottom."
            )
        return value

    def smtp_url(self, name: str) -> str | None:
        value = self._values.get(name)
        if value is not None:
            self._with(name, addresses.mail_server, value)
        return value

    def mailbox(self, name: str) -> Mailbox | None:
        value = self._values.get(name)
        return None if value is None else self._with(name, addresses.mailbox, value)

    def addresses(self, name: str) -> tuple[str, ...]:
        return self._with(name, addresses.several, self._values.get(name, ""))

    def _with(self, name: str, reader: Callable[[str], T], value: str) -> T:
        try:
            return reader(value)
        except ValueError as error:
            raise ConfigurationError(f"{name}: {error}.") from None

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        value = self._values.get(name)
        if value is None:
            return default
        try:
            number = int(value)
        except ValueError:
            number = low - 1
        if not low <= number <= high:
            raise ConfigurationError(f"{name} must be a whole number from {low} to {high}.")
        return number

    def seconds(self, name: str, default: float) -> float:
        value = self._values.get(name)
        if value is None:
            return default
        try:
            number = float(value)
        except ValueError:
            number = 0.0
        if not 0.01 <= number <= 86_400:
            raise ConfigurationError(f"{name} must be a number of seconds from 0.01 to 86400.")
        return number

    def port(self, name: str) -> int | None:
        return self.whole(name, 0, 1, 65_535) or None

    def log_format(self, name: str) -> Literal["json", "text"] | None:
        match self._values.get(name):
            case None:
                return None
            case "json":
                return "json"
            case "text":
                return "text"
        raise ConfigurationError(f"{name} must be json or text.")

    def log_level(self, name: str) -> str | None:
        value = self._values.get(name)
        if value is None:
            return None
        level = value.upper()
        if level not in LOG_LEVELS:
            raise ConfigurationError(f"{name} must be one of {', '.join(LOG_LEVELS)}.")
        return level


def _split(name: str, value: str) -> SplitResult:
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        raise ConfigurationError(f"{name} is not a valid address; copy it again from where it came.") from None
    return parts


def _reader(values: Mapping[str, str]) -> _Reader:
    return _Reader({name: value.strip() for name, value in values.items() if value.strip()})


def _require_all_or_none(read: _Reader, names: Sequence[str]) -> None:
    missing = [name for name in names if read.text(name) is None]
    if missing and len(missing) < len(names):
        given = [name for name in names if name not in missing]
        raise ConfigurationError(
            f"{' and '.join(given)} {'is' if len(given) == 1 else 'are'} set but {' and '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} not: set all {'three' if len(names) == 3 else 'of them'} for "
            "hosted Supabase, or none to use the embedded one."
        )


def _keys_found(read: _Reader) -> frozenset[str]:
    """Names of keys that are set here, or that the process which started this one had."""
    told = (read.text("VIRALTRACKER_KEYS_FOUND") or "").split(",")
    return frozenset(name for name in TOLD if read.text(name) is not None or name in told)


def _environment() -> dict[str, str]:
    file = next((f for f in (project_root() / ".env", Path.cwd() / ".env") if f.is_file()), None)
    written: dict[str, str | None] = {}
    if file is not None:
        try:
            written = dotenv_values(file, interpolate=False)
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"{file} cannot be read ({error}); correct it or take it away.") from None
    real = {name: value for name, value in os.environ.items() if value.strip()}
    return {name: value for name, value in written.items() if value is not None} | real


def _default_home() -> Path:
    root = project_root()
    if os.geteuid() != 0:
        return root / ".viraltracker"
    digest = hashlib.sha256(os.fsencode(root)).hexdigest()[:8]
    return SYSTEM_FOLDER / f"{root.name}-{digest}"


def _default_cache() -> Path:
    if os.geteuid() == 0:
        return SYSTEM_FOLDER / "cache"
    try:
        return Path.home() / ".cache" / "viraltracker"
    except RuntimeError:  # a user without a home folder, as in some containers
        return Path(tempfile.gettempdir()) / f"viraltracker-{os.geteuid()}"
