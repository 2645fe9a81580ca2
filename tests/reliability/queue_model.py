"""What the queue promises, restated in Python: a small model that predicts every row the SQL functions write.

Time stands still in it, as it does within one transaction of the database; `Model.time_passes` moves the rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta

ENDED = frozenset({"succeeded", "failed", "cancelled", "timed_out", "skipped"})

BAD_INPUT = "22023"
FORBIDDEN = "42501"
CONFLICT = "PT409"

CLOCK_SKEW = timedelta(seconds=60)
TIME_TO_STOP = timedelta(seconds=60)
LONGEST_WAIT = timedelta(hours=24)
MOST_INTERRUPTIONS = 10


@dataclass(frozen=True)
class Refusal:
    """The call is refused with this SQLSTATE and changes nothing."""

    sqlstate: str


@dataclass
class Job:
    """A row of `scheduled_jobs`, as far as the queue works with it."""

    id: str
    brand: str
    job_type: str
    recurring: bool
    overlap: str
    max_runs: int | None
    max_attempts: int
    timeout_s: int
    priority: int
    next_run_at: datetime | None
    status: str = "active"
    revision: int = 1
    runs_started: int = 0
    held: bool = False
    overdue_at: datetime | None = None
    chained_from: str | None = None


@dataclass
class Run:
    """A row of `scheduled_job_runs`. Its id is the database's; until the row was seen it has none."""

    job: str
    brand: str
    job_type: str
    trigger: str
    scheduled_for: datetime
    run_at: datetime
    created_at: datetime
    key: str | None
    priority: int
    max_attempts: int
    timeout_s: int
    id: str = ""
    state: str = "queued"
    attempt: int = 0
    interruptions: int = 0
    epoch: int = 0
    worker: str | None = None
    claim: str | None = None
    lease_until: datetime | None = None
    deadline_at: datetime | None = None
    asked_to_stop_at: datetime | None = None
    waiting_since: datetime | None = None
    checkpoint: int | None = None
    error_class: str | None = None
    reason: str | None = None
    occurrences: int = 1
    retry_of: str | None = None
    chained_from: str | None = None
    finished_at: datetime | None = None

    @property
    def stopped_as(self) -> str | None:
        """How an attempt ends that was asked to stop: whoever missed the deadline says so."""
        if self.asked_to_stop_at is None:
            return None
        late = self.deadline_at is not None and self.asked_to_stop_at >= self.deadline_at
        return "timed_out" if late else "cancelled"

    @property
    def place(self) -> tuple[int, datetime, str]:
        """Its place in the queue."""
        return self.priority, self.run_at, self.id


@dataclass
class World:
    """All rows. `alerts` are the open ones as (cause, job), `limits` by scope and key."""

    jobs: dict[str, Job] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)
    alerts: list[tuple[str, str]] = field(default_factory=list)
    limits: dict[tuple[str, str], int] = field(default_factory=dict)

    def differences(self, other: World) -> list[str]:
        """Where `other` differs, one line for each row, the newest last."""
        found = []
        for mine, theirs in ((self.jobs, other.jobs), (self.runs, other.runs)):
            for row_id in dict.fromkeys([*mine, *theirs]):
                found += _different(mine.get(row_id), theirs.get(row_id))
        if sorted(self.alerts) != sorted(other.alerts):
            found.append(f"alerts: {sorted(self.alerts)} != {sorted(other.alerts)}")
        if self.limits != other.limits:
            found.append(f"limits: {self.limits} != {other.limits}")
        return found


@dataclass(frozen=True)
class Occurrence:
    """What a worker asks `advance` to write."""

    scheduled_for: datetime
    run_at: datetime
    reason: str | None = None
    count: int = 1


def limits_of(run: Run, organization: str) -> list[tuple[str, str]]:
    """The limits that a run counts under, from the widest to the narrowest."""
    return [
        ("global", "*"),
        ("job_type", run.job_type),
        ("organization", organization),
        ("brand", run.brand),
        ("brand_job_type", f"{run.brand}:{run.job_type}"),
    ]


