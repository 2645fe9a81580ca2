"""Hosted mode over the wire: the same commands and worker behind a gateway that takes keys as hosted Supabase does."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.integration.cli.conftest import run

EXPORT = """Campaign,Ad name,Text,Impressions,Amount spent (USD),Link clicks,Purchases,Reporting starts,Reporting ends
Spring,Ad one,Stiff after every walk?,10000,120.50,140,4,2026-05-01,2026-05-31
Spring,Ad two,20% off for one day only,20000,300.00,410,11,2026-05-01,2026-05-31
"""


def test_without_a_worker_a_command_says_so(hosted: dict[str, str], tmp_path: Path) -> None:
    """The job is kept; the person learns what is missing instead of waiting for ever."""
    file = tmp_path / "export.csv"
    file.write_text(EXPORT)
    answer = run("import", str(file), "--brand", "Hosted", environment=hosted)
    assert answer.code == 1
    assert "no worker is running" in answer.err


def test_import_and_analysis_run_hosted(
    hosted: dict[str, str], worker: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    """Keys, paging, Storage and RPC go the way they go in a deployment, and nothing local is started."""
    assert run("doctor", environment=hosted).code == 0
    file = tmp_path / "export.csv"
    file.write_text(EXPORT)
    imported = run("import", str(file), "--brand", "Hosted", "--json", environment=hosted).json
    assert imported["imported"][0]["rows"] == 2
    found = run("analyze", "Hosted", "--json", environment=hosted).json
    assert (found["totals"]["impressions"], found["totals"]["purchases"]) == (30_000, 15)
    assert found["totals"]["spend"] == pytest.approx(420.50)
    assert not Path(hosted["VIRALTRACKER_HOME"]).exists()


def test_a_refused_key_is_said(hosted: dict[str, str]) -> None:
    """A key that was rotated away names the variables to check."""
    answer = run("jobs", "list", environment=hosted | {"SUPABASE_SECRET_KEY": "sb_secret_old"})
    assert answer.code == 1
    assert "SUPABASE_SECRET_KEY" in answer.err
    assert "sb_secret_old" not in answer.err
