"""Daily figures of every ad: a funnel of binomial draws whose rates hold each ad's true cost per purchase.

spend → impressions (by CPM) → link clicks → landing-page views → carts → checkouts → purchases, each step a
part of the one before, with day-to-day swings beyond binomial noise, a weekday pattern, and purchases that
are attributed to their day but arrive over the days after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from viraltracker.sandbox.demo import planted
from viraltracker.sandbox.demo.roster import DAYS, AdPlan

Counts = npt.NDArray[np.int64]
Values = npt.NDArray[np.float64]

AVERAGE_ORDER = 60.0
"""Dollars per purchase."""

_SPEND_BY_WEEKDAY = np.array([1.02, 0.97, 0.96, 0.99, 0.94, 1.00, 1.12])  # Monday first
_BUYING_BY_WEEKDAY = np.array([1.06, 1.00, 0.97, 0.98, 0.90, 0.96, 1.13])
_CTR_SWING = 0.08
"""Standard deviation of ln CTR from day to day, beyond binomial noise."""
_CART_TO_CHECKOUT = 0.62
_CHECKOUT_TO_PURCHASE = 0.66


@dataclass(frozen=True)
class Figures:
    """Arrays of shape (ads, 90). Money in dollars; purchases as far as they were attributed by `as_of`."""

    spend: Values
    impressions: Counts
    reach: Counts
    clicks: Counts
    link_clicks: Counts
    outbound_clicks: Counts
    landing_page_views: Counts
    adds_to_cart: Counts
    checkouts: Counts
    purchases: Counts
    purchase_value: Values
    purchases_final: Counts
    engagements: Counts
    video_plays: Counts
    video_3s: Counts
    thruplays: Counts
    video_p25: Counts
    video_p50: Counts
    video_p75: Counts
    video_p95: Counts
    video_p100: Counts


def visible_days(until: date, as_of: date) -> npt.NDArray[np.int64]:
    """Age in days of each of the 90 days as seen on `as_of`; the last full day has age 1 on the day after."""
    return (as_of - until).days + (DAYS - 1) - np.arange(DAYS)


def draw(plans: tuple[AdPlan, ...], until: date, as_of: date, rng: np.random.Generator) -> Figures:
    """Figures of all ads for the 90 days up to `until`, as they look on `as_of`.

    The draws do not depend on `as_of`: a later one shows the same days with more of their purchases.
    """
    shape = (len(plans), DAYS)
    weekday = np.array([(until - timedelta(days=DAYS - 1 - d)).weekday() for d in range(DAYS)])
    spend, impressions = _delivery(plans, weekday, rng)
    video = np.array([p.creative.clip is not None for p in plans])[:, None]

    base_ctr, page_rate, buy_rate = _true_rates(plans, rng)
    ctr = base_ctr[:, None] * _fatigue(plans) * np.exp(rng.normal(0, _CTR_SWING, shape))
    link_clicks = rng.binomial(impressions, np.minimum(ctr, 0.2))
    page_views = rng.binomial(link_clicks, page_rate[:, None] * np.ones(DAYS))
    buying = buy_rate[:, None] * _BUYING_BY_WEEKDAY[weekday] * _page_health(plans)
    sells = np.array([p.true_cpa is not None for p in plans])[:, None]
    cart_rate = np.where(sells, buying / (_CART_TO_CHECKOUT * _CHECKOUT_TO_PURCHASE), 0.03)
    carts = rng.binomial(page_views, np.minimum(cart_rate, 0.95))
    checkouts = rng.binomial(carts, np.where(sells, _CART_TO_CHECKOUT, 0.2) * np.ones(DAYS))
    purchases_final = rng.binomial(checkouts, np.where(sells, _CHECKOUT_TO_PURCHASE, 0.0) * np.ones(DAYS))
    purchases, value = _arrived(purchases_final, visible_days(until, as_of), rng)

    hook = rng.uniform(0.20, 0.36, len(plans))[:, None] * np.exp(rng.normal(0, 0.05, shape))
    plays = rng.binomial(impressions, 0.82 * video * np.ones(DAYS))
    video_3s = rng.binomial(plays, np.minimum(hook / 0.82, 0.95))
    p25 = rng.binomial(video_3s, 0.72)
    p50 = rng.binomial(p25, 0.58)
    p75 = rng.binomial(p50, 0.66)
    p95 = rng.binomial(p75, 0.70)
    p100 = rng.binomial(p95, 0.85)
    hold = rng.uniform(0.16, 0.30, len(plans))[:, None] * np.ones(DAYS)
    engagements = rng.binomial(impressions, 0.004)
    return Figures(
        spend=spend,
        impressions=impressions,
        reach=np.maximum((impressions / rng.uniform(1.04, 1.25, shape)).astype(np.int64), np.minimum(impressions, 1)),
        clicks=link_clicks + engagements + rng.binomial(impressions, 0.003),
        link_clicks=link_clicks,
        outbound_clicks=rng.binomial(link_clicks, 0.95),
        landing_page_views=page_views,
        adds_to_cart=carts,
        checkouts=checkouts,
        purchases=purchases,
        purchase_value=value,
        purchases_final=purchases_final,
        engagements=engagements,
        video_plays=plays,
        video_3s=video_3s,
        thruplays=np.maximum(rng.binomial(video_3s, hold), p100),
        video_p25=_reached_a_quarter(plans, plays, video_3s, p25),
        video_p50=p50,
        video_p75=p75,
        video_p95=p95,
        video_p100=p100,
    )


def _reached_a_quarter(plans: tuple[AdPlan, ...], plays: Counts, video_3s: Counts, later: Counts) -> Counts:
    """How many reached a quarter of the clip: `later` where that comes after three seconds, else on the way there."""
    quarter = np.array([p.creative.clip.seconds / 4 if p.creative.clip else np.inf for p in plans])[:, None]
    before = plays - ((plays - video_3s) * np.minimum(quarter, 3) / 3).astype(np.int64)
    return np.where(quarter <= 3, before, later)


def _delivery(plans: tuple[AdPlan, ...], weekday: Counts, rng: np.random.Generator) -> tuple[Values, Counts]:
    """Spend in dollars with cents, and impressions; both 0 on a day without delivery."""
    shape = (len(plans), DAYS)
    day = np.arange(DAYS)
    first = np.array([p.first_day for p in plans])[:, None]
    last = np.array([p.last_day for p in plans])[:, None]
    runs = (day >= first) & (day <= last)
    ramp = np.clip((day - first + 1) / 3, 0.35, 1.0)
    # The account's auction price drifts slowly and never far.
    market = np.exp(np.cumsum(rng.normal(0, 0.012, DAYS)))
    market = market / market.mean()
    spend = np.array([p.spend_per_day for p in plans])[:, None] * ramp * _SPEND_BY_WEEKDAY[weekday]
    spend = np.where(runs, spend * np.exp(rng.normal(0, 0.13, shape)), 0.0)
    cpm = _cpm(plans)[:, None] * market * np.exp(rng.normal(0, 0.05, shape))
    impressions = rng.poisson(spend / cpm * 1000)
    starved = np.array([p.planted == "starved" for p in plans])[:, None]
    trickle = np.minimum(impressions, planted.STARVED_MAX_IMPRESSIONS)
    impressions = np.where(starved, trickle, impressions)
    spend = np.where(starved, np.minimum(spend, impressions * cpm / 1000), spend)
    return np.where(impressions > 0, np.round(spend, 2), 0.0), impressions


def _cpm(plans: tuple[AdPlan, ...]) -> Values:
    return np.array([p.ad_set.campaign.cpm for p in plans])


def _true_rates(plans: tuple[AdPlan, ...], rng: np.random.Generator) -> tuple[Values, Values, Values]:
    """Per ad: link CTR, landing-page views per link click, purchases per landing-page view.

    The last follows from the ad's true CPA: CPM / (1000 × CTR × page rate × CPA).
    """
    ctr = np.clip(rng.lognormal(np.log(0.0125), 0.22, len(plans)), 0.007, 0.026)
    planted_ctr = {"winner": 0.0165, "fatigued": 0.0150, "broken_page": 0.0190}
    for row, plan in enumerate(plans):
        ctr[row] = planted_ctr.get(plan.planted or "", ctr[row])
    page_rate = rng.uniform(0.76, 0.88, len(plans))
    cpa = np.array([np.nan if p.true_cpa is None else p.true_cpa for p in plans])
    # The retargeting audience clicks more for its dearer impressions, so its clicks cost about the same.
    cpm = _cpm(plans)
    ctr = ctr * cpm / 13.0
    return ctr, page_rate, np.nan_to_num(cpm / (1000 * ctr * page_rate * cpa))


def _fatigue(plans: tuple[AdPlan, ...]) -> Values:
    """CTR multiplier per ad and day: 1 but for the planted decays."""
    factor = np.ones((len(plans), DAYS))
    row_of = {plan.ad_id: row for row, plan in enumerate(plans)}
    day = np.arange(DAYS)
    for ad in planted.FATIGUED:
        onset = DAYS - 1 - ad.onset_days_before_end
        worn = np.clip((day - onset + 1) / ad.decay_days, 0, 1)
        factor[row_of[ad.ad_id]] = 1 - (1 - ad.ctr_floor) * worn
    return factor


def _page_health(plans: tuple[AdPlan, ...]) -> Values:
    """Multiplier of purchases per landing-page view: 1 but for the broken page from its day on."""
    factor = np.ones((len(plans), DAYS))
    broken = DAYS - 1 - planted.BROKEN_PAGE.broken_days_before_end
    for row, plan in enumerate(plans):
        if plan.planted == "broken_page":
            factor[row, broken:] = planted.BROKEN_PAGE.purchase_rate_left
    return factor


def _arrived(final: Counts, age: Counts, rng: np.random.Generator) -> tuple[Counts, Values]:
    """Purchases and their value that were attributed by each day's age, from each purchase's own delay."""
    share = np.array(planted.PURCHASES_VISIBLE_BY_AGE)
    seen = np.zeros_like(final)
    value = np.zeros(final.shape)
    waiting = final.copy()
    for delay in range(1, len(share)):
        left = 1 - share[delay - 1]
        now = rng.binomial(waiting, min(1.0, (share[delay] - share[delay - 1]) / left))
        worth = rng.gamma(now * 6.0 + 1e-9, AVERAGE_ORDER / 6.0) * (now > 0)
        waiting = waiting - now
        seen = seen + np.where(age >= delay, now, 0)
        value = value + np.where(age >= delay, worth, 0.0)
    return seen, np.round(value, 2)
