"""Settings: what a wrong or partial environment is told, and that nothing secret is shown."""

from __future__ import annotations

import os
import re
from dataclasses import fields
from pathlib import Path

import pytest

from viraltracker import settings
from viraltracker.errors import ConfigurationError

SUPABASE = {
    "SUPABASE_URL": "https://project.supabase.co/",
    "SUPABASE_PUBLISHABLE_KEY": "sb_publishable_x",
    "SUPABASE_SECRET_KEY": "sb_secret_x",
}


def test_nothing_set_selects_the_embedded_stack() -> None:
    found = settings.load({})
    assert not found.hosted
    assert (found.lease_seconds, found.beat_seconds, found.meta_api_version) == (90.0, 20.0, "v26.0")


def test_all_three_keys_select_hosted_supabase() -> None:
    found = settings.load(SUPABASE)
    assert found.hosted
    assert found.supabase_url == "https://project.supabase.co"


@pytest.mark.parametrize("missing", [[name] for name in SUPABASE] + [list(SUPABASE)[:2], list(SUPABASE)[1:]])
def test_half_a_supabase_configuration_names_what_is_missing(missing: list[str]) -> None:
    environment = {name: "" if name in missing else value for name, value in SUPABASE.items()}
    with pytest.raises(ConfigurationError) as caught:
        settings.load(environment)
    told = caught.value.message.partition(" but ")[2].partition(" not:")[0]
    assert [name for name in SUPABASE if name in told] == missing


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SUPABASE_DB_URL", "mysql://root:hunter2@example.com"),
        ("SUPABASE_DB_URL", "postgresql://root:hunter2@[example.com"),
        ("META_GRAPH_URL", "graph.facebook.com/hunter2"),
        ("META_GRAPH_URL", "http://example.com:hunter2"),
        ("VIRALTRACKER_WEB_PORT", "hunter2"),
        ("VIRALTRACKER_REST_PORT", "70000"),
        ("VIRALTRACKER_WORKER_SLOTS", "0"),
        ("VIRALTRACKER_POLL_SECONDS", "nan"),
        ("VIRALTRACKER_LEASE_SECONDS", "39"),
        ("VIRALTRACKER_LOG_LEVEL", "hunter2"),
        ("GEMINI_BASE_URL", "example.com/hunter2"),
        ("GEMINI_REQUESTS_PER_MINUTE", "-1"),
        ("ANTHROPIC_REQUESTS_PER_MINUTE", "many"),
        ("APIFY_ACTOR", "../hunter2/runs"),
        ("APIFY_TIMEOUT_SECONDS", "0"),
        ("VIRALTRACKER_MODEL_CONCURRENCY", "257"),
        ("SMTP_URL", "smtp://user:hunter2@mail.example.com:x"),
        ("SMTP_URL", "mail.example.com:hunter2"),
        ("SLACK_CHANNEL", "#hunter2"),
        ("SLACK_BOT_TOKEN", "xoxb hunter2"),
        ("APP_URL", "app.example.com/hunter2"),
        ("MAIL_FROM", "hunter2"),
    ],
)
def test_a_wrong_value_names_its_variable_and_repeats_no_secret(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        settings.load({name: value})
    assert name in caught.value.message
    assert "hunter2" not in caught.value.message


def test_no_secret_is_in_the_representation() -> None:
    secret = [
        *("SUPABASE_PUBLISHABLE_KEY", "SUPABASE_SECRET_KEY", "META_APP_SECRET", "META_ACCESS_TOKEN"),
        *("VIRALTRACKER_LOCAL_OWNER_JWT", "GEMINI_API_KEY", "ANTHROPIC_API_KEY", "APIFY_TOKEN", "SLACK_BOT_TOKEN"),
    ]
    environment = dict.fromkeys(secret, "hunter2") | {"SMTP_URL": "smtp://user:hunter2@mail.example.com"}
    environment |= {"SUPABASE_URL": "https://x.co", "SUPABASE_DB_URL": "postgresql://postgres:hunter2@x.co/postgres"}
    assert "hunter2" not in repr(settings.load(environment))


def test_the_web_process_neither_reads_nor_keeps_a_key_past_row_security(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("SUPABASE_SECRET_KEY=from-file\n")
    monkeypatch.setattr(settings, "project_root", lambda: tmp_path)
    for name, value in (SUPABASE | {"SUPABASE_DB_URL": "postgresql://postgres:hunter2@x.co/postgres"}).items():
        monkeypatch.setenv(name, value)
    found = settings.load_for_web()
    assert found.hosted
    assert (found.supabase_secret_key, found.supabase_db_url) == (None, None)
    assert not set(settings.PAST_ROW_SECURITY) & set(os.environ)


def test_the_web_process_neither_reads_nor_keeps_a_key_of_the_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the worker spends money, and only the worker sends."""
    for name in (*settings.PAID_KEYS, *settings.SENDING_KEYS):
        monkeypatch.setenv(name, "hunter2")
    found = settings.load_for_web()
    assert (found.gemini_api_key, found.anthropic_api_key, found.apify_token) == (None, None, None)
    assert (found.slack_bot_token, found.smtp_url) == (None, None)
    assert not {*settings.PAID_KEYS, *settings.SENDING_KEYS} & set(os.environ)


def test_the_web_process_knows_which_keys_there_are_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """However often it reads its settings, and also when the process that started it kept the keys to itself."""
    for name in (*settings.TOLD, settings.KEYS_FOUND):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GEMINI_API_KEY", "hunter2")
    for _ in range(2):
        assert settings.load_for_web().keys_found == {"GEMINI_API_KEY"}
    assert "hunter2" not in os.environ.values()
    monkeypatch.setenv(settings.KEYS_FOUND, "META_ACCESS_TOKEN,SOMETHING_ELSE")
    assert settings.load_for_web().keys_found == {"META_ACCESS_TOKEN"}


def test_zero_requests_a_minute_is_no_limit() -> None:
    found = settings.load({"GEMINI_REQUESTS_PER_MINUTE": "0", "GEMINI_BASE_URL": "http://127.0.0.1:1/gemini/"})
    assert (found.gemini_per_minute, found.anthropic_per_minute) == (0, 50)
    assert found.gemini_url == "http://127.0.0.1:1/gemini"


def test_pictures_have_a_model_and_a_limit_of_their_own() -> None:
    found = settings.load({})
    assert (found.gemini_image_model, found.gemini_image_per_minute) == ("gemini-3.1-flash-image", 60)
    found = settings.load({"GEMINI_IMAGE_MODEL": "gemini-3-pro-image", "GEMINI_IMAGE_REQUESTS_PER_MINUTE": "0"})
    assert (found.gemini_image_model, found.gemini_image_per_minute) == ("gemini-3-pro-image", 0)
    assert (found.gemini_model, found.gemini_per_minute) == ("gemini-3.8-flash", 300)


def test_a_child_gets_no_secret_that_it_is_not_handed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page or the sandbox has no use for a token of Meta's or the database's key."""
    for name in settings.SECRETS:
        monkeypatch.setenv(name, "hunter2")
    assert "hunter2" not in settings.child_environment({}).values()
    assert settings.child_environment({"META_APP_SECRET": "given"})["META_APP_SECRET"] == "given"


def test_the_local_owners_key_says_that_the_stack_is_embedded(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (SUPABASE | {"VIRALTRACKER_LOCAL_OWNER_JWT": "jwt"}).items():
        monkeypatch.setenv(name, value)
    assert not settings.load_for_web().hosted


def test_the_real_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ("META_API_VERSION=from-file", "VIRALTRACKER_LOG_LEVEL=ERROR", "META_APP_SECRET='a$HOME'")
    (tmp_path / ".env").write_text("\n".join(lines))
    monkeypatch.setattr(settings, "project_root", lambda: tmp_path)
    monkeypatch.setenv("META_API_VERSION", "from-environment")
    monkeypatch.setenv("VIRALTRACKER_LOG_LEVEL", "")
    found = settings.load()
    assert (found.meta_api_version, found.log_level) == ("from-environment", "ERROR")
    assert found.meta_app_secret == "a$HOME"


def test_the_data_folder_is_the_projects_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    homes = set()
    for folder in (tmp_path / "one" / "app", tmp_path / "two" / "app"):
        monkeypatch.setattr(settings, "project_root", lambda folder=folder: folder)
        monkeypatch.setattr("os.geteuid", lambda: 0)
        as_root = settings.load({}).home
        assert as_root.parent == settings.SYSTEM_FOLDER
        assert as_root.name.startswith("app-")
        homes.add(as_root)
        monkeypatch.setattr("os.geteuid", lambda: 1000)
        assert settings.load({}).home == folder / ".viraltracker"
    assert len(homes) == 2


def test_a_child_gets_the_environment_with_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPABASE_SECRET_KEY", "hunter2")
    given = settings.child_environment({"SUPABASE_SECRET_KEY": None, "META_GRAPH_URL": "http://127.0.0.1:1"})
    assert "SUPABASE_SECRET_KEY" not in given
    assert given["META_GRAPH_URL"] == "http://127.0.0.1:1"
    assert "PATH" in given


def test_the_example_file_and_the_settings_agree() -> None:
    root = settings.project_root()
    example = re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (root / ".env.example").read_text(), flags=re.MULTILINE)
    source = Path(settings.__file__).read_text()
    read = re.findall(r'read\.\w+\(\s*"([A-Z][A-Z0-9_]+)"', source)
    assert sorted(example) == sorted(read)
    assert len(read) == len(fields(settings.Settings))


def test_the_example_file_loads_and_shows_the_real_defaults() -> None:
    text = (settings.project_root() / ".env.example").read_text()
    shown = dict(re.findall(r"^#([A-Z][A-Z0-9_]+)=(.+)$", text, flags=re.MULTILINE))
    del shown["SUPABASE_URL"]  # an example
    shown.pop("VIRALTRACKER_WEB_PORT", None)  # preferred when unset, but then given up where it is taken
    assert settings.load(shown) == settings.load({})


@pytest.mark.parametrize("name", settings.PAID_KEYS)
@pytest.mark.parametrize("key", ["“quoted”", "two words", "ключ"])
def test_a_key_that_no_header_can_carry_is_said_by_its_name(name: str, key: str) -> None:
    with pytest.raises(ConfigurationError, match=name) as caught:
        settings.load({name: key})
    assert key not in str(caught.value)