class Model:
    """Predicts. Each method is one function of the database: it changes `world` and gives what the call answers."""

    def __init__(self, now: datetime, organizations: Mapping[str, str]) -> None:
        self.now = now
        self.world = World()
        self._organizations = organizations
        self._keys: dict[tuple[str, str], Run] = {}
        self._unseen_jobs: list[Job] = []
        self._unseen_runs: list[Run] = []

    def adopt(self, seen: World) -> None:
        """Gives new rows the ids that the database gave them. What is left over shows as a difference."""
        for job_id, job in seen.jobs.items():
            for unseen in self._unseen_jobs if job_id not in self.world.jobs else ():
                if (unseen.chained_from, unseen.job_type) == (job.chained_from, job.job_type):
                    for run in self._unseen_runs:
                        run.job = job_id if run.job == unseen.id else run.job
                    unseen.id = job_id
                    self.world.jobs[job_id] = unseen
        for run_id, run in seen.runs.items():
            for new in self._unseen_runs if run_id not in self.world.runs else ():
                if (new.job, new.trigger, new.scheduled_for, new.key) == (
                    run.job,
                    run.trigger,
                    run.scheduled_for,
                    run.key,
                ):
                    new.id = run_id
                    self.world.runs[run_id] = new
        missing = [run for run in self._unseen_runs if not run.id]
        assert not missing, f"not written: {missing}"
        self._unseen_jobs.clear()
        self._unseen_runs.clear()

    # What people do.

    def save(
        self, wanted: Job, said_now: datetime, key: str | None, revision: int | None
    ) -> tuple[Job, Run | None] | Refusal:
        """Creates, or edits where `revision` is given."""
        if key is not None and (known := self._keys.get((wanted.brand, key))):
            return self.world.jobs[known.job], known
        if abs(self.now - said_now) > CLOCK_SKEW:
            return Refusal(BAD_INPUT)
        if wanted.recurring and (wanted.next_run_at is None or wanted.next_run_at <= said_now):
            return Refusal(BAD_INPUT)
        if revision is not None:
            return self._edit(wanted, revision)
        if wanted.id in self.world.jobs:
            return self.world.jobs[wanted.id], self._first_run(wanted.id)
        job = self.world.jobs[wanted.id] = wanted
        job.next_run_at = job.next_run_at or self.now
        run = None
        if not job.recurring and job.next_run_at <= self.now:
            run = self._queue(job, "api", key)
            job.status, job.next_run_at, job.runs_started = "completed", None, 1
        return job, run

    def run_now(self, job_id: str, key: str) -> Run | Refusal:
        """One run of a schedule for each key, whether it is paused or not."""
        job = self.world.jobs[job_id]
        if job.status in ("archived", "invalid"):
            return Refusal(BAD_INPUT)
        known = self._keys.get((job.brand, key))
        if known is not None and known.job != job_id:
            return Refusal(BAD_INPUT)
        return known or self._queue(job, "run_now", key)

    def retry(self, run_id: str, key: str) -> Run | Refusal:
        """A new run for one that ended without success."""
        run = self.world.runs[run_id]
        job = self.world.jobs[run.job]
        if run.state not in ENDED - {"succeeded"} or job.status in ("archived", "invalid"):
            return Refusal(BAD_INPUT)
        known = self._keys.get((run.brand, key))
        if known is not None and known.job != run.job:
            return Refusal(BAD_INPUT)
        return known or self._again(run, key)

    def retry_all(self, job_ids: Iterable[str]) -> int:
        """Another try for the newest run of each schedule where that failed; how many."""
        count = 0
        for job_id in job_ids:
            tried = [run for run in self.world.runs.values() if run.job == job_id and run.state != "skipped"]
            newest = max(tried, key=lambda run: (run.created_at, run.scheduled_for, run.id), default=None)
            if newest is None or newest.state not in ("failed", "timed_out"):
                continue
            key = f"retry:{newest.id}"
            if self.world.jobs[job_id].status in ("archived", "invalid") or (newest.brand, key) in self._keys:
                continue
            self._again(newest, key)
            count += 1
        return count

    def pause(self, job_ids: Iterable[str]) -> int:
        """Also skips what a schedule has queued and nobody has begun; how many were paused."""
        paused = [job for job in self._jobs(job_ids) if job.status == "active"]
        for job in paused:
            self._changed(job, status="paused")
            for run in self._runs_of(job.id, "queued"):
                if run.trigger == "schedule" and run.epoch == 0:
                    self._end(run, "skipped", reason="paused")
        return len(paused)

    def resume(self, times: Mapping[str, datetime]) -> int:
        """How many were paused and go on at the times given."""
        resumed = [job for job in self._jobs(times) if job.status == "paused"]
        for job in resumed:
            self._changed(job, status="active", next_run_at=times[job.id])
        return len(resumed)

    def archive(self, job_ids: Iterable[str]) -> int:
        """Nothing of an archived schedule runs any more, and nothing of it alarms; how many were archived."""
        archived = [job for job in self._jobs(job_ids) if job.status != "archived"]
        for job in archived:
            self._changed(job, status="archived", next_run_at=None)
            for run in self._runs_of(job.id, "queued"):
                self._end(run, "cancelled")
            for run in self._runs_of(job.id, "running"):
                run.asked_to_stop_at = run.asked_to_stop_at or self.now
            self._close(job.id, "run-failed", "job-reauth", "job-silent", "job-invalid")
        return len(archived)

    def stop(self, run_id: str) -> str:
        """Cancels what waits, asks what runs."""
        run = self.world.runs[run_id]
        if run.state == "queued":
            self._end(run, "cancelled")
            run.error_class = None
        elif run.state == "running":
            run.asked_to_stop_at = run.asked_to_stop_at or self.now
            return "stopping"
        return run.state

    def set_limit(self, scope: str, key: str, limit: int | None) -> None:
        """None takes it away."""
        self.world.limits.pop((scope, key), None)
        if limit is not None:
            self.world.limits[scope, key] = limit

    def token_works_again(self, brand: str) -> None:
        """What a dead token held back goes on, and its silence is no news."""
        for job in self.world.jobs.values():
            if job.brand == brand:
                if job.held:
                    job.held, job.overdue_at = False, None
                self._close(job.id, "job-reauth")

    # What workers do.

    def advance(
        self,
        job_id: str,
        revision: int,
        expected: datetime,
        following: datetime | None,
        occurrences: Sequence[Occurrence],
        overdue_at: datetime | None,
    ) -> bool | Refusal:
        """Whether this call moved the schedule on."""
        job = self.world.jobs[job_id]
        if (job.status, job.revision, job.next_run_at) != ("active", revision, expected):
            return False
        if following is not None and following <= expected:
            return Refusal(BAD_INPUT)
        started = sum(self._occur(job, occurrence) for occurrence in occurrences)
        job.runs_started += started
        if following is None or (job.max_runs is not None and job.runs_started >= job.max_runs):
            job.status, job.next_run_at, job.overdue_at = "completed", None, None
        else:
            job.next_run_at, job.overdue_at = following, job.overdue_at or overdue_at
        return True

    def invalidate(self, job_id: str, revision: int) -> bool:
        """Whether it was in service and is not any more."""
        job = self.world.jobs[job_id]
        if job.status != "active" or job.revision != revision:
            return False
        job.status = "invalid"
        self._alert("job-invalid", job_id)
        return True

    def claim(self, claim: str, worker: str, limit: int, lease: timedelta) -> list[Run]:
        """The first in the queue that no full limit holds back; what the claim already has, asked again, with a whole
        lease."""
        taken = [run for run in self.world.runs.values() if run.claim == claim and run.state == "running"]
        for run in taken:
            run.lease_until = self.now + lease
        if not taken:
            for run in self.ready():
                if len(taken) < limit and self.has_room(run):
                    run.state, run.claim, run.worker = "running", claim, worker
                    run.epoch, run.attempt = run.epoch + 1, run.attempt + 1
                    run.lease_until = self.now + lease
                    run.deadline_at = self.now + timedelta(seconds=run.timeout_s)
                    run.asked_to_stop_at = run.error_class = None
                    taken.append(run)
        return sorted(taken, key=lambda run: run.place)

    def ready(self) -> list[Run]:
        """What may run now as far as time goes, in the order of the queue."""
        waiting = (run for run in self.world.runs.values() if run.state == "queued" and run.run_at <= self.now)
        return sorted(waiting, key=lambda run: run.place)

    def has_room(self, run: Run) -> bool:
        """Whether every limit over this run lets one more in."""
        limits = self.world.limits
        return all(
            self.running_under(*limit) < limits[limit]
            for limit in limits_of(run, self._organizations[run.brand])
            if limit in limits
        )

    def running_under(self, scope: str, key: str) -> int:
        """How many runs a limit counts now."""
        return sum(
            run.state == "running" and (scope, key) in limits_of(run, self._organizations[run.brand])
            for run in self.world.runs.values()
        )

    def beat(self, run_id: str, epoch: int, worker: str, lease: timedelta) -> tuple[bool, bool]:
        """Whether it is the worker's own run still, and whether it is to stop."""
        run = self.world.runs[run_id]
        owned = self._owned(run, epoch, worker)
        if owned:
            run.lease_until = self.now + lease
        return owned, run.asked_to_stop_at is not None

    def checkpoint(self, run_id: str, epoch: int, value: int) -> bool:
        """Whether it was kept."""
        run = self.world.runs[run_id]
        if run.state != "running" or run.epoch != epoch:
            return False
        run.checkpoint = value
        return True

    def finish(
        self,
        run_id: str,
        epoch: int,
        worker: str,
        end: str,
        *,
        error_class: str | None = None,
        retry_in: timedelta = timedelta(0),
        refund: bool = False,
        chain: Sequence[str] = (),
    ) -> bool:
        """Whether the run ended so, by this call or by the same call before."""
        run = self.world.runs[run_id]
        end, waiting = self._resolved(run, end, retry_in, refund)
        if not self._owned(run, epoch, worker):
            return (run.epoch, run.worker, run.state) == (epoch, worker, end)
        if end == "queued":
            run.waiting_since, run.error_class = waiting, error_class
            self._put_back(run, self.now + retry_in, attempt=run.attempt - refund)
            return True
        self._end(run, end, error_class={"timed_out": "timeout", "cancelled": None}.get(end, error_class))
        if end == "succeeded":
            self._succeeded(run, chain)
        elif end in ("failed", "timed_out"):
            job = self.world.jobs[run.job]
            job.held |= error_class == "needs_reauth" and job.recurring
            self._alert_of(run)
        return True

    def release(self, run_id: str, epoch: int, worker: str) -> bool:
        """Whether it was put back, or ended where it may not be."""
        run = self.world.runs[run_id]
        if not self._owned(run, epoch, worker):
            return False
        end = run.stopped_as or ("failed" if run.interruptions >= MOST_INTERRUPTIONS else "queued")
        run.interruptions += 1
        run.claim, run.run_at = None, self.now
        run.error_class = {"failed": "lost", "timed_out": "timeout"}.get(end)
        if end == "queued":
            self._put_back(run, self.now, attempt=run.attempt - 1)
            return True
        run.attempt -= 1
        self._end(run, end, error_class=run.error_class)
        if end != "cancelled":
            self._alert_of(run)
        return True

    def reap(self) -> dict[str, set[str]]:
        """Run ids by what became of them; under `overdue` ids of schedules."""
        told: dict[str, set[str]] = {
            name: set() for name in ("requeued", "lost", "asked_to_stop", "timed_out", "overdue")
        }
        for run in [run for run in self.world.runs.values() if run.state == "running"]:
            if run.lease_until is not None and run.lease_until < self.now:
                self._take_back(run)
                told["requeued" if run.state == "queued" else "lost"].add(run.id)
            elif run.deadline_at is not None and run.deadline_at < self.now:
                if run.asked_to_stop_at is None:
                    run.asked_to_stop_at = self.now
                    told["asked_to_stop"].add(run.id)
                elif run.asked_to_stop_at < self.now - TIME_TO_STOP:
                    self._end(run, "timed_out", error_class="timeout")
                    self._alert_of(run)
                    told["timed_out"].add(run.id)
        for job in self.world.jobs.values():
            if job.status == "active" and not job.held and job.overdue_at is not None and job.overdue_at < self.now:
                job.overdue_at = None
                self._alert("job-silent", job.id)
                told["overdue"].add(job.id)
        return told

    def time_passes(self, span: timedelta) -> None:
        """Moves every moment on record into the past."""
        rows: list[Job | Run] = [*self.world.jobs.values(), *self.world.runs.values()]
        for row in rows:
            for column in fields(row):
                value = getattr(row, column.name)
                if isinstance(value, datetime):
                    setattr(row, column.name, value - span)

    # How the above is put together.

    def _edit(self, wanted: Job, revision: int) -> tuple[Job, Run | None] | Refusal:
        job = self.world.jobs[wanted.id]
        edited = ("overlap", "max_runs", "max_attempts", "priority", "timeout_s", "next_run_at")
        wanted.next_run_at = wanted.next_run_at or job.next_run_at or self.now
        same = all(getattr(job, name) == getattr(wanted, name) for name in edited)
        if job.revision == revision + 1 and same:
            return job, None
        if job.revision != revision:
            return Refusal(CONFLICT)
        if job.status == "archived":
            return Refusal(BAD_INPUT)
        for name in edited:
            setattr(job, name, getattr(wanted, name))
        self._changed(job, status="paused" if job.status == "paused" else "active", next_run_at=wanted.next_run_at)
        self._close(job.id, "job-invalid")
        return job, None

    def _changed(self, job: Job, *, status: str, next_run_at: datetime | None = None) -> None:
        """Any change by a person: the next revision, and the count of silence starts anew."""
        job.revision += 1
        job.overdue_at = None
        job.status = status
        if next_run_at is not None or status == "archived":
            job.next_run_at = next_run_at

    def _occur(self, job: Job, occurrence: Occurrence) -> bool:
        """Whether a run was queued for one time of a schedule; each time stands on record once in any case."""
        at = occurrence.scheduled_for
        others = [run for run in self.world.runs.values() if run.job == job.id] + [
            run for run in self._unseen_runs if run.job == job.id
        ]
        if any(run.trigger == "schedule" and run.scheduled_for == at for run in others):
            return False
        reason = occurrence.reason or ("paused" if job.held else None)
        queued = [run for run in others if run.state == "queued"]
        running = [run for run in others if run.state == "running"]
        if reason is None:
            if (job.overlap == "skip" and queued + running) or (job.overlap == "queue_one" and queued):
                reason = "overlap"
            elif job.overlap == "cancel_other":
                for run in queued:
                    self._end(run, "skipped", reason="superseded")
                for run in running:
                    run.asked_to_stop_at = run.asked_to_stop_at or self.now
        if reason is None:
            self._queue(job, "schedule", None, scheduled_for=at, run_at=occurrence.run_at)
            return True
        run = self._queue(job, "schedule", None, scheduled_for=at)
        # A row that only says why nothing ran takes nothing else over from its schedule.
        run.priority, run.max_attempts, run.timeout_s = 100, 3, 3600
        run.occurrences = occurrence.count
        self._end(run, "skipped", reason=reason)
        return False

    def _queue(
        self,
        job: Job,
        trigger: str,
        key: str | None,
        *,
        scheduled_for: datetime | None = None,
        run_at: datetime | None = None,
    ) -> Run:
        run = Run(
            job=job.id,
            brand=job.brand,
            job_type=job.job_type,
            trigger=trigger,
            scheduled_for=scheduled_for or self.now,
            run_at=run_at or self.now,
            created_at=self.now,
            key=key,
            priority=job.priority,
            max_attempts=job.max_attempts,
            timeout_s=job.timeout_s,
        )
        self._unseen_runs.append(run)
        if key is not None:
            self._keys[job.brand, key] = run
        return run

    def _again(self, ended: Run, key: str) -> Run:
        run = self._queue(self.world.jobs[ended.job], "retry", key)
        run.retry_of, run.checkpoint = ended.id, ended.checkpoint
        return run

    def _resolved(self, run: Run, end: str, retry_in: timedelta, refund: bool) -> tuple[str, datetime | None]:
        """What an end amounts to, and since when a service has asked the run to wait."""
        if end in ("queued", "cancelled"):
            end = run.stopped_as or end
        if end != "queued":
            return end, None
        if not refund:
            return ("failed" if run.attempt >= run.max_attempts else "queued"), None
        waiting = run.waiting_since or self.now
        return ("failed" if self.now + retry_in > waiting + LONGEST_WAIT else "queued"), waiting

    def _succeeded(self, run: Run, chain: Sequence[str]) -> None:
        job = self.world.jobs[run.job]
        for index, job_type in enumerate(chain):
            run_of = self._chained_job(job, job_type)
            chained = self._queue(run_of, "chain", f"{run.id}:chain:{index}")
            chained.chained_from = run.id
        job.overdue_at, job.held = None, False
        self._close(job.id, "run-failed", "job-reauth", "job-silent")

    def _chained_job(self, parent: Job, job_type: str) -> Job:
        """One job for each type that a schedule starts; an archived one stays so, and another takes its place."""
        for job in (*self.world.jobs.values(), *self._unseen_jobs):
            if (job.chained_from, job.job_type) == (parent.id, job_type) and job.status != "archived":
                job.runs_started += 1
                return job
        job = Job(
            id=f"unseen {len(self._unseen_jobs)}",
            brand=parent.brand,
            job_type=job_type,
            recurring=False,
            overlap="skip",
            max_runs=None,
            max_attempts=3,
            timeout_s=3600,
            priority=100,
            next_run_at=None,
            status="completed",
            runs_started=1,
            chained_from=parent.id,
        )
        self._unseen_jobs.append(job)
        return job

    def _take_back(self, run: Run) -> None:
        """The worker is gone: back at once while attempts are left."""
        end = run.stopped_as or ("queued" if run.attempt < run.max_attempts else "failed")
        error_class = {"cancelled": None, "timed_out": "timeout"}.get(end, "lost")
        run.run_at, run.claim = self.now, None
        if end == "queued":
            run.error_class = error_class
            self._put_back(run, self.now, attempt=run.attempt)
            return
        self._end(run, end, error_class=error_class)
        if end != "cancelled":
            self._alert_of(run)

    @staticmethod
    def _put_back(run: Run, at: datetime, *, attempt: int) -> None:
        run.state, run.run_at, run.attempt = "queued", at, attempt
        run.claim = run.lease_until = run.deadline_at = None

    def _end(self, run: Run, state: str, *, error_class: str | None = None, reason: str | None = None) -> None:
        if run.state == "running":
            run.error_class = error_class
        run.state, run.reason, run.finished_at, run.lease_until = state, reason, self.now, None

    @staticmethod
    def _owned(run: Run, epoch: int, worker: str) -> bool:
        return (run.state, run.epoch, run.worker) == ("running", epoch, worker)

    def _alert_of(self, run: Run) -> None:
        if self.world.jobs[run.job].status != "archived":
            self._alert("job-reauth" if run.error_class == "needs_reauth" else "run-failed", run.job)

    def _alert(self, cause: str, job_id: str) -> None:
        if (cause, job_id) not in self.world.alerts:
            self.world.alerts.append((cause, job_id))

    def _close(self, job_id: str, *causes: str) -> None:
        self.world.alerts = [alert for alert in self.world.alerts if alert[1] != job_id or alert[0] not in causes]

    def _jobs(self, job_ids: Iterable[str]) -> list[Job]:
        return [self.world.jobs[job_id] for job_id in job_ids]

    def _runs_of(self, job_id: str, state: str) -> list[Run]:
        return [run for run in self.world.runs.values() if run.job == job_id and run.state == state]

    def _first_run(self, job_id: str) -> Run | None:
        return next((run for run in self.world.runs.values() if run.job == job_id and run.trigger == "api"), None)


def _different(mine: Job | Run | None, theirs: Job | Run | None) -> list[str]:
    if mine is None or theirs is None:
        return [f"only in one: {mine or theirs}"] if mine is not theirs else []
    what = type(mine).__name__.lower()
    return [
        f"{what} {mine.id[:8]}: {column.name} {getattr(mine, column.name)} != {getattr(theirs, column.name)}"
        for column in fields(mine)
        if getattr(mine, column.name) != getattr(theirs, column.name)
    ]
