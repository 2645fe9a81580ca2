"""The Ad Scheduler's list beside a plain read of its rows, with as many schedules and runs as a large agency has."""

from __future__ import annotations

import psycopg

from benchmarks.figures import Figure, Result
from benchmarks.installation import Installation, at_share, median, timed
from viraltracker.store import schedules

JOBS = 1_000
RUNS = 100_000
REPEATS = 30
PAGE = 25

_FILL = """
insert into public.scheduled_jobs (brand_id, job_type, name, schedule_type, cron_expression, next_run_at, status)
select %(brand)s, (array['meta_sync', 'ad_classification', 'ad_intelligence_analysis'])[1 + n %% 3], 'Schedule ' || n,
    'recurring', '0 6 * * *', now() + make_interval(mins => n), 'active' from generate_series(1, %(jobs)s) n;
"""
_RUN = """
insert into public.scheduled_job_runs (job_id, brand_id, job_type, parameters, scheduled_for, trigger, state, attempt,
    created_at, started_at, finished_at)
select j.id, j.brand_id, j.job_type, '{}', t, 'schedule',
    case when random() < 0.05 then 'failed' else 'succeeded' end, 1, t, t, t + interval '40 s'
from public.scheduled_jobs j, generate_series(1, %(each)s) n, lateral (select now() - make_interval(hours => n)) x(t)
where j.brand_id = %(brand)s;
"""


def run(installation: Installation) -> list[Result]:
    """Time and size of one page of the list, as a member of the organisation gets it."""
    brand = installation.new_brand()
    with psycopg.connect(installation.endpoints.db_url, autocommit=True) as database:
        database.execute(_FILL, {"brand": brand, "jobs": JOBS})
        database.execute(_RUN, {"brand": brand, "each": RUNS // JOBS})
        database.execute("analyze public.scheduled_jobs, public.scheduled_job_runs")

    def page(**filters: str) -> float:
        wanted = {"brand": brand, **filters}
        return timed(lambda: schedules.listed(installation.owner, wanted, limit=PAGE))

    def plain() -> float:
        return timed(lambda: installation.owner.newest("scheduled_jobs", order="created_at", limit=1000))

    current = [page(status="current") for _ in range(REPEATS)]
    failed = [page(result="failed") for _ in range(REPEATS)]
    reference = [plain() for _ in range(REPEATS)]
    whole = timed(lambda: schedules.jobs(installation.owner, brand))
    return [
        Result(
            f"Ad Scheduler's list: {JOBS:,} schedules, {RUNS:,} runs",
            [
                Figure("one page, in service, median", median(current), "s", at_most=0.5),
                Figure("one page, in service, p95", at_share(current, 0.95), "s"),
                Figure("one page, last run failed, median", median(failed), "s", at_most=0.5),
                Figure("reference: reading the schedules' rows alone, median", median(reference), "s"),
                Figure("one page ÷ reference", median(current) / median(reference), "x"),
                Figure("every schedule with its last run, once", whole, "s"),
            ],
        )
    ]
