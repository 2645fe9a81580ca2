"""One change of CPA as plain values, and as a sentence that names the step behind it, or says that none is clear."""

from __future__ import annotations

import math
from dataclasses import dataclass

from viraltracker.intelligence.account import Account
from viraltracker.intelligence.decomposition import ARRIVAL
from viraltracker.intelligence.funnel import STEP_WORDS
from viraltracker.intelligence.plain import money

DIRECTIONS = ("rose", "fell", "stayed about the same")
WORTH_SAYING = 0.02
"""Below this relative change what is still arriving is not mentioned."""


@dataclass(frozen=True)
class WaterfallStep:
    """One step of a waterfall.

    before, now  CPM in money per thousand impressions, the others as fractions
    change       Δ ln of the step, `low` and `high` its 90 % interval (None where days are not known, and of arrival)
    chance       how easily days alone make such a change, two-sided
    money        the step's part of the change of CPA; the bar goes from `start` to `end`
    """

    name: str
    before: float
    now: float
    change: float
    low: float | None
    high: float | None
    named: bool
    chance: float | None
    money: float
    start: float
    end: float


@dataclass(frozen=True)
class Waterfall:
    """From `cpa_before` to `cpa_now`, step by step; the steps' `money` adds up to the difference.

    change            Δ ln CPA
    settled, low, high  Δ ln CPA without what is still arriving, and its 90 % interval; `moved` if that excludes 0
    probability       that the true CPA moved the way `settled` looks
    mode              `landing`, or `clicks` where conversions are held against link clicks
    """

    cpa_before: float
    cpa_now: float
    change: float
    settled: float
    low: float
    high: float
    moved: bool
    probability: float
    mode: str
    steps: list[WaterfallStep]


def sentence(account: Account, waterfall: Waterfall) -> str:
    """What happened, for a media buyer; several short sentences at most."""
    currency = account.context.currency
    moved = _moved(waterfall.change, DIRECTIONS)
    start = (
        f"CPA {moved} from {money(waterfall.cpa_before, currency)} to {money(waterfall.cpa_now, currency)} "
        f"({_signed(waterfall.change)})"
    )
    named = sorted((step for step in waterfall.steps if step.named), key=lambda step: -abs(step.money))
    arrival = next((step for step in waterfall.steps if step.name == ARRIVAL), None)
    if arrival is not None and abs(math.expm1(arrival.change)) > WORTH_SAYING:
        start += _arrived(account, waterfall, arrival)
    if not waterfall.moved:
        clear = f". Clear in themselves: {_listed(named)}" if named else ", and no step is clear"
        return f"{start}, which chance alone explains{clear}."
    along = [step for step in named if step.money * waterfall.settled > 0]
    against = [step for step in named if step.money * waterfall.settled < 0]
    if along:
        difference = abs(waterfall.cpa_now - waterfall.cpa_before - (arrival.money if arrival else 0.0))
        much = "mostly" if abs(along[0].money) >= difference / 2 else "partly"
        start += f", {much} because {_step(along[0])}"
        start += f"; also clear: {_listed(along[1:])}" if along[1:] else ""
    else:
        steps = [step for step in waterfall.steps if step is not arrival]
        largest = max(steps, key=lambda step: step.money * waterfall.settled)
        start += f", and no single step is clear; the largest is {_step(largest)}"
    return f"{start}; against it: {_listed(against)}." if against else f"{start}."


def _arrived(account: Account, waterfall: Waterfall, arrival: WaterfallStep) -> str:
    """What conversions that are still to come make of the change, and what is left of it."""
    amount, noun = money(abs(arrival.money), account.context.currency), account.conversions.noun
    does = "adds" if arrival.money > 0 else "takes off"
    moved = _moved(waterfall.settled, DIRECTIONS)
    size = "" if moved == DIRECTIONS[2] else f" {abs(math.expm1(waterfall.settled)) * 100:.0f} %"
    return (
        f". About {arrival.now * 100:.0f} % of the window's {noun}s have arrived, which alone {does} {amount}; "
        f"beyond that it {moved}{size}"
    )


def _listed(steps: list[WaterfallStep]) -> str:
    return ", ".join(_step(step) for step in steps)


def _step(step: WaterfallStep) -> str:
    """For example `the click-through rate fell 22 % (90 % interval −28 % to −15 %)`."""
    words = STEP_WORDS[step.name] if step.name == "cpm" else f"the {STEP_WORDS[step.name]}"
    moved = _moved(step.change, ("rose", "fell", "stayed the same"))
    size = "" if moved.startswith("stayed") else f" {abs(math.expm1(step.change)) * 100:.0f} %"
    if step.low is None or step.high is None:
        return f"{words} {moved}{size} (interval not known)"
    return f"{words} {moved}{size} (90 % interval {_signed(step.low)} to {_signed(step.high)})"


def _moved(change: float, words: tuple[str, str, str]) -> str:
    if abs(math.expm1(change)) < 0.005:
        return words[2]
    return words[0] if change > 0 else words[1]


def _signed(change: float) -> str:
    """A Δ ln as a signed percentage with a real minus sign."""
    value = round(math.expm1(change) * 100)
    return f"−{-value} %" if value < 0 else f"+{value} %"
