"""Simulated ad accounts in which some ads fade from a known day and everything else moves too.

An account is one cohort of ads of one volume. On each day an ad is shown about as often as its volume says, its rate
is its own times that of the weekday, of the whole account's movement and of its own fading, and clicks are
beta-binomial: days differ by `phi` times what chance alone would give. Cost per thousand impressions and the rate of
conversions after the click move by themselves. Learning is over before the first day. Nothing here knows the rule that
is tested. Money is in units of the usual price of a thousand impressions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

Cause = Literal["fading", "auction", "page"]
ADS = 30  # per account
FADING_SHARE = 0.2  # of them
OLDEST_DAYS = 84  # after learning, at the first check; ads are of any age from YOUNGEST_DAYS to this
YOUNGEST_DAYS = 14
CHECKS = 60  # one a day
FOLLOWED_DAYS = 14  # at least so many checks come after each onset
DAYS = OLDEST_DAYS + CHECKS - 1
FALL = 0.35  # of the rate, in equal steps over FALL_DAYS
FALL_DAYS = 10
# Standard deviations of logarithms.
AD_SPREAD = 0.20  # between the rates of the ads of an account
VOLUME_SPREAD = 0.15  # between days of one ad
WEEKDAY_SPREAD = 0.08  # between weekdays, for all ads alike
MOVEMENT_SPREAD = 0.06  # of the account's rate, from day to day as MEMORY says
PRICE_SPREAD = 0.10  # of the price of impressions, the same
OWN_PRICE_SPREAD = 0.10  # of one ad's price on one day
MEMORY = 0.97  # correlation from one day to the next
STEP_SHARE = 0.5  # of the accounts see one sudden change of the rate, and as many one of the price
RATE_STEP = 0.20  # up or down, all ads alike
PRICE_STEP = 0.25
CONVERSION_RATE = 0.03  # of clicks
# A planted cause that is not fatigue, from a random day on, in every ad of the account.
AUCTION_RISE = 0.60  # of the price of impressions
PAGE_LOSS = 0.60  # of the rate of conversions
# People who can be reached, in units of the impressions of thirty days; ads fade sooner where they are few.
AUDIENCE = 0.6
AUDIENCE_SPREAD = 0.5
FADING_AUDIENCE = 0.6  # × AUDIENCE
FREQUENCY_DAYS = 30


@dataclass(frozen=True)
class Scenario:
    """What the ads of an account have in common: impressions a day, usual rate, day-to-day overdispersion, cause."""

    impressions: float
    rate: float
    phi: float
    cause: Cause = "fading"


@dataclass(frozen=True)
class Days:
    """Daily figures, arrays of shape (accounts, ads, days); days before an ad began are 0.

    `onset` is the index of the first day on which an ad fades, of shape (accounts, ads), -1 for ads that do not.
    `frequency` is impressions per person reached in the last thirty days. The first check is at the end of day
    `OLDEST_DAYS - 1`.
    """

    impressions: np.ndarray
    clicks: np.ndarray
    spend: np.ndarray
    conversions: np.ndarray
    frequency: np.ndarray
    onset: np.ndarray


def simulate(scenario: Scenario, accounts: int, seed: int) -> Days:
    """Accounts of this kind, each `ADS` ads on `DAYS` days."""
    random = np.random.default_rng([seed, round(scenario.impressions), round(scenario.rate * 1e5)])
    ads, each = (accounts, ADS, 1), (accounts, ADS, DAYS)
    day = np.arange(DAYS)
    age = random.integers(YOUNGEST_DAYS, OLDEST_DAYS + 1, ads)
    runs = day >= OLDEST_DAYS - age
    onset = random.integers(OLDEST_DAYS - 1, DAYS - FOLLOWED_DAYS + 1, ads)
    fades = (np.arange(ADS) < round(FADING_SHARE * ADS))[:, None] & (scenario.cause == "fading")
    onset = np.where(fades, onset, -1)
    steps = np.clip((day - onset + 1) / FALL_DAYS, 0.0, 1.0)
    faded = 1 - np.where(onset >= 0, FALL * steps, 0.0)

    weekday = np.exp(random.normal(0, WEEKDAY_SPREAD, (2, accounts, 1, 7)))[..., day % 7]
    volume = scenario.impressions * weekday[0] * np.exp(random.normal(0, VOLUME_SPREAD, each))
    impressions = np.round(np.where(runs, volume, 0.0))
    own = np.exp(random.normal(0, AD_SPREAD, ads))
    moved = _movement(random, accounts, MOVEMENT_SPREAD, RATE_STEP)
    rate = np.minimum(scenario.rate * own * weekday[1] * moved * faded, 0.9)
    clicks = _overdispersed(random, impressions, rate, scenario.phi)

    since = day >= random.integers(OLDEST_DAYS, DAYS - FOLLOWED_DAYS, (accounts, 1, 1))
    price = _movement(random, accounts, PRICE_SPREAD, PRICE_STEP)
    price = price * np.where(since & (scenario.cause == "auction"), 1 + AUCTION_RISE, 1.0)
    spend = impressions / 1000 * price * np.exp(random.normal(0, OWN_PRICE_SPREAD, each))
    converts = CONVERSION_RATE * np.where(since & (scenario.cause == "page"), 1 - PAGE_LOSS, 1.0)
    conversions = random.binomial(clicks.astype(np.int64), np.broadcast_to(converts, each)).astype(np.float64)
    spread = np.exp(random.normal(0, AUDIENCE_SPREAD, ads)) * np.where(fades, FADING_AUDIENCE, 1.0)
    people = AUDIENCE * spread * scenario.impressions * FREQUENCY_DAYS
    shown = rolling(impressions, FREQUENCY_DAYS)
    reached = -people * np.expm1(-shown / people)
    frequency = np.divide(shown, reached, out=np.zeros(each), where=reached > 0)
    return Days(impressions, clicks, spend, conversions, frequency, onset[..., 0])


def rolling(daily: np.ndarray, days: int) -> np.ndarray:
    """Sums over the last `days` days, of the shape of `daily`; days before the first count as 0."""
    sums = daily.cumsum(-1)
    sums[..., days:] = sums[..., days:] - sums[..., :-days].copy()
    return np.asarray(sums)


def _overdispersed(random: np.random.Generator, shown: np.ndarray, rate: np.ndarray, phi: float) -> np.ndarray:
    """Beta-binomial counts with variance phi × that of the binomial."""
    drawn = rate
    if phi > 1:
        correlation = np.clip((phi - 1) / np.maximum(shown - 1, 1), 1e-12, 0.5)
        weight = 1 / correlation - 1
        drawn = random.beta(rate * weight, (1 - rate) * weight)
    return np.asarray(random.binomial(shown.astype(np.int64), drawn).astype(np.float64))


def _movement(random: np.random.Generator, accounts: int, spread: float, step: float) -> np.ndarray:
    """What all ads of an account do together, shape (accounts, 1, days)."""
    noise = random.normal(0, spread, (accounts, DAYS))
    path = np.empty_like(noise)
    path[:, 0] = noise[:, 0]
    for day in range(1, DAYS):
        path[:, day] = MEMORY * path[:, day - 1] + np.sqrt(1 - MEMORY**2) * noise[:, day]
    at = random.integers(OLDEST_DAYS, DAYS, (accounts, 1))
    size = np.where(random.random((accounts, 1)) < STEP_SHARE, random.choice([-step, step], (accounts, 1)), 0.0)
    return np.asarray((np.exp(path) * (1 + size * (np.arange(DAYS) >= at)))[:, None, :])
