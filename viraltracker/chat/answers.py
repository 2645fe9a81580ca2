"""The answer to each question, from what is stored; where nothing is stored yet, the job that will bring it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

from viraltracker.analysis import found_blocks
from viraltracker.chat import account_answers, ad_answers, congruence_answers, creative_answers, deeds, tools, wording
from viraltracker.chat.answer import MOST_CARDS, MOST_LINES, Answer, Asked, choices, facts, shown, tool_result
from viraltracker.chat.commands import EXAMPLES, Unclear
from viraltracker.chat.phrases import Name
from viraltracker.chat.tools import Found
from viraltracker.intelligence.plain import money
from viraltracker.store import analyses

Json = dict[str, Any]

DEFAULT_DAYS: Final = 30
ANALYSIS: Final = "ad_intelligence_analysis"
HELP: Final = (
    "I answer from what is stored, and say which rows a number comes from. You can ask:",
    "“Analyze the account”, “what should I do”, “which ads are winning” or “losing”, “why is ad … bad”",
    "“Why did our CPA go up”, “what is wrong”, “which ads are wearing out”, “how much did we spend last week”",
    "“What are we missing”, “which hooks work” (or angles, formats, stages), “do the pages fit the ads”",
    "“Classify the new creatives”, “sync every morning at 6”: I ask before I change anything",
    "“Mark 2 as done”, “ignore 3 because …”, “/rec_note 2 …”: numbers are those of the last list",
    "Commands: /analyze /recommend /top /why /ad /spend /wrong /fatigue /coverage /labels /congruence /classify /sync "
    "/schedule /rec_done /rec_ignore /rec_note /help",
    "Windows are full days, as in “last 7 days” or “past two weeks”; without one I take 30.",
)
_NO_FACTS: Final[Json] = {"prior_window": None, "target": {"value": None, "words": None}, "totals": {"cpa": None}}
_NEXT: Final = choices(
    "What should I do?", "Why did our CPA change?", "Which ads are wearing out?", "What are we missing?"
)


def unclear(found: Unclear, memory: Json) -> Answer:
    """What was not understood, with the ways on."""
    return Answer([found.sentence], suggestions=found.choices, memory=memory)


def answer(asked: Asked, run: Json | None = None) -> Answer:
    """The answer, at most 8 lines and 3 cards before tables. `run` is the analysis a job made for it."""
    intent = asked.intent
    match intent.name:
        case "help" | "yes" | "no":
            return Answer(HELP if intent.name == "help" else ["There is nothing to confirm."], suggestions=EXAMPLES[:3])
        case "congruence":
            return congruence_answers.overview(asked)
        case "schedule" if intent.recurrence is None:
            return _schedules(asked)
        case "schedule" | "classify" | "sync" | "rec_done" | "rec_ignore" | "rec_note":
            return deeds.propose(asked, _zone(asked))
    # An analysis without a window is the one that everybody else gets; other questions stay with the last window.
    before = None if intent.name == "analyze" else asked.memory.get("days")
    days = intent.days or int(before or DEFAULT_DAYS)
    if run is not None:
        return _from(asked, run, days)
    found = tools.analysis(asked.db, asked.brand, days, asked.now)
    if found.run is not None:
        return _from(asked, found.run, days)
    if not found.has_numbers:
        return _nothing_there(asked, found)
    if not asked.person.may_write(asked.brand):
        return _as_viewer(asked, found, days)
    run_id = tools.start(asked, ANALYSIS, {"days_back": days})
    job = {"run_id": run_id, "job_type": ANALYSIS, "label": asked.person.kinds[ANALYSIS].label, "line": asked.line}
    window = wording.window(found.asked.window.as_dict())
    sentence = f"Nothing has judged {window} over the present data yet. I am on it and answer here when it is done."
    return Answer([sentence], job=job, memory={"days": days})


_Answerer = Callable[[Asked, Json], Answer]


def _from(asked: Asked, run: Json, days: int) -> Answer:
    """The answer out of one stored analysis, with what every one of them carries."""
    summary = run["summary"]
    answerers: dict[Name, _Answerer] = {
        "analyze": _analyze,
        "recommend": _recommend,
        "coverage": creative_answers.coverage,
        "fatigue": creative_answers.fatigue,
        "labels": creative_answers.labels,
        "spend": account_answers.spend,
        "moved": account_answers.moved,
        "wrong": account_answers.wrong,
        "top": ad_answers.top,
        "why": ad_answers.why,
        "ad": ad_answers.why,
    }
    name = asked.intent.name
    if name == "why" and asked.line.strip(" ?!.").casefold() == "why" and not asked.memory.get("ad_id"):
        name = "moved"
    made = answerers[name](asked, run)
    memory = {"days": days, "cards": asked.memory.get("cards"), "ad_id": asked.memory.get("ad_id")} | made.memory
    return Answer(
        made.lines[:MOST_LINES],
        made.blocks,
        facts(summary),
        [_source(run), *made.tools],
        made.suggestions or _NEXT,
        memory=memory,
    )


def _source(run: Json) -> Json:
    """Where all of it comes from."""
    summary = run["summary"]
    window = summary["window"]
    row = {
        "analysis": run["id"],
        "from": window["from"],
        "to": window["to"],
        "source": summary["source"],
        "currency": summary["currency"],
        "attribution": summary["attribution"],
        "ads": summary["ads"],
    }
    return tool_result("stored_analysis", {"brand": summary["brand"], "days": window["days"]}, [row], summary["notes"])


def _counts(summary: Json) -> Json:
    row = {"ads": summary["ads"], **summary["verdict_counts"], "target": summary["target"]["value"]}
    return tool_result("verdicts", {"target": summary["target"]["words"]}, [row])


def _analyze(asked: Asked, run: Json) -> Answer:
    summary = run["summary"]
    cards, handled = tools.open_recommendations(asked.db, run, _today(asked))
    lines = [f"{summary['brand']}, {wording.window(summary['window'])}."]
    if summary["ads"]:
        lines += [wording.headline(summary), *_stands_out(summary), wording.verdicts(summary)]
    if cards:
        lines.append(f"First: {_stake(cards[0])}.")
    if summary["ads"]:
        lines.append(wording.classified(summary))
    lines += [note for note in summary["notes"] if "ends on" in note or "gap" in note]
    rest = [block for block in run["blocks"] if block["kind"] in ("metrics", "table", "chart")]
    said = tool_result("findings", {}, [{"sentence": sentence} for sentence in _stands_out(summary)])
    results = [
        account_answers.totals(summary),
        said,
        _counts(summary),
        _classification(summary),
        _listed(cards, handled),
    ]
    return Answer(lines, [*_cards(cards), *rest], tools=results, memory=_remember(cards))


def _stands_out(summary: Json) -> list[str]:
    """Why CPA moved, and the first thing that is out of the usual to someone's harm."""
    drivers = summary.get("drivers") or {"account": None}
    harmful = [item["sentence"] for item in summary.get("anomalies") or [] if item["harmful"] and item["until"] is None]
    return [*([drivers["sentence"]] if drivers["account"] is not None else []), *harmful[:1]]


