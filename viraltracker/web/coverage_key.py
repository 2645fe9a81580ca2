"""How a cell of the coverage map is coloured and what that means: one key for the page, the chat and the report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from viraltracker.web import words

Json = Mapping[str, Any]

LEVELS: Final = 4
"""Steps of a colour, from even odds to certain."""
SIGNS: Final = {"good": "▼ ", "bad": "▲ "}
UNTESTED: Final = (
    "Untested is not weak: with fewer than two ads that have spent and can be judged, or less than three times the "
    "target spent on them, nothing is known."
)


def tone(untested: bool, probability: float | None) -> str:
    """The class of a cell: `untested`, `plain`, or `good` or `bad` with how sure that is, as in good-3.

    `probability` is that of a cost within what it is held against.
    """
    if untested:
        return "untested"
    if probability is None:
        return "plain"
    level = min(LEVELS, 1 + int((max(probability, 1 - probability) - 0.5) * 2 * LEVELS))
    return f"{'good' if probability >= 0.5 else 'bad'}-{level}"


def sign(of_tone: str) -> str:
    """What says the same as a colour; nothing near even odds, where a cost just within may be likelier over."""
    side, _, level = of_tone.partition("-")
    return "" if level == "1" else SIGNS.get(side, "")


def ads(cell: Json) -> str:
    """How many ads a cell has, and of how many it can be told how they did."""
    everything, spent = int(cell["ads"]), cell.get("tested")
    if spent is None or spent >= everything:
        return words.counted(everything, "ad")
    return f"{spent or 'none'} of {words.counted(everything, 'ad')} spent"


def html(against: str) -> str:
    """The key; `against` says in words what a cost is held against."""
    good, bad = (
        "".join(f'<i class="{shade}-{level}"></i>' for level in range(1, LEVELS + 1)) for shade in ("good", "bad")
    )
    return (
        f'<p class="vt-cells"><span>{good} ▼ likely within {words.html(against)}</span><span>{bad} ▲ likely over it'
        f'</span><span><i class="untested"></i> untested</span></p>'
        f'<p class="vt-more">The stronger a colour, the surer. {UNTESTED}</p>'
    )
