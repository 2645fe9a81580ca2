"""How numbers, times and names are written on screen, and what a column means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from html import escape
from typing import Any, Final

from viraltracker.creation.money import SYMBOLS
from viraltracker.intelligence.plain import ZERO_DECIMAL

_MARKDOWN: Final = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|$~:^=])")
_SETTING: Final = re.compile(r"(\d+)d_(click|view|engaged_view)")

LESS_IS_BETTER: Final = frozenset({"cpc", "cpm", "cpa", "cost_per_result"})
NEITHER_IS_BETTER: Final = frozenset({"spend", "impressions"})
UNCHANGED: Final = 0.0005
"""A change that reads as 0.0 % is neither good nor bad."""

CATEGORIES: Final[Mapping[str, tuple[str, str]]] = {
    "kill": ("Cut", "bad"),
    "scale": ("Scale", "good"),
    "iterate": ("Iterate", "accent"),
    "refresh": ("Refresh", "warn"),
    "creative_test": ("Test", "accent"),
    "coverage_gap": ("Coverage gap", "accent"),
    "congruence_fix": ("Fix the message", "warn"),
    "budget_realloc": ("Move budget", "accent"),
}
"""A recommendation's category: what it is called, and its tone in the style sheet."""

STATES: Final[Mapping[str, str]] = {
    "failed": "failed",
    "timed_out": "took too long and was stopped",
    "cancelled": "was cancelled",
    "succeeded": "is done",
    "skipped": "was skipped",
}


def money(value: float | None, currency: str, *, cents: bool | None = None) -> str:
    """With the currency's sign; cents, if it has any, below 1,000 unless said otherwise. Unknown is a dash."""
    if value is None:
        return "–"
    sign = SYMBOLS.get(currency) or f"{currency} "
    has_cents = currency not in ZERO_DECIMAL and (abs(value) < 1000 if cents is None else cents)
    digits = 2 if has_cents else 0
    return f"{'−' if value < 0 else ''}{sign}{abs(value):,.{digits}f}"


def stake_name(stake: Mapping[str, Any]) -> str:
    """What a recommendation's money is: lost as things are, or to be won."""
    return "could gain" if stake.get("gained") else "at stake"


def stake_range(stake: Mapping[str, Any]) -> str:
    """From which to which amount a week; nothing where the range is not known."""
    low, high = (money(stake[end], stake["currency"], cents=False) for end in ("low", "high"))
    return "" if low == high else f"{low} to {high} a week"


def number(value: Any, unit: str, currency: str) -> str:
    """A value of a block in its unit, see `analysis.blocks`; an unknown one is a dash."""
    if value is None:
        return "–"
    match unit:
        case "money":
            return money(float(value), currency)
        case "money_change":
            return f"{'+' if value > 0 else ''}{money(float(value), currency)}"
        case "rate":
            return percent(float(value), digits=2)
        case "share":
            return percent(float(value), digits=1).replace("-", "−")
        case "ratio":
            return f"{value:.2f}"
        case "count":
            return f"{value:,.0f}"
        case _:
            return str(value)


def percent(fraction: float, *, digits: int = 0) -> str:
    """A fraction in percent."""
    return f"{fraction * 100:.{digits}f} %"


def part(fraction: float, *, digits: int = 0) -> str:
    """A part of a whole in percent: nothing but none of it reads 0 %, and nothing but all of it 100 %."""
    least = 10.0**-digits
    # Sums of money are seldom exact: what is this near to all of it is all of it.
    if 0 < fraction < 1 - 1e-9:
        if float(f"{fraction * 100:.{digits}f}") == 0:
            return f"< {least:.{digits}f} %"
        if float(f"{fraction * 100:.{digits}f}") >= 100:
            return f"> {100 - least:.{digits}f} %"
    return percent(fraction, digits=digits)


def counted(number: int, one: str, many: str | None = None) -> str:
    """A number with its noun, as in "1 ad" or "2,000 ads"."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def change(fraction: float) -> str:
    """A change with its sign."""
    return f"{fraction * 100:+.1f} %"


def tone_of(metric: str, relative: float) -> str:
    """Whether a change of a metric is `good`, `bad`, or neither."""
    if metric in NEITHER_IS_BETTER or abs(relative) < UNCHANGED:
        return ""
    return "good" if (relative > 0) != (metric in LESS_IS_BETTER) else "bad"


def sure(probability: float | None) -> str:
    """A probability in words that never say 100 % or 0 %."""
    if probability is None:
        return "–"
    if probability < 0.01:
        return "< 1 %"
    return "> 99 %" if probability > 0.99 else percent(probability)


def day(value: str | date) -> str:
    """A day as in Nov 22, 2026."""
    found = date.fromisoformat(value) if isinstance(value, str) else value
    return f"{found:%b} {found.day}, {found.year}"


def attribution(setting: str) -> str:
    """Meta's name of a setting such as `7d_click_1d_view` as in 7-day click, 1-day view; any other text as it is."""
    found = _SETTING.findall(setting)
    parts = [f"{days}-day {what.replace('_', ' ')}" for days, what in found]
    whole = "_".join(f"{days}d_{what}" for days, what in found)
    return ", ".join(parts) if parts and whole == setting else setting


def window(first: str, last: str) -> str:
    """A stretch of days as in Oct 24 – Nov 22, 2026."""
    begin, end = date.fromisoformat(first), date.fromisoformat(last)
    if begin == end:
        return day(end)
    opening = f"{begin:%b} {begin.day}" if begin.year == end.year else day(begin)
    return f"{opening} – {day(end)}"


def period(span: Mapping[str, Any] | None) -> str | None:
    """A window of a summary (`{from, to}`), None where there is none."""
    return window(span["from"], span["to"]) if span else None


def ago(moment: str | datetime, now: datetime) -> str:
    """How long ago, in the largest unit that fits."""
    then = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    seconds = max(0.0, (now - then).total_seconds())
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            whole = int(seconds // size)
            return f"{whole} {unit}{'' if whole == 1 else 's'} ago"
    return "just now"


def duration(seconds: float) -> str:
    """As in 45 s or 3 min 20 s."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def when(moment: str) -> str:
    """A moment in UTC, for a tooltip."""
    return f"{datetime.fromisoformat(moment):%Y-%m-%d %H:%M} UTC"


def sentence(text: str | None) -> str:
    """Text from elsewhere with a stop at its end; nothing where there is none."""
    said = (text or "").strip()
    return said if not said or said[-1] in ".!?…" else f"{said}."


def html(text: object) -> str:
    """Text from an ad account or a file, safe inside HTML."""
    return escape(str(text))


def literal(text: str) -> str:
    """Text from outside, with nothing in it that Markdown would take for its own."""
    return _MARKDOWN.sub(r"\\\1", text)
