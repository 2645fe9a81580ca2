"""`kill -9` in the middle of real work: the run completes on another worker, and nothing is half done or done twice."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from tests.integration.queue.arrange import PATIENCE_SECONDS, Arranged, eventually
from viraltracker import clock
from viraltracker.local.stack import Endpoints, Stack
from viraltracker.sandbox import model_desk, server
from viraltracker.sandbox.app import Sandbox
from viraltracker.sandbox.demo import catalog
from viraltracker.sandbox.faults import Fault, FaultScript, Matcher
from viraltracker.store import accounts, ad_data, storage
from viraltracker.store.storage import FolderStorage

from .conftest import StartWorker

pytestmark = pytest.mark.xdist_group("reliability")

SYNC: dict[str, Any] = {
    "job_type": "meta_sync",
    "parameters": {
        "days_back": 10,
        "download_max_images": 8,
        "download_max_videos": 1,
        "auto_classify": True,
        "classify_max_new": 5000,
    },
}
SLOW_SECONDS = 10.0
"""How long the killed worker's last answer would have taken."""

STORED = {
    "ads": "select count(*) from public.ads where brand_id = %(brand)s",
    "daily rows": "select count(*) from public.ad_performance_daily where brand_id = %(brand)s",
    "spend": "select sum(spend) from public.ad_performance_daily where brand_id = %(brand)s",
    "files": "select count(distinct sha256) from public.ad_assets where brand_id = %(brand)s and status = 'stored'",
    "readings": "select count(*) from public.ad_creative_classifications"
    " where brand_id = %(brand)s and classifier like 'rules%%'",
    "paid readings": "select count(*) from public.ad_creative_classifications"
    " where brand_id = %(brand)s and classifier not like 'rules%%'",
    "comparisons": "select count(*) from public.congruence_components where brand_id = %(brand)s",
    "links": "select count(*) from public.ad_classification_links where brand_id = %(brand)s",
    "inputs": "select count(distinct (reading, input_hash)) from public.ad_classification_links"
    " where brand_id = %(brand)s and reading <> 'congruence'",
}


def stored(arranged: Arranged) -> dict[str, object]:
    """What a brand holds."""
    found = {}
    for name, query in STORED.items():
        row = arranged.database.execute(query, {"brand": arranged.brand_id}).fetchone()
        assert row is not None
        found[name] = row[0]
    return found


@pytest.mark.parametrize(
    "caught",
    [Matcher(path=r"/insights", skip=1, times=1), Matcher(path=r"/media/i/", skip=3, times=1)],
    ids=["while it reads numbers", "while it stores pictures"],
)
def test_a_sync_that_was_killed_is_completed_by_the_next_worker(
    arranged: Arranged, start_worker: StartWorker, caught: Matcher
) -> None:
    """It ends with exactly what an undisturbed sync of the same account stores, each reading made once."""
    undisturbed = arranged.other_brand()
    for each in (arranged, undisturbed):
        accounts.connect(each.db, each.brand_id, catalog.ACCOUNT_ID, source="demo", access_token=catalog.TOKEN)
    faults = _Announced()
    faults.add(caught, Fault("slow", {"seconds": SLOW_SECONDS}))
    with server.running(sandbox=Sandbox(clock, faults=faults)) as sandbox:
        first = start_worker("--sandbox", sandbox.base_url)
        run_id = arranged.once(**SYNC)
        assert faults.met.wait(PATIENCE_SECONDS)
        first.kill()
        assert arranged.run(run_id)["state"] == "running"
        start_worker("--sandbox", sandbox.base_url)
        eventually(lambda: bool(arranged.run(run_id)["state"] == "succeeded"))
        reference = undisturbed.once(**SYNC)
        eventually(lambda: bool(undisturbed.run(reference)["state"] == "succeeded"))
    row = arranged.run(run_id)
    assert (row["attempt"], row["lease_epoch"], row["result"]["status"]) == (2, 2, "ok")
    assert any("stopped answering" in message for message in arranged.messages(run_id))
    found = stored(arranged)
    assert found == stored(undisturbed)
    assert found["readings"] == found["inputs"] != 0
    assert found["files"] == 9


class _Announced(FaultScript):
    """Says when its fault has been met."""

    def __init__(self) -> None:
        super().__init__()
        self.met = threading.Event()

    def take(self, method: str, path: str, params: Mapping[str, str]) -> Fault | None:
        fault = super().take(method, path, params)
        if fault is not None:
            self.met.set()
        return fault


def test_an_import_that_was_killed_is_whole_afterwards(
    arranged: Arranged, start_worker: StartWorker, endpoints: Endpoints, stack: Stack, tmp_path: Path
) -> None:
    """Although the database still wrote what the dead worker had sent: each row is there once, and none was shown."""
    rows = 5_000
    export = _export(tmp_path, (f"Ad {row},Text {row}" for row in range(rows)))
    with _killed_at(arranged, stack, start_worker, "ad_performance_period") as blocked:
        run_id = arranged.once(job_type="import_file", parameters=_stored(arranged, endpoints, export))
        blocked()
        assert _datasets(arranged) == [("loading", 0)]
    start_worker()
    eventually(lambda: bool(arranged.run(run_id)["state"] == "succeeded"))
    row = arranged.run(run_id)
    assert (row["attempt"], row["result"]["rows"], row["result"]["already_imported"]) == (2, rows, False)
    assert _datasets(arranged) == [("ready", rows)]
    sums = arranged.database.execute(
        "select sum(impressions), sum(spend) from public.ad_performance_period where brand_id = %s",
        [arranged.brand_id],
    ).fetchone()
    assert sums == (rows * 100, rows * 1.25)


