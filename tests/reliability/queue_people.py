"""What people do to the queue, in any order."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule
from psycopg.types.json import Jsonb

from .queue_steps import PERIOD, TYPES, Steps, again, pick, seconds
from .queue_world import Job


class People(Steps):
    """Owners and editors at their pages."""

    @initialize()
    def begin(self) -> None:
        """Something to begin with: two schedules, and jobs of three brands that wait in the queue."""
        self.create(0, "probe", True, "skip", None, 3, 100, timedelta(seconds=1), timedelta(0), 9, False)
        self.create(1, "other", True, "allow", None, 2, 100, timedelta(seconds=1), timedelta(0), 9, False)
        for brand, job_type in enumerate(("probe", "probe", "other")):
            self.create(brand, job_type, False, "skip", None, 2, 100, timedelta(0), timedelta(0), 9, False)

    @rule(
        brand=pick,
        job_type=st.sampled_from(TYPES),
        recurring=st.booleans(),
        overlap=st.sampled_from(["skip", "queue_one", "allow", "cancel_other"]),
        max_runs=st.sampled_from([None, None, 1, 2]),
        max_attempts=st.integers(1, 3),
        priority=st.sampled_from([100, 100, 0]),
        ahead=seconds([timedelta(seconds=1), timedelta(0), timedelta(minutes=-1), PERIOD]),
        skew=seconds([timedelta(0), timedelta(0), timedelta(seconds=-50), timedelta(seconds=90)]),
        key=st.integers(0, 9),
        again=again,
    )
    def create(
        self,
        brand: int,
        job_type: str,
        recurring: bool,
        overlap: str,
        max_runs: int | None,
        max_attempts: int,
        priority: int,
        ahead: timedelta,
        skew: timedelta,
        key: int,
        again: bool,
    ) -> None:
        """A new schedule, or a job that is due at once; most come with no key."""
        job = Job(
            id=self._name("job"),
            brand=self.brands[brand % len(self.brands)],
            job_type=job_type,
            recurring=recurring,
            overlap=overlap,
            max_runs=max_runs,
            max_attempts=max_attempts,
            timeout_s=600,
            priority=priority,
            next_run_at=self.now + ahead,
        )
        self._save(job, None, skew, f"create {key}" if key < 3 else None, again)

    @precondition(lambda self: self.model.world.jobs)
    @rule(
        job=pick,
        behind=st.sampled_from([0, 0, 0, 1, 2]),
        overlap=st.sampled_from(["skip", "allow", "cancel_other"]),
        max_runs=st.sampled_from([None, None, 2, 3]),
        ahead=seconds([PERIOD, timedelta(seconds=1), timedelta(seconds=-40), timedelta(days=-1)]),
        recorded=st.booleans(),
        skew=seconds([timedelta(0), timedelta(seconds=-50)]),
        again=again,
    )
    def edit(
        self,
        job: int,
        behind: int,
        overlap: str,
        max_runs: int | None,
        ahead: timedelta,
        recorded: bool,
        skew: timedelta,
        again: bool,
    ) -> None:
        """An edit of the revision seen or of an older one, by a machine whose clock may be slow: it takes for its next
        time what lies behind, even a time that has run."""
        old = self._job(job)
        at = self.now + ahead
        if recorded:
            times = [run.scheduled_for for run in self.model.world.runs.values() if run.job == old.id]
            at = max((time for time in times if self.now + skew < time), default=at)
        self._save(
            replace(old, overlap=overlap, max_runs=max_runs, next_run_at=at), old.revision - behind, skew, None, again
        )

    @precondition(lambda self: self.model.world.jobs)
    @rule(job=pick, key=st.integers(0, 5), again=again)
    def run_now(self, job: int, key: int, again: bool) -> None:
        """A click, whose key may have been used before, for this schedule or another."""
        job_id = self._job(job).id
        arguments = {"p_job": job_id, "p_idempotency_key": f"click {key}"}
        answer, expected = self._tell("run_now", arguments, lambda: self.model.run_now(job_id, f"click {key}"), again)
        self._same_run(answer, expected)

    @precondition(lambda self: self.model.world.runs)
    @rule(run=pick, key=st.integers(0, 5), again=again)
    def retry(self, run: int, key: int, again: bool) -> None:
        """Another try for any run, ended or not."""
        run_id = self._run(run).id
        arguments = {"p_run": run_id, "p_idempotency_key": f"retry {key}"}
        answer, expected = self._tell("retry", arguments, lambda: self.model.retry(run_id, f"retry {key}"), again)
        self._same_run(answer, expected)

    @precondition(lambda self: self.model.world.runs)
    @rule(first=pick, again=again)
    def retry_all(self, first: int, again: bool) -> None:
        """Many clicks on it make one try each."""
        jobs = list(self.model.world.jobs)[first:]
        answer, expected = self._tell("retry_jobs", {"p_jobs": jobs}, lambda: self.model.retry_all(jobs), again)
        assert answer == expected

    @precondition(lambda self: self.model.world.jobs)
    @rule(job=pick, all_of_them=st.sampled_from([False, False, False, True]), again=again)
    def pause_or_resume(self, job: int, all_of_them: bool, again: bool) -> None:
        """What is paused goes on, at a time that lies ahead; what is not is paused."""
        chosen = self._job(job)
        jobs = list(self.model.world.jobs) if all_of_them else [chosen.id]
        following = self.now + timedelta(seconds=1)
        times = dict.fromkeys(jobs, following)
        if chosen.status != "paused":
            function = "pause_jobs" if all_of_them else "pause"
            arguments: dict[str, object] = {"p_jobs": jobs} if all_of_them else {"p_job": jobs[0]}
            answer, expected = self._tell(function, arguments, lambda: self.model.pause(jobs), again)
        elif all_of_them:
            rows = Jsonb([{"id": job_id, "next": following.isoformat()} for job_id in jobs])
            arguments = {"p_jobs": rows, "p_now": self.now}
            answer, expected = self._tell("resume_jobs", arguments, lambda: self.model.resume(times), again)
        else:
            arguments = {"p_job": jobs[0], "p_next": following, "p_now": self.now}
            answer, expected = self._tell("resume", arguments, lambda: self.model.resume(times), again)
        assert int(answer) == expected

    @precondition(lambda self: self._archived() < len(self.model.world.jobs) / 4)
    @rule(job=pick, again=again)
    def archive(self, job: int, again: bool) -> None:
        """For good."""
        jobs = [self._job(job).id]
        answer, expected = self._tell("archive_jobs", {"p_jobs": jobs}, lambda: self.model.archive(jobs), again)
        assert answer == expected

    @precondition(lambda self: self.model.world.runs)
    @rule(run=pick, again=again)
    def stop(self, run: int, again: bool) -> None:
        """Any run, ended or not."""
        run_id = self._run(run).id
        answer, expected = self._tell("stop", {"p_run": run_id}, lambda: self.model.stop(run_id), again)
        assert answer == expected

    @rule(
        level=st.integers(0, 4),
        brand=pick,
        job_type=st.sampled_from(TYPES),
        limit=st.sampled_from([1, 2, 1, 0, None, None]),
    )
    def set_limit(self, level: int, brand: int, job_type: str, limit: int | None) -> None:
        """At any of the five scopes."""
        name = self.brands[brand % len(self.brands)]
        scope, key = [
            ("global", "*"),
            ("job_type", job_type),
            ("organization", self.arranged.brands[name]),
            ("brand", name),
            ("brand_job_type", f"{name}:{job_type}"),
        ][level]
        arguments = {"p_scope": scope, "p_key": key, "p_limit": limit}
        self._tell("set_limit", arguments, lambda: self.model.set_limit(scope, key, limit), True)

    @rule(brand=pick)
    def connect_again(self, brand: int) -> None:
        """A dead token is replaced by one that works."""
        name = self.brands[brand % len(self.brands)]
        for status in ("needs_reauth", "active"):
            self.connection.execute("update public.ad_accounts set status = %s where brand_id = %s", [status, name])
        self.model.token_works_again(name)
        self._look()
