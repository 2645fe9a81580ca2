"""Applies the rule for fatigue, and the rules of thumb, to simulated days as a daily check would; counts the calls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np

from benchmarks.truth import fading
from benchmarks.truth.fading import Days, Scenario
from viraltracker.intelligence import overdispersion, wear
from viraltracker.intelligence.movement import Membership

WEEKS = 13
WINDOW_DAYS = 30
ACCOUNTS_AT_ONCE = 5
LEARNED = fading.OLDEST_DAYS - 1  # index of the day at whose end the first check is


@dataclass(frozen=True)
class Calls:
    """Who was called what at each check; bool arrays of shape (accounts, ads, checks).

    `watch` counts ads called fatigued too. `phi` is what the product took the overdispersion for, shape
    (accounts, checks).
    """

    watch: np.ndarray
    fatigued: np.ndarray
    confounded: np.ndarray
    phi: np.ndarray


@dataclass(frozen=True)
class Found:
    """How calls of one kind went.

    `false_alarms` are ads that do not fade and were called at any check, per account its share, shape (accounts,).
    `in_time` is, per account, the share of fading ads called at a check in the 14 days from the onset. `delays` are
    days of fading seen at the first call of each fading ad, 1 at the end of its first day; NaN when never called.
    """

    false_alarms: np.ndarray
    in_time: np.ndarray
    delays: np.ndarray


def by_rule(days: Days) -> Calls:
    """The product's own functions on every account at every check."""
    parts = [_by_rule(some) for some in _some(days)]
    return Calls(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Calls)))


def by_thumb(days: Days) -> dict[str, np.ndarray]:
    """The rules of thumb on the same checks, by name; bool arrays of shape (accounts, ads, checks)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = days.clicks / days.impressions
        week, shown = (_rolling(part, 7) for part in (days.clicks, days.impressions))
        weekly = week / shown
        spent, sold = (_rolling(part, 7) for part in (days.spend, days.conversions))
        cost = spent / np.maximum(sold, 1)  # a week without a result costs at least what was spent
        own = days.spend.cumsum(-1) / np.maximum(days.conversions.cumsum(-1), 1)
        before = _shifted(weekly, 7)
        calls = {
            "three falling days": (rate < _shifted(rate, 1))
            & (_shifted(rate, 1) < _shifted(rate, 2))
            & (_shifted(rate, 2) < _shifted(rate, 3)),
            "CTR −20 % week on week": weekly < 0.8 * before,
            "2× its cost per result": cost > 2 * _shifted(own, 7),
            "frequency > 4": days.frequency > 4,
        }
    return {name: call[..., LEARNED:] for name, call in calls.items()}


def count(called: np.ndarray, days: Days) -> Found:
    """False alarms and finds of calls of shape (accounts, ads, checks)."""
    fades = days.onset >= 0
    check = np.arange(called.shape[-1])
    seen = check + LEARNED - days.onset[..., None] + 1  # days of fading seen
    with np.errstate(invalid="ignore"):
        false = np.where(fades, 0, called.any(-1)).sum(1) / (~fades).sum(1)
        after = called & fades[..., None] & (seen >= 1)
        in_time = (after & (seen <= fading.FOLLOWED_DAYS)).any(-1).sum(1) / fades.sum(1)
    first = np.where(after, seen, np.inf).min(-1)[fades]
    return Found(false, in_time, np.where(np.isfinite(first), first, np.nan))


def simulate_and_judge(scenario: Scenario, accounts: int, seed: int) -> tuple[Days, Calls]:
    """Both in one step."""
    days = fading.simulate(scenario, accounts, seed)
    return days, by_rule(days)


def _some(days: Days) -> Iterator[Days]:
    for start in range(0, len(days.onset), ACCOUNTS_AT_ONCE):
        part = slice(start, start + ACCOUNTS_AT_ONCE)
        yield Days(*(getattr(days, field.name)[part] for field in fields(Days)))


def _by_rule(days: Days) -> Calls:
    accounts, ads, _ = days.clicks.shape
    shape = (accounts, ads, fading.CHECKS)
    impressions, clicks, spend, conversions = (
        _weeks(part) for part in (days.impressions, days.clicks, days.spend, days.conversions)
    )
    phi = _phi(days)
    code = np.arange(accounts)[:, None, None] * fading.CHECKS + np.arange(fading.CHECKS)
    membership = Membership.disjoint(np.broadcast_to(code, shape).ravel())
    market = wear.market(spend, impressions, clicks, conversions, membership)
    each = np.broadcast_to(phi[:, None, :], shape).ravel()
    found = wear.find(clicks, impressions, membership, each, market).declines

    def called(*calls: int) -> np.ndarray:
        result = np.zeros(impressions.shape[0], bool)
        result[found.rows[np.isin(found.call, calls)]] = True
        return result.reshape(shape)

    return Calls(
        called(wear.WATCH, wear.FATIGUED),
        called(wear.FATIGUED),
        called(wear.MOVED_TOGETHER, wear.COST_EVERYWHERE),
        phi,
    )


def _weeks(daily: np.ndarray) -> np.ndarray:
    """Sums of the last thirteen times seven days at each check, shape (accounts × ads × checks, weeks)."""
    sums = np.concatenate([np.zeros((*daily.shape[:-1], 7 * WEEKS + 1)), daily.cumsum(-1)], axis=-1)
    end = np.arange(LEARNED, daily.shape[-1])[:, None] + 7 * WEEKS + 1 - 7 * np.arange(WEEKS)
    return np.asarray((sums[..., end] - sums[..., end - 7]).reshape(-1, WEEKS))


def _phi(days: Days) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        squares = np.nan_to_num(days.clicks**2 / days.impressions)
    parts = [squares, days.clicks, days.impressions, (days.impressions > 0).astype(np.float64)]
    sums = [fading.rolling(part, WINDOW_DAYS)[..., LEARNED:] for part in parts]
    accounts, _, checks = sums[0].shape
    phi = np.empty((accounts, checks))
    for account in range(accounts):
        for check in range(checks):
            phi[account, check] = overdispersion.estimate(*(part[account, :, check] for part in sums)).phi
    return phi


def _rolling(daily: np.ndarray, days: int) -> np.ndarray:
    return fading.rolling(daily, days)


def _shifted(values: np.ndarray, days: int) -> np.ndarray:
    """The value so many days earlier; NaN on the first days."""
    before = np.full_like(values, np.nan)
    before[..., days:] = values[..., :-days]
    return before
