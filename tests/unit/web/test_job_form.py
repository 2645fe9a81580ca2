"""The job form out of a parameters model, and what its timing means."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field

from viraltracker.errors import BadInput
from viraltracker.jobs import registry
from viraltracker.web import job_form
from viraltracker.web.job_form import Timing

NOW = datetime(2026, 3, 28, 12, 0, tzinfo=UTC)
GAP = timedelta(minutes=5)
TYPES = registry.standard()


class Odd(BaseModel):
    """Every shape of question that there is."""

    count: int = Field(3, ge=1, le=9, title="How many", description="Things.")
    share: float = Field(0.5, ge=0, le=1)
    mode: Literal["fast", "slow"] = "slow"
    only: Literal["one"] = "one"
    until: date | None = None
    note: str | None = Field(None, title="Note")
    file: str


def test_a_field_says_what_the_model_says() -> None:
    """Titles, bounds, defaults and kinds come from the model, so that a new type needs no form of its own."""
    found = {field.name: field for field in job_form.fields(Odd)}
    assert [field.kind for field in found.values()] == ["whole", "number", "choice", "choice", "day", "text", "text"]
    count = found["count"]
    assert (count.title, count.low, count.high, count.default) == ("How many", 1, 9, 3)
    assert count.explained == "Things. From 1 to 9; 3 unless changed."
    assert found["mode"].options == ("fast", "slow")
    assert [name for name, field in found.items() if field.is_settled] == ["only"]
    assert [name for name, field in found.items() if field.optional] == ["until", "note"]


@pytest.mark.parametrize("name", sorted(set(TYPES) - {"import_file", "template_scrape", "ad_revision"}))
def test_a_form_left_as_it_is_gives_the_types_defaults(name: str) -> None:
    """Every type in the registry can be scheduled without touching a field, and its bounds are the model's own."""
    kind = TYPES[name]
    asked = job_form.fields(kind.parameters)
    assert [field.name for field in asked] == list(kind.parameters.model_fields)
    untouched = {field.name: field.default for field in asked if field.default is not None}
    assert kind.parse(untouched) == kind.parse({})
    for field in asked:
        if field.kind == "whole":
            assert field.low is not None
            assert field.high is not None
            assert kind.parse({field.name: field.low})
            with pytest.raises(BadInput, match=field.name):
                kind.parse({field.name: field.high + 1})


@pytest.mark.parametrize(
    ("timing", "expression"),
    [
        (Timing("daily", "Europe/Berlin", time_of_day=time(6, 5)), "5 6 * * *"),
        (Timing("weekly", "UTC", time_of_day=time(23, 0), days=(5, 0, 1)), "0 23 * * 0,1,5"),
        (Timing("cron", "UTC", expression="*/10 8-18 * * 1-5"), "*/10 8-18 * * 1-5"),
        (Timing("cron", "UTC", expression="0 25 * * *"), "0 25 * * *"),
    ],
)
def test_a_stored_schedule_opens_as_it_was_saved(timing: Timing, expression: str) -> None:
    """Edit and Save without a change must not change when a job runs."""
    assert timing.cron_expression == expression
    stored = {"cron_expression": expression, "timezone": timing.zone, "next_run_at": None}
    opened = job_form.timing_of(stored)
    assert opened.repeat == timing.repeat
    assert opened.cron_expression == expression


def test_a_wall_clock_time_follows_its_zone_over_a_clock_change() -> None:
    """Seven in Berlin is six in UTC on the day before summer time and five on its first day."""
    coming = Timing("daily", "Europe/Berlin").next_times(NOW, GAP)
    assert [f"{found.moment:%d %H:%M} {found.note}" for found in coming[:3]] == [
        "29 05:00 after_change",
        "30 05:00 None",
        "31 05:00 None",
    ]
    once = Timing("once", "America/New_York", at=datetime(2026, 3, 28, 9, 0))  # noqa: DTZ001 - of that zone
    assert once.columns(NOW, GAP) == {
        "schedule_type": "one_time",
        "cron_expression": None,
        "timezone": "America/New_York",
        "next_run_at": datetime(2026, 3, 28, 13, 0, tzinfo=UTC),
    }


@pytest.mark.parametrize(
    ("timing", "why"),
    [
        (Timing("once", "UTC", at=datetime(2026, 3, 28, 11, 59)), "has passed"),  # noqa: DTZ001
        (Timing("once", "UTC"), "Choose the day"),
        (Timing("weekly", "UTC", days=()), "at least one day"),
        (Timing("cron", "UTC", expression="* * * * *"), "more often"),
        (Timing("cron", "UTC", expression="0,1 8 * * *"), "more often"),
        (Timing("cron", "UTC", expression="0 0 31 2 *"), "never fires"),
        (Timing("cron", "UTC", expression="every day"), "five fields"),
    ],
)
def test_a_time_that_is_no_use_is_refused_before_it_is_saved(timing: Timing, why: str) -> None:
    with pytest.raises(BadInput, match=why):
        timing.columns(NOW, GAP)


def test_now_leaves_the_moment_to_the_database() -> None:
    """A one-time job without a time is due at once by the database's own clock."""
    assert Timing("now", "UTC").columns(NOW, GAP)["next_run_at"] is None


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("0 7 * * *", "Every day at 07:00"),
        ("@weekly", "At 00:00, only on Sunday"),
        ("30 8 * * 1,5", "At 08:30, only on Monday and Friday"),
        ("nonsense", "nonsense"),
    ],
)
def test_an_expression_is_said_in_words(expression: str, said: str) -> None:
    assert job_form.describe(expression) == said


def test_a_recurring_schedule_names_its_zone() -> None:
    """The same words mean another moment elsewhere."""
    job: dict[str, Any] = {"cron_expression": "0 7 * * *", "timezone": "Asia/Tokyo"}
    assert job_form.in_words(job) == "Every day at 07:00 (Asia/Tokyo)"
