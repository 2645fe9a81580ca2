"""From an export of other brands' ads to ads of one's own, through the real worker and without a key."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from benchmarks import kills
from benchmarks.figures import Figure, Result
from benchmarks.installation import Installation, timed
from viraltracker import clock
from viraltracker.jobs import load_demo
from viraltracker.settings import child_environment
from viraltracker.store import schedules, storage

Json = dict[str, Any]

ORDER: Json = {"num_variations": 5, "template_mode": "unused", "use_models": False}
PATIENCE_SECONDS = 180.0
ENDED = {"succeeded", "failed", "cancelled"}


def run(installation: Installation) -> list[Result]:
    """Seconds of each job and of the whole path; the reference is a job that does nothing, through the same worker."""
    brand = kills.brand_with_product(installation)
    with _worker(installation):
        idle = timed(lambda: _job(installation, brand, "template_approval", {}))
        scrape = timed(lambda: _job(installation, brand, "template_scrape", _upload(installation, brand)))
        approval = timed(lambda: _chained(installation, brand, "template_approval"))
        made = _job(installation, brand, "ad_creation", ORDER)
    creation = made["seconds"]
    whole = scrape + approval + creation
    row = made["result"]
    figures = [
        Figure("an empty job", idle, "s"),
        Figure("template_scrape of an uploaded export with its pictures", scrape, "s"),
        Figure("template_approval of what it queued, after that", approval, "s"),
        Figure("ad_creation of 5 variations in 4 sizes, with its zip", creation, "s"),
        Figure("the whole path", whole, "s", at_most=60),
        Figure("the whole path ÷ an empty job", whole / idle, "x"),
        Figure("ads approved of 5", row["approved"], "ads"),
    ]
    return [Result("From other brands' ads to new ones, without a key", figures)]


def _upload(installation: Installation, brand: str) -> Json:
    answer = httpx.get(f"{installation.sandbox_url}/library/{load_demo.EXPORT}", timeout=60).raise_for_status()
    sha256 = hashlib.sha256(answer.content).hexdigest()
    file = Path(installation.scratch) / load_demo.EXPORT
    file.write_bytes(answer.content)
    installation.storage.put("imports", storage.key(brand, sha256), file, "application/zip")
    return {"source": "upload", "file_name": load_demo.EXPORT, "sha256": sha256, "search_url": load_demo.SEARCH}


def _job(installation: Installation, brand: str, job_type: str, parameters: Json) -> Json:
    """Runs one job to its end; its row with `seconds`. Raises RuntimeError where it fails."""
    began = clock.monotonic()
    saved = schedules.save(
        installation.db,
        {
            "brand_id": brand,
            "job_type": job_type,
            "name": f"Bench {job_type}",
            "schedule_type": "one_time",
            "cron_expression": None,
            "next_run_at": None,
            "parameters": parameters,
        },
        now=clock.now(),
    )
    return _ended(installation, {"id": str(saved.run_id)}) | {"seconds": clock.monotonic() - began}


def _chained(installation: Installation, brand: str, job_type: str) -> Json:
    return _ended(installation, {"brand_id": brand, "job_type": job_type})


def _ended(installation: Installation, where: Json) -> Json:
    end = clock.monotonic() + PATIENCE_SECONDS
    while True:
        found = installation.db.rows("scheduled_job_runs", columns="id,state,result,error_message", where=where)
        if found and all(row["state"] in ENDED for row in found):
            break
        if clock.monotonic() > end:
            raise TimeoutError(f"{where} has not ended")
        time.sleep(0.05)
    if found[0]["state"] != "succeeded":
        raise RuntimeError(f"{where}: {found[0]['error_message']}")
    return found[0]


@contextmanager
def _worker(installation: Installation) -> Iterator[None]:
    environment = child_environment(
        {
            "SUPABASE_URL": installation.endpoints.rest_url,
            "SUPABASE_PUBLISHABLE_KEY": installation.endpoints.anon_key,
            "SUPABASE_SECRET_KEY": installation.endpoints.service_key,
        }
    )
    command = [sys.executable, "-m", "worker.scheduler_worker", "--asset-dir", str(installation.endpoints.asset_dir)]
    with (installation.scratch / "made.log").open("ab") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        process.wait()
