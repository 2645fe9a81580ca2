"""Times of a cron expression: what is accepted, and what clock changes do to it."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice, pairwise, takewhile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from viraltracker.errors import BadInput
from viraltracker.scheduling import cron

START = datetime(2026, 1, 1, tzinfo=UTC)


def first(expression: str, zone: str = "UTC", after: datetime = START, count: int = 1) -> list[str]:
    """The first times as `MM-DD HH:MM` in UTC."""
    return [f"{moment:%m-%d %H:%M}" for moment in islice(cron.times(expression, zone, after), count)]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("@hourly", ["01-01 01:00", "01-01 02:00"]),
        ("@Daily", ["01-02 00:00", "01-03 00:00"]),
        ("@weekly", ["01-04 00:00", "01-11 00:00"]),
        ("@monthly", ["02-01 00:00", "03-01 00:00"]),
        ("0 9 * * 0", ["01-04 09:00", "01-11 09:00"]),
        ("0 9 * * 7", ["01-04 09:00", "01-11 09:00"]),
        (" 30  6  1 * * ", ["01-01 06:30", "02-01 06:30"]),
    ],
)
def test_expressions_fire_when_they_say(expression: str, expected: list[str]) -> None:
    """Aliases, 0 and 7 as Sunday, and space around the fields."""
    assert first(expression, count=2) == expected


@pytest.mark.parametrize(
    "expression",
    ["", "* * * *", "* * * * * *", "@yearly", "60 * * * *", "*/0 * * * *", "5-1 * * * *", "a b c d e"],
)
def test_what_cannot_fire_is_refused_in_words(expression: str) -> None:
    """A field too many and a value out of range never reach the database."""
    with pytest.raises(BadInput, match="cron expression"):
        cron.next_time(expression, "UTC", START)


@pytest.mark.parametrize("expression", ["0 0 31 2 *", "30 6 30 2 *", "0 0 31 4,6,9,11 *"])
def test_a_date_that_no_year_has_is_said_for_what_it_is(expression: str) -> None:
    """Each field is right by itself, so "not valid" would send the person looking in the wrong place."""
    with pytest.raises(BadInput, match="never fires; choose another day or month"):
        cron.next_time(expression, "UTC", START)


@pytest.mark.parametrize(
    "name", ["", "Nowhere/City", "America", "../etc/passwd", "europe/berlin", "localtime", "right/UTC", "UTC\0"]
)
def test_an_unknown_zone_is_refused(name: str) -> None:
    """Also a folder of zones, a name of another machine's choosing, and a way out of the folder."""
    with pytest.raises(BadInput, match="Unknown time zone"):
        cron.next_time("@daily", name, START)


@settings(deadline=None)
@given(st.text(alphabet="0123456789*/,-LW#@ SUNJA\u0661\t", max_size=24), st.text(max_size=12))
def test_nothing_a_person_types_breaks_the_worker(expression: str, zone: str) -> None:
    """Whatever is in the two fields either fires or is BadInput, which takes only that schedule out of service."""
    for name in (zone, "Europe/Berlin"):
        try:
            moment = cron.next_time(expression, name, START)
        except BadInput:
            continue
        assert moment > START


@pytest.mark.parametrize(
    ("expression", "zone", "after", "expected"),
    [
        # New York: 8 March 2026 02:00 becomes 03:00, 1 November 2026 02:00 becomes 01:00.
        ("30 2 * * *", "America/New_York", "2026-03-07T12:00", ["03-08 07:00", "03-09 06:30"]),
        ("0 2,3 * * *", "America/New_York", "2026-03-07T12:00", ["03-08 07:00", "03-09 06:00"]),
        ("30 1 * * *", "America/New_York", "2026-10-31T12:00", ["11-01 05:30", "11-02 06:30"]),
        ("*/30 * * * *", "America/New_York", "2026-11-01T05:15", ["11-01 05:30", "11-01 06:00", "11-01 06:30"]),
        # Asked in the second pass of the hour: the first pass is over.
        ("50 1 * * *", "America/New_York", "2026-11-01T06:45", ["11-02 06:50"]),
        # Lord Howe moves by half an hour, Havana at midnight.
        ("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T12:00", ["10-03 15:30", "10-04 15:15"]),
        ("0 0 * * *", "America/Havana", "2026-03-07T12:00", ["03-08 05:00", "03-09 04:00"]),
        # Samoa left out 30 December 2011.
        ("0 12 * * *", "Pacific/Apia", "2011-12-29T12:00", ["12-29 22:00", "12-30 10:00", "12-30 22:00"]),
    ],
)
def test_clock_changes(expression: str, zone: str, after: str, expected: list[str]) -> None:
    """A skipped time runs at the first valid instant, a repeated one once, wildcards follow real time."""
    assert first(expression, zone, datetime.fromisoformat(after).replace(tzinfo=UTC), len(expected)) == expected


@pytest.mark.parametrize("expression", ["30 1 * * *", "0 0,2,3 * * *", "*/20 0-3 * * *", "15 */2 1-8 3,4,10,11 0"])
def test_times_strictly_increase_in_every_zone(expression: str) -> None:
    """Also when asked anew from each time, as the worker does, no zone makes a schedule stand still or go back."""
    for name in sorted(zoneinfo.available_timezones() - cron.NOT_PLACES):
        for after in (datetime(2026, 3, 6, tzinfo=UTC), datetime(2026, 10, 30, tzinfo=UTC)):
            moments = list(islice(cron.times(expression, name, after), 12))
            assert all(earlier < later for earlier, later in pairwise([after, *moments])), name
            assert moments[1] == cron.next_time(expression, name, moments[0]), name


