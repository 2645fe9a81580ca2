"""A search through Apify over the wire, with its own SDK: brought, waited for, paid once, and every way it can fail."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from viraltracker import clock
from viraltracker.errors import (
    BadInput,
    ConfigurationError,
    NotReady,
    RateLimited,
    Refused,
    Stopped,
    Unavailable,
    ViralTrackerError,
)
from viraltracker.jobs import apify as door
from viraltracker.jobs import template_approval, template_scrape
from viraltracker.jobs.context import JobContext
from viraltracker.sandbox import apify as service
from viraltracker.sandbox.demo import competitors
from viraltracker.sandbox.faults import Fault, Matcher
from viraltracker.sandbox.server import RunningSandbox
from viraltracker.store import accounts, scraped_ads
from viraltracker.templates import paid_search, search_url
from viraltracker.templates.apify import ApifyActor

from .conftest import SEARCH, Json, Library

START = Matcher(path="/runs$", method="POST")
DOGS = [ad for ad in competitors.ADS if "dog" in f"{ad.title} {ad.body}".lower()]
MOST = 50


@pytest.fixture
def paid(library: Library, sandbox: RunningSandbox) -> Iterator[Library]:
    """A brand of the demo, whose pictures may come from the sandbox, with a token of the sandbox's Apify."""
    accounts.connect(library.db, library.brand_id, "act_100200300400", source="demo", access_token="demo-token")
    configured = replace(
        library.services.settings, apify_token=service.TOKEN, apify_url=f"{sandbox.base_url}/apify", apify_timeout=0.5
    )
    yield replace(library, services=replace(library.services, settings=configured, sandbox_url=sandbox.base_url))
    sandbox.sandbox.apify.clear()


def bring(library: Library, context: JobContext | None = None, **parameters: Any) -> Json:
    """Attempts of one run as the worker makes them, until it is not asked to wait any more."""
    context = context or library.context()
    for _ in range(20):
        try:
            given = {"source": "apify", "search_url": SEARCH} | parameters
            return library.run(template_scrape.TYPE, context, **given)
        except NotReady as wait:
            time.sleep((wait.retry_after or timedelta(hours=1)).total_seconds())
    raise AssertionError("it was never ready")


def scrape(library: Library, context: JobContext) -> Json:
    [row] = library.db.rows("template_scrapes", where={"id": context.run_key})
    return row


def started(sandbox: RunningSandbox) -> int:
    return len(sandbox.sandbox.apify.runs)


def test_a_search_brings_ads_with_pictures_up_to_the_template(paid: Library, sandbox: RunningSandbox) -> None:
    sandbox.sandbox.apify.seconds = 0.5
    context = paid.context()
    with pytest.raises(NotReady, match="goes on"):
        paid.run(template_scrape.TYPE, context, source="apify", search_url=SEARCH)
    assert scrape(paid, context)["status"] == "running"
    result = bring(paid, context)
    assert (result["new"], result["queued"], result["complete"]) == (len(DOGS), len(DOGS), True)
    assert result["cost_usd"] == pytest.approx(service.USD_AN_ITEM * len(DOGS))
    row = scrape(paid, context)
    [run] = sandbox.sandbox.apify.runs
    assert (row["status"], row["external_run_id"], row["counts"]["cost_usd"]) == (
        "completed",
        run.run_id,
        result["cost_usd"],
    )
    assert (run.options["maxItems"], run.options["timeout"]) == (str(MOST), "3600")
    assert [link["job_type"] for link in context.chained] == [template_approval.TYPE.name]
    replace(paid, services=replace(paid.services, sandbox_url=None)).approve()  # by rules, which ask no model
    assert len(paid.templates()) > 0
    assert service.TOKEN not in repr((paid.ads(), row, paid.queue()))


def test_two_searches_for_the_same_are_two_runs_and_one_that_reached_its_bound_ends_nothing(
    paid: Library, sandbox: RunningSandbox
) -> None:
    assert bring(paid, max_ads=10)["complete"] is False
    again = bring(paid)
    assert (again["seen_again"], again["complete"], started(sandbox)) == (10, True, 2)


@pytest.mark.parametrize(("fault", "tells"), [("reset", True), ("slow", True), ("html_502", False)])
def test_a_start_whose_answer_got_lost_is_found_again_and_not_paid_twice(
    paid: Library, sandbox: RunningSandbox, fault: Any, tells: bool
) -> None:
    """By what it said of itself, or where Apify does not tell that, by its input."""
    sandbox.sandbox.apify.tells_user_agent = tells
    bring(paid, search_url=SEARCH.replace("dog", "chew"))
    sandbox.sandbox.faults.add(START, Fault(fault, {"started": True, "seconds": 1}))
    context = paid.context()
    result = bring(paid, context)
    assert result["complete"]
    assert started(sandbox) == 2
    assert scrape(paid, context)["external_run_id"] == sandbox.sandbox.apify.runs[-1].run_id


