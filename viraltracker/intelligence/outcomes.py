"""What came of a recommendation that was acted on: a difference in differences.

The affected ads' days after the deed are held against as many days before it, and that change against the change of
ads nobody touched, over the same days: what moved everything is not the deed's doing. Angrist & Pischke, Mostly
Harmless Econometrics, chapter 5.2. Conversions are Poisson given the spend, so the log of a ratio of such rates has the
variance Σ 1/(conversions + ½) over its counts (Gart 1966).

Ads are acted on because they were at an extreme, and some of that is chance which would have passed by itself; a
difference in differences does not take it out. The figures say what happened beside the untouched ads, no more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from viraltracker.intelligence.plain import count, money, plain, ratio

Verdict = Literal["helped", "hurt", "no_difference_seen", "too_little_data"]
DAYS = (14, 28)
FEWEST_CONVERSIONS = 5
"""Of the affected ads, before and after together; below it any ratio is noise."""
Z90 = 1.6448536269514722
LESS_SPEND = frozenset({"pause_ad", "decrease_budget"})
MORE_SPEND = frozenset({"increase_budget"})
"""These two move money: what counts is what it bought there, at the price of a conversion elsewhere."""
GONE = 0.5
"""Spend under half of what it was counts as taken away."""
RISEN = 1.1
"""Spend over a tenth above what it was counts as raised."""
STORED = 0.8
"""So much of the days must be stored on either side."""


@dataclass(frozen=True)
class Sums:
    """Spend and conversions of some ads over some days; `days` of them are stored."""

    spend: float
    conversions: float
    days: int

    @property
    def cpa(self) -> float | None:
        """Cost per conversion, None without a conversion."""
        return ratio(self.spend, self.conversions)


@dataclass(frozen=True)
class Change:
    """A ratio after / before with its 90 % interval; None where it cannot be formed."""

    ratio: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Outcome:
    """What was measured `days` days after the deed.

    cpa        CPA of the affected ads after / before, over that of the untouched ads where there are some
    spend      their spend per stored day, after / before; its interval is itself, being no estimate
    money      what the deed was worth over these days, with its range: for a budget, the money moved over what it
               bought or would have; for anything else, the spend at the CPA to be expected less the real spend
    """

    days: int
    verdict: Verdict
    before: Sums
    after: Sums
    untouched_before: Sums | None
    untouched_after: Sums | None
    cpa: Change
    spend: Change
    money: float | None
    money_low: float | None
    money_high: float | None
    currency: str
    sentence: str

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values; each of the sums with its CPA."""
        values = {name: plain(getattr(self, name)) for name in self.__dataclass_fields__}
        for name in ("before", "after", "untouched_before", "untouched_after"):
            sums: Sums | None = getattr(self, name)
            if sums is not None:
                values[name]["cpa"] = plain(sums.cpa)
        return values


def measure(
    action: str,
    days: int,
    *,
    before: Sums,
    after: Sums,
    untouched_before: Sums | None = None,
    untouched_after: Sums | None = None,
    target: float | None = None,
    currency: str,
    noun: str = "conversion",
) -> Outcome:
    """The outcome of a deed of kind `action`; `target` is what a conversion may cost, for the worth of a budget.

    Without untouched ads that converted, the ads are held against themselves alone, and the sentence says so.
    """
    control = None
    if untouched_before and untouched_after and untouched_before.cpa and untouched_after.cpa:
        control = (untouched_before, untouched_after)
    cpa = _cpa(before, after, control)
    per_day = ratio(_daily(after), _daily(before))
    case = _Case(action, days, before, after, control, target)
    worth, remark = _worth(case, cpa)
    verdict: Verdict = "too_little_data"
    if worth is not None:
        verdict = "helped" if worth[1] > 0 else "hurt" if worth[2] < 0 else "no_difference_seen"
    value, low, high = worth or (None, None, None)
    return Outcome(
        days=days,
        verdict=verdict,
        before=before,
        after=after,
        untouched_before=untouched_before,
        untouched_after=untouched_after,
        cpa=cpa,
        spend=Change(per_day, per_day, per_day),
        money=value,
        money_low=low,
        money_high=high,
        currency=currency,
        sentence=_sentence(case, verdict, remark, currency=currency, noun=noun),
    )


