"""Charts of named lines over one axis, as plain HTML: those of an analysis, in the pages and in a report alike.

Every text from outside is escaped here. Places are percent of the axis.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from typing import Any, Final

from viraltracker.web import words

Json = dict[str, Any]

MARGIN: Final = 0.12
"""Room at both ends of a logarithmic axis."""
LOGARITHMIC_STEPS: Final = ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 5, 7), (1, 1.2, 1.5, 1.8, 2, 2.5, 3, 4, 5, 6, 7, 8))
FEWEST_TICKS: Final = 3


def cpa_intervals(rows: list[Json], *, tone: str, target: float | None, target_words: str, currency: str) -> str:
    """Each ad's CPA with its 90 % interval, against the target: how sure a verdict is, at a glance.

    Rows of a table block with `ad_name`, `cpa`, `cpa_low`, `cpa_high`, all of them known and above 0.
    """
    at = [row[name] for row in rows for name in ("cpa", "cpa_low", "cpa_high")] + [target or rows[0]["cpa"]]
    low, high = math.log(min(at)) - MARGIN, math.log(max(at)) + MARGIN

    def place(value: float) -> float:
        return 100 * (math.log(value) - low) / (high - low)

    lines = []
    for row in rows:
        name = row["ad_name"] or row["ad_id"]
        said = (
            f"{name}: CPA {words.money(row['cpa'], currency)}, 90 % interval "
            f"{words.money(row['cpa_low'], currency)} to {words.money(row['cpa_high'], currency)}"
        )
        interval = span("span", place(row["cpa_low"]), place(row["cpa_high"]))
        lines.append(line(name, said, interval + mark("dot", place(row["cpa"]))))
    ticks = [(place(value), amount) for value, amount in amounts(ticks_between(min(at), max(at)), currency)]
    rule = None if target is None else (place(target), f"{target_words}: {words.money(target, currency)}")
    title = f"CPA of each ad with its 90 % interval in {currency}, on a logarithmic scale"
    return figure(title, tone, lines, ticks, rule)


def spend_and_cpa(rows: list[Json], key: str, label: str, *, account_cpa: float | None, currency: str) -> str:
    """Where the spend goes, and what a conversion costs there against the whole account; rows of a share table."""
    costs = [row["cpa"] for row in rows if row["cpa"]] + ([account_cpa] if account_cpa else [])
    most_share = max((row["spend_share"] or 0.0 for row in rows), default=0.0) or 1.0
    most_cost = max(costs, default=1.0) * 1.05
    shares, prices = [], []
    for row in rows:
        share = row["spend_share"] or 0.0
        said = f"{row[key]}: {words.percent(share, digits=1)} of the spend, {words.money(row['spend'], currency)}"
        bar = f'<i class="bar" style="width:{80 * share / most_share:.2f}%"></i>'
        shares.append(line(row[key], said, f"{bar}<b>{words.percent(share, digits=1)}</b>"))
        cost = f"CPA {words.money(row['cpa'], currency)}" if row["cpa"] else "no conversion yet"
        drawn = mark("diamond", 100 * row["cpa"] / most_cost) if row["cpa"] else ""
        prices.append(line(row[key], f"{row[key]}: {cost}", drawn))
    ticks = [(100 * value / most_cost, amount) for value, amount in amounts(steps_to(most_cost), currency)]
    rule = None
    if account_cpa:
        rule = (100 * account_cpa / most_cost, f"Whole account: {words.money(account_cpa, currency)}")
    left = figure(f"Share of spend by {label.lower()}", "accent", shares, [], None)
    right = figure(f"CPA by {label.lower()}, in {currency}", "accent", prices, ticks, rule)
    return f'<div class="vt-pair">{left}{right}</div>'


def figure(
    title: str,
    tone: str,
    lines: Sequence[str],
    ticks: Sequence[tuple[float, str]],
    rule: tuple[float, str] | None,
    *,
    note: str = "",
) -> str:
    """Named lines over a common axis; `tone` are classes of the style sheet, `note` stands beneath."""
    grid = "".join(mark("tick", at) for at, _ in ticks) + (mark("rule", rule[0]) if rule else "")
    axis = "".join(f'<span style="left:{at:.2f}%">{words.html(said)}</span>' for at, said in ticks)
    return (
        f'<figure class="vt-chart {tone}"><figcaption>{words.html(title)}</figcaption>{head(*rule) if rule else ""}'
        f'<div class="plot"><div class="grid" aria-hidden="true"><div>{grid}</div></div>{"".join(lines)}</div>'
        + (f'<p class="axis" aria-hidden="true">{axis}</p>' if ticks else "")
        + (f'<p class="note">{words.html(note)}</p>' if note else "")
        + "</figure>"
    )


def head(at: float, said: str) -> str:
    """The words of an upright line, over the lines; beyond the middle they stand at its left."""
    side = "right" if at > 50 else "left"
    place = 100 - at if side == "right" else at
    text, most = words.html(said), 100 - place
    return f'<p class="head"><span style="{side}:{place:.2f}%;max-width:{most:.2f}%" title="{text}">{text}</span></p>'


def line(name: str, said: str, drawn: str, shown: str | None = None) -> str:
    """One line: its name, what is drawn, what that says in words; `shown` are words at its right end."""
    text = words.html(said)
    value = "" if shown is None else f'<span class="value" aria-hidden="true">{words.html(shown)}</span>'
    return (
        f'<div class="line" title="{text}"><span class="name">{words.html(name)}</span>'
        f'<span class="track" role="img" aria-label="{text}">{drawn}</span>{value}</div>'
    )


def mark(kind: str, at: float) -> str:
    """A mark of one of the style sheet's kinds."""
    return f'<i class="{kind}" style="left:{at:.2f}%"></i>'


