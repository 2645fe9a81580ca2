"""What is said of an ad that wears out: one sentence, its evidence and its numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from viraltracker.intelligence import breaks
from viraltracker.intelligence.account import Account
from viraltracker.intelligence.diagnoses import Diagnosis
from viraltracker.intelligence.evidence import Evidence
from viraltracker.intelligence.plain import known, money, percent
from viraltracker.intelligence.windows import window_between

GRAVITY = {"confounded": 0, "watch": 1, "fatigued": 2}
"""Of two verdicts on one ad, the one with the higher number is given."""
RATES = {"ctr": "CTR", "hook": "Hook rate"}


@dataclass(frozen=True)
class Decline:
    """One ad's decline in one rate.

    Rates are events per impression, `ratio` the later over the earlier one net of `cohort_ratio`, with the 90 %
    interval `low` to `high`; `probability` that it is below `breaks.WORN_RATIO`. Costs are money per conversion
    (`cpa`) or click (`cpc`). `price_ratio` and `sale_ratio` are the cohort's CPM and conversions per click, since over
    before. `weeks` are as in the diagnosis.
    """

    row: int
    metric: str
    verdict: str
    confounder: str | None
    edited_on: date | None
    break_on: date
    ratio: float
    low: float
    high: float
    probability: float
    earlier_rate: float
    later_rate: float
    cohort_ratio: float
    phi: float
    cost_metric: str
    cost_before: float | None
    cost_now: float | None
    cost_rose: bool
    price_ratio: float
    sale_ratio: float
    weeks: list[dict[str, Any]]


def diagnosis(account: Account, decline: Decline, ad_id: str, ad_name: str | None, *, spend: float) -> Diagnosis:
    """The decline as every rule states what it found; `spend` is the ad's in the window."""
    return Diagnosis(
        id=f"fatigue:{ad_id}",
        rule="fatigue",
        ad_id=ad_id,
        ad_name=ad_name,
        reason=_reason(account, decline),
        spend=spend,
        probability=known(decline.probability),
        evidence=_evidence(account, decline),
        verdict=decline.verdict,
        detail=_detail(decline),
    )


def _reason(account: Account, decline: Decline) -> str:
    rate, began = RATES[decline.metric], decline.break_on.isoformat()
    fell = f"{rate} has been {_rate(decline.later_rate)} since {began}, after {_rate(decline.earlier_rate)} before"
    if decline.confounder is not None:
        return f"{fell}; {_cause(account, decline)}"
    sure = (
        f"net of its cohort, which moved by {_change(decline.cohort_ratio)}, "
        f"{_change(decline.ratio)} (90 % interval {_change(decline.low)} to "
        f"{_change(decline.high)}), down by more than {100 * (1 - breaks.WORN_RATIO):.0f} % with a probability of "
        f"{percent(decline.probability)}"
    )
    return f"{fell}: {sure}. {_paid(account, decline)}"


def _cause(account: Account, decline: Decline) -> str:
    rate = RATES[decline.metric]
    others = f"{rate} of the other ads of its cohort moved by {_change(decline.cohort_ratio)}"
    match decline.confounder:
        case "in_learning":
            why = account.learning.reasons[decline.row] or "It is in learning."
            return f"it is in learning, so this is no verdict on the creative. {why}"
        case "creative_edited":
            day = "" if decline.edited_on is None else f" on {decline.edited_on.isoformat()}"
            return f"its creative was edited{day}, so it is not the same ad that fell."
        case "cpm_up_everywhere":
            return f"it costs more since, but so does all of its cohort: CPM moved by {_change(decline.price_ratio)}."
        case "cvr_down_everywhere":
            moved = _change(decline.sale_ratio)
            return f"it costs more since, but so does all of its cohort: conversions per click moved by {moved}."
        case _:
            dearer = f", and CPM by {_change(decline.price_ratio)}" if decline.price_ratio >= 1.1 else ""
            return f"{others}{dearer}, so it is not this creative that wears out."


def _paid(account: Account, decline: Decline) -> str:
    if decline.cost_before is None or decline.cost_now is None:
        return "What it costs per click cannot be compared."
    currency = account.context.currency
    thing = account.conversions.noun if decline.cost_metric == "cpa" else "click"
    now, before = money(decline.cost_now, currency), money(decline.cost_before, currency)
    if decline.verdict == "fatigued":
        return f"A {thing} costs {now} instead of {before}."
    return f"A {thing} costs {now} after {before}" + ("." if decline.cost_rose else ", which is no clear rise.")


def _evidence(account: Account, decline: Decline) -> list[Evidence]:
    window = window_between(decline.break_on, account.context.window.date_to)
    return [
        Evidence(
            decline.metric,
            known(decline.later_rate),
            "rate",
            window,
            baseline=known(decline.earlier_rate),
            baseline_name="its own earlier weeks",
        ),
        Evidence(
            f"{decline.metric}_ratio",
            known(decline.ratio),
            "ratio",
            window,
            known(decline.low),
            known(decline.high),
            baseline=1.0,
            baseline_name="no change beyond its cohort's",
        ),
        Evidence(
            decline.cost_metric,
            decline.cost_now,
            "money",
            window,
            baseline=decline.cost_before,
            baseline_name="its own earlier weeks",
            currency=account.context.currency,
            attribution=account.context.attribution if decline.cost_metric == "cpa" else None,
        ),
    ]


def _detail(decline: Decline) -> dict[str, Any]:
    return {
        "metric": decline.metric,
        "ratio": known(decline.ratio),
        "ratio_low": known(decline.low),
        "ratio_high": known(decline.high),
        "probability": known(decline.probability),
        "break_on": decline.break_on.isoformat(),
        "baseline_rate": known(decline.earlier_rate),
        "recent_rate": known(decline.later_rate),
        "cohort_ratio": known(decline.cohort_ratio),
        "phi": known(decline.phi),
        "cost_metric": decline.cost_metric,
        "cost_before": decline.cost_before,
        "cost_now": decline.cost_now,
        "cost_rose": decline.cost_rose,
        "cohort_cpm_ratio": known(decline.price_ratio),
        "cohort_cvr_ratio": known(decline.sale_ratio),
        "weeks": decline.weeks,
        "confounder": decline.confounder,
    }


def _rate(value: float) -> str:
    return f"{value * 100:.2f} %" if value < 0.1 else f"{value * 100:.1f} %"


def _change(ratio: float) -> str:
    return f"{(ratio - 1) * 100:+.0f} %".replace("-", "−")