def _recommend(asked: Asked, run: Json) -> Answer:
    summary = run["summary"]
    cards, handled = tools.open_recommendations(asked.db, run, _today(asked))
    if not cards:
        said = f"Nothing to do in {wording.window(summary['window'])}: no verdict is sure enough to act on."
        lines = [f"All {handled:,} recommendations are answered." if handled else said]
    else:
        things = "1 thing" if len(cards) == 1 else f"{len(cards):,} things"
        lines = [f"{things} to do for {summary['brand']}, what counts most first; {wording.window(summary['window'])}."]
        lines += [f"{card['number']}. {_stake(card)}" for card in cards[:3]]
        lines += [f"{handled:,} more {'is' if handled == 1 else 'are'} answered already."] if handled else []
        if asked.person.may_write(asked.brand):
            lines.append("Say “mark 1 as done” or “ignore 1 because …” when one is settled.")
    rest = [
        {
            "number": card["number"],
            "title": card["title"],
            "money_per_week": card["money_per_week"]["value"] if card["money_per_week"] else None,
            "probability": card["confidence"],
        }
        for card in cards
    ]
    columns = [
        {"key": "number", "label": "No.", "unit": "count"},
        {"key": "title", "label": "What", "unit": "text"},
        {"key": "money_per_week", "label": "A week", "unit": "money"},
        {"key": "probability", "label": "Sure", "unit": "rate"},
    ]
    table = {"kind": "table", "title": "Everything on the list", "columns": columns, "rows": rest, "more": 0}
    more = [table] if len(rest) > MOST_CARDS else []
    briefs = found_blocks.briefs([card["brief"] for card in cards if card.get("brief")])
    return Answer(
        lines,
        shown(*_cards(cards), *more, briefs),
        tools=[_listed(cards, handled)],
        memory=_remember(cards),
        suggestions=choices("Mark 1 as done", "Which ads are winning?", "Which ads are losing?") if cards else _NEXT,
    )


