"""`viraltracker jobs`: everything that the Ad Scheduler page can do, from a shell."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from tests.integration.cli.conftest import Command
from viraltracker import clock, settings
from viraltracker.local.stack import Stack
from viraltracker.store import brands, client

BRAND = "Bark & Co"
MADE_UP = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module", autouse=True)
def brand_id(home: Path) -> str:
    """A brand with nothing in it."""
    found = Stack(home, cache=settings.load().cache).endpoints()
    assert found is not None
    with client.http_client(embedded=True) as http:
        db = client.connect(found.rest_url, found.anon_key, http, jwt=found.owner_key)
        return brands.ensure(db, BRAND).id


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["meta_sync", "--brand", BRAND, "--set", "days_back=91"],
            "Days back (days_back) must be from 1 to 90.",
        ),
        (["meta_sync", "--brand", BRAND, "--cron", "* * * * *"], "more often than every 5 minutes"),
        (["meta_sync", "--brand", BRAND, "--cron", "0 0 6 * * *"], "is not a cron expression of five fields"),
        (["meta_sync", "--brand", BRAND, "--cron", "0 0 31 2 *"], "never fires; choose another day or month"),
        (["unheard_of", "--brand", BRAND], 'There is no job type "unheard_of"'),
        (["meta_sync", "--brand", "Rival Paws"], 'There is no brand "Rival Paws"'),
        (
            ["meta_sync", "--brand", BRAND, "--cron", "@daily", "--tz", "Mars/Olympus"],
            'Unknown time zone "Mars/Olympus"',
        ),
    ],
    ids=["bounds", "too often", "six fields", "no date", "type", "brand", "zone"],
)
def test_what_could_never_run_is_refused_in_a_sentence(viraltracker: Command, arguments: list[str], said: str) -> None:
    """Nothing is saved, and the sentence says what to change."""
    answer = viraltracker("jobs", "create", *arguments)
    assert answer.code != 0
    assert said in " ".join((answer.out + answer.err).split())
    assert "Traceback" not in answer.err


def test_a_schedule_from_its_making_to_its_end(viraltracker: Command, brand_id: str) -> None:
    """Made, changed, held back by a limit, explained, let go, archived: each step is in the database after it."""
    made = viraltracker("jobs", "create", "meta_sync", "--brand", BRAND, "--cron", "0 6 * * *", "--json").json
    job = made["job_id"]
    viraltracker(
        "jobs", "edit", job, "--name", "Dawn", "--cron", "30 5 * * 1", "--tz", "Asia/Tokyo", "--set", "days_back=7"
    )
    shown = viraltracker("jobs", "show", job, "--json").json
    assert (shown["name"], shown["cron_expression"], shown["timezone"]) == ("Dawn", "30 5 * * 1", "Asia/Tokyo")
    assert (shown["parameters"]["days_back"], shown["parameters"]["download_max_images"]) == (7, 40)
    assert datetime.fromisoformat(shown["next_run_at"]) > clock.now()
    printed = viraltracker("jobs", "show", job).out
    assert "Dawn" in printed
    assert "None" not in printed, "what is not set is left out"
    refused = viraltracker("jobs", "edit", job, "--cron", "0 0 31 2 *")
    assert (refused.code, viraltracker("jobs", "show", job, "--json").json["revision"]) == (1, shown["revision"])

    viraltracker("jobs", "limit", "brand", brand_id, "0")
    run = viraltracker("jobs", "run-now", job, "--json").json["run_id"]
    fleet = viraltracker("jobs", "workers", "--json").json
    assert [(limit["scope"], limit["limit"]) for limit in fleet["limits"]] == [("brand", 0)]
    assert "No worker is running" in viraltracker("jobs", "why", run).err
    assert viraltracker("jobs", "cancel", run, "--json").json["state"] == "cancelled"
    viraltracker("jobs", "limit", "brand", brand_id)
    assert viraltracker("jobs", "workers", "--json").json["limits"] == []

    viraltracker("jobs", "archive", job)
    assert [found["id"] for found in viraltracker("jobs", "list", "--status", "archived", "--json").json] == [job]
    assert viraltracker("jobs", "list", "--status", "current", "--json").json == []
    gone = viraltracker("jobs", "archive", MADE_UP)
    assert (gone.code, gone.err.count("\n")) == (1, 1)
