"""A conversation as it is kept: what was asked, what was answered, and the rows behind each answer."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from viraltracker.chat import answers, commands, deeds, tools
from viraltracker.chat.answer import ENVELOPE, Answer, Asked, Person, choices, tool_result
from viraltracker.chat.commands import Intent, Unclear
from viraltracker.errors import BadInput, NotFound, Refused
from viraltracker.store import chats, schedules
from viraltracker.store.brands import Brand

Json = dict[str, Any]

TITLE_LENGTH: Final = 60
REPORT: Final = "run:"
ENDED: Final = frozenset({"succeeded", "failed", "cancelled", "timed_out", "skipped"})


@dataclass(frozen=True)
class Message:
    """One message. `envelope` is what `Answer.stored` keeps (of a person's line, its key alone), `tools` what the
    tools returned."""

    key: str
    role: str
    text: str
    envelope: Json
    tools: Sequence[Json]


@dataclass(frozen=True)
class Session:
    """A session with its messages, oldest first."""

    row: Json
    messages: Sequence[Message]

    @property
    def id(self) -> str:
        """The session's id."""
        return str(self.row["id"])

    @property
    def memory(self) -> Json:
        """What the next question may refer to."""
        found = [message.envelope["memory"] for message in self.messages if message.envelope.get("memory")]
        return found[-1] if found else {}

    def waiting(self) -> list[Message]:
        """Answers whose job nobody has reported on."""
        said = {message.key for message in self.messages}
        jobs = [message for message in self.messages if message.envelope.get("job")]
        return [message for message in jobs if _after(message.envelope["job"]["run_id"]) not in said]

    def exchanges(self) -> list[list[Message]]:
        """The messages by what was asked, oldest first: a line, its answer, and what its job brought later."""
        found: list[list[Message]] = []
        owner: dict[str, list[Message]] = {}
        for message in self.messages:
            if message.role == "user" or not found:
                found.append([])
            place = owner.get(message.key, found[-1])
            place.append(message)
            if message.envelope.get("job"):
                owner[_after(message.envelope["job"]["run_id"])] = place
        return found

    def to_confirm(self) -> Message | None:
        """The change that waits for a yes: asked for by the last answer, reports of jobs left aside."""
        for message in reversed(self.messages):
            if message.envelope.get("confirm"):
                return message
            if not message.key.startswith(REPORT):
                return None
        return None


def read(person: Person, session_id: str) -> Session:
    """One session, in two round trips; NotFound when it is not the person's own."""
    row = chats.session(person.db, session_id)
    seen: dict[str, Message] = {}
    for kept in chats.messages(person.db, session_id):
        envelope: Json = next((part for part in kept["tool_results"] if part.get("tool") == ENVELOPE), {})
        # The same key again is the same message, sent twice by a connection that broke or by two open tabs.
        key = str(envelope.get("key") or kept["id"])
        results = [part for part in kept["tool_results"] if part.get("tool") != ENVELOPE]
        seen.setdefault(key, Message(key, kept["role"], kept["content"], envelope, results))
    return Session(row, list(seen.values()))


def ask(person: Person, session: Session | None, brand: Brand, line: str, now: datetime) -> str:
    """Keeps the line and its answer, and gives the session's id: a new one when there was none, or when the line is
    about another brand than the session."""
    meant = commands.parse(line, person.brands, brand)
    if isinstance(meant, Intent):
        brand = meant.brand or brand
        if meant.name in ("yes", "no") and session is not None and session.to_confirm() is not None:
            settle(person, session, yes=meant.name == "yes", now=now)
            return session.id
    if session is not None and session.row["brand_id"] == brand.id:
        row, memory = session.row, session.memory
    else:
        row, memory = chats.start(person.db, brand.id, _title(line)), {}
    key = str(uuid.uuid4())
    chats.say(person.db, row, "user", line[: commands.LONGEST_LINE], [{"tool": ENVELOPE, "key": key}])
    if isinstance(meant, Unclear):
        made = answers.unclear(meant, memory)
    else:
        made = _answer(Asked(person, brand, meant, line, f"chat:{key}", now, memory))
    _keep(person, row, made, f"answer:{key}")
    return str(row["id"])


def settle(person: Person, session: Session, *, yes: bool, now: datetime) -> None:
    """Does, or leaves, the change that the last message asked about."""
    message = session.to_confirm()
    if message is None:
        return
    key = f"settle:{message.key}"
    confirm = message.envelope["confirm"]
    said = str(confirm["label"]) if yes else "No, leave it."
    chats.say(person.db, session.row, "user", said, [{"tool": ENVELOPE, "key": f"{key}:said"}])
    made = Answer(["Left as it was."], suggestions=choices("What should I do?"), memory=session.memory)
    if yes:
        asked = Asked(person, _brand(person, session), Intent("yes"), said, key, now, session.memory)
        try:
            made = deeds.perform(asked, confirm["deed"])
        except (BadInput, Refused, NotFound) as error:
            made = Answer([error.message])
    _keep(person, session.row, made, key)


def report(person: Person, session: Session, now: datetime) -> bool:
    """Answers what waited for a job that has ended; True when there is something new to read."""
    news = False
    for message in session.waiting():
        job = message.envelope["job"]
        try:
            run = schedules.run(person.db, job["run_id"])
        except NotFound:
            run = {"state": "cancelled", "error_message": "Its schedule was deleted."}
        if run["state"] not in ENDED:
            continue
        _keep(person, session.row, _outcome(person, session, message, run, now), _after(job["run_id"]))
        news = True
    return news


def _outcome(person: Person, session: Session, message: Message, run: Json, now: datetime) -> Answer:
    job = message.envelope["job"]
    if run["state"] != "succeeded":
        reason = run["error_message"] or "No reason was recorded."
        again = choices(("Try again", job["line"])) if job["line"] else ()
        return Answer([f"{job['label']} did not succeed: {reason}"], suggestions=again, memory=session.memory)
    if job["line"] is None:
        return _done(job, run["result"] or {})
    brand = _brand(person, session)
    memory = {**session.memory, **message.envelope["memory"]}
    meant = commands.parse(job["line"], person.brands, brand)
    if isinstance(meant, Unclear):
        return answers.unclear(meant, memory)
    asked = Asked(person, brand, meant, job["line"], _after(job["run_id"]), now, memory)
    return _answer(asked, tools.analysis_of_job(person.db, job["run_id"]))


def _done(job: Json, result: Json) -> Answer:
    """What a job that was started from here did."""
    line = f"{job['label']} is done."
    if job["job_type"] == "ad_classification":
        counts = {name: result.get(name, 0) for name in ("new", "reused", "remaining")}
        line += (
            f" {counts['new']:,} new readings, {counts['reused']:,} known already, {counts['remaining']:,} remaining."
        )
    row = {name: value for name, value in result.items() if isinstance(value, int | float | str)}
    return Answer(
        [line],
        tools=[tool_result(job["job_type"], {}, [row])],
        suggestions=choices(("Analyze the account", "/analyze"), ("What is missing?", "/coverage")),
    )


def _answer(asked: Asked, run: Json | None = None) -> Answer:
    try:
        return answers.answer(asked, run)
    except (BadInput, Refused, NotFound) as error:
        return Answer([error.message], memory=asked.memory)


def _keep(person: Person, row: Json, made: Answer, key: str) -> None:
    """Whoever may not write is offered no way on that they would be refused."""
    if not any(person.may_write(brand) for brand in person.brands if brand.id == row["brand_id"]):
        made = replace(made, suggestions=[way for way in made.suggestions if not _changes(person, way.line)])
    chats.say(person.db, row, "assistant", "\n".join(made.lines), made.stored(key))


def _changes(person: Person, line: str) -> bool:
    meant = commands.parse(line, person.brands)
    return isinstance(meant, Intent) and deeds.changes(meant)


def _brand(person: Person, session: Session) -> Brand:
    for brand in person.brands:
        if brand.id == session.row["brand_id"]:
            return brand
    raise NotFound("There is no such brand.")


def _title(line: str) -> str:
    text = " ".join(line.split())
    return text if len(text) <= TITLE_LENGTH else f"{text[: TITLE_LENGTH - 1]}…"


def _after(run_id: str) -> str:
    """The key of the message that reports on a run."""
    return f"{REPORT}{run_id}"
