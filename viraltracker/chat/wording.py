"""Sentences and arithmetic out of a stored analysis. Every number in them stands in the rows they are given."""

from __future__ import annotations

import math
from datetime import date
from typing import Any, Final

from viraltracker.intelligence.plain import count, money

Json = dict[str, Any]

FORMULAS: Final = (
    ("ctr", "Link CTR", "link_clicks", "link clicks", "impressions", "impressions", 1),
    ("cpc", "CPC", "spend", "spend", "link_clicks", "link clicks", 1),
    ("cpm", "CPM", "spend", "spend", "impressions", "impressions", 1000),
    ("roas", "ROAS", "purchase_value", "purchase value", "spend", "spend", 1),
    ("hook_rate", "Hook rate", "video_3s", "3-second views", "impressions", "impressions", 1),
    ("hold_rate", "Hold rate", "thruplays", "ThruPlays", "video_3s", "3-second views", 1),
)
"""Metric, its name, numerator, its name, denominator, its name, factor."""

UNITS: Final = {
    "spend": "money", "purchase_value": "money", "cpa": "money", "cpc": "money", "cpm": "money",
    "cost_per_result": "money", "cpa_low": "money", "cpa_high": "money", "needs_spend": "money",
    "money_per_week": "money", "ctr": "rate", "hook_rate": "rate", "hold_rate": "rate", "probability": "rate",
    "relative": "rate", "spend_share": "rate", "confidence": "rate", "roas": "ratio",
}  # fmt: skip


def window(span: Json) -> str:
    """As in `Oct 24 to Nov 22, 2026 (30 full days)`."""
    first, last = date.fromisoformat(span["from"]), date.fromisoformat(span["to"])
    end = f"{last:%b} {last.day}, {last.year}"
    if first == last:
        return f"{end} (1 full day)"
    begin = f"{first:%b} {first.day}" + (f", {first.year}" if first.year != last.year else "")
    return f"{begin} to {end} ({span['days']} full days)"


def value(number: float | None, unit: str, currency: str) -> str:
    """A number in its unit: money, rate (a fraction, shown in percent), ratio or count."""
    if number is None:
        return "unknown"
    match unit:
        case "money":
            return money(number, currency)
        case "rate":
            return f"{number * 100:.2f} %"
        case "ratio":
            return f"{number:.2f}"
        case _:
            return f"{number:,.0f}"


def change(relative: float | None) -> str:
    """As in ` (+13.5 %)`, nothing where it is unknown."""
    return "" if relative is None else f" ({relative * 100:+.1f} %)"


def headline(summary: Json) -> str:
    """Spend, conversions, CPA and ROAS with their change against the period before."""
    totals, currency = summary["totals"], summary["currency"]
    moved = {row["metric"]: row["relative"] for row in summary["trends"]["changes"]}
    parts = []
    for name, label in (("spend", "spend"), ("purchases", ""), ("cpa", "CPA"), ("roas", "ROAS")):
        if totals[name] is None:
            continue
        unit = UNITS.get(name, "count")
        said = count(totals[name], "purchase") if name == "purchases" else value(totals[name], unit, currency)
        parts.append(f"{label} {said}{change(moved.get(name))}".strip())
    text = ", ".join(parts)
    before = f", against the {summary['window']['days']} days before" if summary["trends"]["changes"] else ""
    return f"{text[:1].upper()}{text[1:]}{before}."


def verdicts(summary: Json) -> str:
    """How many ads to scale, cut and keep."""
    counts, target = summary["verdict_counts"], summary["target"]
    against = f" against {target['words']} of {money(target['value'], summary['currency'])}" if target["value"] else ""
    said = [
        f"{counts[name]:,} {words}"
        for name, words in (
            ("scale", "to scale"),
            ("cut", "to cut"),
            ("keep_testing", "to keep testing"),
            ("learning", "in learning"),
            ("not_evaluated", "not evaluated"),
        )
        if counts.get(name)
    ]
    return f"{summary['ads']:,} ads judged{against}: {', '.join(said) or 'none'}."


def classified(summary: Json) -> str:
    """How much of the account is classified."""
    found = summary["classified"]
    share = "" if found["spend_share"] is None else f", {found['spend_share'] * 100:.0f} % of the spend"
    return f"{found['ads']:,} of {summary['ads']:,} ads are classified{share}."


def arithmetic(summary: Json) -> list[str]:
    """How each ratio comes about, where the stated parts do give it."""
    totals, currency = summary["totals"], summary["currency"]
    lines = []
    for name, label, above, above_words, below, below_words, factor in FORMULAS:
        top, bottom, result = totals.get(above), totals.get(below), totals.get(name)
        if result is None or not top or not bottom or not math.isclose(top / bottom * factor, result, rel_tol=1e-6):
            continue
        times = f" × {factor:,}" if factor != 1 else ""
        amounts = [value(part, UNITS.get(key, "count"), currency) for key, part in ((above, top), (below, bottom))]
        lines.append(
            f"{label} = {above_words} ÷ {below_words}{times} = {amounts[0]} ÷ {amounts[1]}{times} = "
            f"{value(result, UNITS[name], currency)}"
        )
    return lines + _cost(summary) + _moves(summary)


def _cost(summary: Json) -> list[str]:
    totals, currency = summary["totals"], summary["currency"]
    conversions, cpa = totals.get("conversions"), totals.get("cpa")
    spends = [row["spend"] for row in totals.get("results_by_type") or []] + [totals["spend"]]
    for spend in spends:
        if spend and cpa and conversions and math.isclose(spend / conversions, cpa, rel_tol=1e-6):
            return [
                "CPA = spend of the ads that buy the goal ÷ their conversions = "
                f"{money(spend, currency)} ÷ {conversions:,.0f} = {money(cpa, currency)}"
            ]
    return []


def _moves(summary: Json) -> list[str]:
    return [
        f"Change of {row['metric'].replace('_', ' ')} = {_amount(row, 'value', summary)} ÷ "
        f"{_amount(row, 'prior', summary)} − 1 = {row['relative'] * 100:+.1f} %"
        for row in summary["trends"]["changes"]
        if row["relative"] is not None
    ]


def _amount(row: Json, name: str, summary: Json) -> str:
    return value(row[name], UNITS.get(row["metric"], "count"), summary["currency"])
