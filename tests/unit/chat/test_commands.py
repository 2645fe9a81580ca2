"""What a line asks for: commands, plain phrases, slips of the pen, windows, and what is not clear."""

from __future__ import annotations

from typing import Any

import pytest

from viraltracker.chat.commands import LONGEST_LINE, Intent, Unclear, parse
from viraltracker.store.brands import Brand


def brand(name: str, *aliases: str, brand_id: str | None = None) -> Brand:
    return Brand(brand_id or f"id of {name}", "organization", name, aliases, None, None, None, None)


PAWS, SOAP = brand("Wonder Paws", "WonderPaws"), brand("Acme Soap")
EU, US = brand("North Star EU"), brand("North Star US")
BRANDS = [PAWS, SOAP, EU, US]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Analyze the Wonder Paws ad account", {"name": "analyze", "brand": PAWS}),
        ("analize the wonder pows ad account", {"name": "analyze", "brand": PAWS}),
        ("anaylze wonderpaw last 7 days", {"name": "analyze", "brand": PAWS, "days": 7}),
        ("/analyze wonder paws 14", {"name": "analyze", "brand": PAWS, "days": 14}),
        ("/analyse acme sop past two weeks", {"name": "analyze", "brand": SOAP, "days": 14}),
        ("how is north star us doing", {"name": "analyze", "brand": US}),
        ("how are things going", {"name": "analyze", "brand": None}),
        ("how is my performance doing", {"name": "analyze", "brand": None}),
        ("wonder paws", {"name": "analyze", "brand": PAWS}),
        ("past two weeks", {"name": "analyze", "days": 14}),
        ("review the account over the last month", {"name": "analyze", "days": 30}),
        ("What should I do?", {"name": "recommend"}),
        ("waht shuold I do", None),
        ("what now", {"name": "recommend"}),
        ("which ads are winning", {"name": "top", "order": "winners"}),
        ("wich ads are loosing", {"name": "top", "order": "losers"}),
        ("worst ads of acme soap in the last 30 days", {"name": "top", "order": "losers", "brand": SOAP, "days": 30}),
        ("/top 5", {"name": "top", "number": 5}),
        ("top 3 spenders", {"name": "top", "order": "spend", "number": 3}),
        ("why is ad Rosie got her pillow back bad?", {"name": "why", "subject": "Rosie got her pillow back"}),
        ("why is ad Every morning counts losing", {"name": "why", "subject": "Every morning counts"}),
        ('why is "Wonder Paws hook | 3" winning', {"name": "why", "subject": "Wonder Paws hook | 3", "brand": None}),
        ("what's wrong with ad 120210000000000014", {"name": "why", "subject": "120210000000000014"}),
        ("/ad 120210000000000014", {"name": "ad", "subject": "120210000000000014"}),
        ("why did our CPA go up last week", {"name": "moved", "days": 7}),
        ("How much did we spend last week?", {"name": "spend", "days": 7}),
        ("how much did acme soap spend in the past 14 days", {"name": "spend", "brand": SOAP, "days": 14}),
        ("what's our roas yesterday", {"name": "spend", "days": 1}),
        ("classify the new creatives", {"name": "classify"}),
        ("classification coverage", {"name": "coverage"}),
        ("sync now", {"name": "sync"}),
        ("/rec_done 2", {"name": "rec_done", "number": 2}),
        ("mark 2 as done", {"name": "rec_done", "number": 2}),
        ("ignore 3 because the client likes it", {"name": "rec_ignore", "number": 3, "subject": "the client likes it"}),
        ("/rec_note 4 talked to Ann", {"name": "rec_note", "number": 4, "subject": "talked to Ann"}),
        ("/fatigue", {"name": "fatigue"}),
        ("which ads are tired", {"name": "fatigue"}),
        ("which ads are wearing out?", {"name": "fatigue"}),
        ("are any ads fatigued in the last 14 days", {"name": "fatigue", "days": 14}),
        ("What are we missing?", {"name": "coverage"}),
        ("what have we not tested", {"name": "coverage"}),
        ("what should we make next", {"name": "coverage"}),
        ("/gaps", {"name": "coverage"}),
        ("What is wrong?", {"name": "wrong"}),
        ("what's wrong with wonder paws", {"name": "wrong", "brand": PAWS}),
        ("what is wrong with the ad account", {"name": "wrong"}),
        ("anything broken?", {"name": "wrong"}),
        ("any anomalies last week", {"name": "wrong", "days": 7}),
        ("why is my CPA up", {"name": "moved"}),
        ("what drove our CPA", {"name": "moved"}),
        ("/why", {"name": "moved", "subject": ""}),
        ("/why last 7 days", {"name": "moved", "days": 7}),
        ("/why Last 7 days to save", {"name": "why", "subject": "Last 7 days to save", "days": None}),
        ("Which hooks work?", {"name": "labels", "subject": "hook"}),
        ("which angle works", {"name": "labels", "subject": "angle"}),
        ("what format works best", {"name": "labels", "subject": "format"}),
        ("best performing formats of acme soap", {"name": "labels", "subject": "format", "brand": SOAP}),
        ("Which awareness stages work?", {"name": "labels", "subject": "awareness"}),
        ("what works", {"name": "labels", "subject": ""}),
        ("/labels hook", {"name": "labels", "subject": "hook"}),
        ("what is our hook rate", {"name": "spend"}),
        ("best hook rate", {"name": "top"}),
        ("label the best ads", {"name": "classify"}),
        ("spend by awareness", {"name": "coverage"}),
        ("does the landing page match the ad", {"name": "congruence"}),
        ("/schedule", {"name": "schedule", "recurrence": None}),
        ("hello", {"name": "help"}),
        ("Yes", {"name": "yes"}),
        ("no thanks", {"name": "no"}),
    ],
)
def test_lines_are_understood(line: str, expected: dict[str, Any] | None) -> None:
    """Each phrase of a media buyer means one thing, slips included; what rules cannot read is not guessed."""
    found = parse(line, BRANDS)
    if expected is None:
        assert isinstance(found, Unclear)
        return
    assert isinstance(found, Intent)
    assert {name: getattr(found, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("line", "job_type", "cron"),
    [
        ("sync every morning at 6", "meta_sync", "0 6 * * *"),
        ("sync every evening at 7:30", "meta_sync", "30 19 * * *"),
        ("classify every night at 2", "ad_classification", "0 2 * * *"),
        ("sync weekly on friday at 7:30 pm", "meta_sync", "30 19 * * 5"),
        ("analyze wonder paws every monday at noon", "ad_intelligence_analysis", "0 12 * * 1"),
        ("schedule analysis every weekday at 9am", "ad_intelligence_analysis", "0 9 * * 1-5"),
        ("refresh the numbers every 6 hours", "meta_sync", "0 */6 * * *"),
    ],
)
def test_schedules_in_words(line: str, job_type: str, cron: str) -> None:
    """The cron expression is the one the words say."""
    found = parse(line, BRANDS)
    assert isinstance(found, Intent)
    assert found.recurrence is not None
    assert (found.name, found.job_type, found.recurrence.cron) == ("schedule", job_type, cron)


@pytest.mark.parametrize("line", ["sync every day at 25:00", "sync every monday at 13pm", "sync every 3 days"])
def test_a_time_that_does_not_exist_is_not_scheduled(line: str) -> None:
    """Rather a question than a job at a wrong hour."""
    found = parse(line, BRANDS)
    assert isinstance(found, Unclear)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("analyze the foo bar ad account", "foo bar"),
        ("how is Foo Bar doing?", "foo bar"),
        ("analyze 400 days", "1 to 90 days"),
        ("how much did we spend this month", "this month"),
        ("analyze since Monday", "since monday"),
        ("/anlyze", "no command"),
        ("schedule a sync", "How often?"),
        ("every monday", "What should run?"),
        ("/rec_done", "Which one?"),
        ("lorem ipsum", "did not understand"),
        ("x" * (LONGEST_LINE + 1), "too long"),
    ],
)
def test_what_is_not_clear_is_said_with_ways_on(line: str, says: str) -> None:
    """No guess: the sentence names the trouble and every choice is itself understood."""
    found = parse(line, BRANDS)
    assert isinstance(found, Unclear)
    assert says in found.sentence
    assert found.choices
    assert all(isinstance(parse(choice.line, BRANDS), Intent) for choice in found.choices)


