"""Hosted Supabase cuts every answer at 1,000 rows without a word; the store reads on."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psycopg
import pytest

from viraltracker.local.stack import Endpoints
from viraltracker.store import schedules
from viraltracker.store.client import Database

from .conftest import Api
from .tenants import World

EVENTS = 2_500


@pytest.fixture
def run_with_events(database: psycopg.Connection, world: World) -> Iterator[str]:
    """A run of brand A with one event of its own and 2,500 more, the same number belonging to B's run."""
    for tenant in (world.b, world.a):
        run = tenant.rows["scheduled_job_runs"]["id"]
        database.execute(
            "insert into public.job_run_events (run_id, brand_id, level, step, message)"
            " select %s, %s, 'info', 'paging', n::text from generate_series(1, %s) n",
            [run, tenant.brand_id, EVENTS],
        )
    yield run
    database.execute("delete from public.job_run_events where step = 'paging'")


def test_the_pager_reads_every_row_once_past_the_cap(
    api: Api, as_user: Callable[[str], Database], endpoints: Endpoints, world: World, run_with_events: str
) -> None:
    for key in (world.a.viewer.key, endpoints.service_key):
        for path in ("job_run_events", "job_run_events?limit=2000"):
            assert len(api.send(key, "GET", path).json()) == 1000, "the cap is not there, so the pager proves nothing"
    events = schedules.events(as_user(world.a.viewer.key), run_with_events)
    assert [event["message"] for event in events if event["step"] == "paging"] == [str(n + 1) for n in range(EVENTS)]
    assert len({event["id"] for event in events}) == len(events) == EVENTS + 1


def test_a_page_that_is_exactly_full_is_not_taken_for_the_last(
    database: psycopg.Connection, as_user: Callable[[str], Database], world: World, run_with_events: str
) -> None:
    database.execute(
        "delete from public.job_run_events where run_id = %s and step = 'paging' and message::integer > 1999",
        [run_with_events],
    )
    assert len(schedules.events(as_user(world.a.viewer.key), run_with_events)) == 2000