def _daily(sums: Sums) -> float | None:
    return ratio(sums.spend, float(sums.days))


def _cpa(before: Sums, after: Sums, control: tuple[Sums, Sums] | None) -> Change:
    if not before.spend or not after.spend or before.conversions + after.conversions == 0:
        return Change(None, None, None)
    pairs = [(before, after, 1.0), *([(*control, -1.0)] if control else [])]
    log, variance = 0.0, 0.0
    for first, last, sign in pairs:
        log += sign * math.log(last.spend / (last.conversions + 0.5) * (first.conversions + 0.5) / first.spend)
        variance += 1 / (first.conversions + 0.5) + 1 / (last.conversions + 0.5)
    width = Z90 * math.sqrt(variance)
    return Change(math.exp(log), math.exp(log - width), math.exp(log + width))


_Worth = tuple[float, float, float]


@dataclass(frozen=True)
class _Case:
    """One deed as it is measured; `control` are the sums of the untouched ads before and after."""

    action: str
    days: int
    before: Sums
    after: Sums
    control: tuple[Sums, Sums] | None
    target: float | None


def _worth(case: _Case, cpa: Change) -> tuple[_Worth | None, str]:
    """Money and its 90 % range, None with the reason where it cannot be told."""
    action, days, before, after = case.action, case.days, case.before, case.after
    for sums, when in ((before, "before"), (after, "after")):
        if sums.days < STORED * days:
            return None, f"Only {sums.days} of the {days} days {when} are stored."
    if not before.spend and not after.spend:
        return None, "Its ads spent nothing before or after."
    if action in LESS_SPEND | MORE_SPEND:
        price = case.control[1].cpa if case.control else case.target
        moved = (_daily(after) or 0.0) / (_daily(before) or math.inf) if before.spend else math.inf
        if price is None:
            return None, "Nothing says what a conversion costs elsewhere."
        if action in LESS_SPEND and moved <= GONE:
            return _moved(days, before, after, price), ""
        if action in LESS_SPEND:
            return None, "Its ads went on spending, so there is nothing to measure."
        if moved >= RISEN:
            return _moved(days, before, after, price), ""
        return None, "Its ads did not spend more, so there is nothing to measure."
    if before.conversions + after.conversions < FEWEST_CONVERSIONS or cpa.ratio is None:
        return None, f"Under {FEWEST_CONVERSIONS} conversions say nothing."
    least, most = cpa.low or 0.0, cpa.high or 0.0
    return (after.spend * (1 / cpa.ratio - 1), after.spend * (1 / most - 1), after.spend * (1 / least - 1)), ""


def _moved(days: int, before: Sums, after: Sums, price: float) -> _Worth:
    """Conversions won less money put in, both against as many days before, a conversion worth `price`."""
    per = [days / sums.days for sums in (before, after)]
    won = after.conversions * per[1] - before.conversions * per[0]
    put = after.spend * per[1] - before.spend * per[0]
    # Half a conversion on either side: none seen is not none possible.
    width = Z90 * math.sqrt((after.conversions + 0.5) * per[1] ** 2 + (before.conversions + 0.5) * per[0] ** 2)
    return won * price - put, (won - width) * price - put, (won + width) * price - put


def _sentence(case: _Case, verdict: Verdict, remark: str, *, currency: str, noun: str) -> str:
    action, before, after, control = case.action, case.before, case.after, case.control

    def shown(sums: Sums) -> str:
        return f"none ({count(sums.conversions, noun)})" if sums.cpa is None else money(sums.cpa, currency)

    parts = []
    if action in LESS_SPEND | MORE_SPEND:
        parts.append(f"spend {money(before.spend, currency)} → {money(after.spend, currency)}")
    if after.spend or action not in LESS_SPEND:
        parts.append(f"CPA {shown(before)} → {shown(after)}")
    else:
        parts.append(f"{count(before.conversions, noun)} before")
    if control:
        parts.append(f"untouched ads' CPA {shown(control[0])} → {shown(control[1])}")
    else:
        parts.append("no untouched ads to compare with")
    words = verdict.replace("_", " ")
    return f"{case.days} days after: {', '.join(parts)}: {words}.{' ' + remark if remark else ''}"
