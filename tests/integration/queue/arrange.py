"""A brand of its own with its schedules and runs; rows are moved in time, never the clock."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from viraltracker.store import brands, queue, schedules
from viraltracker.store.client import Database
from viraltracker.store.queue import ClaimedRun, WorkerIdentity

LEASE = timedelta(seconds=90)
PATIENCE_SECONDS = 60


@dataclass(frozen=True)
class Arranged:
    """What a test of the queue works with: the worker's and the people's side, and the superuser behind both."""

    db: Database
    database: psycopg.Connection
    brand_id: str

    @classmethod
    def new(cls, db: Database, database: psycopg.Connection) -> Arranged:
        """A fresh brand on a queue where nothing else waits and nothing is limited."""
        settle(database)
        return cls(db, database, brands.ensure(db, f"Brand {uuid.uuid4()}").id)

    def other_brand(self) -> Arranged:
        """The same queue for another brand."""
        return Arranged(self.db, self.database, brands.ensure(self.db, f"Brand {uuid.uuid4()}").id)

    def now(self) -> datetime:
        """The database's clock."""
        found = self.database.execute("select clock_timestamp()").fetchone()
        assert found is not None
        moment: datetime = found[0]
        return moment

    def schedule(self, **columns: object) -> dict[str, Any]:
        """The row of a new hourly schedule whose next time is an hour away; `columns` change it."""
        now = self.now()
        job = {
            "brand_id": self.brand_id,
            "job_type": "probe",
            "name": "Hourly probe",
            "schedule_type": "recurring",
            "cron_expression": "0 * * * *",
            "next_run_at": now + timedelta(hours=1),
            **columns,
        }
        return self.job(schedules.save(self.db, job, now=now).job_id)

    def due_schedule(self, **columns: object) -> dict[str, Any]:
        """A schedule whose one missed time was ten seconds ago, as the worker reads it; the next is far off."""
        far = f"{(self.now().minute + 30) % 60} * * * *"  # at a full hour "0 * * * *" would be due twice
        job = self.schedule(**{"cron_expression": far} | columns)
        self.change("scheduled_jobs", job["id"], next_run_at=self.now() - timedelta(seconds=10))
        return next(found for found in queue.due(self.db).jobs if found["id"] == job["id"])

    def fire(self, job: dict[str, Any], at: datetime | None = None) -> bool:
        """Advances a schedule by one occurrence that runs, as a worker would; the next comes an hour after."""
        moment = at or datetime.fromisoformat(job["next_run_at"])
        rows: list[dict[str, object]] = [{"scheduled_for": moment, "run_at": moment}]
        return self.advance(queue.Step(job, self.now() + timedelta(hours=1), rows))

    def advance(self, step: queue.Step) -> bool:
        """Whether the schedule moved on by this call; the reason, when the database refuses, fails the test."""
        answer = queue.advance(self.db, [step])
        assert answer.refused == {}
        return answer.moved == {step.job["id"]}

    def once(self, **columns: object) -> str:
        """The run of a one-time job that is due at once."""
        columns = {"schedule_type": "one_time", "cron_expression": None, "next_run_at": None, **columns}
        job = {"brand_id": self.brand_id, "job_type": "probe", "name": "Probe", **columns}
        saved = schedules.save(self.db, job, now=self.now())
        assert saved.run_id is not None
        return saved.run_id

    def claim(self, worker: WorkerIdentity, limit: int = 10) -> list[ClaimedRun]:
        """What the queue gives to a worker now."""
        return queue.claim(self.db, uuid.uuid4(), worker, limit, LEASE)

    def held(self, worker: WorkerIdentity, **columns: object) -> ClaimedRun:
        """A run of this brand in the hands of a worker."""
        run_id = self.once(priority=0, **columns)
        (run,) = self.claim(worker, 1)
        assert run.id == run_id
        return run

    def change(self, table: str, row_id: str, **columns: object) -> None:
        """Moves a row past every policy."""
        assignments = sql.SQL(", ").join(
            sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder(name)) for name in columns
        )
        statement = sql.SQL("update {} set {} where id = %(row_id)s").format(
            sql.Identifier("public", table), assignments
        )
        self.database.execute(statement, columns | {"row_id": row_id})

    def limit(self, scope: str, key: str, limit: int) -> None:
        """Sets a concurrency limit."""
        self.db.upsert("concurrency_limits", {"scope": scope, "key": key, "limit": limit}, on_conflict="scope,key")

    def run(self, run_id: str) -> dict[str, Any]:
        """A run's row."""
        return schedules.run(self.db, run_id)

    def job(self, job_id: str) -> dict[str, Any]:
        """A schedule's row."""
        return schedules.job(self.db, job_id)

    def runs(self, job_id: str) -> list[dict[str, Any]]:
        """A schedule's rows of runs in the order of their times."""
        with self.database.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(
                "select * from public.scheduled_job_runs where job_id = %s order by scheduled_for, created_at", [job_id]
            ).fetchall()

    def messages(self, run_id: str) -> list[str]:
        """What was reported of a run, oldest first."""
        return [str(event["message"]) for event in schedules.events(self.db, run_id)]

    def alerts(self) -> list[str]:
        """The texts of this brand's open alerts."""
        return [str(alert["text"]) for alert in schedules.open_alerts(self.db) if alert["brand_id"] == self.brand_id]


def eventually(holds: Callable[[], bool]) -> None:
    """Waits until a condition holds; fails loudly when it never does.

    What is waited for longer is asked for less often: the asking takes a core that the awaited may need.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    pause = 0.01
    while not holds():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(pause)
        pause = min(2 * pause, 0.1)


def worker_identity(name: str = "tester") -> WorkerIdentity:
    """A worker that has just booted."""
    return WorkerIdentity(uuid.uuid4(), name, "0", 2)


def settle(database: psycopg.Connection) -> None:
    """Takes from the queue what other tests left in it."""
    database.execute("delete from public.concurrency_limits")
    database.execute("update public.scheduled_jobs set status = 'paused' where status = 'active'")
    database.execute(
        "update public.scheduled_job_runs set state = 'cancelled', finished_at = now()"
        " where state in ('queued', 'running')"
    )