def test_a_name_that_fits_two_brands_asks_which() -> None:
    """Each choice leads to its brand; the brand one looks at settles it."""
    found = parse("analyze north star", BRANDS)
    assert isinstance(found, Unclear)
    meant = [parse(choice.line, BRANDS) for choice in found.choices]
    assert {one.brand for one in meant if isinstance(one, Intent)} == {EU, US}
    settled = parse("analyze north star", BRANDS, US)
    assert isinstance(settled, Intent)
    assert settled.brand == US


def test_two_brands_of_one_name_are_told_apart_by_id() -> None:
    """Two organisations may each have a brand of that name."""
    twins = [brand("Acme Soap", brand_id="3f0c0000-a"), brand("Acme Soap", brand_id="3f0c0000-b")]
    found = parse("analyze acme soap", twins)
    assert isinstance(found, Unclear)
    meant = [parse(choice.line, twins) for choice in found.choices]
    assert [one.brand for one in meant if isinstance(one, Intent)] == twins


@pytest.mark.parametrize(
    "line",
    [
        "why is ad <script>alert(1)</script> bad",
        "analyze '; drop table ads; --",
        "why is ad [x](http://evil.example) bad",
    ],
)
def test_markup_and_code_are_only_words(line: str) -> None:
    """A hostile line changes nothing but the name that is looked for."""
    found = parse(line, BRANDS)
    assert isinstance(found, Unclear) or found.name in ("why", "analyze")
    if isinstance(found, Intent) and found.name == "why":
        assert found.subject in line
