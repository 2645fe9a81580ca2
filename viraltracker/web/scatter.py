"""Spend against CPA: an ad is a point, and two lines part those that earn their money from those that do not.

Plain HTML, as the other charts; the points lead to their ads, and the same stands beside it in words.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from viraltracker.web import board_columns, chart_lines, words

Json = dict[str, Any]

MOST: Final = 500
"""Points that a browser draws and a person can tell apart."""
MARGIN: Final = 0.15
QUADRANTS: Final[Mapping[tuple[bool, bool | None], tuple[str, str]]] = {
    (True, True): ("Much spend, CPA within {target}", "The account lives on these."),
    (True, False): ("Much spend, CPA over {target}", "Here money can be saved first."),
    (False, True): ("Little spend, CPA within {target}", "Candidates for more budget, once their interval allows it."),
    (False, False): ("Little spend, CPA over {target}", "Little is lost here yet."),
    (True, None): ("Much spend, no CPA known", "Without a conversion, or not bought for the goal."),
    (False, None): ("Little spend, no CPA known", "Too early, or not bought for the goal."),
}  # fmt: skip
CORNERS: Final = (
    ("over few", "little spend, over target"),
    ("over much", "much spend, over target"),
    ("within few", "little spend, within target"),
    ("within much", "much spend, within target"),
)


def html(found: Json, brand_id: str) -> str:
    """The chart with its words; `found` as `boards.of_brand` answers with points."""
    points, run = found["points"], found["run"]
    known = [point for point in points if point["cpa"]]
    if not points:
        return '<p class="vt-more">No ad that fits has spent anything in these days.</p>'
    return (
        f"{_plot(points, known, found, brand_id)}{legend()}"
        f'<p class="vt-more">{words.html(drawn(found))}</p>{in_words(found)}{listed(points, run["currency"], brand_id)}'
    )


def drawn(found: Json) -> str:
    """Which ads are points."""
    spent = sum(one["ads"] for one in found["quadrants"])
    points = len(found["points"])
    if spent > points:
        return f"Drawn are the {points:,} ads with the highest spend of {spent:,}; the counts below are of all of them."
    return f"Drawn {'is the one ad' if points == 1 else f'are all {points:,} ads'} with spend in these days."


def in_words(found: Json) -> str:
    """HTML: what stands in each quarter of the chart, with how many ads and how much money."""
    run = found["run"]
    currency, target = run["currency"], run["target"]["value"]
    named = f"{run['target']['words']} of {words.money(target, currency)}" if target is not None else "the target"
    lines = []
    for one in found["quadrants"]:
        title, means = QUADRANTS[(one["much"], one["within"])]
        # Without a target no CPA is within or over anything.
        if target is None and one["within"] is None:
            title, means = title.partition(",")[0], run["target"]["reason"] or "There is no target CPA."
        lines.append(
            f"<li><b>{words.html(title.format(target=named))}</b>: {words.counted(one['ads'], 'ad')}, "
            f"{words.money(one['spend'], currency)} spent. {words.html(means)}</li>"
        )
    middle = words.money(found["median_spend"], currency)
    return (
        f'<ul class="vt-quarters" aria-label="The chart in words">{"".join(lines)}</ul>'
        f'<p class="vt-more">Much is more than {middle}, the median of all ads that have spent.</p>'
    )


def listed(points: Sequence[Json], currency: str, brand_id: str) -> str:
    """HTML: every point as a sentence that leads to its ad, folded away."""
    lines = "".join(
        f'<li><a href="{address(brand_id, point["ad_id"])}" target="_self">{words.html(named(point))}</a>: '
        f"{words.html(said(point, currency))}</li>"
        for point in points
    )
    return f'<details class="vt-listed"><summary>The points in words</summary><ol>{lines}</ol></details>'


def said(point: Json, currency: str) -> str:
    """One point in words."""
    cost = "no CPA known" if point["cpa"] is None else f"CPA {words.money(point['cpa'], currency)}"
    return f"{words.money(point['spend'], currency)} spent, {cost}, {board_columns.verdict(point)[0].lower()}"


def named(point: Json) -> str:
    """What an ad is called."""
    return str(point["name"] or point["ad_id"])


def address(brand_id: str, ad_id: str) -> str:
    """Where the ad itself is, safe inside HTML."""
    return words.html("ads?" + urlencode({"brand": brand_id, "ad": ad_id}))


def legend() -> str:
    """HTML: what the marks mean, by shape and colour."""
    marks = "".join(
        f'<span><i class="pt {name}"></i>{label}</span>' for name, (label, _) in board_columns.VERDICTS.items()
    )
    return f'<p class="vt-legend" aria-hidden="true">{marks}</p>'


def _plot(points: Sequence[Json], known: Sequence[Json], found: Json, brand_id: str) -> str:
    run = found["run"]
    currency, target, middle = run["currency"], run["target"]["value"], found["median_spend"]
    across = _Axis([point["spend"] for point in points] + [middle])
    up = _Axis([point["cpa"] for point in known] + ([target] if target else []))
    grid = "".join(f'<i class="tick" style="left:{across.at(value):.2f}%"></i>' for value in across.ticks())
    grid += "".join(f'<i class="level" style="top:{100 - up.at(value):.2f}%"></i>' for value in up.ticks())
    grid += f'<i class="rule up" style="left:{across.at(middle):.2f}%"></i>'
    above, below, aside = "", "", ""
    if target:
        grid += f'<i class="rule across" style="top:{100 - up.at(target):.2f}%"></i>'
        # Words stand outside of the plot: inside there is no place where no point may be.
        aside = f'<small class="of" style="top:{100 - up.at(target):.2f}%">{_target(run)}</small>'
        corners = [f'<small class="corner {place}">{text}</small>' for place, text in CORNERS]
        above, below = "".join(corners[:2]), "".join(corners[2:])
    marks = "".join(
        _mark(point, across.at(point["spend"]), 100 - up.at(point["cpa"]), currency, brand_id) for point in known
    )
    without = [point for point in points if not point["cpa"]]
    strip = "".join(_mark(point, across.at(point["spend"]), 50, currency, brand_id) for point in without)
    bottom = "".join(
        f'<span style="left:{across.at(value):.2f}%">{words.html(text)}</span>'
        for value, text in chart_lines.amounts(across.ticks(), currency)
    )
    left = "".join(
        f'<span style="top:{100 - up.at(value):.2f}%">{words.html(text)}</span>'
        for value, text in chart_lines.amounts(up.ticks(), currency)
    )
    median = f'<small class="of up" style="left:{across.at(middle):.2f}%">median spend</small>'
    return (
        f'<figure class="vt-scatter"><figcaption>CPA of each ad against its spend in {words.html(currency)}, both on a '
        f'logarithmic scale</figcaption><div class="frame" aria-hidden="true">'
        f'<div class="strip"><b>no CPA</b>{strip}</div>'
        f'<div class="above">{above}{median}</div>'
        f'<div class="left">{left}</div><div class="plot">{grid}{marks}</div><div class="right">{aside}</div>'
        f'<div class="below">{below}</div><div class="bottom">{bottom}</div></div></figure>'
    )


def _target(run: Json) -> str:
    return words.html(f"{run['target']['words']}: {words.money(run['target']['value'], run['currency'])}")


def _mark(point: Json, left: float, top: float, currency: str, brand_id: str) -> str:
    kind = point["verdict"] or "not_evaluated"
    told = words.html(f"{named(point)}: {said(point, currency)}")
    return (
        f'<a class="pt {words.html(kind)}" style="left:{left:.2f}%;top:{top:.2f}%" tabindex="-1" '
        f'href="{address(brand_id, point["ad_id"])}" target="_self" title="{told}"></a>'
    )


class _Axis:
    """A logarithmic axis over these amounts, all above 0."""

    def __init__(self, values: Sequence[float | None]) -> None:
        known = [value for value in values if value and value > 0] or [1.0]
        self._least, self._most = min(known), max(known)
        # One amount alone stands in the middle.
        self._low, self._high = math.log(self._least) - MARGIN, math.log(self._most) + MARGIN

    def at(self, value: float | None) -> float:
        """Percent of the axis from its lower end."""
        if not value or value <= 0:
            return 0.0
        return 100 * (math.log(value) - self._low) / (self._high - self._low)

    def ticks(self) -> list[float]:
        """Round amounts within it."""
        return chart_lines.ticks_between(self._least, self._most)
