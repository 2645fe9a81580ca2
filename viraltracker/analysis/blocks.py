"""An analysis as structured blocks, rendered once: the command line, the chat and the pages only draw them.

A block is one of
    {kind: heading | text, text}
    {kind: metrics, items: [{name, label, value, unit, change, note}]}
    {kind: table, title, columns: [{key, label, unit}], rows: [{…}], more}; a row about an ad also has its `ad_id`;
     a column may have `from`, the key of the value before, and a table a `note`: a sentence under its title
    {kind: cards, title, items: [{id, title, why, category, action, money_per_week, confidence, change_our_mind, ads}],
     more}
    {kind: chart, chart, title, data, alt}; `alt` says in words what the chart shows, for where it is not drawn
Units are money, money_change (with its sign), count, rate (a fraction), share (a fraction, coarser), ratio or text.
`more` counts rows that were left out. `change` is a fraction
of the period before, None where there is none.

The data of a chart, by its name; what is not known is None, and `currency` may be left out where the analysis has one:
    waterfall  {start: {label, value}, steps: [{label, value, low, high, named}], end: {label, value}, unit, currency}
               of a cost: a step's `value` is its part, `low` and `high` its 90 % interval, `named` that it is no chance
    heatmap    {rows: [label], columns: [label], against, cells: [{row, column, value, cost, certainty, state, ads,
               spend, label}]}; `value` is cost ÷ that of `against` (words; the account's without them), `cost` money,
               `certainty` 0 to 1, `state` untested, weak, good or unclear; a `label` stands in place of the number;
               where there is no cell there is no ad. A cell may have `tested`, its ads that spent, `probability`
               that its cost is within `against`, and `wide_because`, why that is so open
    intervals  {rows: [{label, value, low, high}], rule: {label, value}, unit}; an end of None is open
    trend      {series: [{name, unit, points: [{at, value, low, high}]}], marks: [{at, label}]}; `at` is an ISO date
    bars       {rows: [{label, value}], unit}
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final

from viraltracker.analysis import found_blocks
from viraltracker.analysis.tables import TOP_ADS, table
from viraltracker.intelligence import names
from viraltracker.intelligence.plain import count, money
from viraltracker.intelligence.plain import label as in_words

Json = dict[str, Any]

TOP_CARDS = 6
TOP_CELLS = 10

METRICS = (
    ("spend", "Spend", "money"),
    ("impressions", "Impressions", "count"),
    ("link_clicks", "Link clicks", "count"),
    ("ctr", "Link CTR", "rate"),
    ("cpc", "CPC", "money"),
    ("cpm", "CPM", "money"),
    ("purchases", "Purchases", "count"),
    ("purchase_value", "Purchase value", "money"),
    ("results", "Results", "count"),
    ("cost_per_result", "Cost per result", "money"),
    ("cpa", "CPA", "money"),
    ("roas", "ROAS", "ratio"),
    ("hook_rate", "Hook rate", "rate"),
    ("hold_rate", "Hold rate", "rate"),
)

AD: Final = {"key": "ad_name", "label": "Ad", "unit": "text"}
SPEND: Final = {"key": "spend", "label": "Spend", "unit": "money"}
CONVERSIONS: Final = {"key": "conversions", "label": "Conv.", "unit": "count"}
CPA: Final = {"key": "cpa", "label": "CPA", "unit": "money"}
CPA_RANGE: Final = (
    {"key": "cpa_low", "label": "90 % from", "unit": "money"},
    {"key": "cpa_high", "label": "to", "unit": "money"},
)
AD_COLUMNS: Final = [AD, SPEND, CONVERSIONS, CPA, *CPA_RANGE, {"key": "probability", "label": "Sure", "unit": "rate"}]

_SHARE_COLUMNS = [
    {"key": "ads", "label": "Ads", "unit": "count"},
    SPEND,
    {"key": "spend_share", "label": "Share", "unit": "rate"},
    CONVERSIONS,
    CPA,
    {"key": "median_ad_cpa", "label": "Median ad", "unit": "money"},
]


def summary(brand: str, analysis: Json, notes: list[str]) -> Json:
    """The short form of an analysis (`Analysis.as_dict()`), without rows per ad. `notes` say what was read."""
    classified = analysis["classified"]
    counts: dict[str, int] = {}
    for verdict in analysis["verdicts"]:
        counts[verdict["verdict"]] = counts.get(verdict["verdict"], 0) + 1
    return {
        "brand": brand,
        "window": analysis["window"],
        "prior_window": analysis["prior_window"],
        "source": analysis["source"],
        "currency": analysis["currency"],
        "attribution": analysis["attribution"],
        "goal": analysis["goal"],
        "target": analysis["target"],
        "ads": analysis["ads"],
        "totals": analysis["totals"],
        "prior_totals": analysis["prior_totals"],
        "trends": analysis["trends"],
        "classified": {
            "ads": classified["ads"],
            "creatives": classified["creatives"],
            "spend_share": classified["spend_share"],
            "ads_missing": classified["ads_missing"],
            "spend_missing": classified["spend_missing"],
        },
        "distribution": analysis["distribution"],
        "verdict_counts": counts,
        "drivers": analysis["drivers"],
        "tags": analysis["tags"],
        "gaps": analysis["gaps"],
        "pages": analysis["pages"],
        "anomalies": analysis["anomalies"],
        "concentration": analysis["concentration"],
        "insights": analysis["insights"],
        "rules": analysis["rules"],
        "recommendations": analysis["recommendations"],
        "notes": notes + analysis["notes"],
    }


def render(analysis: Json, short: Json) -> list[Json]:
    """The blocks of an analysis and its `summary`."""
    window = short["window"]
    blocks: list[Json] = [
        {
            "kind": "heading",
            "text": f"{short['brand']}: {window['from']} to {window['to']} ({days_in_words(window['days'])})",
        },
        {"kind": "text", "text": _opening(short)},
        metrics(short),
    ]
    if not short["trends"]["evaluated"]:
        blocks.append({"kind": "text", "text": f"No trends: {short['trends']['reason']}"})
    blocks.append(cards(analysis["recommendations"]))
    blocks += found_blocks.changes(analysis, short["currency"])
    for name, title in (("scale", "Winners"), ("cut", "Losers")):
        rows = [verdict for verdict in analysis["verdicts"] if verdict["verdict"] == name]
        if rows:
            blocks.append(table(title, AD_COLUMNS, rows, TOP_ADS))
    blocks += found_blocks.wear(analysis)
    if short["classified"]["ads"]:
        blocks += _distribution(analysis["distribution"]) + found_blocks.creatives(analysis, short["currency"])
    blocks += found_blocks.reliance(analysis)
    blocks.append({"kind": "text", "text": _coverage(short)})
    missing = [rule for rule in short["rules"] if not rule["evaluated"]]
    notes = [f"Not evaluated, {_rule(rule)}: {rule['reason']}" for rule in missing if rule["reason"]]
    blocks += [{"kind": "text", "text": note} for note in notes + short["notes"]]
    return [block for block in blocks if block.get("rows") != [] and block.get("items") != []]


def _rule(status: Json) -> str:
    return names.in_a_sentence(names.rule(status["rule"]))


def _distribution(distribution: Json) -> list[Json]:
    label = {"key": "awareness", "label": "Awareness", "unit": "text"}
    form = {"key": "format", "label": "Format", "unit": "text"}
    return [
        table("By awareness", [label, *_SHARE_COLUMNS], _named(distribution["awareness"]), TOP_CELLS),
        table("By format", [form, *_SHARE_COLUMNS], _named(distribution["formats"]), TOP_CELLS),
        table("By awareness and format", [label, form, *_SHARE_COLUMNS], _named(distribution["cells"]), TOP_CELLS),
    ]


def _opening(short: Json) -> str:
    if not short["ads"]:
        return "There is no ad to judge."
    counts = short["verdict_counts"]
    target = short["target"]
    against = ""
    if target["value"] is not None:
        against = f", judged against {target['words']} of {money(target['value'], short['currency'])}"
    parts = [
        f"{counts.get('scale', 0)} to scale",
        f"{counts.get('cut', 0)} to cut",
        f"{counts.get('keep_testing', 0)} to keep testing",
        f"{counts.get('learning', 0)} in learning",
        f"{counts.get('not_evaluated', 0)} not evaluated",
    ]
    return f"{count(short['ads'], 'ad')}{against}: {', '.join(parts)}."


def metrics(short: Json, wanted: Collection[str] | None = None) -> Json:
    """The totals of a summary with their changes: those that are `wanted`, or all, as far as they are known."""
    totals, currency = short["totals"], short["currency"]
    changes = {change["metric"]: change["relative"] for change in short["trends"]["changes"]}
    items = []
    for name, label, unit in METRICS:
        value = totals[name]
        if wanted is not None and name not in wanted:
            continue
        if value is None or (name in ("results", "cost_per_result") and totals["result_type"] == "purchase"):
            continue
        rests_on = {"hold_rate": "thruplays", "hook_rate": "video_3s"}.get(name, name)
        note = "from the totals row" if rests_on in totals["account_level"] else None
        kind = f" ({totals['result_type'].replace('_', ' ')})" if name == "results" and totals["result_type"] else ""
        items.append(
            {
                "name": name,
                "label": label + kind,
                "value": value,
                "unit": unit,
                "change": changes.get(name),
                "note": note,
            }
        )
    return {"kind": "metrics", "currency": currency, "items": items}


def cards(recommendations: Sequence[Json], *, left: int = 0) -> Json:
    """What to do, the first of `recommendations` as cards; `left` counts more than those that are given."""
    items = [
        {
            name: card[name]
            for name in (
                "id",
                "title",
                "why",
                "category",
                "action",
                "money_per_week",
                "confidence",
                "change_our_mind",
                "ads",
            )
        }
        for card in recommendations[:TOP_CARDS]
    ]
    more = max(0, len(recommendations) - TOP_CARDS) + left
    return {"kind": "cards", "title": "What to do", "items": items, "more": more}


def _named(shares: list[Json]) -> list[Json]:
    return [{**share, **{name: _label(share[name]) for name in ("awareness", "format")}} for share in shares]


def _label(value: str | None) -> str:
    return "not classified" if value is None else in_words(value)


def _coverage(short: Json) -> str:
    classified = short["classified"]
    if not short["ads"]:
        return "There is nothing to classify."
    if classified["spend_share"] is None:
        return f"{classified['ads']:,} of {count(short['ads'], 'ad')} are classified."
    text = (
        f"Classification covers {classified['spend_share']:.0%} of the spend: {classified['ads']:,} of "
        f"{count(short['ads'], 'ad')} by {count(classified['creatives'], 'reading')}."
    )
    if classified["ads_missing"]:
        text += f" Not classified yet: {count(classified['ads_missing'], 'ad')}; run a classification to cover them."
    return text


def days_in_words(days: int) -> str:
    """For example `7 days`."""
    return "1 day" if days == 1 else f"{days} days"
