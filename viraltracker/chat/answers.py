"""The answer to each question, from what is stored; where nothing is stored yet, the job that will bring it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from viraltracker.chat import ad_answers, congruence_answers, deeds, tools, wording
from viraltracker.chat.answer import MOST_CARDS, MOST_LINES, Answer, Asked, choices, facts, tool_result
from viraltracker.chat.commands import EXAMPLES, Unclear
from viraltracker.chat.phrases import Name
from viraltracker.chat.tools import Found
from viraltracker.intelligence.plain import money

Json = dict[str, Any]

DEFAULT_DAYS: Final = 30
ANALYSIS: Final = "ad_intelligence_analysis"
HELP: Final = (
    "I answer from what is stored, and say which rows a number comes from. You can ask:",
    "“Analyze the account”, “what should I do”, “which ads are winning” or “losing”, “why is ad … bad”",
    "“How much did we spend last week”, “what is our CPA in the last 14 days”, “coverage”",
    "“Classify the new creatives”, “sync every morning at 6”: I ask before I change anything",
    "“Mark 2 as done”, “ignore 3 because …”, “/rec_note 2 …”: numbers are those of the last list",
    "Commands: /analyze /recommend /top /why /ad /spend /coverage /congruence /classify /sync /schedule /help",
    "/rec_done /rec_ignore /rec_note",
    "Windows are full days, as in “last 7 days” or “past two weeks”; without one I take 30.",
)
_NO_FACTS: Final[Json] = {"prior_window": None, "target": {"value": None, "words": None}, "totals": {"cpa": None}}
_NEXT: Final = choices(
    "What should I do?", "Which ads are winning?", "Which ads are losing?", ("What is missing?", "/coverage")
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
        case "fatigue":
            return _not_yet()
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
        "coverage": _coverage,
        "spend": _spend,
        "moved": _moved,
        "top": ad_answers.top,
        "why": ad_answers.why,
        "ad": ad_answers.why,
    }
    made = answerers[asked.intent.name](asked, run)
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


def _totals(summary: Json) -> Json:
    names = [name for name, value in summary["totals"].items() if isinstance(value, int | float)]
    moved = {row["metric"]: row for row in summary["trends"]["changes"]}
    rows = [
        {
            "metric": name,
            "value": summary["totals"][name],
            "before": moved.get(name, {}).get("prior"),
            "relative": moved.get(name, {}).get("relative"),
        }
        for name in names
    ]
    return tool_result("totals", summary["window"], rows, wording.arithmetic(summary))


def _counts(summary: Json) -> Json:
    row = {"ads": summary["ads"], **summary["verdict_counts"], "target": summary["target"]["value"]}
    return tool_result("verdicts", {"target": summary["target"]["words"]}, [row])


def _analyze(asked: Asked, run: Json) -> Answer:
    summary = run["summary"]
    cards, handled = tools.open_recommendations(asked.db, asked.brand, run, asked.now.date())
    lines = [f"{summary['brand']}, {wording.window(summary['window'])}."]
    if summary["ads"]:
        lines += [wording.headline(summary), wording.verdicts(summary)]
    if cards:
        lines.append(f"Most money at stake: {_stake(cards[0])}.")
    if summary["ads"]:
        lines.append(wording.classified(summary))
    lines += [note for note in summary["notes"] if "ends on" in note or "gap" in note]
    rest = [block for block in run["blocks"] if block["kind"] in ("metrics", "table", "chart")]
    results = [_totals(summary), _counts(summary), _classification(summary), _listed(cards, handled)]
    return Answer(lines, [*_cards(cards), *rest], tools=results, memory=_remember(cards))


def _recommend(asked: Asked, run: Json) -> Answer:
    summary = run["summary"]
    cards, handled = tools.open_recommendations(asked.db, asked.brand, run, asked.now.date())
    if not cards:
        said = f"Nothing to do in {wording.window(summary['window'])}: no verdict is sure enough to act on."
        lines = [f"All {handled:,} recommendations are answered." if handled else said]
    else:
        things = "1 thing" if len(cards) == 1 else f"{len(cards):,} things"
        lines = [
            f"{things} to do for {summary['brand']}, most money at stake first; {wording.window(summary['window'])}."
        ]
        lines += [f"{card['number']}. {_stake(card)}" for card in cards[:3]]
        lines += [f"{handled:,} more are answered already."] if handled else []
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
    return Answer(
        lines,
        [*_cards(cards), *more],
        tools=[_listed(cards, handled)],
        memory=_remember(cards),
        suggestions=choices("Mark 1 as done", "Which ads are winning?", "Which ads are losing?") if cards else _NEXT,
    )


def _coverage(_: Asked, run: Json) -> Answer:
    summary = run["summary"]
    cells = [cell for cell in summary["distribution"]["cells"] if cell["spend"]]
    lines = [f"{wording.classified(summary)} {wording.window(summary['window'])}."]
    named = [cell for cell in cells if cell["awareness"] and cell["format"]]
    if named:
        first = named[0]
        lines.append(
            f"Most spend is on {_cell(first)}: {first['ads']:,} ads, "
            f"{wording.value(first['spend_share'], 'rate', '')} of the spend."
        )
        alone = [cell for cell in named if cell["ads"] == 1]
        if alone:
            lines.append(f"{len(alone):,} of {len(named):,} combinations with spend rest on a single ad.")
    missing = summary["classified"]["ads_missing"]
    if missing:
        lines.append(f"{missing:,} ads are not classified yet.")
    titles = ("By awareness and format", "By awareness", "By format")
    tables = [block for block in run["blocks"] if block["kind"] == "table" and block["title"] in titles]
    counted = {"combinations": len(named), "on_a_single_ad": sum(1 for cell in named if cell["ads"] == 1)}
    results = [_classification(summary), tool_result("distribution", counted, [counted, *cells])]
    more = choices("Classify the new creatives") if missing else ()
    return Answer(lines, tables, tools=results, suggestions=(*more, *_NEXT[:3]))


def _spend(_: Asked, run: Json) -> Answer:
    summary = run["summary"]
    lines = [f"{summary['brand']}, {wording.window(summary['window'])}:", wording.headline(summary)]
    metrics = [block for block in run["blocks"] if block["kind"] == "metrics"]
    suggestions = choices("Why did our CPA change?", "What should I do?", "/analyze")
    return Answer(lines, metrics, tools=[_totals(summary)], suggestions=suggestions)


def _moved(_: Asked, run: Json) -> Answer:
    summary = run["summary"]
    changes = summary["trends"]["changes"]
    lines = [wording.headline(summary)]
    if not changes:
        lines = [f"There is nothing to compare with: {summary['trends']['reason']}"]
    else:
        steps = {row["metric"]: row for row in changes if row["relative"] is not None}
        for name, label in (("cpm", "CPM"), ("ctr", "Link CTR"), ("cpc", "CPC")):
            if name in steps:
                row, unit = steps[name], wording.UNITS[name]
                before, after = (wording.value(row[end], unit, summary["currency"]) for end in ("prior", "value"))
                lines.append(f"{label} went from {before} to {after}{wording.change(row['relative'])}.")
        lines.append("This version shows what moved; which step caused it, with certainty, comes with a later one.")
    metrics = [block for block in run["blocks"] if block["kind"] == "metrics"]
    return Answer(lines, metrics, tools=[_totals(summary)])


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


def _cell(cell: Json) -> str:
    return f"{cell['awareness'].replace('_', ' ')} × {cell['format'].replace('_', ' ')}"


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


def _not_yet() -> Answer:
    said = "This version does not diagnose whether ads wear out yet, so I would be guessing."
    return Answer(
        [f"{said} It judges cost per conversion, though."],
        suggestions=choices("Which ads are losing?", "What should I do?"),
    )


def _nothing_there(asked: Asked, found: Found) -> Answer:
    connected = found.asked.context["accounts"]
    lines = [f"{asked.brand.name} has no numbers yet. {' '.join(found.asked.source.notes)}".strip()]
    return Answer(lines, suggestions=choices("Sync now") if connected else choices("/help"))


def _as_viewer(asked: Asked, found: Found, days: int) -> Answer:
    """A viewer starts no work; the newest analysis there is answers, and says what it is."""
    wanted = wording.window(found.asked.window.as_dict())
    sentence = f"Nothing has judged {wanted} over the present data, and your role may not start that; ask an editor."
    newest = tools.newest_analysis(asked.db, asked.brand)
    if newest is None:
        return Answer([sentence])
    # What the next question refers to is the window that was answered for.
    made = _from(asked, newest, newest["days"] or days)
    said = [f"{sentence} This is the newest there is, {wording.window(newest['summary']['window'])}.", *made.lines]
    return Answer(said[:MOST_LINES], made.blocks, made.facts, made.tools, made.suggestions, memory=made.memory)
