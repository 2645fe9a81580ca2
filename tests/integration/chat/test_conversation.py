"""A conversation on the real database: numbers, jobs in the background, roles, and who may read what."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.integration.queue.arrange import eventually
from tests.integration.worker.bench import Bench
from viraltracker import clock
from viraltracker.analysis import full_analysis, question, report
from viraltracker.chat import sessions
from viraltracker.chat.answer import MOST_CARDS, MOST_LINES, Person
from viraltracker.chat.sessions import Message, Session
from viraltracker.errors import NotFound, Refused
from viraltracker.jobs import ad_intelligence_analysis
from viraltracker.store import chats, schedules

from .conftest import Place

pytestmark = pytest.mark.xdist_group("worker")

NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?")
SHORT = 6
WORDED = {"90", "99", "1", "3", "30"}
"""Numbers of the wording itself: the 90 % interval, over 99 %, under 1 %, three times the target, 30 days."""


def ask(place: Place, role: str, line: str, session: Session | None = None) -> Session:
    """The session after the line."""
    person = place.person(role)
    brand = next(brand for brand in person.brands if brand.id == place.brand_id)
    return sessions.read(person, sessions.ask(person, session, brand, line, clock.now()))


def last(session: Session) -> Message:
    return session.messages[-1]


def analysed(place: Place, bench_days: int = 30) -> dict[str, Any]:
    """The analysis as the command line makes and prints it."""
    db = place.person("owner").db
    stored = question.ask(db, place.brand_id, days=bench_days, now=clock.now())
    found = full_analysis.stored(db, place.brand_id, stored)
    assert found is not None
    return report.read(db, found["id"], today=clock.now().date())


@pytest.fixture
def with_analysis(place: Place, bench: Bench) -> Session:
    """A question that the worker had to answer first."""
    person = place.person("owner")
    asked = ask(place, "owner", f"analize the {place.name.replace('Paws', 'Pows')} ad account")
    assert len(asked.waiting()) == 1
    bench.start(ad_intelligence_analysis.TYPE)
    eventually(lambda: sessions.report(person, sessions.read(person, asked.id), clock.now()))
    return sessions.read(person, asked.id)


def unaccounted(message: Message) -> list[str]:
    """Numbers of the text that no tool returned."""
    values: set[str] = set()
    names: list[str] = []

    def collect(value: Any) -> None:
        match value:
            case bool() | None:
                pass
            case int() | float():
                values.update(f"{abs(value) * scale:,.{digits}f}" for scale in (1, 100) for digits in (0, 1, 2))
            case str():
                names.append(value)
                values.update(NUMBER.findall(value))
            case dict():
                for item in value.values():
                    collect(item)
            case list():
                for item in value:
                    collect(item)

    for result in message.tools:
        collect([result["arguments"], result["rows"], result["arithmetic"]])
    text = message.text
    for name in sorted((name for name in names if len(name) > SHORT), key=len, reverse=True):
        text = text.replace(name, "")
    text = re.sub(r"[A-Z][a-z]{2} \d+(?:, \d{4})?", "", text)
    return [number for number in NUMBER.findall(text) if number not in values | WORDED]


def test_a_question_without_data_starts_the_job_and_answers_when_it_is_done(
    place: Place, with_analysis: Session
) -> None:
    """The answer stands in the session as soon as the worker is through, with the stored run's numbers."""
    found = analysed(place)
    message = last(with_analysis)
    totals = found["totals"]
    assert f"USD {totals['spend']:,.2f}" in message.text
    assert f"{totals['purchases']:,.0f} purchases" in message.text
    assert f"CPA USD {totals['cpa']:,.2f}" in message.text
    metrics = [block for block in message.envelope["blocks"] if block["kind"] == "metrics"]
    assert metrics == [block for block in found["blocks"] if block["kind"] == "metrics"]
    assert not with_analysis.waiting()
    person = place.person("owner")
    assert not sessions.report(person, with_analysis, clock.now())


def test_every_number_comes_from_a_tool_and_first_answers_are_short(place: Place, with_analysis: Session) -> None:
    """All kinds of questions, one session: text, cards, and the rows behind them."""
    session = with_analysis
    for line in (
        "/analyze",
        "what should I do",
        "which ads are winning",
        "which ads are losing",
        "top spenders",
        "why is ad good dog winning",
        "/ad 900002",
        "what is our cpa",
        "why did our roas change",
        "/why",
        "/coverage",
        "which ads are wearing out",
        "what is wrong?",
        "which hooks work",
        "/schedule",
    ):
        session = ask(place, "owner", line, session)
        message = last(session)
        assert message.envelope["job"] is None, line
        assert unaccounted(message) == [], (line, message.text)
        assert len(message.text.splitlines()) <= MOST_LINES
        cards = [block for block in message.envelope["blocks"] if block["kind"] == "cards"]
        assert all(len(block["items"]) <= MOST_CARDS for block in cards)
        assert message.tools
    assert len(session.messages) == 2 * 15 + 3


def test_a_window_stays_for_the_next_question_but_not_for_an_analysis(place: Place, with_analysis: Session) -> None:
    """`/analyze` without a window is what everybody else gets."""
    session = ask(place, "owner", "what should I do in the last 30 days", with_analysis)
    assert last(session).envelope["memory"]["days"] == 30
    session = ask(place, "owner", "how much did we spend last week", session)
    assert last(session).envelope["job"] is not None
    session = ask(place, "owner", "/analyze", session)
    assert last(session).envelope["memory"]["days"] == 30


