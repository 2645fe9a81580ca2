"""Connecting a real ad account, with the sandbox in Meta's place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.integration.cli.conftest import Command
from viraltracker import settings
from viraltracker.local.stack import Stack
from viraltracker.sandbox import server
from viraltracker.sandbox.demo import catalog

BRAND = "Connected"


@pytest.fixture(scope="module")
def meta() -> Iterator[dict[str, str]]:
    """An environment whose Graph API is the sandbox, and a token that it takes."""
    with server.running() as sandbox:
        yield {"META_GRAPH_URL": sandbox.base_url, "META_ACCESS_TOKEN": catalog.TOKEN}


def test_a_token_that_does_not_work_is_refused_before_anything_is_stored(
    viraltracker: Command, meta: dict[str, str]
) -> None:
    """One sentence that says what to do, without the token; so for a token that is not there."""
    refused = viraltracker(
        "connect", catalog.ACCOUNT_ID, "--brand", BRAND, environment=meta | {"META_ACCESS_TOKEN": "EAAbad-token-123"}
    )
    assert refused.code == 1
    assert "make a new one with ads_read" in refused.err
    assert "EAAbad" not in refused.err
    missing = viraltracker(
        "connect", catalog.ACCOUNT_ID, "--brand", BRAND, environment=meta | {"META_ACCESS_TOKEN": ""}
    )
    assert missing.code == 1
    assert "META_ACCESS_TOKEN" in missing.err
    assert viraltracker("connect", "my account", "--brand", BRAND, environment=meta).code == 2
    assert f"Brands: {BRAND}" not in viraltracker("analyze", "Nobody").err


def test_a_connected_account_is_synced_as_metas_own(viraltracker: Command, meta: dict[str, str]) -> None:
    """Ads and days come from the address in META_GRAPH_URL; links to a private address are refused and say so."""
    answer = viraltracker("connect", catalog.ACCOUNT_ID, "--brand", BRAND, "--json", environment=meta).json
    assert (answer["brand"], answer["account_id"], answer["currency"]) == (BRAND, catalog.ACCOUNT_ID, "USD")
    sets = [f"--set={name}" for name in ("days_back=3", "download_max_images=2", "download_max_videos=0")]
    job = viraltracker("jobs", "create", "meta_sync", "--brand", BRAND, *sets, "--json").json
    # The worker has the account's own token, and needs none in its environment.
    environment = {"META_GRAPH_URL": meta["META_GRAPH_URL"]}
    again = viraltracker("jobs", "run-now", job["job_id"], "--wait", "--json", environment=environment).json
    shown = viraltracker("jobs", "show", again["run_id"], "--json").json
    assert shown["state"] == "succeeded"
    (account,) = shown["result"]["accounts"]
    assert (account["account_id"], account["status"], account["ads"]) == (catalog.ACCOUNT_ID, "ok", 242)
    assert account["rows"] > 0
    (media,) = shown["result"]["assets"]
    assert set(media["outcomes"]) == {"forbidden"}


def test_the_demo_account_keeps_its_own_source(viraltracker: Command, meta: dict[str, str], home: Path) -> None:
    """The demo would otherwise be asked for at Meta."""
    viraltracker("connect", catalog.ACCOUNT_ID, "--brand", "Demo", "--json", environment=meta).json  # noqa: B018
    stack = Stack(home, cache=settings.load().cache)
    with psycopg.connect(stack.superuser_url()) as database:
        database.execute(
            "update public.ad_accounts a set source = 'demo' from public.brands b where b.id = a.brand_id"
            " and b.name = 'Demo'"
        )
    refused = viraltracker("connect", catalog.ACCOUNT_ID, "--brand", "Demo", environment=meta)
    assert refused.code == 1
    assert "demo account" in refused.err
