"""What the queue's functions have in common, restated in Python: how rows come, change and end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from .queue_world import Job, Occurrence, Refusal, Run, World

BAD_INPUT = "22023"
FORBIDDEN = "42501"
CONFLICT = "PT409"

CLOCK_SKEW = timedelta(seconds=60)
TIME_TO_STOP = timedelta(seconds=60)
LONGEST_WAIT = timedelta(hours=24)
MOST_INTERRUPTIONS = 10


class Book:
    """The rows as the model keeps them, and the moves that several functions share."""

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
        """A change by a person: the next revision, the count of silence starts anew, and no chain owns it any more."""
        job.revision += 1
        job.overdue_at = job.chained_from = None
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
        for index, job_type in enumerate(chain if job.status != "archived" else ()):
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
        if end == "queued":
            run.error_class = error_class
            self._put_back(run, self.now, attempt=run.attempt)
            return
        run.run_at, run.claim = self.now, None
        self._end(run, end, error_class=error_class)
        if end != "cancelled":
            self._alert_of(run)

    def _put_back(self, run: Run, at: datetime, *, attempt: int) -> None:
        """Back at once it keeps its place in the queue."""
        run.state, run.attempt = "queued", attempt
        run.run_at = at if at > self.now else min(run.run_at, at)
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
