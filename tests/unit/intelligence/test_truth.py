"""The winner and loser rule keeps its promises on simulated accounts whose true costs are known."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.truth import accounts, score
from viraltracker.intelligence import estimates, rule

SEEDS = 60
WINNER, AT_TARGET, LOSER = accounts.TRUE_COSTS


@pytest.fixture(scope="module")
def checked() -> dict[str, accounts.Checks]:
    rolling, growing = accounts.simulate(SEEDS)
    return {"rolling": rolling, "growing": growing}


@pytest.mark.parametrize("design", ["rolling", "growing"])
def test_ads_at_the_target_are_rarely_called_winners_or_losers(
    checked: dict[str, accounts.Checks], design: str
) -> None:
    """Per daily check at most 10 % false scale and 3 % false cut, within two simulation errors."""
    checks = checked[design]
    outcome, _ = score.by_posterior(checks)
    false_scale = score.share(outcome.scale[:, checks.of(AT_TARGET)])
    false_cut = score.share(outcome.cut[:, checks.of(AT_TARGET)])
    assert 0.0 < false_scale.value <= 0.10 + 2 * false_scale.error
    assert 0.0 < false_cut.value <= 0.03 + 2 * false_cut.error


def test_planted_winners_and_losers_are_found_by_25_targets_of_spend(checked: dict[str, accounts.Checks]) -> None:
    """At least 90 % of each, and never the one for the other, on the last of the daily checks that saw them grow."""
    checks = checked["growing"]
    outcome, _ = score.by_posterior(checks)
    found = {
        "winners": score.share(np.any(outcome.scale[:, checks.of(WINNER)], axis=-1)),
        "losers": score.share(np.any(outcome.cut[:, checks.of(LOSER)], axis=-1)),
    }
    for name, figure in found.items():
        assert figure.value >= 0.90 - 2 * figure.error, name
    assert not outcome.cut[:, checks.of(WINNER), -1].any()
    assert not outcome.scale[:, checks.of(LOSER), -1].any()


@pytest.mark.parametrize(("design", "dates"), [("rolling", slice(None)), ("growing", slice(3, 12))])
def test_ninety_percent_intervals_cover_the_true_cost_ninety_percent_of_the_time(
    checked: dict[str, accounts.Checks], design: str, dates: slice
) -> None:
    """A narrower interval would be overconfidence, a wider one would hide what is known."""
    checks = checked[design]
    _, interval = score.by_posterior(checks)
    truth = 1 / checks.true_cost[:, None]
    covered = score.share(((interval.low <= truth) & (truth <= interval.high))[..., dates])
    assert 0.87 <= covered.value <= 0.93


def test_an_average_ad_in_a_poor_account_is_not_cut_for_its_company() -> None:
    """The cohort may argue against a verdict, never for one: false cuts stay at 3 % beside ads at four times T."""
    checks, _ = accounts.simulate(SEEDS, costs=(1.0, 4.0, 4.0))
    outcome, _ = score.by_posterior(checks)
    false_cut = score.share(outcome.cut[:, checks.of(1.0)])
    assert false_cut.value <= 0.03 + 2 * false_cut.error


def test_rates_are_covered_too() -> None:
    """The 90 % interval of a click rate holds the true rate of ads drawn from one cohort."""
    random = np.random.default_rng(5)
    truth = random.beta(20, 1980, 2_000)
    trials = random.integers(500, 20_000, 2_000).astype(float)
    interval = estimates.rate_posterior(
        random.binomial(trials.astype(int), truth).astype(float), trials, np.zeros(2_000, int)
    ).interval
    assert 0.88 <= ((interval.low <= truth) & (truth <= interval.high)).mean() <= 0.92


def test_the_promised_extra_spend_is_where_the_rule_first_fires() -> None:
    """At the spend the product names, at the estimated cost, there is a verdict; at nine tenths of it there is none."""
    conversions, spend = np.array([4.0, 1.0, 22.0]), np.array([40.0, 50.0, 500.0])
    prior = estimates.CpaPrior(np.ones(3), np.full(3, 1 / 20))
    extra = rule.spend_until_verdict(conversions, spend, 20.0, prior)
    rate = (conversions + 1) / (spend + 20)
    assert np.isnan(extra[2])  # 22.7 against a target of 20 is over it by less than the quarter that is tolerated

    def fires(part: float) -> np.ndarray:
        more = part * extra[:2]
        some = estimates.CpaPrior(prior.strength[:2], prior.rate[:2])
        outcome = rule.apply(conversions[:2] + rate[:2] * more, spend[:2] + more, 20.0, some)
        return np.asarray(outcome.scale | outcome.cut)

    assert fires(1.0).all()
    assert not fires(0.9).any()
