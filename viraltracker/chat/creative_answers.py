"""Answers about the creatives together: which wear out, what is missing, and which labels make a difference."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from viraltracker.analysis import found_blocks
from viraltracker.chat import tools, wording
from viraltracker.chat.answer import Answer, Asked, choices, shown, tool_result
from viraltracker.chat.commands import Choice
from viraltracker.intelligence.plain import count, label, money

Json = dict[str, Any]

NAMED: Final = 3
LABELS: Final = 20
KINDS: Final = {"awareness": "awareness stage", "format": "format", "hook": "hook", "angle": "angle"}
STATES: Final = (("TESTED_GOOD", "good"), ("TESTED_WEAK", "weak"), ("TESTED_UNCLEAR", "not clear yet"))
_VERDICTS: Final = ("likely_better", "likely_worse", "unproven", "not_evaluated")
_OUTCOMES: Final = ("conversions", "ctr", "hook")


def fatigue(asked: Asked, run: Json) -> Answer:
    """Ads that wear out, apart those that fell for another reason, and how many could not be judged, and why."""
    summary = run["summary"]
    status, window = tools.status(summary, "fatigue"), wording.window(summary["window"])
    if not status["evaluated"]:
        return Answer([f"Whether ads wear out cannot be said for {window}: {status['reason']}"])
    found = tools.diagnosed(asked.db, run["id"], "fatigue")
    found.sort(key=lambda item: (item["verdict"] != "fatigued", item["verdict"] != "watch", -item["spend"]))
    counts = Counter(item["verdict"] for item in found)
    looked = count(status["ads_evaluated"], "ad")
    if counts["fatigued"] or counts["watch"]:
        said = f"Of {looked} judged, {counts['fatigued']:,} are worn out and {counts['watch']:,} may be: {window}."
    else:
        said = f"None of the {looked} judged wears out: {window}."
    tired = [item for item in found if item["verdict"] != "confounded"]
    lines = [said, *(f"“{item['ad_name'] or item['ad_id']}”: {item['reason']}" for item in tired[:NAMED])]
    if counts["confounded"]:
        lines.append(f"{count(counts['confounded'], 'ad')} fell for another reason; the table of those says which.")
    if status["reason"]:
        lines.append(str(status["reason"]))
    rows = [{name: item[name] for name in ("ad_id", "ad_name", "verdict", "spend", "probability")} for item in found]
    counted = {"judged": status["ads_evaluated"], "not_evaluated": status["ads_not_evaluated"], **counts}
    said_of = [item["reason"] for item in found] + ([str(status["reason"])] if status["reason"] else [])
    asks = tuple(Choice(f"Why {tools.short(item)}?", f"/why {item['ad_id']}") for item in tired[:2])
    return Answer(
        lines,
        shown(*found_blocks.worn(found)),
        tools=[tool_result("fatigue", counted, rows, said_of)],
        suggestions=(*asks, *choices("What should I do?", "Why did our CPA change?")),
    )


def coverage(_: Asked, run: Json) -> Answer:
    """What is missing first, then how far the account is classified and where its money is."""
    summary = run["summary"]
    gaps, currency = summary.get("gaps"), summary["currency"]
    cells = [cell for cell in summary["distribution"]["cells"] if cell["spend"]]
    named = [cell for cell in cells if cell["awareness"] and cell["format"]]
    alone = sum(1 for cell in named if cell["ads"] == 1)
    lines, blocks, results = _missing(summary)
    lines.append(f"{wording.classified(summary)} {wording.window(summary['window'])}.")
    if named:
        first = named[0]
        lines.append(
            f"Most spend is on {_cell(first)}: {count(first['ads'], 'ad')}, "
            f"{wording.value(first['spend_share'], 'rate', '')} of the spend."
        )
    missing = summary["classified"]["ads_missing"]
    if missing:
        lines.append(f"{count(missing, 'ad')} not classified yet.")
    if gaps is not None:
        blocks = [*found_blocks.coverage(gaps, run["summary"]["target"]["words"], currency), *blocks]
    titles = ("By awareness and format", "By awareness", "By format")
    blocks += [block for block in run["blocks"] if block["kind"] == "table" and block["title"] in titles]
    counted = {"combinations": len(named), "on_a_single_ad": alone}
    results += [
        tool_result("classification", {"ads": summary["ads"]}, [summary["classified"]]),
        tool_result("distribution", counted, [counted, *cells]),
    ]
    more = choices("Classify the new creatives") if missing else ()
    after = choices("Which hooks work?", "What should I do?", "Which ads are winning?")
    return Answer(lines, shown(*blocks), tools=results, suggestions=(*more, *after))


def _missing(summary: Json) -> tuple[list[str], list[Json], list[Json]]:
    """Lines, blocks and tool results about the gaps."""
    status, gaps = tools.status(summary, "coverage_gap"), summary.get("gaps")
    if gaps is None or not status["evaluated"]:
        return [f"What is missing cannot be said: {status['reason']}"], [], []
    found, currency = gaps["gaps"], summary["currency"]
    lines = [f"{count(len(found), 'gap')} worth an ad, most valuable first:" if found else "No gap is worth an ad now."]
    lines += [
        f"{place}. {gap['brief']['title']}, about {money(gap['value_per_week'], currency)} a week; "
        f"{money(gap['brief']['budget_to_learn'], currency)} to learn."
        for place, gap in enumerate(found[:NAMED], start=1)
    ]
    counts = Counter(cell["state"] for cell in gaps["cells"])
    tested = ", ".join(f"{counts[state]:,} {words}" for state, words in STATES)
    single = sum(1 for cell in gaps["cells"] if cell["single_point"])
    lines.append(
        f"Of {len(gaps['cells']):,} combinations of stage and format {counts['UNTESTED']:,} are untested; of the "
        f"others, {tested}. {single:,} hang on one ad."
    )
    rows = [
        {
            "place": place,
            "gap": gap["brief"]["title"],
            "kind": gap["kind"],
            "value_per_week": gap["value_per_week"],
            "budget_to_learn": gap["brief"]["budget_to_learn"],
            "expected": gap["expected"],
            "low": gap["low"],
            "high": gap["high"],
        }
        for place, gap in enumerate(found, start=1)
    ]
    counted = {"gaps": len(found), "combinations": len(gaps["cells"]), "hang_on_one_ad": single, **counts}
    result = tool_result("coverage_gaps", counted, rows, [gap["brief"]["why"] for gap in found])
    return lines, [found_blocks.briefs([gap["brief"] for gap in found])], [result]


def labels(asked: Asked, run: Json) -> Answer:
    """Which labels, of one kind or of all, go with better or worse results; what is unproven, and a test for it."""
    summary, kind = run["summary"], asked.intent.subject
    status, window = tools.status(summary, "tag_effect"), wording.window(summary["window"])
    what = KINDS.get(kind, "label")
    effects = [item for item in summary.get("tags") or [] if kind in ("", item["kind"]) and item["value"] is not None]
    if not effects or not status["evaluated"]:
        reason = status["reason"] or f"No ad has a known {what}; classify the account first."
        return Answer([f"Which {what} works cannot be said for {window}: {reason}"], suggestions=choices("/coverage"))
    effects.sort(key=_best_first)
    likely = [item for item in effects if item["verdict"] in found_blocks.LIKELY]
    if likely:
        lines = [f"{count(len(likely), 'likely difference')} between {what}s: {window}."]
        lines += [item["reason"] for item in likely[:NAMED]]
    else:
        lines = [f"No {what} is likely better or worse than the others: {window}."]
        open_ones = [item for item in effects if item["verdict"] == "unproven"]
        lines += [item["reason"] for item in open_ones[:1]]
    told = [item for item in summary.get("insights") or [] if not kind or f":{kind}:" in item["id"]]
    lines += [item["sentence"] for item in told[:2]]
    rows = [
        {name: item[name] for name in ("kind", "value", "outcome", "compared", "effect", "low", "high", "verdict")}
        for item in effects
    ]
    counted = {"kind": what, "likely": len(likely), "compared": status["ads_evaluated"]}
    said = [item["reason"] for item in (likely or effects)[:LABELS]]
    results = [
        tool_result("labels", counted, rows, said),
        tool_result("insights", {}, [{"sentence": item["sentence"]} for item in told]),
    ]
    title = f"{what.capitalize()}s, likely differences first"
    others = tuple(f"Which {name}s work?" for key, name in KINDS.items() if key != kind)[:2]
    return Answer(
        lines,
        shown(found_blocks.labels(title, effects, LABELS), found_blocks.insights(told)),
        tools=results,
        suggestions=choices(*others, "What are we missing?"),
    )


def _best_first(item: Json) -> tuple[int, int, float]:
    """Likely differences, then what is open; conversions before rates, the better first."""
    return _VERDICTS.index(item["verdict"]), _OUTCOMES.index(item["outcome"]), -(item["effect"] or 0.0)


def _cell(cell: Json) -> str:
    return f"{label(cell['awareness'])} × {label(cell['format'])}"
