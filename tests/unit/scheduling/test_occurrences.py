"""What a due schedule owes after an outage, under each policy and bound."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from viraltracker.errors import BadInput
from viraltracker.scheduling import cron, occurrences
from viraltracker.scheduling.occurrences import Advance, MisfirePolicy, Occurrence, Schedule

NINE = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)
HOURLY = Schedule(
    id="3f0c",
    schedule_type="recurring",
    cron_expression="0 * * * *",
    timezone="UTC",
    next_run_at=NINE,
    end_at=None,
    max_runs=None,
    runs_started=0,
    misfire_policy="latest",
    misfire_window=timedelta(hours=24),
    jitter_s=0,
)


def hours(count: float) -> datetime:
    return NINE + timedelta(hours=count)


def runs(plan: Advance) -> list[datetime]:
    """The times that run."""
    return [occurrence.scheduled_for for occurrence in plan.occurrences if occurrence.reason is None]


def skipped(plan: Advance) -> list[tuple[datetime, int]]:
    """The rows of times that do not run, each with its count."""
    return [(found.scheduled_for, found.count) for found in plan.occurrences if found.reason is not None]


@pytest.mark.parametrize("policy", ["latest", "none", "all"])
def test_a_time_seen_at_once_runs_and_nothing_is_skipped(policy: MisfirePolicy) -> None:
    plan = occurrences.advance(replace(HOURLY, misfire_policy=policy), NINE + timedelta(seconds=2))
    assert plan == Advance((Occurrence(NINE, NINE),), hours(1))


def test_two_whole_periods_pass_before_a_silence_is_said() -> None:
    """The last success may have come just before this time: an hourly run of 72 minutes ago is no silence yet."""
    plan = occurrences.advance(replace(HOURLY, jitter_s=30), NINE)
    assert plan.overdue_at(replace(HOURLY, jitter_s=30)) == hours(2) + occurrences.ON_TIME + timedelta(seconds=30)
    assert Advance((), None).overdue_at(HOURLY) is None


@pytest.mark.parametrize(
    ("policy", "expected_runs", "expected_skipped"),
    [
        ("latest", [hours(5)], [(NINE, 5)]),
        ("none", [], [(NINE, 6)]),
        ("all", [hours(3), hours(4), hours(5)], [(NINE, 3)]),
    ],
)
def test_an_outage_of_hours(
    policy: MisfirePolicy, expected_runs: list[datetime], expected_skipped: list[tuple[datetime, int]]
) -> None:
    """Six times were missed, three of them inside a window of three hours; those that do not run are one row."""
    schedule = replace(HOURLY, misfire_policy=policy, misfire_window=timedelta(hours=3))
    plan = occurrences.advance(schedule, hours(5.5))
    assert (runs(plan), skipped(plan), plan.next_run_at) == (expected_runs, expected_skipped, hours(6))


def test_nothing_runs_when_all_of_it_is_older_than_the_window() -> None:
    daily = replace(HOURLY, cron_expression="0 9 * * *", misfire_window=timedelta(hours=2))
    plan = occurrences.advance(daily, hours(30))
    assert (runs(plan), skipped(plan), plan.next_run_at) == ([], [(NINE, 2)], hours(48))


def test_a_limited_schedule_runs_what_is_left_and_misses_nothing_beyond() -> None:
    """Times after its last run are not owed; the database completes it once the runs have really started."""
    limited = replace(HOURLY, misfire_policy="all", max_runs=5, runs_started=3)
    plan = occurrences.advance(limited, hours(4.5))
    assert (runs(plan), skipped(plan)) == ([NINE, hours(1)], [])
    assert occurrences.advance(replace(limited, runs_started=5), hours(4.5)).occurrences == ()


@pytest.mark.parametrize(
    ("end", "expected_runs", "expected_next"),
    [(hours(2), [hours(2)], None), (hours(5), [hours(4)], hours(5)), (hours(-1), [], None)],
)
def test_a_schedule_ends(end: datetime, expected_runs: list[datetime], expected_next: datetime | None) -> None:
    """Its end is the last time that may run; without a next time it is completed."""
    plan = occurrences.advance(replace(HOURLY, end_at=end), hours(4.5))
    assert (runs(plan), plan.next_run_at) == (expected_runs, expected_next)


def test_a_one_time_job_runs_once() -> None:
    once = replace(HOURLY, schedule_type="one_time", cron_expression=None)
    assert occurrences.advance(once, hours(3)) == Advance((Occurrence(NINE, NINE),), None)


def test_jitter_is_the_occurrences_own() -> None:
    """The same occurrence always gets the same delay, within bounds, and others get others."""
    spread = replace(HOURLY, jitter_s=600)
    delays = []
    for hour in range(20):
        at = replace(spread, next_run_at=hours(hour))
        (found,) = occurrences.advance(at, hours(hour)).occurrences
        assert occurrences.advance(at, hours(hour) + timedelta(seconds=30)).occurrences == (found,)
        delays.append((found.run_at - found.scheduled_for).total_seconds())
    assert 0 <= min(delays) <= max(delays) <= 600
    assert len(set(delays)) > 10


@pytest.mark.parametrize("policy", ["latest", "none", "all"])
def test_a_minutely_schedule_after_years_is_caught_up_in_bounded_steps(
    policy: MisfirePolicy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest times still count right, and no more times are walked through than the limit and one window."""
    now = datetime(2029, 6, 1, 9, 0, 30, tzinfo=UTC)
    walked = 0

    def counted(expression: str, zone: str, after: datetime) -> object:
        nonlocal walked
        for moment in real(expression, zone, after):
            walked += 1
            yield moment

    real = cron.times
    monkeypatch.setattr(cron, "times", counted)
    minutely = replace(HOURLY, cron_expression="* * * * *", misfire_policy=policy, misfire_window=timedelta(minutes=10))
    plan = occurrences.advance(minutely, now)
    newest = now.replace(second=0)
    expected = {
        "latest": [newest],
        "none": [newest],
        "all": [newest - timedelta(minutes=ago) for ago in range(9, -1, -1)],
    }
    assert runs(plan) == expected[policy]
    assert plan.next_run_at == newest + timedelta(minutes=1)
    assert skipped(plan)[0][0] == NINE
    assert skipped(plan)[0][1] >= occurrences.COUNT_LIMIT - 10
    assert walked <= occurrences.COUNT_LIMIT + 20