def test_a_classification_that_was_killed_reads_nothing_twice(
    arranged: Arranged, start_worker: StartWorker, endpoints: Endpoints, stack: Stack, tmp_path: Path
) -> None:
    """Readings that the dead worker had sent count as made; its run is closed by the one that completes it."""
    texts = ["My dog limps every morning.", "Is it his joints?", "Chews for old dogs.", "Order now and save 20 %."]
    export = _export(tmp_path, (f"Ad {row},{texts[row % 4]}" for row in range(40)))
    imported = arranged.once(job_type="import_file", parameters=_stored(arranged, endpoints, export))
    with _killed_at(arranged, stack, start_worker, "ad_creative_classifications") as blocked:
        eventually(lambda: bool(arranged.run(imported)["state"] == "succeeded"))
        run_id = arranged.once(job_type="ad_classification", parameters={"days_back": 90})
        blocked()
    start_worker()
    eventually(lambda: bool(arranged.run(run_id)["state"] == "succeeded"))
    assert arranged.run(run_id)["attempt"] == 2
    found = stored(arranged)
    assert found["readings"] == found["inputs"] == len(texts)
    goals = arranged.database.execute(
        "select goal, status from public.ad_intelligence_runs where job_run_id = %s", [run_id]
    ).fetchall()
    assert goals == [("background_classification", "completed")]


def test_readings_by_a_model_are_paid_for_once_but_for_those_in_flight_at_the_kill(
    arranged: Arranged, start_worker: StartWorker
) -> None:
    """Each answer is stored as it comes, so a killed worker has lost only what the model was still working on."""
    ads, at_once = 24, 4
    accounts.connect(arranged.db, arranged.brand_id, "act_1", source="meta", access_token="t")
    account = accounts.of_brand(arranged.db, arranged.brand_id)[0]
    rows = [
        {"ad_id": f"a{n}", "primary_text": f"Words {n}", "effective_status": "ACTIVE", "creative_id": f"c{n}"}
        for n in range(ads)
    ]
    ad_data.apply_ads(arranged.db, account, ads=rows)

    def asked_now() -> list[dict[str, object]]:
        return arranged.db.rows("llm_calls", where={"brand_id": arranged.brand_id, "state": "in_flight"})

    with server.running(sandbox=Sandbox(clock)) as sandbox:
        sandbox.sandbox.models.model_seconds = 0.5
        keys = {
            "GEMINI_API_KEY": model_desk.KEY,
            "GEMINI_BASE_URL": f"{sandbox.base_url}/gemini",
            "GEMINI_REQUESTS_PER_MINUTE": "0",
            "VIRALTRACKER_MODEL_CONCURRENCY": str(at_once),
        }
        first = start_worker(**keys)
        run_id = arranged.once(job_type="ad_classification", parameters={"max_pages": 0})
        eventually(lambda: int(str(stored(arranged)["paid readings"])) >= at_once and asked_now() != [])
        first.kill()
        in_flight = asked_now()
        start_worker(**keys)
        eventually(lambda: bool(arranged.run(run_id)["state"] == "succeeded"))
        asked = sum(call.kind == "generate" for call in sandbox.sandbox.model_calls)
    assert stored(arranged)["paid readings"] == ads
    assert 0 < len(in_flight) <= at_once
    assert ads <= asked <= ads + len(in_flight)
    states = [call["state"] for call in arranged.db.rows("llm_calls", where={"brand_id": arranged.brand_id})]
    assert sorted(set(states)) == ["answered", "lost"]
    assert states.count("lost") == len(in_flight)


@contextmanager
def _killed_at(arranged: Arranged, stack: Stack, start_worker: StartWorker, table: str) -> Iterator[Callable[[], None]]:
    """A worker that cannot write `table`; the function given waits until it tries, and kills it."""
    waits = sql.SQL("select exists (select 1 from pg_locks where relation = {}::regclass and not granted)").format(
        sql.Literal(f"public.{table}")
    )
    worker = start_worker()

    def kill() -> None:
        eventually(lambda: arranged.database.execute(waits).fetchone() == (True,))
        worker.kill()

    with psycopg.connect(stack.superuser_url()) as blocker:
        blocker.execute(sql.SQL("lock table {} in exclusive mode").format(sql.Identifier("public", table)))
        yield kill
        blocker.rollback()


def _export(folder: Path, ads: Iterable[str]) -> Path:
    """An Ads Manager export of one month with 100 impressions for 1.25 USD an ad; `ads` are `name,text`."""
    file = folder / "export.csv"
    head = "Reporting starts,Reporting ends,Ad name,Text,Impressions,Amount spent (USD)"
    file.write_text("\n".join([head, *(f"2026-10-01,2026-10-31,{ad},100,1.25" for ad in ads)]))
    return file


def _stored(arranged: Arranged, endpoints: Endpoints, file: Path) -> dict[str, object]:
    """Puts a file where `import_file` finds it; the job's parameters."""
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    FolderStorage(endpoints.asset_dir).put("imports", storage.key(arranged.brand_id, digest), file, "text/csv")
    return {"file_name": file.name, "sha256": digest}


def _datasets(arranged: Arranged) -> list[tuple[str, int]]:
    return arranged.database.execute(
        "select d.status, count(p.ad_key) from public.import_datasets d"
        " left join public.ad_performance_period p on p.dataset_id = d.id where d.brand_id = %s group by d.id",
        [arranged.brand_id],
    ).fetchall()
