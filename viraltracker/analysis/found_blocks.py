"""What the rules found, as blocks (see `blocks`): why cost moved, what broke and wears out, what creatives tell."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from viraltracker.analysis.tables import TOP_ADS, table
from viraltracker.intelligence.plain import label, money

Json = dict[str, Any]

TOP_LABELS: Final = 10
TOP_GAPS: Final = 5
WEAR: Final = {"fatigued": "fatigued", "watch": "may be tiring"}
"""What is said of an ad that wears out, the surer first."""
STEPS: Final = {
    "cpm": "CPM",
    "ctr": "CTR",
    "lpv_rate": "Page rate",
    "cvr_lpv": "CVR after landing",
    "cvr": "CVR of clicks",
    "arrival": "Still arriving",
}
"""What a step of the CPA is called beside its bar."""
STATES: Final = {
    "UNTESTED": "untested",
    "TESTED_WEAK": "weak",
    "TESTED_GOOD": "good",
    "TESTED_UNCLEAR": "unclear",
}


def changes(analysis: Json, currency: str) -> list[Json]:
    """What is out of the usual, and why the cost per conversion moved."""
    rows = [
        {
            "sentence": item["sentence"],
            "since": item["since"],
            "until": item["until"] or "goes on",
            "money_per_week": item["money_per_week"],
        }
        for item in analysis["anomalies"]
    ]
    columns = [
        {"key": "sentence", "label": "What happened", "unit": "text"},
        {"key": "since", "label": "Since", "unit": "text"},
        {"key": "until", "label": "Until", "unit": "text"},
        {"key": "money_per_week", "label": "A week", "unit": "money"},
    ]
    return [table("Out of the usual", columns, rows, TOP_ADS), *waterfall(analysis["drivers"], currency)]


def waterfall(drivers: Json, currency: str) -> list[Json]:
    """The account's CPA from the period before to the window, step by step; nothing where that cannot be said."""
    found = drivers["account"]
    if found is None:
        return []
    steps = [
        {
            "label": STEPS.get(step["name"], step["name"]),
            "value": step["money"],
            "low": None,
            "high": None,
            "named": step["named"],
        }
        for step in found["steps"]
        if step["money"] is not None
    ]
    return [
        {"kind": "text", "text": drivers["sentence"]},
        {
            "kind": "chart",
            "chart": "waterfall",
            "title": "Why CPA moved",
            "data": {
                "start": {"label": "Period before", "value": found["cpa_before"]},
                "steps": steps,
                "end": {"label": "This window", "value": found["cpa_now"]},
                "unit": "money",
                "currency": currency,
            },
            "alt": f"CPA from {money(found['cpa_before'], currency)} to {money(found['cpa_now'], currency)}, step by "
            "step from the price of showing the ads to conversions.",
        },
    ]


def wear(analysis: Json) -> list[Json]:
    """Ads that wear out or are watched, with what may have misled."""
    rows = [
        {
            "ad_id": item["ad_id"],
            "ad_name": item["ad_name"],
            "verdict": WEAR.get(item["verdict"], item["verdict"]),
            "break_on": item["detail"]["break_on"],
            "baseline_rate": item["detail"]["baseline_rate"],
            "recent_rate": item["detail"]["recent_rate"],
            "probability": item["probability"],
            "spend": item["spend"],
        }
        for item in analysis["diagnoses"]
        if item["rule"] == "fatigue"
    ]
    rows.sort(key=lambda row: (row["verdict"] != WEAR["fatigued"], row["verdict"] != WEAR["watch"], -row["spend"]))
    columns = [
        {"key": "ad_name", "label": "Ad", "unit": "text"},
        {"key": "verdict", "label": "Fatigue", "unit": "text"},
        {"key": "break_on", "label": "Since", "unit": "text"},
        {"key": "recent_rate", "label": "Clicks or views", "unit": "rate", "from": "baseline_rate"},
        {"key": "probability", "label": "Sure", "unit": "rate"},
        {"key": "spend", "label": "Spend", "unit": "money"},
    ]
    return [table("Wearing out", columns, rows, TOP_ADS)]


def creatives(analysis: Json, currency: str) -> list[Json]:
    """What is tested and what is missing, what labels likely make a difference, and what stands out."""
    return [
        *coverage(analysis["gaps"], analysis["target"]["words"], currency),
        _labels(analysis["tags"]),
        _insights(analysis["insights"]),
    ]


