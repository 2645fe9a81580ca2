"""What the rules found, as blocks (see `blocks`): why cost moved, what broke and wears out, what creatives tell."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from viraltracker.analysis.tables import TOP_ADS, table
from viraltracker.intelligence.plain import label, money

Json = dict[str, Any]

TOP_LABELS: Final = 10
TOP_GAPS: Final = 5
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
LIKELY: Final = ("likely_better", "likely_worse")
OUTCOMES: Final = {"conversions": "conversions per spend", "ctr": "link CTR", "hook": "hook rate"}
RATES: Final = {"ctr": "link CTR", "hook": "hook rate"}
PAGES: Final = {
    "page_broken": "gone, or could not be read",
    "costs": "breaks the promise of some of its ads, and it costs",
}
CAUSES: Final = {
    "in_learning": "in learning",
    "creative_edited": "its creative was edited",
    "ctr_down_everywhere": "CTR fell in all of its cohort",
    "hook_down_everywhere": "hook rate fell in all of its cohort",
    "cpm_up_everywhere": "CPM rose in all of its cohort",
    "cvr_down_everywhere": "conversions per click fell in all of its cohort",
}
"""Why a decline is no fatigue, by the rule's own names."""


def changes(analysis: Json, currency: str) -> list[Json]:
    """What is out of the usual, and why the cost per conversion moved."""
    return [unusual(analysis["anomalies"]), *waterfall(analysis["drivers"], currency)]


def unusual(anomalies: list[Json]) -> Json:
    """What is out of the usual, since when and what it costs."""
    rows = [
        {
            "sentence": item["sentence"],
            "since": item["since"],
            "until": item["until"] or "goes on",
            "money_per_week": item["money_per_week"],
        }
        for item in anomalies
    ]
    columns = [
        {"key": "sentence", "label": "What happened", "unit": "text"},
        {"key": "since", "label": "Since", "unit": "text"},
        {"key": "until", "label": "Until", "unit": "text"},
        {"key": "money_per_week", "label": "A week", "unit": "money"},
    ]
    return table("Out of the usual", columns, rows, TOP_ADS)


def pages(found: list[Json]) -> Json:
    """Landing pages that cost conversions, what costs most first."""
    rows = [{**page, "verdict": PAGES[page["verdict"]]} for page in found if page["verdict"] in PAGES]
    columns = [
        {"key": "landing_url", "label": "Landing page", "unit": "text"},
        {"key": "verdict", "label": "What is wrong", "unit": "text"},
        {"key": "ads", "label": "Ads", "unit": "count"},
        {"key": "spend", "label": "Spend", "unit": "money"},
        {"key": "per_week", "label": "A week", "unit": "money"},
    ]
    return table("Pages that cost", columns, rows, TOP_ADS)


