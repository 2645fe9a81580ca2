"""A block of an analysis (see `analysis.blocks`) as HTML: for the pages and for a report alike, so without Streamlit.

Computes nothing: what is shown is what was stored. Every text from outside is escaped here.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Mapping
from typing import Any, Final

from viraltracker.intelligence import definitions
from viraltracker.web import chart_blocks, chart_lines, words

Json = dict[str, Any]

GROUPINGS: Final = {"By awareness": "awareness", "By format": "format"}
TONES: Final = {"Winners": "good", "Losers": "bad"}
LEADERBOARDS: Final = (*TONES, "Most spend", "Nearest to a verdict")
LEADERS: Final = 4
CAPITAL: Final = ("awareness", "format", "verdict", "outcome", "label", "until")
DAYS: Final = ("since", "until", "break_on")
NAMES: Final = ("ad_name",)
SHORT: Final = ("rate", "per", "since", "until", "break_on", "verdict", "outcome")
"""Columns of names need room, and those of a word or a day none."""
RANGE: Final = ("cpa_low", "cpa_high", "effect_low", "effect_high")
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")


def term(name: str, means: str, *, at_end: bool = False) -> str:
    """A name with what it means: shown under the mouse and at the keyboard's focus, and read out with the name.

    The words lie over the page, so nothing moves. `at_end` lets them grow to the left, for the right edge of a page.
    """
    if not means:
        return words.html(name)
    # The same words may stand on a page twice: then either element describes the name.
    key = f"vt-tip-{zlib.crc32(means.encode()):08x}"
    end = " end" if at_end else ""
    return (
        f'<span class="vt-name"><span class="vt-term" tabindex="0" aria-describedby="{key}">{words.html(name)}</span>'
        f'<span class="vt-tip{end}" role="tooltip" id="{key}">{words.html(means)}</span></span>'
    )


def meaning(column: str, facts: Mapping[str, Any]) -> str:
    """What a column or a metric means, over which days, and by which attribution; nothing for a name.

    Of an analysis' summary, `facts` may have `window` and `attribution`; what is not there is not said.
    """
    found = definitions.find(column)
    if found is None:
        return ""
    said = [found.said]
    if facts.get("window"):
        said.append(f"{words.period(facts['window'])}.")
    if found.attributed and "attribution" in facts:
        said.append(f"Attribution: {words.attribution(facts['attribution'] or 'not stated by the source')}.")
    return " ".join(said)


def table(block: Json, facts: Mapping[str, Any], head_of: Callable[[Json, bool], str] | None = None) -> str:
    """A table with its names explained. Of an analysis' summary, `facts` has `currency`, and what `meaning` reads.

    `head_of` makes a column's head otherwise; its second argument says whether the column is in the right half.
    """
    columns, currency = block["columns"], facts["currency"]

    def explained(column: Json, at_end: bool) -> str:
        return term(column["label"], meaning(column["key"], facts), at_end=at_end)

    made = head_of or explained
    head = "".join(
        f'<th scope="col" class="{_kind(column)}">{made(column, place >= len(columns) / 2)}</th>'
        for place, column in enumerate(columns)
    )
    about_ads = any("ad_id" in row for row in block["rows"])
    body = "".join(
        f'<tr class="{"sum" if about_ads and "ad_id" not in row else "one"}">'
        + "".join(_cell(row, column, currency) for column in columns)
        + "</tr>"
        for row in block["rows"]
    )
    caption = f'aria-label="{words.html(block["title"])}"'
    return f'<div class="vt-scroll"><table class="vt-table" {caption}><tr>{head}</tr>{body}</table></div>'


def table_chart(block: Json, facts: Mapping[str, Any]) -> str:
    """The chart that belongs to a table, or nothing. Of the summary it needs `currency`, `target`, `totals.cpa`."""
    title, rows, currency = block["title"], block["rows"], facts["currency"]
    known = [row for row in rows if row["cpa"] and row["cpa_low"] and row["cpa_high"]] if title in TONES else []
    if known:
        target = facts["target"]
        return chart_lines.cpa_intervals(
            known,
            tone=TONES[title],
            target=target["value"],
            target_words=target["words"].capitalize() if target["words"] else "Target",
            currency=currency,
        )
    if title in GROUPINGS:
        key = GROUPINGS[title]
        named = [{**row, key: str(row[key])[:1].upper() + str(row[key])[1:]} for row in rows]
        account_cpa = facts["totals"]["cpa"]
        return chart_lines.spend_and_cpa(named, key, key.capitalize(), account_cpa=account_cpa, currency=currency)
    return ""


def chart(block: Json, currency: str) -> str:
    """A `chart` block; one of a kind that is not known here, or without its data, is said in its own words."""
    return chart_blocks.draw(block, currency) or f'<p class="vt-note">{words.html(block.get("alt") or "")}</p>'


def metrics(block: Json, currency: str, name_of: Callable[[Json], str]) -> str:
    """The numbers at the top with their changes, for where there is no Streamlit; `name_of` an item is HTML."""
    items = "".join(f"<div><dt>{name_of(item)}</dt>{_amount(item, currency)}</div>" for item in block["items"])
    return f'<dl class="vt-metrics">{items}</dl>'


def leaders(block: Json) -> list[Json]:
    """The rows of a table that are also shown as cards with pictures."""
    return [row for row in block["rows"] if "ad_id" in row][:LEADERS] if block["title"] in LEADERBOARDS else []


def _amount(item: Json, currency: str) -> str:
    change = item["change"]
    value = words.html(words.number(item["value"], item["unit"], currency))
    said = [] if change is None else [f"{words.change(change)} on the period before"]
    said += [item["note"]] if item["note"] else []
    tone = "" if change is None else words.tone_of(item["name"], change)
    small = f'<small class="{tone}">{words.html("; ".join(said))}</small>' if said else ""
    return f"<dd>{value}{small}</dd>"


def _kind(column: Json) -> str:
    if column["unit"] != "text":
        return "num"
    return "text name" if column["key"] in NAMES else "text short" if column["key"] in SHORT else "text"


def _cell(row: Json, column: Json, currency: str) -> str:
    key, unit = column["key"], column["unit"]
    value = row[key]
    if key == "probability":
        return f'<td class="num">{words.html(words.sure(value))}</td>'
    if key == "spend_share" and value is not None:
        bar = f'<span class="vt-bar" aria-hidden="true"><i style="width:{value * 100:.1f}%"></i></span>'
        return f'<td class="num share">{words.percent(value, digits=1)}{bar}</td>'
    said = words.html(words.number(value, unit, currency))
    if "from" in column:
        said = f'<span class="was">{words.html(words.number(row[column["from"]], unit, currency))} →</span> {said}'
    if key in DAYS and _DAY.fullmatch(str(value)):
        said = words.day(value)
    if key in CAPITAL:
        said = said[:1].upper() + said[1:]
    return f'<td class="{_kind(column)}{" range" if key in RANGE else ""}">{said}</td>'