def test_changes_ask_first_and_happen_once(place: Place, with_analysis: Session) -> None:
    """Nothing moves before the yes; a recommendation that is done leaves the list."""
    person = place.person("owner")
    session = ask(place, "owner", "what should I do", with_analysis)
    before = len(last(session).envelope["memory"]["cards"])
    session = ask(place, "owner", "mark 1 as done", session)
    again = ask(place, "owner", "what should I do")
    assert len(last(again).envelope["memory"]["cards"]) == before
    session = ask(place, "owner", "yes", session)
    assert "marked as done" in last(session).text
    session = ask(place, "owner", "what should I do", session)
    assert len(last(session).envelope["memory"]["cards"] or []) == before - 1

    session = ask(place, "owner", "sync every morning at 6", session)
    assert schedules.jobs(person.db, place.brand_id) == [
        job for job in schedules.jobs(person.db, place.brand_id) if job["schedule_type"] == "one_time"
    ]
    asking = session
    for _ in range(2):
        sessions.settle(person, asking, yes=True, now=clock.now())
    recurring = [job for job in schedules.jobs(person.db, place.brand_id) if job["schedule_type"] == "recurring"]
    assert [(job["job_type"], job["cron_expression"], job["timezone"]) for job in recurring] == [
        ("meta_sync", "0 6 * * *", "Europe/Berlin")
    ]


def test_a_viewer_reads_but_starts_nothing(place: Place, with_analysis: Session) -> None:
    """The stored answer is theirs too; work and changes are refused in a sentence, and by the database."""
    viewer = place.person("viewer")
    session = ask(place, "viewer", "/analyze")
    assert last(session).text == last(with_analysis).text
    count = len(schedules.runs(viewer.db, brand_id=place.brand_id))
    for line in ("classify the new creatives", "sync every morning at 6", "/rec_done 1"):
        session = ask(place, "viewer", line, session)
        assert "may look" in last(session).text
        assert last(session).envelope["confirm"] is None
    session = ask(place, "viewer", "analyze the last 9 days", session)
    assert "may not start" in last(session).text
    assert last(session).envelope["job"] is None
    for line in ("what should I do", "/coverage", "/schedule", "/sync every day"):
        session = ask(place, "viewer", line, session)
        # Nor is offered what would be refused, or a window that was.
        offered = {way["line"] for way in last(session).envelope["suggestions"]}
        assert not offered & {"Mark 1 as done", "Classify the new creatives", "Sync every morning at 6"}, line
        assert "mark 1 as done" not in last(session).text
        assert "may not start" not in last(session).text
    assert len(schedules.runs(viewer.db, brand_id=place.brand_id)) == count

    bold = Person(viewer.db, viewer.brands, lambda _: True, viewer.kinds)
    brand = bold.brands[0]
    refused = sessions.read(bold, sessions.ask(bold, None, brand, "analyze the last 9 days", clock.now()))
    assert "may not" in last(refused).text


def test_sessions_are_each_persons_own(place: Place, with_analysis: Session) -> None:
    """Neither a colleague nor a stranger reads, continues or deletes another's chat."""
    for role in ("viewer", "stranger"):
        person = place.person(role)
        assert with_analysis.id not in {row["id"] for row in chats.sessions(person.db)}
        with pytest.raises(NotFound):
            sessions.read(person, with_analysis.id)
        with pytest.raises(Refused):
            chats.say(person.db, with_analysis.row, "user", "hello", [])
        chats.delete(person.db, with_analysis.id)
    owner = place.person("owner")
    assert sessions.read(owner, with_analysis.id) == with_analysis
    assert not place.person("stranger").brands
    brand = owner.brands[0]
    stranger = place.person("stranger")
    with pytest.raises((NotFound, Refused)):
        sessions.ask(stranger, None, brand, "/analyze", clock.now())
    chats.delete(owner.db, with_analysis.id)
    with pytest.raises(NotFound):
        sessions.read(owner, with_analysis.id)


def test_an_old_session_shows_what_was_said_then(place: Place, with_analysis: Session, database: Any) -> None:
    """Numbers that moved since, or an analysis that is gone, do not rewrite an answer."""
    database.execute("delete from public.ad_intelligence_runs where brand_id = %s", [place.brand_id])
    assert sessions.read(place.person("owner"), with_analysis.id) == with_analysis
    assert "http://evil.example" in json.dumps(last(with_analysis).envelope)


def test_a_job_that_failed_says_why(place: Place, database: Any) -> None:
    """The reason, and the way to try again."""
    person = place.person("owner")
    session = ask(place, "owner", "/analyze")
    run_id = session.waiting()[0].envelope["job"]["run_id"]
    database.execute(
        "update public.scheduled_job_runs set state = 'cancelled', finished_at = now(), error_message = 'Stopped.'"
        " where id = %s",
        [run_id],
    )
    assert sessions.report(person, session, clock.now())
    message = last(sessions.read(person, session.id))
    assert "did not succeed: Stopped." in message.text
    assert message.envelope["suggestions"] == [{"label": "Try again", "line": "/analyze"}]
