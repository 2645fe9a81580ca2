"""Readings by a model that takes its time, through the product's own worker processes and the real SDK.

Against the bound that nobody can beat at this concurrency; beside it, what one at a time would take. Then under a limit
of requests a minute that two workers share, with a worker killed again and again, and with two workers on one brand.
"""

from __future__ import annotations

import math
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import count
from typing import Any
from uuid import uuid4

import httpx

from benchmarks.figures import Figure, Result
from benchmarks.installation import Installation
from viraltracker import clock
from viraltracker.errors import Unavailable
from viraltracker.sandbox.model_desk import KEY
from viraltracker.store import accounts, ad_data, schedules

READINGS = 242
ANSWER_S = 6.2
CONCURRENCY = 32
SHARE_OF_BOUND = 0.9
ONE_BY_ONE = 3
PER_MINUTE = 60
LIMITED_READINGS = 75
LIMITED_ANSWER_S = 1.0
SHARE_OF_RATE = 0.95
KILLED_ROUNDS = 4
KILLED_ANSWER_S = 2.0
LONGEST_S = 600.0
ENDED = frozenset({"succeeded", "failed", "cancelled", "timed_out"})

_numbers = count()


def run(installation: Installation) -> list[Result]:
    """All four, each on brands of its own."""
    return [_unlimited(installation), _limited(installation), _killed(installation), _together(installation)]


def _unlimited(installation: Installation) -> Result:
    bound = math.ceil(READINGS / CONCURRENCY) * ANSWER_S
    few = _brand(installation, ONE_BY_ONE)
    brand = _brand(installation, READINGS)
    with _workers(installation, 1, VIRALTRACKER_MODEL_CONCURRENCY="1"):
        _pace(installation, ANSWER_S)
        one_by_one = _timed_run(installation, few)["seconds"] / ONE_BY_ONE
    with _workers(installation, 1):
        _pace(installation, ANSWER_S)
        first = _timed_run(installation, brand)
        calls = len(_calls(installation))
        second = _timed_run(installation, brand)
        again = len(_calls(installation)) - calls
    return Result(
        f"{READINGS} readings by a model that answers in {ANSWER_S} s, {CONCURRENCY} at a time, no limit",
        [
            Figure("the whole run", first["seconds"], "s", at_most=bound / SHARE_OF_BOUND),
            Figure(f"reference: the bound ⌈{READINGS}/{CONCURRENCY}⌉ × {ANSWER_S} s", bound, "s"),
            Figure("the whole run / the bound", first["seconds"] / bound, "×", at_most=1 / SHARE_OF_BOUND),
            Figure(f"reference: one at a time, by {ONE_BY_ONE} readings", one_by_one * READINGS / 60, "min"),
            Figure("calls that it made", calls, "calls", at_most=READINGS),
            Figure("calls of a second run over the same brand", again, "calls", at_most=0),
            Figure("a second run", second["seconds"], "s"),
        ],
    )


def _limited(installation: Installation) -> Result:
    brands = [_brand(installation, LIMITED_READINGS) for _ in range(2)]
    with _workers(installation, 2, GEMINI_REQUESTS_PER_MINUTE=str(PER_MINUTE), VIRALTRACKER_WORKER_SLOTS="1"):
        _pace(installation, LIMITED_ANSWER_S)
        runs = [_start(installation, brand) for brand in brands]
        for run_id in runs:
            _wait(installation, run_id)
        times = sorted(call["at"] for call in _calls(installation))
    rate = (len(times) - 1) / (times[-1] - times[0]) * 60
    most = max(sum(start <= at < start + 60 for at in times[place:]) for place, start in enumerate(times))
    return Result(
        f"{PER_MINUTE} requests a minute shared by two worker processes, {2 * LIMITED_READINGS} readings",
        [
            Figure("most requests in any sliding minute", most, "requests", at_most=PER_MINUTE),
            Figure("requests a minute that were reached", rate, "a minute"),
            Figure("the limit / what was reached", PER_MINUTE / rate, "×", at_most=1 / SHARE_OF_RATE),
            Figure("requests in all", len(times), "requests", at_most=2 * LIMITED_READINGS),
        ],
    )


def _killed(installation: Installation) -> Result:
    rng = random.Random(20_261_126)  # noqa: S311 when to kill is no secret
    paid = in_flight = kills = missing = doubled = 0
    for _ in range(KILLED_ROUNDS):
        brand = _brand(installation, READINGS)
        _pace(installation, KILLED_ANSWER_S)
        run_id = _start(installation, brand)
        for _ in range(2):
            with _workers(installation, 1) as processes:
                _until(lambda: bool(_rows(installation, "llm_calls", brand, state="in_flight")))  # noqa: B023
                time.sleep(rng.uniform(0.5, 5.0))
                processes[0].kill()
                kills += 1
            in_flight += len(_rows(installation, "llm_calls", brand, state="in_flight"))
        with _workers(installation, 1):
            _wait(installation, run_id)
            paid += len(_calls(installation))
        rows = [
            row for row in _rows(installation, "ad_creative_classifications", brand) if "gemini" in row["classifier"]
        ]
        doubled += len(rows) - len({row["input_hash"] for row in rows})
        missing += READINGS - len({row["input_hash"] for row in rows})
    return Result(
        f"A worker killed with -9, {kills} times in {KILLED_ROUNDS} runs of {READINGS} readings",
        [
            Figure("readings that are missing after it", missing, "readings", at_most=0),
            Figure("readings that are there twice", doubled, "readings", at_most=0),
            Figure("calls in flight at the kills", in_flight, "calls"),
            Figure("calls beyond one for each reading", paid - KILLED_ROUNDS * READINGS, "calls", at_most=in_flight),
        ],
    )


