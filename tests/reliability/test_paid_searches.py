"""A search that is paid for at Apify is paid once, whatever becomes of the worker, the answer, or the person's mind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from tests.integration.queue.arrange import Arranged, eventually
from tests.reliability.conftest import StartWorker
from viraltracker import clock
from viraltracker.sandbox import apify, server
from viraltracker.sandbox.app import Sandbox
from viraltracker.sandbox.faults import Fault, Matcher
from viraltracker.sandbox.server import RunningSandbox
from viraltracker.store import accounts, schedules, scraped_ads

SEARCH = "https://www.facebook.com/ads/library/?active_status=all&country=US&q=dog"
START = Matcher(path="/runs$", method="POST")


@contextmanager
def served(arranged: Arranged) -> Iterator[RunningSandbox]:
    accounts.connect(arranged.db, arranged.brand_id, "act_100200300400", source="demo", access_token="demo-token")
    with server.running(sandbox=Sandbox(clock)) as running:
        yield running


def keys(running: RunningSandbox, token: str = apify.TOKEN, **others: str) -> dict[str, str]:
    return {"APIFY_TOKEN": token, "APIFY_BASE_URL": f"{running.base_url}/apify", **others}


def search(arranged: Arranged, words: str = "dog") -> str:
    found = {"source": "apify", "search_url": SEARCH.replace("dog", words), "auto_queue": False}
    return arranged.once(job_type="template_scrape", parameters=found)


def ended(arranged: Arranged, run_id: str, state: str) -> bool:
    found = arranged.run(run_id)["state"]
    assert found in {state, "queued", "running"}, arranged.messages(run_id)
    return bool(found == state)


def noted(arranged: Arranged, run_id: str) -> bool:
    rows = arranged.db.rows("template_scrapes", where={"id": run_id})
    return bool(rows and rows[0]["external_run_id"])


def test_a_worker_killed_while_the_paid_run_goes_on_is_followed_by_one_that_resumes_it(
    arranged: Arranged, start_worker: StartWorker
) -> None:
    """While the run works at Apify it holds no slot: the worker's only one does something else."""
    with served(arranged) as running:
        running.sandbox.apify.seconds = 600
        worker = start_worker("--sandbox", running.base_url, **keys(running, VIRALTRACKER_WORKER_SLOTS="1"))
        run_id = search(arranged)
        eventually(lambda: noted(arranged, run_id))
        other = arranged.once(job_type="asset_download", parameters={})
        eventually(lambda: ended(arranged, other, "succeeded"))
        assert arranged.run(run_id)["state"] in {"queued", "running"}
        worker.kill()
        worker.wait()
        running.sandbox.apify.seconds = 0
        start_worker("--sandbox", running.base_url, **keys(running))
        eventually(lambda: ended(arranged, run_id, "succeeded"))
        assert len(running.sandbox.apify.runs) == 1
    row = arranged.run(run_id)
    assert row["result"]["new"] > 0
    assert row["result"]["cost_usd"] > 0
    waits = [event["level"] for event in schedules.events(arranged.db, run_id) if "goes on" in event["message"]]
    assert set(waits) == {"info"}, "a job that waits for its service has not failed"


def test_a_worker_killed_before_it_knew_the_runs_id_is_followed_by_one_that_finds_it(
    arranged: Arranged, start_worker: StartWorker
) -> None:
    with served(arranged) as running:
        running.sandbox.faults.add(START, Fault("slow", {"seconds": 60}))
        worker = start_worker("--sandbox", running.base_url, **keys(running))
        run_id = search(arranged)
        eventually(lambda: len(running.sandbox.apify.runs) == 1)
        assert not noted(arranged, run_id)
        worker.kill()
        worker.wait()
        running.sandbox.faults.clear()
        start_worker("--sandbox", running.base_url, **keys(running))
        eventually(lambda: ended(arranged, run_id, "succeeded"))
        assert len(running.sandbox.apify.runs) == 1


def test_who_tries_again_goes_on_with_what_is_paid_for_and_who_stops_ends_it(
    arranged: Arranged, start_worker: StartWorker
) -> None:
    with served(arranged) as running:
        fake = running.sandbox.apify
        start_worker("--sandbox", running.base_url, **keys(running))
        running.sandbox.faults.add(Matcher(path="items"), Fault("apify_error", {"status": 403, "message": "No access"}))
        failed = search(arranged)
        eventually(lambda: ended(arranged, failed, "failed"))
        retried = schedules.retry(arranged.db, failed, f"again-{uuid4()}").run_id
        assert retried is not None
        eventually(lambda: ended(arranged, retried, "succeeded"))
        assert len(fake.runs) == 1

        fake.seconds = 600
        waiting = search(arranged)
        eventually(lambda: noted(arranged, waiting) and arranged.run(waiting)["state"] == "queued")
        assert schedules.stop(arranged.db, waiting) == "cancelled"
        assert not fake.runs[1].aborted, "nobody was at work on it"
        other = search(arranged, "chew")
        eventually(lambda: noted(arranged, other))
        assert [run.aborted for run in fake.runs] == [False, True, False]
        [scrape] = arranged.db.rows("template_scrapes", where={"id": waiting})
        assert (scrape["status"], scrape["external_over"]) == ("failed", True)


def test_a_retry_of_a_retry_that_never_began_still_knows_what_was_paid(arranged: Arranged) -> None:
    db, brand = arranged.db, arranged.brand_id

    def tried_again(run_id: str) -> str:
        retried = schedules.retry(db, run_id, f"again-{uuid4()}").run_id
        assert retried is not None
        return retried

    def begun(run_id: str, url: str = SEARCH) -> str | None:
        row = scraped_ads.begin(db, brand, run_id, "apify", url, now=clock.now())
        found: str | None = row["external_run_id"]
        return found

    first = search(arranged)
    assert begun(first) is None
    assert scraped_ads.ask_external(db, first, "somebody/scraper", now=clock.now()) is not None
    assert scraped_ads.note_external(db, first, f"run-of-{first}")
    assert scraped_ads.ask_external(db, first, "somebody/scraper", now=clock.now()) is None
    schedules.stop(db, first)
    second = tried_again(first)
    schedules.stop(db, second)
    third = tried_again(second)
    assert begun(third) == f"run-of-{first}"
    assert f"run-of-{first}" not in dict(scraped_ads.forsaken_external(db)).values(), "somebody waits for it again"
    scraped_ads.end_external(db, third)
    schedules.stop(db, third)
    assert begun(tried_again(third)) is None
    assert begun(tried_again(first), SEARCH.replace("dog", "cat")) is None


def test_a_token_that_apify_refuses_is_said_so_and_written_nowhere(
    arranged: Arranged, start_worker: StartWorker, tmp_path: Path
) -> None:
    token = "hunter2-apify-token"
    with served(arranged) as running:
        start_worker("--sandbox", running.base_url, **keys(running, token, VIRALTRACKER_LOG_LEVEL="DEBUG"))
        run_id = search(arranged)
        eventually(lambda: ended(arranged, run_id, "failed"))
    row = arranged.run(run_id)
    assert (row["error_class"], "does not accept APIFY_TOKEN" in row["error_message"]) == ("permanent", True)
    out = (tmp_path / "worker.log").read_text()
    assert "does not accept APIFY_TOKEN" in out
    scrapes = arranged.db.rows("template_scrapes", where={"id": run_id})
    assert token not in repr((out, row, scrapes, schedules.events(arranged.db, run_id)))
