"""A run that makes ads by models, killed again and again at random points: what was paid for twice, and how it ended.

Every round is a run of its own: a worker takes it, is killed with SIGKILL after a random time, and another one goes on.
What the sandbox's models were asked is held against what the ledger says was answered, and what was under way at the
moment of the kill, which alone may be paid for again.
"""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any
from uuid import uuid4

import httpx

from benchmarks.figures import Figure, Result
from benchmarks.installation import Installation, median
from viraltracker import clock
from viraltracker.creation import uploads
from viraltracker.sandbox.demo import product_photos
from viraltracker.sandbox.demo import products as demo
from viraltracker.sandbox.model_desk import KEY
from viraltracker.settings import child_environment
from viraltracker.store import products, schedules

Json = dict[str, Any]

KILLS = 30
ORDER: Json = {"num_variations": 3, "portrait": False, "wide": False, "template_mode": "none", "export": "zip"}
PATIENCE_SECONDS = 120.0
ENDED = {"succeeded", "failed"}
SEED = 11


def run(installation: Installation) -> list[Result]:
    """Counts over all rounds; the same number of runs without a kill is the reference for what is asked."""
    chance = random.Random(SEED)  # noqa: S311 a spread, not a secret
    brand = brand_with_product(installation)
    _pace(installation, 0.1)
    calm = [_round(installation, brand, None) for _ in range(3)]
    longest = median([each["seconds"] for each in calm])
    killed: list[Json] = []
    while sum(each["was_killed"] for each in killed) < KILLS and len(killed) < 2 * KILLS:
        killed.append(_round(installation, brand, chance.uniform(0.05, longest)))
    asked = sum(each["asked"] for each in killed) / len(killed)
    reference = sum(each["asked"] for each in calm) / len(calm)
    figures = [
        Figure("runs killed before they had ended", sum(each["was_killed"] for each in killed), "runs"),
        Figure(
            "calls paid for twice that were not under way", sum(each["twice"] for each in killed), "calls", at_most=0
        ),
        Figure("calls under way at the kill, all runs", sum(each["in_flight"] for each in killed), "calls"),
        Figure("calls a run", asked, "calls"),
        Figure("calls a run ÷ without a kill", asked / reference, "x"),
        Figure(
            "runs that did not end with their ads",
            len(killed) - sum(each["whole"] for each in killed),
            "runs",
            at_most=0,
        ),
    ]
    return [Result(f"Ads by models, {KILLS} runs killed at random points", figures)]


def _round(installation: Installation, brand: str, after: float | None) -> Json:
    before = _asked(installation)
    saved = schedules.save(
        installation.db,
        {
            "brand_id": brand,
            "job_type": "ad_creation",
            "name": f"Kill {uuid4().hex[:8]}",
            "schedule_type": "one_time",
            "cron_expression": None,
            "next_run_at": None,
            "parameters": ORDER,
        },
        now=clock.now(),
    )
    run_id = str(saved.run_id)
    in_flight = 0
    was_killed = False
    with _worker(installation) as first:
        began = _until(installation, run_id, {"running", "succeeded", "failed"})
        if after is None:
            ended = _until(installation, run_id, ENDED)
        else:
            time.sleep(after)
            first.kill()
            first.wait()
            was_killed = _state(installation, run_id) == "running"
            in_flight = len(_calls(installation, run_id, "in_flight"))
    if after is not None:
        with _worker(installation):
            ended = _until(installation, run_id, ENDED)
    answered = len(_calls(installation, run_id, "answered"))
    ads = installation.db.rows("generated_ads", columns="id,status", where={"run_id": run_id})
    asked = _asked(installation) - before
    return {
        "seconds": ended - began,
        "was_killed": was_killed,
        "in_flight": in_flight,
        "asked": asked,
        "twice": max(0, asked - answered - in_flight),
        "whole": sum(ad["status"] in {"approved", "needs_person"} for ad in ads) == ORDER["num_variations"],
    }


@contextmanager
def _worker(installation: Installation) -> Iterator[subprocess.Popen[bytes]]:
    """The product's own worker with keys of the sandbox, and a lease as short as may be; killed at the end."""
    environment = child_environment(
        {
            "SUPABASE_URL": installation.endpoints.rest_url,
            "SUPABASE_PUBLISHABLE_KEY": installation.endpoints.anon_key,
            "SUPABASE_SECRET_KEY": installation.endpoints.service_key,
            "VIRALTRACKER_POLL_SECONDS": "0.05",
            "VIRALTRACKER_LEASE_SECONDS": "2",
            "VIRALTRACKER_BEAT_SECONDS": "0.2",
            "VIRALTRACKER_REAP_SECONDS": "0.2",
            "GEMINI_API_KEY": KEY,
            "GEMINI_BASE_URL": f"{installation.sandbox_url}/gemini",
            "GEMINI_REQUESTS_PER_MINUTE": "0",
            "GEMINI_IMAGE_REQUESTS_PER_MINUTE": "0",
            "ANTHROPIC_API_KEY": KEY,
            "ANTHROPIC_BASE_URL": f"{installation.sandbox_url}/claude",
            "ANTHROPIC_REQUESTS_PER_MINUTE": "0",
        }
    )
    command = [sys.executable, "-m", "worker.scheduler_worker", "--asset-dir", str(installation.endpoints.asset_dir)]
    with (installation.scratch / "worker.log").open("ab") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def brand_with_product(installation: Installation) -> str:
    """One that sells what the demo's sells, with photos."""
    brand = installation.new_brand()
    given = demo.every("http://sandbox", date(2026, 11, 20))[0]
    names = [link.rsplit("/", 1)[1].removesuffix(".png") for link in given.pop("photos")]
    made = products.save(installation.db, brand, given | {"id": str(uuid4())})
    shown = [uploads.read(data) for name in names if (data := product_photos.draw(name))]
    products.add_photos(installation.db, installation.storage, brand, made, shown)
    return brand


def _pace(installation: Installation, seconds: float) -> None:
    """A model that takes its time has calls under way when the worker is killed."""
    url = f"{installation.sandbox_url}/__models"
    httpx.post(url, json={"model_seconds": seconds}, timeout=10).raise_for_status()


def _asked(installation: Installation) -> int:
    answer: Json = httpx.get(f"{installation.sandbox_url}/__model_calls", timeout=30).raise_for_status().json()
    return int(answer["total"])


def _state(installation: Installation, run_id: str) -> str:
    [row] = installation.db.rows("scheduled_job_runs", columns="id,state", where={"id": run_id})
    return str(row["state"])


def _calls(installation: Installation, run_id: str, state: str) -> list[Json]:
    return installation.db.rows("llm_calls", columns="id", where={"job_run_id": run_id, "state": state})


def _until(installation: Installation, run_id: str, states: set[str]) -> float:
    end = clock.monotonic() + PATIENCE_SECONDS
    while _state(installation, run_id) not in states:
        if clock.monotonic() > end:
            raise TimeoutError(f"run {run_id} is still {_state(installation, run_id)}")
        time.sleep(0.05)
    return clock.monotonic()