def test_a_start_that_never_arrived_is_sent_again_once_that_is_known(paid: Library, sandbox: RunningSandbox) -> None:
    sandbox.sandbox.faults.add(START, Fault("reset"))
    context = paid.context()
    began = time.monotonic()
    assert bring(paid, context)["complete"]
    assert (started(sandbox), time.monotonic() - began > 1.0) == (1, True)


def test_a_worker_that_died_before_it_could_store_the_runs_id_finds_it(
    paid: Library, sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = paid.context()
    with monkeypatch.context() as dying:
        dying.setattr(scraped_ads, "note_external", _die)
        with pytest.raises(KeyboardInterrupt):
            paid.run(template_scrape.TYPE, context, source="apify", search_url=SEARCH)
    assert scrape(paid, context)["external_run_id"] is None
    assert bring(paid, context)["complete"]
    assert started(sandbox) == 1


def _die(*_: object) -> bool:
    raise KeyboardInterrupt


def test_a_run_stored_meanwhile_by_another_worker_is_the_one_and_the_second_is_ended(
    paid: Library, sandbox: RunningSandbox
) -> None:
    context = paid.context()
    row = scraped_ads.begin(paid.db, paid.brand_id, context.run_key, "apify", SEARCH, now=clock.now())
    with door.actor(context) as actor:
        search = paid_search.PaidSearch(paid.db, actor, dict(row), SEARCH, MOST, say=lambda _: None)
        bring(paid, context)
        sandbox.sandbox.apify.seconds = 60
        with pytest.raises(NotReady, match="Another worker"):
            search.bring()
        assert started(sandbox) == 1, "the database refused to ask"
        run = actor.start(SEARCH, MOST, "late")
        with pytest.raises(NotReady, match="Another worker"):
            search._keep(run)
        ended = actor.look(run.id)
    assert ended is not None
    assert ended.status == "ABORTED"


@pytest.mark.parametrize("status", ["FAILED", "TIMED-OUT"])
def test_what_a_run_had_found_when_it_failed_is_taken_and_ends_nothing(
    paid: Library, sandbox: RunningSandbox, status: str
) -> None:
    bring(paid)
    sandbox.sandbox.faults.add(START, Fault("run_ends", {"status": status, "items": 3}))
    result = bring(paid)
    assert (result["seen_again"], result["complete"], result["ended"], result["apify_status"]) == (3, False, 0, status)


def test_a_run_that_found_nothing_has_failed_and_another_try_pays_anew(paid: Library, sandbox: RunningSandbox) -> None:
    sandbox.sandbox.faults.add(START, Fault("run_ends", {"items": 0}))
    context = paid.context()
    with pytest.raises(Refused, match="FAILED and found no ad"):
        bring(paid, context)
    row = scrape(paid, context)
    assert (row["status"], row["external_over"], "found no ad" in row["reason"]) == ("failed", True, True)
    with pytest.raises(Refused, match="SUCCEEDED and found no ad"):
        bring(paid, search_url=SEARCH.replace("dog", "giraffe"))


def test_a_run_that_never_ends_is_aborted_and_said_so(
    paid: Library, sandbox: RunningSandbox, database: psycopg.Connection
) -> None:
    sandbox.sandbox.faults.add(START, Fault("run_stuck", {"items": 2}))
    context = paid.context()
    with pytest.raises(NotReady):
        paid.run(template_scrape.TYPE, context, source="apify", search_url=SEARCH)
    database.execute(
        "update public.template_scrapes set external_asked_at = external_asked_at - %s where id = %s",
        [paid_search.STUCK_AFTER, context.run_key],
    )
    result = bring(paid, context)
    assert (result["new"], result["complete"], result["apify_status"]) == (2, False, "ABORTED")


def test_a_run_that_apify_forgot_is_not_waited_for(paid: Library, sandbox: RunningSandbox) -> None:
    sandbox.sandbox.faults.add(START, Fault("run_forgotten"))
    sandbox.sandbox.apify.seconds = 60
    context = paid.context()
    with pytest.raises(Refused, match="does not know the run"):
        bring(paid, context)
    assert started(sandbox) == 1


@pytest.mark.parametrize(
    ("answer", "error", "says"),
    [
        ((401, None), ConfigurationError, "does not accept APIFY_TOKEN"),
        ((402, None), Refused, "not enough credit"),
        ((402, "actor-memory-limit-exceeded"), RateLimited, "no room"),
        ((403, "actor-is-not-rented"), Refused, "refused it: You must rent"),
        ((404, None), ConfigurationError, "APIFY_ACTOR"),
        ((429, None), RateLimited, "fewer requests"),
    ],
)
def test_a_start_that_is_refused_says_why_and_what_to_do(
    paid: Library, sandbox: RunningSandbox, answer: tuple[int, str | None], error: type[ViralTrackerError], says: str
) -> None:
    status, kind = answer
    message = f"You must rent this with {service.TOKEN}" if kind == "actor-is-not-rented" else None
    options = {"status": status, "type": kind, "message": message}
    sandbox.sandbox.faults.add(START, Fault("apify_error", options))
    context = paid.context()
    with pytest.raises(error, match=says) as caught:
        paid.run(template_scrape.TYPE, context, source="apify", search_url=SEARCH)
    assert service.TOKEN not in caught.value.message
    assert (scrape(paid, context)["status"], started(sandbox)) == ("failed", 0)
    assert bring(paid, context)["complete"], "and whoever has mended it need not wait"


@pytest.mark.parametrize(
    ("path", "fault"),
    [("actor-runs", "html_502"), ("actor-runs", "html_200"), ("items", "reset"), ("items", "html_200")],
)
def test_an_answer_that_is_none_is_asked_for_again_and_costs_nothing(
    paid: Library, sandbox: RunningSandbox, path: str, fault: Any
) -> None:
    """The SDK asks again for some of these by itself, and the job for the others: neither starts a run."""
    sandbox.sandbox.apify.seconds = 0.2
    sandbox.sandbox.faults.add(Matcher(path=path, method="GET", times=4), Fault(fault))
    context = paid.context()
    unanswered = 0
    while True:
        try:
            result = bring(paid, context)
            break
        except Unavailable:
            unanswered += 1
    assert 1 <= unanswered <= 4
    assert (result["complete"], started(sandbox)) == (True, 1)


def test_pages_of_items_are_all_read_and_a_row_without_an_ad_is_counted(paid: Library, sandbox: RunningSandbox) -> None:
    sandbox.sandbox.faults.add(Matcher(path="items"), Fault("item_without_id"))
    context = paid.context()
    result = bring(paid, context)
    assert (result["new"], result["refused"], result["complete"]) == (len(DOGS) - 1, 1, False)
    assert "could not be read" in result["refused_first"][0]
    with door.actor(context) as actor:
        run = actor.look(scrape(paid, context)["external_run_id"])
        assert run is not None
        assert [len(page) for page in actor.items(run, a_page=5)] == [5] * (len(DOGS) // 5) + [len(DOGS) % 5]


def test_one_that_is_stopped_ends_its_run_at_apify(paid: Library, sandbox: RunningSandbox) -> None:
    sandbox.sandbox.apify.seconds = 60
    context = paid.context()
    with pytest.raises(NotReady):
        paid.run(template_scrape.TYPE, context, source="apify", search_url=SEARCH)
    context.control.stop("cancelled")
    with pytest.raises(Stopped):
        paid.run(template_scrape.TYPE, context, source="apify", search_url=SEARCH)
    row = scrape(paid, context)
    assert (row["status"], row["external_over"]) == ("failed", True)
    [run] = sandbox.sandbox.apify.runs
    assert run.aborted


def test_without_a_token_it_says_where_to_set_it_and_the_demo_asks_its_sandbox(
    library: Library, paid: Library, sandbox: RunningSandbox
) -> None:
    untold = replace(paid.services.settings, apify_token=None, apify_url=None)
    demo = replace(paid, services=replace(paid.services, settings=untold))
    result = bring(demo)
    assert (result["new"], result["cost_usd"], result["apify_stand_in"]) == (len(DOGS), 0.0, True)
    alone = replace(paid, services=replace(demo.services, sandbox_url=None))
    with pytest.raises(ConfigurationError, match="APIFY_TOKEN"):
        bring(alone)


def test_an_address_is_checked_before_anything_is_paid_for(paid: Library, sandbox: RunningSandbox) -> None:
    with pytest.raises(BadInput, match="not the Ad Library"):
        bring(paid, search_url="https://www.facebook.com/harborhound")
    assert started(sandbox) == 0


@pytest.fixture
def actor(sandbox: RunningSandbox) -> Iterator[ApifyActor]:
    with ApifyActor(
        service.TOKEN,
        service.ACTOR,
        guard=lambda: None,
        base_url=f"{sandbox.base_url}/apify",
        timeout=timedelta(seconds=2),
    ) as found:
        yield found
    sandbox.sandbox.apify.clear()


def test_ours_is_told_from_other_runs_of_the_account(actor: ApifyActor, sandbox: RunningSandbox) -> None:
    url = search_url.parse(SEARCH).url
    nobodys: Callable[[list[str]], frozenset[str]] = lambda _: frozenset()  # noqa: E731
    since = clock.now() - timedelta(minutes=1)
    first, second = actor.start(url, MOST, "one"), actor.start(url, MOST, "two")
    ours = actor.find("one", url, MOST, since=since, known=nobodys)
    assert ours is not None
    assert (ours.id, ours.status) == (first.id, "SUCCEEDED")
    assert actor.find("three", url, MOST, since=since, known=nobodys) is None
    sandbox.sandbox.apify.tells_user_agent = False
    taken = actor.find("three", url, MOST, since=since, known=lambda runs: frozenset({second.id}) & frozenset(runs))
    assert taken is not None
    assert taken.id == first.id, "with the same input, and no other scrape's"
    assert actor.find("three", url, 10, since=since, known=nobodys) is None
    assert actor.find("three", url, MOST, since=clock.now() + timedelta(hours=1), known=nobodys) is None
