"""Answers about single ads: the winning and losing ones, and why one is judged as it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from viraltracker.analysis.blocks import AD_COLUMNS
from viraltracker.chat import tools, wording
from viraltracker.chat.answer import Answer, Asked, choices, tool_result
from viraltracker.chat.commands import Choice
from viraltracker.creatives import in_words
from viraltracker.intelligence.plain import count, money, percent
from viraltracker.store import readings

Json = dict[str, Any]

SHOWN: Final = 8
CHOICES: Final = 5
LONGEST_NAME: Final = 80
"""On a button."""
VERDICTS: Final = {
    "scale": "scale it",
    "cut": "cut it",
    "keep_testing": "keep testing it",
    "learning": "it is still learning",
    "not_evaluated": "it is not judged",
}
READINGS: Final = {"creative": "creative", "copy": "words", "landing": "landing page"}
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
    shown = rows[:limit]
    said = {
        "winners": f"{count(len(rows), 'winner')}, sure enough to scale: {window}.",
        "losers": f"{count(len(rows), 'loser')}, sure enough to cut: {window}.",
        "spend": f"{count(len(rows), 'ad')}, highest spend first: {window}.",
    }[order]
    lines = [said, *(_in_a_line(row, summary["currency"]) for row in shown[:3])]
    result = tool_result("ads", {"verdict": verdict, "ads": len(rows)}, shown, [row["reason"] for row in shown])
    asks = tuple(Choice(f"Why {_short(row)}?", f"/why {row['ad_id']}") for row in shown[:2])
    other = choices("Which ads are losing?" if order == "winners" else "Which ads are winning?")
    table = _table(_TITLES[order], shown, len(rows) - len(shown))
    return Answer(lines, [table], tools=[result], suggestions=(*asks, *other))


def _none_sure(asked: Asked, run: Json, window: str) -> Answer:
    """No verdict is sure: says so, and shows what comes nearest."""
    winners = asked.intent.order == "winners"
    rows = [row for row in tools.ads(asked.db, run["id"], "keep_testing") if row["probability"] is not None]
    rows.sort(key=lambda row: row["probability"], reverse=winners)
    shown = rows[:SHOWN]
    what = "winner" if winners else "loser"
    lines = [f"No ad is a {what} with enough certainty in {window}."]
    if shown:
        lines.append(f"Nearest to it: {_in_a_line(shown[0], run['summary']['currency'])}")
    result = tool_result("ads", {"verdict": "keep_testing"}, shown, [row["reason"] for row in shown])
    return Answer(lines, [_table("Nearest to a verdict", shown, 0)] if shown else [], tools=[result])


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
    lines = [f"“{row['ad_name'] or row['ad_id']}”, {wording.window(summary['window'])}: {verdict}."]
    lines += [finding["reason"] for finding in found[:3]]
    if ad is not None:
        made = ad["created_time"][:10] if ad["created_time"] else "an unknown day"
        status = str(ad["effective_status"]).replace("_", " ").lower()
        lines.append(f"Status: {status}. Kind: {ad['object_type'] or 'unknown'}. Made on {made}.")
    lines += _labels(asked, row["ad_id"])
    if ad is not None and ad["primary_text"] and asked.intent.name == "ad":
        lines.append(f"Its text begins: {' '.join(ad['primary_text'].split())[:240]}")
    evidence = [
        {
            "what": item["metric"].replace("_", " "),
            "value": wording.value(item["value"], item["unit"], summary["currency"]),
            "against": wording.value(item["baseline"], item["unit"], summary["currency"]) if item["baseline"] else "",
            "baseline": item["baseline_name"] or "",
        }
        for finding in found
        for item in finding["detail"]["evidence"]
    ]
    columns = [
        {"key": key, "label": label, "unit": "text"}
        for key, label in (("what", "Metric"), ("value", "Value"), ("against", "Against"), ("baseline", "Which is"))
    ]
    table = {"kind": "table", "title": "The evidence", "columns": columns, "rows": evidence, "more": 0}
    rows = [{"diagnosis": finding["diagnosis"], "verdict": finding["verdict"]} for finding in found]
    facts = {"object_type": ad["object_type"], "created": ad["created_time"]} if ad else {}
    result = tool_result("ad", {"ad_id": row["ad_id"]}, [row | facts], [finding["reason"] for finding in found])
    return Answer(
        lines,
        [table] if evidence else [],
        tools=[result, tool_result("diagnoses", {"ad_id": row["ad_id"]}, rows), tool_result("evidence", {}, evidence)],
        suggestions=choices("What should I do?", "Which ads are losing?"),
        memory={"ad_id": row["ad_id"]},
    )


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
    suggestions = tuple(Choice(_short(row), f"/why {row['ad_id']}") for row in rows)
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


def _short(row: Json) -> str:
    name = str(row["ad_name"] or row["ad_id"])
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def _table(title: str, rows: Sequence[Json], more: int) -> Json:
    keys = ("ad_id", *(str(column["key"]) for column in AD_COLUMNS))
    shown = [{key: row[key] for key in keys} for row in rows]
    return {"kind": "table", "title": title, "columns": AD_COLUMNS, "rows": shown, "more": more}