def _cards(cards: Sequence[Json]) -> list[Json]:
    if not cards:
        return []
    items = [{**card, "title": f"{card['number']}. {card['title']}"} for card in cards[:MOST_CARDS]]
    return [{"kind": "cards", "title": "What to do", "items": items, "more": max(0, len(cards) - MOST_CARDS)}]


def _stake(card: Json) -> str:
    amount = card["money_per_week"]
    return str(card["title"]) + (f", about {money(amount['value'], amount['currency'])} a week" if amount else "")


def _listed(cards: Sequence[Json], handled: int) -> Json:
    rows = [
        {
            "number": card["number"],
            "title": card["title"],
            "money_per_week": card["money_per_week"]["value"] if card["money_per_week"] else None,
            "how": card["money_per_week"]["how"] if card["money_per_week"] else None,
            "confidence": card["confidence"],
            "why": card["why"],
        }
        for card in cards
    ]
    return tool_result("recommendations", {"open": len(cards), "answered": handled}, rows)


def _remember(cards: Sequence[Json]) -> Json:
    return {"cards": [{name: card[name] for name in ("number", "title", "row_id")} for card in cards]}


def _classification(summary: Json) -> Json:
    return tool_result("classification", {"ads": summary["ads"]}, [summary["classified"]])


def _schedules(asked: Asked) -> Answer:
    jobs = tools.recurring(asked.db, asked.brand)
    rows = [
        {
            "name": job["name"],
            "when": f"{job['cron_expression']} ({job['timezone']})",
            "status": job["status"],
            "next": (job["next_run_at"] or "")[:16].replace("T", " "),
        }
        for job in jobs
    ]
    columns = [
        {"key": key, "label": label, "unit": "text"}
        for key, label in (("name", "Job"), ("when", "Cron"), ("status", "State"), ("next", "Next run, UTC"))
    ]
    count = "1 schedule" if len(rows) == 1 else f"{len(rows):,} schedules"
    lines = [f"{asked.brand.name} has {count}." if rows else f"Nothing is scheduled for {asked.brand.name} yet."]
    table = {"kind": "table", "title": "Schedules", "columns": columns, "rows": rows, "more": 0}
    return Answer(
        lines,
        [table] if rows else [],
        _NO_FACTS | {"currency": asked.brand.currency or "USD"},
        [tool_result("schedules", {"brand": asked.brand.name, "schedules": len(rows)}, rows)],
        choices("Sync every morning at 6", "Analyze every Monday at 7"),
        memory=asked.memory,
    )


def _zone(asked: Asked) -> str:
    """The screen's zone: that is the morning the person means."""
    return asked.person.zone or "UTC"


def _today(asked: Asked) -> date:
    """The day on the person's wall: what they snoozed wakes by it."""
    return asked.now.astimezone(ZoneInfo(_zone(asked))).date()


def _nothing_there(asked: Asked, found: Found) -> Answer:
    connected = found.asked.context["accounts"]
    lines = [f"{asked.brand.name} has no numbers yet. {' '.join(found.asked.source.notes)}".strip()]
    return Answer(lines, suggestions=choices("Sync now") if connected else choices("/help"))


def _as_viewer(asked: Asked, found: Found, days: int) -> Answer:
    """A viewer starts no work; the analysis that stands for the brand answers, and says what it is."""
    wanted = wording.window(found.asked.window.as_dict())
    sentence = f"Nothing has judged {wanted} over the present data, and your role may not start that; ask an editor."
    newest = analyses.shown(asked.db, asked.brand.id)
    if newest is None:
        return Answer([sentence])
    # What the next question refers to is the window that was answered for.
    made = _from(asked, newest, newest["days"] or days)
    said = [f"{sentence} This is the newest there is, {wording.window(newest['summary']['window'])}.", *made.lines]
    return Answer(said[:MOST_LINES], made.blocks, made.facts, made.tools, made.suggestions, memory=made.memory)
