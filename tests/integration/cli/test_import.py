"""Ads Manager exports through the command line, the worker and the database."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.integration.cli.conftest import Command

BRAND = "Giving What We Can"


@pytest.mark.real_data
def test_a_real_account_gives_metas_own_numbers(real_data: Path, deployed: Command) -> None:
    """Totals of a genuine export, whatever other views of the same money are imported beside it, in any order."""
    text = str(real_data / "gwwc" / "text_breakdown.csv")
    others = sorted(str(file) for file in (real_data / "gwwc").glob("*.csv") if file.name != "text_breakdown.csv")

    imported = deployed("import", text, "--brand", BRAND, "--json").json
    assert imported["failed"] == []
    alone = deployed("analyze", BRAND, "--json").json
    _check(alone)
    classified = deployed("classify", BRAND, "--json").json
    assert classified["new"] == 7  # the export's distinct texts

    deployed("import", *others, "--brand", BRAND, "--json").json  # noqa: B018 - asserts that it ended well
    again = deployed("import", text, "--brand", BRAND, "--json").json
    assert again["imported"][0]["already_imported"]
    together = deployed("analyze", BRAND, "--json").json
    _check(together)
    assert together["classified"]["spend_share"] == pytest.approx(1.0)
    assert together["classified"]["creatives"] == 7
    assert len([note for note in together["notes"] if note.startswith("Not read: ")]) == len(others)


def _check(analysis: dict[str, Any]) -> None:
    totals = analysis["totals"]
    assert totals["impressions"] == 770_113
    assert totals["spend"] == pytest.approx(15_978.28, abs=0.5)
    assert totals["link_clicks"] == 4_704
    assert totals["ctr"] == pytest.approx(0.006108, abs=5e-7)
    assert totals["cpc"] == pytest.approx(3.397, abs=5e-4)
    assert totals["hook_rate"] == pytest.approx(0.2410, abs=5e-5)
    assert totals["hold_rate"] == pytest.approx(0.2007, abs=5e-5)
    assert "thruplays" in totals["account_level"]
    assert (totals["results"], totals["result_type"]) == (1_581, "lead")
    assert totals["cost_per_result"] == pytest.approx(10.11, abs=5e-3)
    assert not analysis["trends"]["evaluated"]
    assert "daily rows" in analysis["trends"]["reason"]


@pytest.mark.real_data
def test_a_file_without_days_or_currency_says_what_is_missing(real_data: Path, deployed: Command) -> None:
    """A marketer learns which options to add, and with them the file loads whole."""
    file = str(real_data / "KAG_conversion_data.csv")
    refused = deployed("import", file, "--brand", "KAG")
    assert refused.code == 1
    assert "--from" in refused.err
    assert "--currency" in refused.err
    given = ("--currency", "USD", "--from", "2017-08-17", "--to", "2017-08-30")
    deployed("import", file, "--brand", "KAG", *given, "--json").json  # noqa: B018
    totals = deployed("analyze", "KAG", "--json").json["totals"]
    assert (totals["impressions"], totals["clicks"], totals["purchases"]) == (213_434_828, 38_165, 1_079)
    assert totals["spend"] == pytest.approx(58_705.23, abs=0.01)


@pytest.mark.real_data
def test_a_damaged_row_is_listed_and_the_good_ones_load(real_data: Path, viraltracker: Command) -> None:
    """A truncated line costs that line."""
    imported = viraltracker("import", str(real_data / "control_group.csv"), "--brand", "Control", "--json").json
    assert [(file["rows"], file["bad_rows"]) for file in imported["imported"]] == [(29, 1)]


def test_files_that_are_no_export_are_refused_in_a_sentence(tmp_path: Path, viraltracker: Command) -> None:
    """Nothing is stored of them, and the person learns what to do."""
    page = tmp_path / "report.csv"
    page.write_text("<!DOCTYPE html><html><body>Please log in</body></html>")
    refused = viraltracker("import", str(page), "--brand", "Nobody")
    assert refused.code == 1
    assert "Traceback" not in refused.err
    assert 'There is no brand "Nobody"' in viraltracker("classify", "Nobody").err
    missing = viraltracker("import", str(tmp_path / "absent.csv"), "--brand", "Nobody")
    assert missing.code == 1
    assert "absent.csv cannot be read" in missing.err


def test_lines_that_are_left_out_are_found_in_the_run_that_is_named(tmp_path: Path, viraltracker: Command) -> None:
    """The sentence can be copied as it is, and a slip in the brand's name is asked about."""
    header = "Ad name,Impressions,Amount spent (USD),Reporting starts,Reporting ends"
    days = "2026-03-01,2026-03-31"
    file = tmp_path / "report.csv"
    file.write_text(f"{header}\nDog,1000,90.00,{days}\nCat,many,10.00,{days}\n")
    said = viraltracker("import", str(file), "--brand", "Damaged Goods").out
    found = re.search(r"1 line left out \(see `viraltracker jobs show (\S+)`\)", " ".join(said.split()))
    assert found, said
    assert "report.csv" in viraltracker("jobs", "show", found[1]).out
    assert "Did you mean Damaged Goods?" in viraltracker("analyze", "Damagd Goods").err


def test_two_accounts_in_one_brand_are_never_taken_for_one(tmp_path: Path, home: Path, viraltracker: Command) -> None:
    """The account with most spend is read, whatever was imported last, and the other is named.

    No such command starts the demo's sandbox, which takes as long to come as all else of it.
    """
    header = "Account name,Account ID,Ad name,Impressions,Amount spent (USD),Reporting starts,Reporting ends"
    files = []
    for name, account, spend in (("Paws", 12, 90), ("Claws", 7, 40)):
        files.append(tmp_path / f"{name}.csv")
        files[-1].write_text(f"{header}\n{name},{account},Dog,1000,{spend}.00,2026-03-01,2026-03-31\n")
    imported = viraltracker("import", *map(str, files), "--brand", "Two accounts", "--json").json
    assert imported["failed"] == []
    found = viraltracker("analyze", "Two accounts", "--json").json
    assert found["totals"]["spend"] == 90
    assert "Not read: Claws.csv (it is of another account (Claws))." in found["notes"]
    assert {log.name for log in (home / "logs").iterdir()} >= {"worker.log"}
    assert not (home / "logs" / "sandbox.log").exists()
