"""Changes that the chat makes after a yes: schedules, work that is started, answers to recommendations."""

from __future__ import annotations

import uuid
from typing import Any, Final
from zoneinfo import ZoneInfo

from viraltracker.chat import tools
from viraltracker.chat.answer import Answer, Asked, Person, choices, tool_result
from viraltracker.chat.commands import Intent
from viraltracker.errors import BadInput
from viraltracker.scheduling import cron
from viraltracker.store import recommendations, schedules
from viraltracker.store.recommendations import State

Json = dict[str, Any]

VIEWER = "Your role may look but not change anything here; ask an owner or editor."
NAMES = {
    "meta_sync": "a sync from Meta",
    "ad_classification": "a classification of new creatives",
    "ad_intelligence_analysis": "an analysis",
}
CHANGES = frozenset({"classify", "sync", "rec_done", "rec_ignore", "rec_note"})
STATES: Final[dict[str, State]] = {"rec_done": "acted_on", "rec_ignore": "ignored"}


def changes(intent: Intent) -> bool:
    """Whether this would change something or start work."""
    return intent.name in CHANGES or intent.recurrence is not None


def propose(asked: Asked, zone: str) -> Answer:
    """Says what would be changed and asks; a viewer is told that they may not. `zone` is that of a schedule's times."""
    person, brand, intent, memory = asked.person, asked.brand, asked.intent, asked.memory
    if not person.may_write(brand):
        return Answer([VIEWER], suggestions=choices("What should I do?"))
    match intent.name:
        case "schedule":
            return _propose_schedule(asked, zone)
        case "classify" | "sync":
            job_type = "ad_classification" if intent.name == "classify" else "meta_sync"
            parameters = {"days_back": intent.days} if intent.days else {}
            sentence = f"Start {NAMES[job_type]} for {brand.name}? It runs in the background."
            deed = {"kind": "start", "job_type": job_type, "parameters": parameters}
            return Answer([sentence], confirm={"label": "Start it", "deed": deed}, memory=memory)
        case _:
            return _propose_mark(intent, memory)


def _propose_schedule(asked: Asked, zone: str) -> Answer:
    brand, intent = asked.brand, asked.intent
    if intent.recurrence is None or intent.job_type is None:
        raise BadInput("Say what should run and how often, for example “sync every morning at 6”.")
    expression, words = intent.recurrence.cron, intent.recurrence.words
    first = cron.next_time(expression, zone, asked.now).astimezone(ZoneInfo(zone))
    line = f"Schedule {NAMES[intent.job_type]} for {brand.name} {words} ({zone})?"
    deed = {"kind": "schedule", "job_type": intent.job_type, "cron": expression, "zone": zone, "words": words}
    row = {**deed, "first run": f"{first:%Y-%m-%d %H:%M}"}
    return Answer(
        [line, f"The first run would be on {first:%A, %b} {first.day} at {first:%H:%M}."],
        tools=[tool_result("schedule", {"brand": brand.name}, [row])],
        confirm={"label": "Save the schedule", "deed": deed},
    )


def _propose_mark(intent: Intent, memory: Json) -> Answer:
    cards = memory.get("cards") or []
    if not cards:
        return Answer(
            ["Ask for the list first: the numbers are those of its recommendations."],
            suggestions=choices(("Show the list", "/recommend")),
        )
    card = next((card for card in cards if card["number"] == intent.number), None)
    if card is None:
        return Answer(
            [f"There is no recommendation {intent.number} in the list you saw; it goes from 1 to {len(cards)}."],
            suggestions=choices(("Show the list", "/recommend")),
            memory=memory,
        )
    if intent.name == "rec_note" and not intent.subject:
        return Answer(
            [f"What is the note? For example “/rec_note {intent.number} talked to the client”."], memory=memory
        )
    said = {
        "rec_done": f"Mark {intent.number}, “{card['title']}”, as done?",
        "rec_ignore": f"Ignore {intent.number}, “{card['title']}”"
        + (f", because: {intent.subject}" if intent.subject else "")
        + "?",
        "rec_note": f"Note on {intent.number}, “{card['title']}”: {intent.subject}",
    }[intent.name]
    deed = {"kind": intent.name, "row_id": card["row_id"], "number": card["number"], "text": intent.subject or None}
    row = tool_result("recommendation", {"number": card["number"]}, [card])
    return Answer([said], tools=[row], confirm={"label": "Yes", "deed": deed}, memory=memory)


def perform(asked: Asked, deed: Json) -> Answer:
    """Does what was confirmed; the same question twice does it once.

    Raises Refused when the person's role no longer allows it, BadInput for parameters that are out of bounds.
    """
    person, brand = asked.person, asked.brand
    match deed["kind"]:
        case "start":
            run_id = tools.start(asked, deed["job_type"], deed["parameters"])
            label = person.kinds[deed["job_type"]].label
            job = {"run_id": run_id, "job_type": deed["job_type"], "label": label, "line": None}
            return Answer([f"{label} is on its way; closing this tab does not stop it."], job=job)
        case "schedule":
            next_run = cron.next_time(deed["cron"], deed["zone"], asked.now)
            job_row = tools.job_row(person, brand, deed["job_type"], {}) | {
                "id": str(uuid.uuid5(uuid.NAMESPACE_OID, asked.key)),
                "schedule_type": "recurring",
                "cron_expression": deed["cron"],
                "timezone": deed["zone"],
                "next_run_at": next_run,
            }
            schedules.save(person.db, job_row, now=asked.now)
            local = next_run.astimezone(ZoneInfo(deed["zone"]))
            sentence = (
                f"Saved: {job_row['name']} {deed['words']} ({deed['zone']}), first on {local:%A, %b} {local.day}."
            )
            return Answer([sentence], suggestions=choices(("What is scheduled?", "/schedule")))
        case kind:
            return _mark(person, kind, deed)


def _mark(person: Person, kind: str, deed: Json) -> Answer:
    if kind == "rec_note":
        recommendations.note(person.db, deed["row_id"], deed["text"])
    else:
        recommendations.answer(person.db, deed["row_id"], STATES[kind], reason=deed["text"])
    done = {"rec_done": "marked as done", "rec_ignore": "ignored", "rec_note": "noted"}[kind]
    return Answer([f"Recommendation {deed['number']} is {done}."], suggestions=choices(("What is left?", "/recommend")))
