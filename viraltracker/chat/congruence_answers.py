"""Whether landing pages keep what ads promise: how well on the whole, and where most is lost."""

from __future__ import annotations

from typing import Any, Final

from viraltracker.chat.answer import Answer, Asked, choices, tool_result
from viraltracker.creatives import in_words
from viraltracker.intelligence.plain import count, money
from viraltracker.store import readings

Json = dict[str, Any]

DAYS: Final = 30
NAMED: Final = 2
MOST: Final = 5
"""Full marks."""
COMPONENTS: Final = {
    "promise": "the promise",
    "offer": "the offer",
    "awareness": "the awareness step",
    "proof": "proof and product",
    "tone": "the tone",
}
_COLUMNS: Final = (
    ("ad_name", "Ad", "text"),
    ("spend", "Spend", "money"),
    ("total", "Fit, of 5", "ratio"),
    ("weakest", "Weakest", "text"),
    ("quote_ad", "The ad says", "text"),
    ("quote_page", "The page says", "text"),
    ("why", "Why", "text"),
)


def overview(asked: Asked) -> Answer:
    """The fit of the account by spend, and the ads that lose most by their pages."""
    days = asked.intent.days or DAYS
    found = readings.congruence_overview(asked.db, asked.brand.id, days=days)
    if not found["ads"]:
        return _nothing(asked)
    currency = found["currency"] or ""
    worst = [row | {"weakest": COMPONENTS[row["component"]], "ad_name": row["ad_name"] or row["ad_id"]}
             for row in found["worst"]]  # fmt: skip
    judged = sorted({in_words.in_short(row["classifier"]) for row in worst})
    lines = [
        f"Over the last {days} days with data, landing pages fit {count(found['ads'], 'ad')} with "
        f"{found['total']:.1f} of {MOST}, weighed by spend; judged by {' and '.join(judged)}.",
        *(_in_a_line(row, currency) for row in worst[:NAMED]),
        "The page Ads shows each ad beside its landing page.",
    ]
    columns = [{"key": key, "label": label, "unit": unit} for key, label, unit in _COLUMNS]
    keys = ("ad_id", *(key for key, _, _ in _COLUMNS))
    rows = [{key: row[key] for key in keys} for row in worst]
    table = {"kind": "table", "title": "Where most is lost", "columns": columns, "rows": rows, "more": 0}
    result = tool_result(
        "congruence", {"days": days, "ads": found["ads"], "full_marks": MOST}, [found | {"worst": len(worst)}, *worst]
    )
    return Answer(
        lines,
        [table],
        facts={"currency": currency},
        tools=[result],
        suggestions=choices("Which ads are losing?", "What should I do?"),
    )


def _in_a_line(row: Json, currency: str) -> str:
    spent = money(row["spend"], currency) if currency else f"{row['spend']:,.2f}"
    return f"“{row['ad_name']}”, {spent} spent: {row['total']:.1f} of {MOST}, least for {row['weakest']}. {row['why']}"


def _nothing(asked: Asked) -> Answer:
    said = (
        f"No ad of {asked.brand.name} with spend has been held against its landing page yet. Classify creatives does "
        "it, and reads the pages first."
    )
    writes = asked.person.may_write(asked.brand)
    return Answer([said], suggestions=choices("Classify the creatives") if writes else choices("Which ads are losing?"))
