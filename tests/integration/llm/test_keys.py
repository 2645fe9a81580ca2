"""A key that does not work says which variable to set, and no key is in any message, traceback or log."""

from __future__ import annotations

import logging
import traceback

import pytest

from tests.integration.llm.conftest import CALLS, AddFault, MakeModel, Source, request
from viraltracker import errors, settings
from viraltracker.llm.pool import ModelPool, PoolConfig
from viraltracker.sandbox.model_desk import KEY
from viraltracker.sandbox.server import RunningSandbox

WRONG = "hunter2-is-no-key"
VARIABLES = {"gemini": "GEMINI_API_KEY", "claude": "ANTHROPIC_API_KEY"}
BOTH = pytest.mark.parametrize("provider", ["gemini", "claude"])


def _free() -> None:
    """A guard that lets everything pass."""


@BOTH
def test_a_wrong_key_names_its_variable_after_one_call(provider: str, make: MakeModel) -> None:
    """Gemini answers 400 to a wrong key, Claude 401."""
    with pytest.raises(errors.ConfigurationError, match=VARIABLES[provider]):
        make(provider, key=WRONG).ask(request(), guard=_free)


@BOTH
def test_a_key_without_access_names_its_variable(provider: str, make: MakeModel, fault: AddFault) -> None:
    fault(provider, "model_error", status=403, message="not yours")
    with pytest.raises(errors.ConfigurationError, match=VARIABLES[provider]):
        make(provider).ask(request(), guard=_free)


@BOTH
@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("model_error", {"status": 400, "message": f"the key {WRONG} is odd"}),
        ("model_error", {"status": 403, "message": f"the key {WRONG} is odd"}),
        ("model_error", {"status": 429, "message": f"the key {WRONG} is odd"}),
        ("model_error", {"status": 503, "message": f"the key {WRONG} is odd"}),
        ("html_502", {}),
        ("reset", {}),
        ("bad_json", {}),
    ],
)
def test_no_key_is_ever_seen(  # noqa: PLR0917 a fixture each
    provider: str,
    kind: str,
    options: dict[str, object],
    make: MakeModel,
    fault: AddFault,
    server: RunningSandbox,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not in the error, nor in its traceback, nor in anything that any library logs, at the finest level."""
    monkeypatch.setattr(server.sandbox.models, "key", WRONG)
    fault(provider, kind, times=None, **options)
    told = ""
    with caplog.at_level(logging.DEBUG):
        try:
            told = repr(make(provider, key=WRONG, attempts=2).ask(request(), guard=_free))
        except errors.ViralTrackerError as error:
            told = "".join(traceback.format_exception(error))
    assert told
    assert WRONG not in told
    assert WRONG not in caplog.text
    assert all(WRONG not in str(record.args) for record in caplog.records)


def test_the_pool_has_what_has_a_key_and_makes_it_once(server: RunningSandbox) -> None:
    config = PoolConfig(
        gemini_key=KEY,
        gemini_url=f"{server.base_url}/gemini",
        gemini_per_minute=0,
        claude_url=f"{server.base_url}/claude",
    )
    assert KEY not in repr(config)
    pool = ModelPool(config, Source())
    try:
        gemini = pool.gemini()
        assert gemini is not None
        assert gemini is pool.gemini()
        assert gemini.name == "gemini:gemini-3.8-flash"
        assert pool.claude() is None
        sandboxed = pool.sandboxed(server.base_url)
        assert sandboxed.name == "sandbox:gemini-3.8-flash"
        answer = sandboxed.ask(request(), guard=_free)
        assert answer.cost_usd == 0
        assert answer.requests == 1
        assert gemini.ask(request(), guard=_free).requests == 1
        assert len(server.sandbox.model_calls) == 2
    finally:
        pool.close()


def test_the_pool_goes_by_the_settings() -> None:
    found = settings.load({"GEMINI_API_KEY": "g", "ANTHROPIC_MODEL": "m", "VIRALTRACKER_MODEL_TIMEOUT_SECONDS": "7"})
    config = PoolConfig.of(found)
    assert (config.gemini_key, config.claude_key, config.claude_model) == ("g", None, "m")
    assert (config.timeout_s, config.video_timeout_s) == (7.0, 35.0)
    assert (config.gemini_per_minute, config.claude_per_minute) == (300, 50)


def test_the_pool_asks_for_no_sdk_before_a_model_is_wanted() -> None:
    """The SDKs take seconds to come; a worker that classifies nothing does not wait for them."""
    import subprocess
    import sys

    code = (
        "import sys; from viraltracker.llm.pool import ModelPool, PoolConfig; "
        "ModelPool(PoolConfig(), None); "
        "sys.exit(any(name in sys.modules for name in ('google.genai', 'anthropic', 'genai_prices')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
    assert set(CALLS) == set(VARIABLES)