@settings(deadline=None)
@given(st.sampled_from(["America/New_York", "Europe/Berlin", "Australia/Lord_Howe"]), st.integers(0, 527_039))
def test_the_next_time_lies_ahead_of_any_moment(zone: str, minutes: int) -> None:
    """Also inside the hour that a clock change repeats."""
    after = START + timedelta(minutes=minutes, seconds=30)
    assert cron.next_time("50 1,2 * * *", zone, after) > after


@cache
def changes() -> dict[str, list[datetime]]:
    """Of every zone, the moments from 2026 to 2028 at which its distance from UTC changes."""
    return {
        name: _changes(zoneinfo.ZoneInfo(name)) for name in sorted(zoneinfo.available_timezones() - cron.NOT_PLACES)
    }


def _changes(zone: zoneinfo.ZoneInfo) -> list[datetime]:
    found = []
    step, least = timedelta(days=7), timedelta(minutes=1)
    for week in range(157):
        low, high = START + week * step, START + (week + 1) * step
        if low.astimezone(zone).utcoffset() != high.astimezone(zone).utcoffset():
            while high - low > least:
                middle = low + (high - low) / 2 // least * least
                if middle.astimezone(zone).utcoffset() == low.astimezone(zone).utcoffset():
                    low = middle
                else:
                    high = middle
            found.append(high)
    return found


def fired(expression: str, zone: str, begin: datetime, end: datetime) -> list[datetime]:
    """Its times after `begin` and before `end`."""
    found = list(takewhile(lambda moment: moment < end, cron.times(expression, zone, begin)))
    assert all(earlier < later for earlier, later in pairwise([begin, *found])), f"{zone}: {expression} goes back"
    return found


def fired_anew(expression: str, zone: str, begin: datetime, end: datetime) -> list[datetime]:
    """Its times after `begin` and before `end`, asked for anew from each one, as workers do."""
    found = [begin]
    while (moment := cron.next_time(expression, zone, found[-1])) < end:
        assert moment > found[-1], f"{zone}: {expression} stands still or goes back at {moment}"
        found.append(moment)
    return found[1:]


def test_the_vectors_hold_many_changes() -> None:
    """Northern and southern, by an hour, by half an hour and by two, at midnight and in Ramadan."""
    assert len([name for name, found in changes().items() if found]) > 150
    assert sum(len(found) for found in changes().values()) > 900
    assert {len(changes()[name]) for name in ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe")} == {6}
    assert changes()["America/Havana"][0] == datetime(2026, 3, 8, 5, 0, tzinfo=UTC)


@pytest.mark.parametrize(("expression", "every"), [("0 * * * *", 60), ("*/15 * * * *", 15)])
def test_wildcards_follow_real_time_through_every_clock_change(expression: str, every: int) -> None:
    """Whenever a clock on the wall shows such a minute, also for the second time, and never in between."""
    for name, found in changes().items():
        zone = zoneinfo.ZoneInfo(name)
        for change in found or [START]:
            begin, end = change - timedelta(hours=3), change + timedelta(hours=3)
            minutes = (begin + timedelta(minutes=minute) for minute in range(5, 360, 5))
            expected = [minute for minute in minutes if minute.astimezone(zone).minute % every == 0]
            assert fired(expression, name, begin, end) == expected, f"{name} at {change}"
            for before, moment in pairwise(expected[len(expected) // 2 - 2 :][:4]):
                assert cron.next_time(expression, name, before) == moment, f"{name} after {before}"


@pytest.mark.parametrize(("expression", "hour", "minute"), [("30 2 * * *", 2, 30), ("@daily", 0, 0)])
def test_a_fixed_time_runs_once_a_day_through_every_clock_change(expression: str, hour: int, minute: int) -> None:
    """Where the clock shows it twice, at the first; where it leaves it out, at the first moment there is."""
    for name, found in changes().items():
        zone = zoneinfo.ZoneInfo(name)
        for change in found or [START]:
            begin, end = change - timedelta(hours=40), change + timedelta(hours=40)
            first_day = begin.astimezone(zone).date()
            days = [first_day + timedelta(days=day) for day in range(5)]
            expected = [_first_valid(datetime(d.year, d.month, d.day, hour, minute), zone, change) for d in days]  # noqa: DTZ001
            moments = fired_anew(expression, name, begin, end)
            assert moments == [moment for moment in expected if begin < moment < end], f"{name} at {change}"
            for minutes in range(-75, 165, 30):  # inside of what is left out or repeated, too
                asked = change + timedelta(minutes=minutes)
                ahead = next(moment for moment in expected if moment > asked)
                assert cron.next_time(expression, name, asked) == ahead, f"{name} asked at {asked}"
            dates = [moment.astimezone(zone).date() for moment in moments]
            assert len(set(dates)) == len(dates), f"{name} runs twice on a day at {change}"


def _first_valid(wall: datetime, zone: zoneinfo.ZoneInfo, change: datetime) -> datetime:
    """The first moment at which a clock shows this time, or the change that leaves it out."""
    moment = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    return moment if moment.astimezone(zone).replace(tzinfo=None) == wall else change
