"""What the queue promises, restated in Python: a small model that predicts every row the SQL functions write.

Time stands still in it, as it does within one transaction of the database; `Model.time_passes` moves the rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime, timedelta

from .queue_book import BAD_INPUT, CLOCK_SKEW, MOST_INTERRUPTIONS, TIME_TO_STOP, Book
from .queue_world import ENDED, Job, Occurrence, Refusal, Run, limits_of


class Model(Book):
    """Predicts. Each method is one function of the database: it changes `world` and gives what the call answers."""

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
        run.error_class = {"failed": "lost", "timed_out": "timeout"}.get(end)
        if end == "queued":
            self._put_back(run, self.now, attempt=run.attempt - 1)
            return True
        run.attempt -= 1
        run.claim, run.run_at = None, self.now
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
