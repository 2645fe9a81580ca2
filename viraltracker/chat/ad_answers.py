"""Answers about single ads: the winning and losing ones, and why one is judged as it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from viraltracker.analysis import found_blocks, verdict_evidence
from viraltracker.analysis.blocks import AD_COLUMNS
from viraltracker.chat import tools, wording
from viraltracker.chat.answer import Answer, Asked, choices, shown, tool_result
from viraltracker.chat.commands import Choice
from viraltracker.creatives import in_words
from viraltracker.intelligence import names
from viraltracker.intelligence.plain import count, label, money, percent
from viraltracker.store import readings

Json = dict[str, Any]

SHOWN: Final = 8
CHOICES: Final = 5
VERDICTS: Final = {
    "scale": "scale it",
    "cut": "cut it",
    "keep_testing": "keep testing it",
    "learning": "it is still learning",
    "not_evaluated": "it is not judged",
}
NO_VERDICT: Final = "no verdict, and more spend alone would not bring one"
READINGS: Final = {"creative": "creative", "copy": "words", "landing": "landing page"}
ASKED: Final = {
    "cpa_drivers": "what moved its CPA",
    "fatigue": "whether it wears out",
    "bottleneck": "which step to mend first",
    "congruence": "whether its page keeps the promise",
}
"""What a rule answers of one ad, at the end of a sentence."""
EVIDENCE_COLUMNS: Final = [
    {"key": key, "label": label, "unit": "text"}
    for key, label in (
        ("about", "About"),
        ("what", "Metric"),
        ("value", "Value"),
        ("between", "90 % interval"),
        ("against", "Against"),
        ("baseline", "Which is"),
    )
]
REASONS: Final = {"why": 5, "ad": 3}
SCORE_COLUMNS: Final = [{"key": f"{name}_score", "label": name.capitalize(), "unit": "count"} for name in tools.SCORES]
NEAREST_COLUMNS: Final = [*AD_COLUMNS[:-1], {"key": "probability", "label": "Within target", "unit": "rate"}]
DECIDED: Final = frozenset({"scale", "cut"})
_TITLES: Final = {"winners": "Winners", "losers": "Losers", "spend": "Most spend"}


def top(asked: Asked, run: Json) -> Answer:
    """The winners, the losers, or the ads with the most spend."""
    summary, order = run["summary"], asked.intent.order
    verdict = {"winners": "scale", "losers": "cut", "spend": None}[order]
    rows = tools.ads(asked.db, run["id"], verdict)
    window = wording.window(summary["window"])
    if not rows:
        return _none_sure(asked, run, window)
    limit = asked.intent.number or SHOWN
    rows.sort(key=lambda row: -(row["spend"] or 0))
    listed = rows[:limit]
    said = {
        "winners": f"{count(len(rows), 'winner')}, sure enough to scale: {window}.",
        "losers": f"{count(len(rows), 'loser')}, sure enough to cut: {window}.",
        "spend": f"{count(len(rows), 'ad')}, highest spend first: {window}.",
    }[order]
    lines = [said, *(_in_a_line(row, summary["currency"]) for row in listed[:3])]
    result = tool_result("ads", {"verdict": verdict, "ads": len(rows)}, listed, [row["reason"] for row in listed])
    asks = tuple(Choice(f"Why {tools.short(row)}?", f"/why {row['ad_id']}") for row in listed[:2])
    other = choices("Which ads are losing?" if order == "winners" else "Which ads are winning?")
    table = _table(_TITLES[order], listed, len(rows) - len(listed))
    return Answer(lines, [table], tools=[result], suggestions=(*asks, *other))


def _none_sure(asked: Asked, run: Json, window: str) -> Answer:
    """No verdict is sure: says so, and shows what comes nearest."""
    winners = asked.intent.order == "winners"
    rows = [row for row in tools.ads(asked.db, run["id"], "keep_testing") if row["probability"] is not None]
    rows.sort(key=lambda row: row["probability"], reverse=winners)
    nearest = rows[:SHOWN]
    what = "winner" if winners else "loser"
    lines = [f"No ad is a {what} with enough certainty in {window}."]
    if nearest:
        lines.append(f"Nearest to it: {_in_a_line(nearest[0], run['summary']['currency'])}")
    result = tool_result("ads", {"verdict": "keep_testing"}, nearest, [row["reason"] for row in nearest])
    return Answer(
        lines, [_table("Nearest to a verdict", nearest, 0, NEAREST_COLUMNS)] if nearest else [], tools=[result]
    )


def why(asked: Asked, run: Json) -> Answer:
    """What is known about one ad, and the reasons of its verdict."""
    wanted = asked.intent.subject or str(asked.memory.get("ad_id") or "")
    if not wanted:
        return _which(tools.ads(asked.db, run["id"])[:CHOICES], "Which ad? Say its name or its id.")
    every = tools.ads(asked.db, run["id"])
    matches = tools.named(every, wanted)
    if not matches:
        return _which(every[:CHOICES], f"No ad in {wording.window(run['summary']['window'])} is called “{wanted}”.")
    if len(matches) > 1:
        return _which(matches[:CHOICES], f"{count(len(matches), 'ad')} may be meant by “{wanted}”. Which one?")
    return _explained(asked, run, matches[0])


def _explained(asked: Asked, run: Json, row: Json) -> Answer:
    summary = run["summary"]
    found, ad = tools.about_ad(asked.db, asked.brand, run["id"], row["ad_id"])
    verdict = VERDICTS.get(row["verdict"], row["verdict"].replace("_", " "))
    if row["verdict"] == "keep_testing" and row["needs_spend"] is None:
        verdict = NO_VERDICT
    lines = [f"“{row['ad_name'] or row['ad_id']}”, {wording.window(summary['window'])}: {verdict}."]
    silent = _silent(summary, found)
    lines += [finding["reason"] for finding in found[: REASONS[asked.intent.name] - bool(silent)]]
    lines += silent
    if ad is not None:
        made = ad["created_time"][:10] if ad["created_time"] else "an unknown day"
        status = str(ad["effective_status"]).replace("_", " ").lower()
        lines.append(f"Status: {status}. Kind: {label(ad['object_type'] or 'unknown').lower()}. Made on {made}.")
    lines += _labels(asked, row["ad_id"])
    if ad is not None and ad["primary_text"] and asked.intent.name == "ad":
        lines.append(f"Its text begins: {' '.join(ad['primary_text'].split())[:240]}")
    evidence = _evidence(found, summary)
    table = {"kind": "table", "title": "The evidence", "columns": EVIDENCE_COLUMNS, "rows": evidence, "more": 0}
    rows = [{"diagnosis": finding["diagnosis"], "verdict": finding["verdict"]} for finding in found]
    facts = {"object_type": ad["object_type"], "created": ad["created_time"]} if ad else {}
    result = tool_result("ad", {"ad_id": row["ad_id"]}, [row | facts], [finding["reason"] for finding in found])
    return Answer(
        lines,
        shown(*_waterfall(found, summary["currency"]), table),
        tools=[
            result,
            tool_result("diagnoses", {"ad_id": row["ad_id"]}, rows),
            tool_result("evidence", {}, evidence),
            tool_result("rules", {"ad_id": row["ad_id"]}, *_quiet(summary, found)),
        ],
        suggestions=choices("What should I do?", "Which ads are losing?"),
        memory={"ad_id": row["ad_id"]},
    )


def _silent(summary: Json, found: Sequence[Json]) -> list[str]:
    """The rules that said nothing of the ad: those that looked, those that could not look at some ads, and of those
    that were not asked the reason. None of the three is the same as another, and none is all well."""
    said = {finding["diagnosis"] for finding in found}
    quiet = {rule: tools.status(summary, rule) for rule in ASKED if rule not in said}
    looked = [ASKED[rule] for rule, status in quiet.items() if status["evaluated"] and not status["ads_not_evaluated"]]
    parts = [f"Looked at without a find: {', '.join(looked)}."] if looked else []
    some = {rule: status for rule, status in quiet.items() if status["evaluated"] and status["ads_not_evaluated"]}
    if some:
        counts = (
            f"{ASKED[rule]} ({status['ads_evaluated']:,} of {status['ads_evaluated'] + status['ads_not_evaluated']:,} "
            "ads have enough to go by)"
            for rule, status in some.items()
        )
        parts.append(f"No sign of it, unless too little is known of this ad: {', '.join(counts)}.")
    parts += [
        f"Not looked at, {ASKED[rule]}: {status['reason'] or 'no reason was recorded.'}"
        for rule, status in quiet.items()
        if not status["evaluated"]
    ]
    return [" ".join(parts)] if parts else []


def _quiet(summary: Json, found: Sequence[Json]) -> tuple[list[Json], list[str]]:
    """Of the rules that said nothing of the ad, how many ads each looked at, and why not at others."""
    said = {finding["diagnosis"] for finding in found}
    quiet = [(rule, tools.status(summary, rule)) for rule in ASKED if rule not in said]
    rows = [
        {
            "rule": names.rule(rule),
            "looked_at": status["ads_evaluated"],
            "ads": status["ads_evaluated"] + status["ads_not_evaluated"],
        }
        for rule, status in quiet
    ]
    return rows, [str(status["reason"]) for _, status in quiet if status["reason"]]


def _waterfall(found: Sequence[Json], currency: str) -> list[Json]:
    """The steps from its CPA before to its CPA now, where they are known."""
    for finding in found:
        if finding["diagnosis"] == "cpa_drivers":
            drivers = {"account": finding["detail"]["detail"], "sentence": finding["reason"]}
            drawn = found_blocks.waterfall(drivers, currency, "Why its CPA moved")
            return [block for block in drawn if block["kind"] == "chart"]
    return []


def _evidence(found: Sequence[Json], summary: Json) -> list[Json]:
    currency = summary["currency"]
    return [
        {
            "about": names.rule(finding["diagnosis"]),
            "what": names.metric(item["metric"]),
            "value": wording.value(item["value"], item["unit"], currency),
            "between": _between(item, currency),
            "against": "" if item["baseline"] is None else wording.value(item["baseline"], item["unit"], currency),
            "baseline": item["baseline_name"] or "",
        }
        for finding in found
        for item in verdict_evidence.of(finding["detail"], summary)
    ]


def _between(item: Json, currency: str) -> str:
    """The 90 % interval in words; an end that is not known is open."""
    if item["interval"] is None:
        return ""
    low, high = (item["interval"][end] for end in ("low", "high"))
    if low is None or high is None:
        known = wording.value(high if low is None else low, item["unit"], currency)
        return f"up to {known}" if low is None else f"{known} or more"
    return f"{wording.value(low, item['unit'], currency)} to {wording.value(high, item['unit'], currency)}"


def _labels(asked: Asked, ad_id: str) -> list[str]:
    """What the ad says by its labels that count, who says so, and where the evidence stands."""
    found = readings.of_ad(asked.db, asked.brand.id, ad_id)["readings"]
    said = []
    for reading, title in READINGS.items():
        best = next((row for row in found if row["reading"] == reading), None)
        if best is not None:
            who = in_words.in_short(best["classifier"])
            said.append(f"{title} {in_words.label(best['awareness'])} ({who})")
    if not said:
        return []
    return [f"Labels: {', '.join(said)}. The page Ads shows the evidence and takes a correction: search for {ad_id}."]


def _which(rows: Sequence[Json], sentence: str) -> Answer:
    suggestions = tuple(Choice(tools.short(row), f"/why {row['ad_id']}") for row in rows)
    return Answer([sentence], tools=[tool_result("ads", {"ads": len(rows)}, rows)], suggestions=suggestions)


def _in_a_line(row: Json, currency: str) -> str:
    parts = [f"{money(row['spend'], currency)} spent" if row["spend"] is not None else "", ""]
    if row["conversions"] is not None:
        parts[1] = count(row["conversions"], "conversion")
    if row["cpa"] is not None:
        parts.append(f"CPA {money(row['cpa'], currency)}")
    if row["probability"] is not None:
        way = "over" if row["verdict"] == "cut" else "within"
        parts.append(f"{percent(row['probability'])} likely {way} the target")
    return f"{row['ad_name'] or row['ad_id']}: {', '.join(part for part in parts if part)}."


def _table(title: str, rows: Sequence[Json], more: int, about: Sequence[Json] = AD_COLUMNS) -> Json:
    columns = [*about, *SCORE_COLUMNS]
    keys = ("ad_id", *(str(column["key"]) for column in columns))
    listed = [{key: row[key] for key in keys} for row in rows]
    if about is AD_COLUMNS:
        # Only of a verdict it is how sure that is.
        listed = [
            shown if row["verdict"] in DECIDED else {**shown, "probability": None}
            for shown, row in zip(listed, rows, strict=True)
        ]
    return {"kind": "table", "title": title, "columns": columns, "rows": listed, "more": more}