def coverage(gaps: Json, target: str | None, currency: str) -> list[Json]:
    """The map of stages and formats against the target (its words), and its most valuable gaps."""
    cells = [cell for cell in gaps["cells"] if cell["ads"] or cell["state"] != "UNTESTED"]
    if not cells:
        return []
    price = gaps["price"]
    against = f"{target or 'the target'} of {money(price, currency)}" if price else "the target"
    stages = _in_order(cell["awareness"] for cell in gaps["cells"])
    formats = _in_order(cell["format"] for cell in gaps["cells"])
    drawn = [
        {
            "row": _headed(cell["awareness"]),
            "column": _headed(cell["format"]),
            "value": cell["cpa"] / price if cell["cpa"] and price else None,
            "certainty": cell["certainty"] or 0.0,
            "state": STATES[cell["state"]],
            "ads": cell["ads"],
            "spend": cell["spend"],
            "cost": cell["cpa"],
            "label": "no conversion" if cell["ads"] and not cell["cpa"] else None,
        }
        for cell in cells
    ]
    rows = [
        {
            "title": gap["brief"]["title"],
            "why": gap["brief"]["why"],
            "value_per_week": gap["value_per_week"],
            "budget_to_learn": gap["brief"]["budget_to_learn"],
        }
        for gap in gaps["gaps"]
    ]
    columns = [
        {"key": "title", "label": "Gap", "unit": "text"},
        {"key": "why", "label": "Why", "unit": "text"},
        {"key": "value_per_week", "label": "A week", "unit": "money"},
        {"key": "budget_to_learn", "label": "To learn", "unit": "money"},
    ]
    return [
        {
            "kind": "chart",
            "chart": "heatmap",
            "title": "What is tested",
            "data": {
                "rows": [_headed(name) for name in stages],
                "columns": [_headed(name) for name in formats],
                "against": against,
                "cells": drawn,
            },
            "alt": f"Cost per conversion by awareness stage and format, held against {against}; striped is untested.",
        },
        table("What is missing", columns, rows, TOP_GAPS),
    ]


def reliance(analysis: Json) -> list[Json]:
    """How much hangs on how few creatives."""
    found = analysis["concentration"]
    return [] if found is None else [{"kind": "text", "text": found["sentence"]}]


def _labels(effects: list[Json]) -> Json:
    rows = [
        {
            "label": f"{item['kind']}: {_named(item['value'])}",
            "outcome": OUTCOMES[item["outcome"]],
            "ads": item["compared"],
            "effect": item["effect"],
            "effect_low": item["low"],
            "effect_high": item["high"],
            "verdict": item["verdict"].replace("_", " "),
            "q_value": item["q_value"],
            "spend": item["spend"],
        }
        for item in effects
        if item["verdict"] in ("likely_better", "likely_worse")
    ]
    rows.sort(key=lambda row: (row["q_value"] if row["q_value"] is not None else 1.0, -row["spend"]))
    columns = [
        {"key": "label", "label": "Label", "unit": "text"},
        {"key": "outcome", "label": "Outcome", "unit": "text"},
        {"key": "ads", "label": "Ads", "unit": "count"},
        {"key": "effect", "label": "Times the rest", "unit": "ratio"},
        {"key": "effect_low", "label": "90 % from", "unit": "ratio"},
        {"key": "effect_high", "label": "to", "unit": "ratio"},
        {"key": "verdict", "label": "Verdict", "unit": "text"},
        {"key": "q_value", "label": "By chance", "unit": "rate"},
    ]
    return table("Labels that likely make a difference", columns, rows, TOP_LABELS)


OUTCOMES: Final = {"conversions": "conversions per spend", "ctr": "link CTR", "hook": "hook rate"}


def _insights(found: list[Json]) -> Json:
    rows = [
        {"sentence": item["sentence"], "probability": item["probability"], "spend": item["money"]} for item in found
    ]
    columns = [{"key": "sentence", "label": "What stands out", "unit": "text"}]
    if any(row["probability"] is not None for row in rows):
        columns.append({"key": "probability", "label": "Sure", "unit": "rate"})
    columns.append({"key": "spend", "label": "Spend", "unit": "money"})
    return table("What the creatives tell", columns, rows, len(rows))


def _in_order(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _named(name: str | None) -> str:
    return "not classified" if name is None else label(name)


def _headed(name: str | None) -> str:
    said = _named(name)
    return said[:1].upper() + said[1:]
