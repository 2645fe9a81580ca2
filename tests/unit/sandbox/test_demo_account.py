"""The demo account: the same every time, as large as promised, and its planted causes visible in the numbers."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from viraltracker.sandbox import demo
from viraltracker.sandbox.demo import catalog, pages, pictures, planted
from viraltracker.sandbox.demo.account import DemoAccount, build_account
from viraltracker.sandbox.demo.copy import AWARENESS_STAGES, COPIES
from viraltracker.sandbox.demo.roster import DAYS

UNTIL = date(2026, 11, 22)
LAST_30 = slice(DAYS - 30, DAYS)


@pytest.fixture(scope="module")
def account() -> DemoAccount:
    return build_account(UNTIL)


def row(account: DemoAccount, ad_id: str) -> int:
    return [plan.ad_id for plan in account.plans].index(ad_id)


def digest(account: DemoAccount) -> str:
    sha = hashlib.sha256(repr(account.plans).encode())
    for field in dataclasses.fields(account.figures):
        sha.update(np.ascontiguousarray(getattr(account.figures, field.name)).tobytes())
    return sha.hexdigest()


def total(values: npt.NDArray[np.float64] | npt.NDArray[np.int64]) -> float:
    return float(values.sum())


def test_same_day_and_seed_give_the_same_account_and_another_seed_does_not(account: DemoAccount) -> None:
    assert digest(build_account(UNTIL)) == digest(account)
    assert digest(build_account(UNTIL, seed=1)) != digest(account)


def test_a_third_of_the_242_ads_reuse_a_creative_that_another_ad_has(account: DemoAccount) -> None:
    uses = Counter(plan.creative.creative_id for plan in account.plans)
    assert len(account.plans) == len({plan.ad_id for plan in account.plans}) == 242
    assert len(uses) == len(catalog.creatives()) == 165
    assert max(uses.values()) >= 4


def test_every_stage_every_branch_and_status_that_a_sync_must_handle_is_there(account: DemoAccount) -> None:
    assert {plan.creative.awareness for plan in account.plans} == set(AWARENESS_STAGES)
    assert {plan.creative.branch for plan in account.plans} == {
        *("link_data", "video_data", "photo_data", "carousel", "asset_feed", "post")
    }
    assert {plan.effective_status for plan in account.plans} == {
        *("ACTIVE", "PAUSED", "CAMPAIGN_PAUSED", "ADSET_PAUSED", "DISAPPROVED", "ARCHIVED")
    }
    # An ad that ended never looks as if it could deliver, and the other way round.
    for plan in account.plans:
        assert (plan.effective_status == "ACTIVE") == (plan.last_day == DAYS - 1), plan.ad_id


def test_copies_are_distinct_and_enough_for_every_stage() -> None:
    assert len({(c.primary_text, c.headline) for c in COPIES}) == len(COPIES) >= 60
    assert min(Counter(c.awareness for c in COPIES).values()) >= 10
    assert {c.page for c in COPIES} == set(pages.AWARENESS)


@pytest.mark.parametrize("until", [UNTIL, UNTIL + timedelta(days=1), UNTIL + timedelta(days=3), date(2027, 3, 15)])
def test_winners_and_losers_show_on_any_day(until: date) -> None:
    figures = (account := build_account(until)).figures
    for ad in (*planted.WINNERS, *planted.LOSERS):
        at = row(account, ad.ad_id)
        spend, sold = total(figures.spend[at, LAST_30]), total(figures.purchases[at, LAST_30])
        assert spend >= 6 * planted.TARGET_CPA, ad
        if ad in planted.WINNERS:
            assert spend >= 25 * planted.TARGET_CPA, ad
            assert spend / sold <= 0.75 * planted.TARGET_CPA, ad
        elif ad.cpa_ratio is None:
            assert sold == 0, ad
        else:
            assert spend / max(sold, 1) >= 1.6 * planted.TARGET_CPA, ad


def test_ordinary_ads_realise_their_true_cost_per_purchase(account: DemoAccount) -> None:
    """Sums of final purchases over many ads agree with the planted rates, so tests may use `true_cpa` as truth."""
    rows = [r for r, p in enumerate(account.plans) if p.planted is None and p.true_cpa is not None]
    spend = account.figures.spend[rows].sum(axis=1)
    expected = sum(s / (account.plans[r].true_cpa or np.inf) for r, s in zip(rows, spend, strict=True))
    assert total(account.figures.purchases_final[rows]) == pytest.approx(expected, rel=0.08)


@pytest.mark.parametrize("ad", planted.FATIGUED, ids=lambda ad: ad.ad_id)
def test_fatigued_ads_hold_their_ctr_until_the_known_day_and_lose_it_after(
    account: DemoAccount, ad: planted.FatiguedAd
) -> None:
    figures, at = account.figures, row(account, ad.ad_id)
    onset = account.column(ad.onset(UNTIL))
    ctr = [
        total(figures.link_clicks[at, days]) / total(figures.impressions[at, days])
        for days in (slice(onset - 30, onset - 15), slice(onset - 15, onset), slice(DAYS - 5, DAYS))
    ]
    assert ctr[1] / ctr[0] == pytest.approx(1, abs=0.12)
    assert ctr[2] / ctr[1] == pytest.approx(ad.ctr_floor, abs=0.12)


def test_the_broken_page_takes_clicks_and_sells_nothing_from_its_day_on(account: DemoAccount) -> None:
    figures, page = account.figures, planted.BROKEN_PAGE
    rows = [row(account, ad.ad_id) for ad in page.ads]
    broken = account.column(page.broken_from(UNTIL))
    sold = [
        total(figures.purchases_final[rows, :][:, days]) / total(figures.landing_page_views[rows, :][:, days])
        for days in (slice(broken - 20, broken), slice(broken, DAYS))
    ]
    assert sold[1] < 0.15 * sold[0]
    clicks = total(figures.link_clicks[rows, broken:]) / total(figures.impressions[rows, broken:])
    everyone = total(figures.link_clicks[:, broken:]) / total(figures.impressions[:, broken:])
    assert clicks > 1.1 * everyone
    users = {plan.ad_id for plan in account.plans if plan.creative.copy.page == page.slug}
    assert users == {ad.ad_id for ad in page.ads}


def test_the_broken_page_answers_an_error_only_from_its_day_on() -> None:
    broken_from = planted.BROKEN_PAGE.broken_from(UNTIL)
    assert pages.render("trial-pack", broken_from - timedelta(days=1), UNTIL).status == 200
    assert pages.render("trial-pack", broken_from, UNTIL).status == 500
    assert {pages.render(slug, UNTIL, UNTIL).status for slug in pages.AWARENESS if slug != "trial-pack"} == {200}


def test_starved_ads_are_active_and_never_pass_nine_impressions_a_day(account: DemoAccount) -> None:
    for ad_id in planted.STARVED:
        plan = account.plans[row(account, ad_id)]
        assert plan.effective_status == "ACTIVE"
        assert 0 < account.figures.impressions[row(account, ad_id)].max() <= planted.STARVED_MAX_IMPRESSIONS


def test_the_coverage_gap_is_the_only_empty_cell_of_the_image_and_carousel_formats(account: DemoAccount) -> None:
    cells = {(plan.creative.awareness, plan.creative.creative_format) for plan in account.plans}
    formats = {fmt for _, fmt in cells if not fmt.startswith("video")}
    empty = {(stage, fmt) for stage in AWARENESS_STAGES for fmt in formats} - cells
    assert empty == {(planted.COVERAGE_GAP.awareness, planted.COVERAGE_GAP.creative_format)}


def test_purchases_of_the_newest_days_arrive_later_and_nothing_else_changes(account: DemoAccount) -> None:
    later = build_account(UNTIL, as_of=UNTIL + timedelta(days=10)).figures
    young, first = len(planted.PURCHASES_VISIBLE_BY_AGE) - 2, account.figures
    for field in dataclasses.fields(first):
        before, after = getattr(first, field.name), getattr(later, field.name)
        if field.name in {"purchases", "purchase_value"}:
            assert np.array_equal(before[:, :-young], after[:, :-young])
            assert (after >= before).all()
            assert total(before[:, -1]) < 0.8 * total(after[:, -1])
        else:
            assert np.array_equal(before, after), field.name
    assert np.array_equal(later.purchases, later.purchases_final)


def test_each_funnel_step_is_a_part_of_the_step_before(account: DemoAccount) -> None:
    steps = ("impressions", "link_clicks", "landing_page_views", "adds_to_cart", "checkouts", "purchases_final")
    watched = ("impressions", "video_plays", "video_p25", "video_p50", "video_p75", "video_p95", "video_p100")
    for names in (steps, watched, ("video_plays", "video_3s", "video_p50")):
        for wide, narrow in itertools.pairwise(names):
            assert (getattr(account.figures, wide) >= getattr(account.figures, narrow)).all(), (wide, narrow)
    assert ((account.figures.spend > 0) <= (account.figures.impressions > 0)).all()


def test_a_quarter_of_a_short_clip_comes_before_its_third_second(account: DemoAccount) -> None:
    figures = account.figures
    for place, plan in enumerate(account.plans):
        if plan.creative.clip is not None:
            early, late = figures.video_p25[place], figures.video_3s[place]
            assert ((early >= late) if plan.creative.clip.seconds <= 12 else (early <= late)).all()


def test_the_account_spends_and_sells_like_a_real_one(account: DemoAccount) -> None:
    figures = account.figures
    spend, sold = total(figures.spend[:, LAST_30]), total(figures.purchases[:, LAST_30])
    daily = figures.spend.sum(axis=0)[LAST_30]
    assert daily.min() >= 1500
    assert daily.max() <= 2500
    assert 0.8 <= spend / sold / planted.TARGET_CPA <= 1.2
    by_ad = np.sort(figures.spend[:, LAST_30].sum(axis=1))[::-1]
    assert by_ad[:12].sum() > 0.33 * spend, "spend is not heavy-tailed"


def test_sundays_spend_more_and_buy_better_than_fridays(account: DemoAccount) -> None:
    figures = account.figures
    weekday = np.array([account.day(column).weekday() for column in range(DAYS)])
    friday, sunday = (weekday == day for day in (4, 6))

    def buying(days: npt.NDArray[np.bool_]) -> float:
        return total(figures.purchases_final[:, days]) / total(figures.landing_page_views[:, days])

    assert figures.spend.sum(axis=0)[sunday].mean() > 1.08 * figures.spend.sum(axis=0)[friday].mean()
    assert buying(sunday) > 1.08 * buying(friday)


def test_pictures_are_the_same_bytes_each_time_and_different_from_each_other() -> None:
    shown = [p for creative in catalog.creatives()[::9] for p in creative.pictures]
    drawn = [pictures.draw(picture) for picture in shown]
    assert drawn == [pictures.draw(picture) for picture in shown]
    assert len(set(drawn)) == len(shown) >= 12
    assert all(data.startswith(b"\xff\xd8") for data in drawn)


def test_clips_are_committed_and_small() -> None:
    folder = Path(str(demo.__path__[0])) / "clips"
    assert {path.name for path in folder.glob("*.mp4")} == {f"{clip.slug}.mp4" for clip in catalog.CLIPS}
    for path in folder.glob("*.mp4"):
        assert path.stat().st_size < 200_000
        assert path.read_bytes()[4:8] == b"ftyp"