def waterfall(drivers: Json, currency: str, title: str = "Why CPA moved") -> list[Json]:
    """CPA from the period before to the window, step by step; nothing where that cannot be said.

    `drivers` is what the summary has, or `{account, sentence}` of one ad.
    """
    found = drivers["account"]
    if found is None:
        return []
    steps = [
        {
            "label": step_name(step["name"]),
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
            "title": title,
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


def step_name(step: str) -> str:
    """A step of the funnel as a chart and a table name it, beside its bar."""
    return STEPS.get(step, step)


def moved_ads(drivers: list[Json]) -> Json:
    """Ads whose CPA moved for a cause, `drivers` being their diagnoses; most spend first."""
    rows = [
        {
            "ad_id": item["ad_id"],
            "ad_name": item["ad_name"],
            "cpa_before": item["detail"]["cpa_before"],
            "cpa": item["detail"]["cpa_now"],
            "steps": ", ".join(step_name(step["name"]) for step in item["detail"]["steps"] if step["named"])
            or "unclear",
            "probability": item["probability"],
            "spend": item["spend"],
        }
        for item in sorted(drivers, key=lambda item: -item["spend"])
    ]
    columns = [
        {"key": "ad_name", "label": "Ad", "unit": "text"},
        {"key": "cpa", "label": "CPA", "unit": "money", "from": "cpa_before"},
        {"key": "steps", "label": "Moved by", "unit": "text"},
        {"key": "probability", "label": "Sure", "unit": "rate"},
        {"key": "spend", "label": "Spend", "unit": "money"},
    ]
    return table("Ads whose CPA moved", columns, rows, TOP_ADS)


def wear(analysis: Json) -> list[Json]:
    """Ads that wear out or are watched, and apart those that only look like it, with the cause."""
    found = [item for item in analysis["diagnoses"] if item["rule"] == "fatigue"]
    return worn(found)


def worn(found: list[Json]) -> list[Json]:
    """The tables of diagnoses of fatigue: ads that wear out, and those whose decline has another cause."""
    ordered = sorted(found, key=lambda item: (item["verdict"] != "fatigued", -item["spend"]))
    rows = [
        {
            **item["detail"],
            **{name: item[name] for name in ("ad_id", "ad_name", "verdict", "probability", "spend")},
            "rate": RATES[item["detail"]["metric"]],
            "net_change": _less_one(item["detail"].get("ratio")),
            "per": "conversion" if item["detail"]["cost_metric"] == "cpa" else "click",
            "cause": CAUSES.get(item["detail"]["confounder"] or "", item["detail"]["confounder"]),
        }
        for item in ordered
    ]
    name = {"key": "ad_name", "label": "Ad", "unit": "text"}
    fell = [
        {"key": "break_on", "label": "Since", "unit": "text"},
        {"key": "rate", "label": "Rate", "unit": "text"},
        {"key": "recent_rate", "label": "Before → now", "unit": "rate", "from": "baseline_rate"},
    ]
    cost = [
        {"key": "cost_now", "label": "Cost", "unit": "money", "from": "cost_before"},
        {"key": "per", "label": "Of a", "unit": "text"},
    ]
    net = {"key": "net_change", "label": "Net of cohort", "unit": "share"}
    sure = {"key": "probability", "label": "Sure", "unit": "rate"}
    spend = {"key": "spend", "label": "Spend", "unit": "money"}
    verdict = {"key": "verdict", "label": "Fatigue", "unit": "text"}
    cause = {"key": "cause", "label": "Because", "unit": "text"}
    tired = [row for row in rows if row["cause"] is None]
    apart = [row for row in rows if row["cause"] is not None]
    return [
        table("Wearing out", [name, verdict, *fell, net, sure, *cost, spend], tired, TOP_ADS),
        table("Fell for another reason", [name, cause, *fell, net, spend], apart, TOP_ADS),
    ]


def _less_one(ratio: float | None) -> float | None:
    return None if ratio is None else ratio - 1


def creatives(analysis: Json, currency: str) -> list[Json]:
    """What is tested and what is missing, what labels likely make a difference, and what stands out."""
    likely = [item for item in analysis["tags"] if item["verdict"] in LIKELY]
    likely.sort(key=lambda item: (item["q_value"] if item["q_value"] is not None else 1.0, -item["spend"]))
    return [
        *coverage(analysis["gaps"], analysis["target"]["words"], currency),
        labels("Labels that likely make a difference", likely),
        insights(analysis["insights"]),
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
            "probability": cell["probability"],
            "wide_because": cell.get("wide_because"),
            "state": STATES[cell["state"]],
            "ads": cell["ads"],
            "tested": cell["tested"],
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


def briefs(found: list[Json]) -> Json:
    """What to make, brief by brief."""
    rows = [{**brief, "do": " ".join(brief["do"])} for brief in found]
    columns = [
        {"key": "title", "label": "Brief", "unit": "text"},
        {"key": "do", "label": "What to do", "unit": "text"},
        {"key": "budget_to_learn", "label": "To learn", "unit": "money"},
        {"key": "would_settle", "label": "What would settle it", "unit": "text"},
    ]
    return table("Briefs", columns, rows, TOP_GAPS)


def reliance(analysis: Json) -> list[Json]:
    """How much hangs on how few creatives."""
    found = analysis["concentration"]
    return [] if found is None else [{"kind": "text", "text": found["sentence"]}]


def labels(title: str, effects: list[Json], limit: int = TOP_LABELS) -> Json:
    """What labels do to an outcome, in the order given; `effects` are those of the summary's `tags`."""
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
        }
        for item in effects
    ]
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
    return table(title, columns, rows, limit)


def insights(found: list[Json]) -> Json:
    """What stands out among creatives, in sentences."""
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
