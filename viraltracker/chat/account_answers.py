"""Answers about the account as a whole: why its cost moved, and what is out of the usual."""

from __future__ import annotations

from typing import Any, Final

from viraltracker.analysis import found_blocks
from viraltracker.chat import tools, wording
from viraltracker.chat.answer import Answer, Asked, choices, shown, tool_result
from viraltracker.chat.commands import Choice
from viraltracker.intelligence.plain import count, money

Json = dict[str, Any]

NAMED: Final = 2
"""Ads, or broken pages, in the first answer."""
SENTENCES: Final = 4
WATCHED: Final = "spend, CPM, click and conversion rates, CPA, days that are missing and ads that Meta refused"
_PARTS: Final = (
    ("within", "by what ads that ran in both periods did themselves"),
    ("between", "by spend that moved between them"),
    ("turnover", "by ads that came or went"),
)


def totals(summary: Json) -> Json:
    """The sums and ratios of the window with their change, and how each ratio comes about."""
    names = [name for name, value in summary["totals"].items() if isinstance(value, int | float)]
    changes = {row["metric"]: row for row in summary["trends"]["changes"]}
    rows = [
        {
            "metric": name,
            "value": summary["totals"][name],
            "before": changes.get(name, {}).get("prior"),
            "relative": changes.get(name, {}).get("relative"),
        }
        for name in names
    ]
    return tool_result("totals", summary["window"], rows, wording.arithmetic(summary))


def spend(_: Asked, run: Json) -> Answer:
    """What was spent and what came of it."""
    summary = run["summary"]
    lines = [f"{summary['brand']}, {wording.window(summary['window'])}:", wording.headline(summary)]
    metrics = [block for block in run["blocks"] if block["kind"] == "metrics"]
    suggestions = choices("Why did our CPA change?", "What should I do?", "/analyze")
    return Answer(lines, metrics, tools=[totals(summary)], suggestions=suggestions)


def moved(asked: Asked, run: Json) -> Answer:
    """Why the account's CPA moved: step by step, by ads, and the ads whose own CPA moved for a cause."""
    summary = run["summary"]
    drivers, currency = summary.get("drivers"), summary["currency"]
    status = tools.status(summary, "cpa_drivers")
    if drivers is None:
        return Answer([wording.headline(summary), str(status["reason"])], tools=[totals(summary)])
    told = tools.diagnosed(asked.db, run["id"], "cpa_drivers")
    told.sort(key=lambda item: -item["spend"])
    found = [item for item in told if item["detail"]["moved"]]
    lines = [wording.headline(summary), drivers["sentence"]]
    if drivers["mix"] is not None:
        lines.append(_mix(drivers["mix"], currency))
    if found:
        # Only the ads with most spend are stored when very many have something to tell.
        least = "At least " if drivers["ads_told"] > len(told) else ""
        lines.append(
            f"{least}{count(len(found), 'ad')} of {status['ads_evaluated']:,} compared moved by more than chance, "
            "most spend first:"
        )
        lines += [f"“{item['ad_name'] or item['ad_id']}”: {item['reason']}" for item in found[:NAMED]]
    steps = drivers["account"]["steps"] if drivers["account"] is not None else []
    results = [
        totals(summary),
        tool_result("drivers", {"moved": drivers["sentence"]}, steps, [drivers["sentence"]]),
        tool_result("mix", {}, [drivers["mix"] or {}]),
        tool_result(
            "ads_whose_cpa_moved",
            {"ads": len(found), "compared": status["ads_evaluated"]},
            [{name: item[name] for name in ("ad_id", "ad_name", "spend", "probability")} for item in found],
            [item["reason"] for item in found],
        ),
    ]
    charts = [block for block in found_blocks.waterfall(drivers, currency) if block["kind"] == "chart"]
    metrics = [block for block in run["blocks"] if block["kind"] == "metrics"]
    asks = tuple(Choice(f"Why {tools.short(item)}?", f"/why {item['ad_id']}") for item in found[:NAMED])
    return Answer(
        lines,
        shown(*charts, found_blocks.moved_ads(found), *metrics),
        tools=results,
        suggestions=(*asks, *choices("What is wrong?", "Which ads are wearing out?")),
    )


def _mix(mix: Json, currency: str) -> str:
    """How much of the change is whose; the three parts add up to it."""
    parts = [f"{_signed(mix[name], currency)} {words}" for name, words in _PARTS]
    return f"By ads, the change of CPA is {', '.join(parts)}."


def _signed(amount: float, currency: str) -> str:
    return f"{'−' if amount < 0 else '+'}{money(abs(amount), currency)}"


def wrong(_: Asked, run: Json) -> Answer:
    """What broke or is out of the usual, and pages that are gone; or what was looked at without a find."""
    summary = run["summary"]
    status, window = tools.status(summary, "anomaly"), wording.window(summary["window"])
    odd = summary.get("anomalies") or []
    odd = sorted(odd, key=lambda item: (not item["harmful"], item["until"] is not None, -(item["money_per_week"] or 0)))
    pages = summary.get("pages") or []
    broken = [page for page in pages if page["verdict"] == "page_broken"]
    things = len(odd) + len(broken)
    if things:
        lines = [f"{count(things, 'thing')} out of the usual or broken: {window}."]
    elif status["evaluated"]:
        lines = [f"Nothing is out of the usual in {window}: I looked at {WATCHED}."]
    else:
        lines = [f"Whether something is out of the usual in {window} cannot be said: {status['reason']}"]
    lines += [item["sentence"] for item in odd[:SENTENCES]]
    lines += [_broken(page, summary["currency"]) for page in broken[:NAMED]]
    if things and not status["evaluated"]:
        lines.append(f"Not evaluated, what is out of the usual: {status['reason']}")
    lines += [note for note in summary["notes"] if "ends on" in note or "gap" in note]
    rows = [{name: item[name] for name in ("kind", "metric", "since", "until", "value", "usual")} for item in odd]
    results = [
        tool_result("anomalies", {"things": things}, rows, [item["sentence"] for item in odd]),
        tool_result("pages", {"pages": len(pages)}, pages),
    ]
    return Answer(
        lines,
        shown(found_blocks.unusual(odd), found_blocks.pages(pages)),
        tools=results,
        suggestions=choices("What should I do?", "Why did our CPA change?", "Which ads are wearing out?"),
    )


def _broken(page: Json, currency: str) -> str:
    lost = f", about {money(page['per_week'], currency)} a week lost" if page["per_week"] is not None else ""
    return (
        f"The landing page {page['landing_url']} is gone or could not be read; {count(page['ads'], 'ad')} with "
        f"{money(page['spend'], currency)} lead there{lost}."
    )