def span(kind: str, begin: float, end: float) -> str:
    """A mark from one place to another, in whichever order."""
    low, high = sorted((begin, end))
    return f'<i class="{kind}" style="left:{low:.2f}%;width:{high - low:.2f}%"></i>'


def stroke(runs: Sequence[Sequence[tuple[float, float]]]) -> str:
    """HTML: lines through points in percent from the left and the top, to lie over a positioned element.

    An SVG that masks a coloured ground, since a page keeps no SVG of ours: so it has the colours of the theme. A run of
    one point has no line.
    """
    path = "".join("M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in run) for run in runs if len(run) > 1)
    if not path:
        return ""
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100" preserveAspectRatio="none" width="100" '
        f'height="100"><path d="{path}" fill="none" stroke="#000" stroke-width="2" stroke-linejoin="round" '
        'vector-effect="non-scaling-stroke"/></svg>'
    )
    uri = f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"
    return f'<i class="stroke" style="-webkit-mask-image:url({uri});mask-image:url({uri})"></i>'


def amounts(values: Sequence[float], currency: str) -> list[tuple[float, str]]:
    """Amounts in words, all with cents where one of them has some."""
    cents = any(value != round(value) for value in values)
    return [(value, words.money(value, currency, cents=cents)) for value in values]


def ticks_between(low: float, high: float) -> list[float]:
    """Round numbers between, by the coarsest of the usual steps that gives three of them."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    found: list[float] = []
    for steps in LOGARITHMIC_STEPS:
        found = [step * 10.0**power for power in powers for step in steps if low <= step * 10.0**power <= high]
        if len(found) >= FEWEST_TICKS:
            break
    return found


def steps_to(high: float) -> list[float]:
    """0 and round numbers up to `high`, four or five of them."""
    step = step_of(high / 4)
    return [step * number for number in range(int(high / step) + 1)]


def step_of(rough: float) -> float:
    """The next round number: 1, 2, 2.5 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(rough))
    return float(next(size * power for size in (1, 2, 2.5, 5, 10) if size * power >= rough * (1 - 1e-12)))
