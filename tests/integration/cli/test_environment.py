"""A wrong environment is said at start, in one line that says what to do."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.integration.cli.conftest import Command, run, start
from viraltracker.local.stack import Endpoints


def _one_line(text: str) -> str:
    lines = text.strip().splitlines()
    assert len(lines) == 1, text
    return lines[0]


def test_half_a_configuration_names_what_is_missing(tmp_path: Path) -> None:
    """All or none of the three Supabase variables."""
    environment = {"VIRALTRACKER_HOME": str(tmp_path), "SUPABASE_URL": "https://example.invalid"}
    for command in (["jobs", "list"], ["analyze", "X"], ["migrate"]):
        answer = run(*command, environment=environment)
        assert answer.code == 1
        assert "SUPABASE_SECRET_KEY" in _one_line(answer.err)
    doctor = run("doctor", environment=environment)
    assert doctor.code == 1
    assert "SUPABASE_SECRET_KEY" in doctor.out


def test_a_database_that_does_not_answer_is_said(tmp_path: Path) -> None:
    """No traceback, no endless wait; each is patient for seconds, and so all at once."""
    environment = {
        "VIRALTRACKER_HOME": str(tmp_path),
        "SUPABASE_URL": "http://127.0.0.1:9",
        "SUPABASE_PUBLISHABLE_KEY": "sb_publishable_none",
        "SUPABASE_SECRET_KEY": "sb_secret_none",
    }
    with ThreadPoolExecutor() as at_once:
        jobs = at_once.submit(run, "jobs", "list", environment=environment)
        doctor = at_once.submit(run, "doctor", environment=environment)
        worker = subprocess.run(
            [sys.executable, "-m", "worker.scheduler_worker"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    answer = jobs.result()
    assert answer.code == 1
    assert "did not answer" in _one_line(answer.err)
    assert "sb_secret_none" not in answer.err
    assert doctor.result().code == 1
    assert worker.returncode == 1
    assert "did not answer" in _one_line(worker.stderr)


def test_a_bad_key_is_said(tmp_path: Path, endpoints: Endpoints) -> None:
    """The database answers, the key is nobody's."""
    environment = {
        "VIRALTRACKER_HOME": str(tmp_path),
        "SUPABASE_URL": endpoints.rest_url,
        "SUPABASE_PUBLISHABLE_KEY": endpoints.anon_key,
        "SUPABASE_SECRET_KEY": endpoints.service_key[:-4] + "AAAA",
    }
    worker = subprocess.run(
        [sys.executable, "-m", "worker.scheduler_worker", "--asset-dir", str(tmp_path)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert worker.returncode == 1
    assert "key" in _one_line(worker.stderr)
    assert endpoints.service_key[:-4] not in worker.stderr


def test_wrong_usage_ends_with_two(viraltracker: Command, home: Path) -> None:
    """Scripts can tell a typo from a failure."""
    assert start("analyze", environment={"VIRALTRACKER_HOME": str(home)}).code == 2
    assert viraltracker("analyze").code == 2
    assert viraltracker("analyze", "X", "--days", "0").code == 2
    assert viraltracker("no-such-command").code == 2


def test_doctor_finds_the_embedded_stack_in_order(viraltracker: Command) -> None:
    """Each part is listed with what was found."""
    viraltracker("jobs", "list", "--json").json  # noqa: B018 - fetches and starts what is needed
    checks = viraltracker("doctor", "--json").json
    assert checks
    assert all(check["ok"] for check in checks), checks