def _together(installation: Installation) -> Result:
    brand = _brand(installation, READINGS)
    with _workers(installation, 2, VIRALTRACKER_WORKER_SLOTS="1"):
        _pace(installation, KILLED_ANSWER_S)
        began = clock.monotonic()
        runs = [_start(installation, brand) for _ in range(2)]
        ended = [_wait(installation, run_id) for run_id in runs]
        seconds = clock.monotonic() - began
        calls = len(_calls(installation))
    rows = [row for row in _rows(installation, "ad_creative_classifications", brand) if "gemini" in row["classifier"]]
    return Result(
        f"Two runs of one brand at once on two worker processes, {READINGS} readings of {KILLED_ANSWER_S} s",
        [
            Figure("calls beyond one for each reading", calls - READINGS, "calls", at_most=0),
            Figure("rows beyond one for each reading", len(rows) - READINGS, "rows", at_most=0),
            Figure("readings of the run that did fewer", min(map(_by_model, ended)), "readings"),
            Figure("both", seconds, "s"),
        ],
    )


def _by_model(run: dict[str, Any]) -> int:
    return int(run["result"]["by"].get(run["result"]["classifier"], 0))


def _brand(installation: Installation, ads: int) -> str:
    """A brand with so many ads whose words differ."""
    brand_id = installation.new_brand()
    accounts.connect(installation.db, brand_id, "act_1", source="meta", access_token="t")  # noqa: S106 of nobody
    account = accounts.of_brand(installation.db, brand_id)[0]
    ad_data.apply_ads(
        installation.db,
        account,
        ads=[
            {"ad_id": f"a{n}", "primary_text": f"Words {n} of {brand_id}", "object_type": "status",
             "effective_status": "ACTIVE", "creative_id": f"c{n}"}
            for n in range(ads)
        ],
    )  # fmt: skip
    return brand_id


@contextmanager
def _workers(installation: Installation, number: int, **environment: str) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Worker processes with a key for the sandbox's Gemini; its record of calls is empty from here on where none is in
    the middle of something."""
    variables = {
        "SUPABASE_URL": installation.endpoints.rest_url,
        "SUPABASE_PUBLISHABLE_KEY": installation.endpoints.anon_key,
        "SUPABASE_SECRET_KEY": installation.endpoints.service_key,
        "GEMINI_API_KEY": KEY,
        "GEMINI_BASE_URL": f"{installation.sandbox_url}/gemini",
        "GEMINI_REQUESTS_PER_MINUTE": "0",
        "VIRALTRACKER_MODEL_CONCURRENCY": str(CONCURRENCY),
        "VIRALTRACKER_POLL_SECONDS": "0.2",
        "VIRALTRACKER_LEASE_SECONDS": "6",
        "VIRALTRACKER_BEAT_SECONDS": "2",
        "VIRALTRACKER_REAP_SECONDS": "1",
        "VIRALTRACKER_LOG_LEVEL": "WARNING",
    }
    command = [sys.executable, "-m", "worker.scheduler_worker", "--asset-dir", str(installation.endpoints.asset_dir)]
    started = [
        subprocess.Popen(command, env=os.environ | variables | environment, stdout=subprocess.DEVNULL)
        for _ in range(number)
    ]
    try:
        yield started
    finally:
        for process in started:
            process.send_signal(signal.SIGTERM)
        for process in started:
            process.wait(60)


def _start(installation: Installation, brand_id: str) -> str:
    job = {
        "brand_id": brand_id,
        "job_type": "ad_classification",
        "name": f"Readings {next(_numbers)}",
        "parameters": {"max_new": 5000, "max_pages": 0},
        "schedule_type": "one_time",
        "max_attempts": 10,
        "timeout_s": 3600,
    }
    saved = schedules.save(installation.owner, job, now=clock.now(), idempotency_key=str(uuid4()))
    if saved.run_id is None:
        raise Unavailable("The job was saved but not queued.")
    return saved.run_id


def _wait(installation: Installation, run_id: str) -> dict[str, Any]:
    """The run's row once it has ended."""
    _until(lambda: schedules.run(installation.owner, run_id)["state"] in ENDED)
    row = schedules.run(installation.owner, run_id)
    if row["state"] != "succeeded":
        raise Unavailable(f"A run ended as {row['state']}: {row['error_message']}")
    return row


def _timed_run(installation: Installation, brand_id: str) -> dict[str, Any]:
    """Seconds from the claim to the end, by the database's clock."""
    run_id = _start(installation, brand_id)
    row = _wait(installation, run_id)
    took = datetime.fromisoformat(row["finished_at"]) - datetime.fromisoformat(row["started_at"])
    return {"seconds": took.total_seconds(), "result": row["result"]}


def _until(done: Callable[[], bool]) -> None:
    end = clock.monotonic() + LONGEST_S
    while not done():
        if clock.monotonic() > end:
            raise Unavailable(f"Nothing happened for {LONGEST_S:g} s.")
        time.sleep(0.1)


def _rows(installation: Installation, table: str, brand_id: str, **where: object) -> list[dict[str, Any]]:
    return installation.db.rows(table, where={"brand_id": brand_id, **where})


def _pace(installation: Installation, seconds: float) -> None:
    """How long each answer takes from here on; forgets the calls so far."""
    httpx.post(f"{installation.sandbox_url}/__models", json={"model_seconds": seconds}).raise_for_status()
    httpx.delete(f"{installation.sandbox_url}/__model_calls").raise_for_status()


def _calls(installation: Installation) -> list[dict[str, Any]]:
    """Every call that reached the model since."""
    answer = httpx.get(f"{installation.sandbox_url}/__model_calls", timeout=30.0).raise_for_status().json()
    return [call for call in answer["calls"] if call["kind"] == "generate"]