@settings(deadline=None)
@given(
    policy=st.sampled_from(["latest", "none", "all"]),
    late=st.timedeltas(timedelta(0), timedelta(days=9)),
    window=st.timedeltas(timedelta(minutes=1), timedelta(days=3)),
    left=st.none() | st.integers(1, 30),
)
def test_every_due_time_is_accounted_for_once(
    policy: MisfirePolicy, late: timedelta, window: timedelta, left: int | None
) -> None:
    """Runs and counted skips together are the times that came due, unless a limit ended the schedule."""
    schedule = replace(HOURLY, misfire_policy=policy, misfire_window=window, max_runs=left)
    plan = occurrences.advance(schedule, NINE + late)
    times = [occurrence.scheduled_for for occurrence in plan.occurrences]
    assert times == sorted(set(times))
    assert len(skipped(plan)) <= 1
    due = late // timedelta(hours=1) + 1
    accounted = len(runs(plan)) + sum(count for _, count in skipped(plan))
    assert accounted == due or (left is not None and len(runs(plan)) == left)
    assert plan.next_run_at is not None
    assert NINE + late < plan.next_run_at <= NINE + late + timedelta(hours=1)


@pytest.mark.parametrize("change", [{"cron_expression": "0 0 31 2 *"}, {"timezone": "Atlantis/Capital"}])
def test_what_no_longer_parses_is_bad_input(change: dict[str, str]) -> None:
    """The worker takes such a schedule out of service with an alert."""
    with pytest.raises(BadInput):
        occurrences.advance(replace(HOURLY, **change), NINE)  # type: ignore[arg-type]
