"""Which step moved an ad's CPA: bars from the cost before to the cost now, one for each step between money and sale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from viraltracker.web import words

Json = dict[str, Any]

STEPS: Final[Mapping[str, tuple[str, str]]] = {
    "cpm": ("CPM", "money"),
    "ctr": ("CTR", "rate"),
    "lpv_rate": ("Page rate", "rate"),
    "cvr_lpv": ("CVR after landing", "rate"),
    "cvr": ("CVR", "rate"),
    "arrival": ("Still arriving", "share"),
}
"""What a step is called and its unit; their values before and now stand beside the bars."""


def html(detail: Json, currency: str) -> str | None:
    """The chart of the detail of a `cpa_drivers` diagnosis; None where it lacks what a chart needs."""
    steps = detail.get("steps") or []
    parts = [money(step) for step in steps]
    before, now = detail.get("cpa_before"), detail.get("cpa_now")
    if before is None or now is None or not steps or any(part is None for part in parts):
        return None
    bars = _bars(before, [part for part in parts if part is not None])
    ends = [before, now, *(end for bar in bars for end in bar)]
    scale = _Scale(min(0.0, *ends), max(ends))
    lines = [_whole("CPA before", before, scale, currency)]
    lines += [_step(step, bar, scale, currency) for step, bar in zip(steps, bars, strict=True)]
    lines.append(_whole("CPA now", now, scale, currency))
    return (
        '<figure class="vt-fall"><figcaption>From the CPA of the period before to the one of these days, step by step. '
        f"Striped steps may be chance: their 90 % interval includes no change.</figcaption>{''.join(lines)}</figure>"
    )


def money(step: Json) -> float | None:
    """A step's part of the change of CPA in money."""
    found = step.get("money", step.get("part_money"))
    return None if found is None else float(found)


def _bars(before: float, parts: Sequence[float]) -> list[tuple[float, float]]:
    bars, reached = [], before
    for part in parts:
        bars.append((reached, reached + part))
        reached += part
    return bars


def _whole(name: str, value: float, scale: _Scale, currency: str) -> str:
    said = words.html(words.money(value, currency))
    bar = f'<i class="whole" style="left:{scale.at(0):.2f}%;width:{scale.wide(0, value):.2f}%"></i>'
    return _line((name, ""), bar + _number(said, scale.at(value)), f"{name}: {words.money(value, currency)}")


def _step(step: Json, bar: tuple[float, float], scale: _Scale, currency: str) -> str:
    label, unit = STEPS.get(step["name"], (str(step["name"]).replace("_", " ").capitalize(), "rate"))
    begin, end = bar
    tone = "bad" if end > begin else "good"
    kind = tone if step.get("named") else f"{tone} unsure"
    moved = words.number(end - begin, "money_change", currency)
    was, is_now = (words.number(step.get(when), unit, currency) for when in ("before", "now"))
    drawn = f'<i class="{kind}" style="left:{scale.at(min(bar)):.2f}%;width:{scale.wide(begin, end):.2f}%"></i>'
    sure = "" if step.get("named") else ", which may be chance"
    told = f"{label} went from {was} to {is_now}: {moved} of CPA{sure}"
    return _line((label, f"{was} → {is_now}"), drawn + _number(words.html(moved), scale.at(max(bar))), told)


def _number(said: str, end: float) -> str:
    return f'<b style="left:{end:.2f}%">{said}</b>'


def _line(names: tuple[str, str], drawn: str, told: str) -> str:
    name, under = (words.html(part) for part in names)
    text = words.html(told)
    small = f"<small>{under}</small>" if under else ""
    return (
        f'<div class="line" title="{text}"><span class="name">{name}{small}</span>'
        f'<span class="track" role="img" aria-label="{text}">{drawn}</span></div>'
    )


class _Scale:
    """Money on an axis, in percent, with room for a number at its end."""

    def __init__(self, low: float, high: float) -> None:
        self._low, self._span = low, (high - low) * 1.3 or 1.0

    def at(self, value: float) -> float:
        """Where an amount stands."""
        return 100 * (value - self._low) / self._span

    def wide(self, begin: float, end: float) -> float:
        """How wide a bar between two amounts is."""
        return max(0.3, 100 * abs(end - begin) / self._span)
