"""What the workers are given: schedules, one-time jobs, clicks and retries, of several brands."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

from benchmarks.soak import probe
from benchmarks.soak.stage import Stage
from viraltracker import clock, errors
from viraltracker.store import brands, schedules
from viraltracker.store.schedules import Saved

T = TypeVar("T")
OVERLAPS = ("allow", "skip", "queue_one", "cancel_other")
MISFIRES = ("latest", "all", "none")
TICK_SECONDS = 0.25
MOST_AT_ONCE = 30
SETTLE_SECONDS = 600.0


@dataclass(frozen=True, kw_only=True)
class Mix:
    """`brands` and `schedules` (of each); the first brand's limit, and that of chained runs over all brands; how long
    the few long runs take; whether failed attempts wait as long as the product has them wait."""

    brands: int = 6
    schedules: int = 8
    brand_limit: int = 2
    link_limit: int = 4
    long_seconds: tuple[float, float] = (10.0, 40.0)
    long_share: float = 0.005
    patient: bool = True


@dataclass
class Load:
    """Keeps account of all that was answered for: it has to be there in the end, once."""

    stage: Stage
    mix: Mix
    seed: int
    brand_ids: list[str] = field(default_factory=list)
    job_ids: list[str] = field(default_factory=list)
    once: set[str] = field(default_factory=set)
    clicks: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)  # noqa: S311 - a repeatable choice, not a secret

    @property
    def limits(self) -> Mapping[tuple[str, str], int]:
        """What holds, by scope and key."""
        return {("brand", self.brand_ids[0]): self.mix.brand_limit, ("job_type", probe.LINK): self.mix.link_limit}

    def prepare(self) -> None:
        """Brands, limits, and a schedule for every minute of each brand's."""
        db = self.stage.db
        for number in range(self.mix.brands):
            self.brand_ids.append(insist(lambda: brands.ensure(db, f"Soak {uuid.uuid4()}").id))
            self.job_ids += [self._schedule(self.brand_ids[-1], number + each) for each in range(self.mix.schedules)]
        for (scope, key), limit in self.limits.items():
            row = {"scope": scope, "key": key, "limit": limit}
            insist(lambda: db.upsert("concurrency_limits", row, on_conflict="scope,key"))  # noqa: B023 - used at once

    def feed(self, runs: int, seconds: float, *, backlog: int = 60) -> None:
        """Spreads about `runs` runs over `seconds`, slower where more than `backlog` are waiting."""
        began = clock.monotonic()
        while (made := self.made()) < runs:
            share = min(1.0, (clock.monotonic() - began) / seconds)
            wanted = min(int(runs * share) + 1 - made, MOST_AT_ONCE, backlog - self.waiting())
            for _ in range(wanted):
                self.one()
            self._meddle()
            time.sleep(TICK_SECONDS)

    def settle(self) -> None:
        """Ends the schedules and waits until nothing is left to do; what does not end shows in the verdict."""
        self.stage.direct.rows(
            "update public.scheduled_jobs set status = 'paused' where id = any (%(jobs)s) and status = 'active'",
            {"jobs": self.job_ids},
        )
        deadline = clock.monotonic() + SETTLE_SECONDS
        while self.left() and clock.monotonic() < deadline:
            self._hurry()
            time.sleep(TICK_SECONDS)

    def one(self) -> None:
        """One more piece of work, of a random kind."""
        kind = self.random.choices(
            [self._once, self._later, self._nudge, self._click, self._double_click], [45, 8, 35, 8, 4]
        )
        kind[0]()

    def made(self) -> int:
        """Runs so far, without skipped times."""
        return int(
            self.stage.direct.one(
                "select count(*) from public.scheduled_job_runs where state <> 'skipped'"
                " and brand_id::text = any (%(b)s)",
                {"b": self.brand_ids},
            )
        )

    def waiting(self) -> int:
        """Runs that could start, were there a free slot; the limited brand's do not count."""
        return int(
            self.stage.direct.one(
                "select count(*) from public.scheduled_job_runs where state = 'queued' and run_at <= now()"
                " and brand_id::text = any (%(b)s)",
                {"b": self.brand_ids[1:]},
            )
        )

    def left(self) -> int:
        """Runs that have not ended and one-time jobs that have not begun."""
        return int(
            self.stage.direct.one(
                "select (select count(*) from public.scheduled_job_runs where state in ('queued', 'running')"
                " and brand_id::text = any (%(b)s))"
                " + (select count(*) from public.scheduled_jobs where status = 'active' and schedule_type = 'one_time'"
                " and brand_id::text = any (%(b)s))",
                {"b": self.brand_ids},
            )
        )

    def _schedule(self, brand_id: str, number: int) -> str:
        now = clock.now()
        job = {
            "id": str(uuid.uuid4()),
            "brand_id": brand_id,
            "job_type": probe.PROBE,
            "name": f"Every minute {number}",
            "parameters": {"seconds": round(self.random.uniform(0, 0.4), 2)},
            "schedule_type": "recurring",
            "cron_expression": "* * * * *",
            "next_run_at": now.replace(second=0, microsecond=0) + timedelta(minutes=1),
            "overlap_policy": OVERLAPS[number % len(OVERLAPS)],
            "misfire_policy": MISFIRES[number % len(MISFIRES)],
        }
        return insist(lambda: schedules.save(self.stage.db, job, now=now)).job_id

    def _parameters(self) -> dict[str, object]:
        chance = self.random.random()
        low, high = self.mix.long_seconds
        if chance < self.mix.long_share:
            return {"seconds": round(self.random.uniform(low, high), 1), "stubborn": self.random.random() < 0.5}
        seconds = self.random.uniform(0, 0.3) if chance < 0.75 else self.random.uniform(0.3, 2)
        fates = ["succeeds", "fails_once", "waits_once", "is_refused", "always_fails"]
        fate = self.random.choices(fates, [86, 4, 6, 3, 1])[0]
        links = self.random.choices([0, 1, 2], [88, 8, 4])[0]
        return {"seconds": round(seconds, 2), "fate": fate, "links": links}

    def _once(self) -> None:
        self._save_once(None)

    def _later(self) -> None:
        self._save_once(clock.now() + timedelta(seconds=self.random.uniform(1, 4)))

    def _save_once(self, due: object) -> None:
        job = {
            "id": str(uuid.uuid4()),
            "brand_id": self.random.choice(self.brand_ids),
            "job_type": probe.PROBE,
            "name": "Once",
            "parameters": self._parameters(),
            "schedule_type": "one_time",
            "next_run_at": due,
        }
        self.once.add(insist(lambda: schedules.save(self.stage.db, job, now=clock.now())).job_id)

    def _nudge(self) -> None:
        """A schedule falls due now instead of at its minute."""
        self.stage.direct.rows(
            "update public.scheduled_jobs set next_run_at = clock_timestamp()"
            " where id = %(job)s and status = 'active' and next_run_at > now() + interval '2 seconds'",
            {"job": self.random.choice(self.job_ids)},
        )

    def _click(self) -> None:
        self._run_now(str(uuid.uuid4()))

    def _double_click(self) -> None:
        """An impatient person's: the same click, sent twice."""
        key, job = str(uuid.uuid4()), self.random.choice(self.job_ids)
        first, second = self._run_now(key, job), self._run_now(key, job)
        assert first == second, "one click made two runs"

    def _run_now(self, key: str, job: str | None = None) -> Saved:
        chosen = job or self.random.choice(self.job_ids)
        saved = insist(lambda: schedules.run_now(self.stage.db, chosen, key))
        self.clicks[key] = str(saved.run_id)
        return saved

    def _meddle(self) -> None:
        """Now and then a person stops a run, or tries one again."""
        self._hurry()
        if self.random.random() < 0.05:
            self._on_some("running", lambda run: schedules.stop(self.stage.db, run))
        if self.random.random() < 0.1:
            self._on_some("failed", lambda run: schedules.retry(self.stage.db, run, f"again:{run}"))

    def _on_some(self, state: str, act: Callable[[str], object]) -> None:
        rows = self.stage.direct.rows(
            "select id::text as id from public.scheduled_job_runs where brand_id::text = any (%(b)s)"
            " and state = %(state)s order by created_at desc limit 20",
            {"b": self.brand_ids, "state": state},
        )
        if rows:
            chosen = self.random.choice(rows)["id"]
            insist(lambda: act(chosen))

    def _hurry(self) -> None:
        """What waits for its next attempt need not, where the product's pauses are not what is looked at."""
        if not self.mix.patient:
            self.stage.direct.rows(
                "update public.scheduled_job_runs set run_at = now() where state = 'queued'"
                " and error_class = 'transient' and run_at > now() and brand_id::text = any (%(b)s)",
                {"b": self.brand_ids},
            )


def insist(call: Callable[[], T]) -> T:
    """Makes a call that is safe to repeat until the database answers, as the product's own callers would."""
    while True:
        try:
            return call()
        except errors.Unavailable:
            time.sleep(TICK_SECONDS)
