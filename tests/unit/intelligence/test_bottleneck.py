"""What to fix first: the step that costs most beside its cohort; and the cohorts of creative questions."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.weightstats import DescrStatsW

from viraltracker.intelligence import account as accounts
from viraltracker.intelligence import baselines, bottleneck
from viraltracker.intelligence.diagnoses import Diagnosis, RuleStatus

from .build import ad, ads, question


def full(ad_id: str, **columns: Any) -> dict[str, Any]:
    """An ad with a whole funnel: CPM 10, CTR 2 %, 80 % of clicks arrive, 5 % of those buy; its days hardly differ."""
    row: dict[str, Any] = {
        "spend": 1_000.0,
        "impressions": 100_000,
        "link_clicks": 2_000,
        "landing_page_views": 1_600,
        "purchases": 80,
        "delivery_days": 30,
    }
    row |= columns
    if row["spend"] and row["impressions"]:
        paid, shown = row["spend"] / 30, row["impressions"] / 30
        # Days of 10 % more and less spend, at even impressions.
        row |= {
            "spend_sq": 30 * paid**2 * 1.01,
            "spend_impressions": 30 * paid * shown,
            "impressions_sq": 30 * shown**2,
        }
    return ad(ad_id, **(row | columns))


def found(
    *rows: dict[str, Any], phi: dict[str, float] | None = None, **changes: Any
) -> tuple[RuleStatus, list[Diagnosis]]:
    account, _ = accounts.read(ads(*rows), question(**changes))
    return bottleneck.find(account, baselines.assign(account), phi or {})


USUAL = [full(f"usual{n}") for n in range(9)]


def test_a_broken_page_is_found_with_what_it_costs() -> None:
    """A quarter of the usual conversion rate after landing: about three quarters of the weekly spend."""
    status, told = found(*USUAL, full("broken", purchases=20))
    assert (status.evaluated, status.ads_evaluated, status.fired) == (True, 10, 1)
    (broken,) = told
    assert (broken.id, broken.verdict) == ("bottleneck:broken", "cvr_lpv")
    value = broken.detail["value"]
    assert broken.detail["cohort_median"] == pytest.approx(0.05)
    assert broken.detail["saving_per_week"] == pytest.approx(1_000 / 30 * 7 * (1 - value / 0.05), rel=1e-12)
    assert broken.detail["saving_low"] == pytest.approx(1_000 / 30 * 7 * (1 - broken.detail["high"] / 0.05), rel=1e-12)
    assert 0.01 < value < 0.02
    assert [step["step"] for step in broken.detail["steps"]] == ["cpm", "ctr", "lpv_rate", "cvr_lpv"]
    assert "the same purchases would cost about USD" in broken.reason
    json.dumps(broken.detail, allow_nan=False)


def test_a_dear_auction_is_found_in_money() -> None:
    """Twice the CPM: half of the spend, exactly."""
    _, told = found(*USUAL, full("dear", spend=2_000.0))
    (dear,) = told
    assert (dear.verdict, dear.detail["value"], dear.detail["cohort_median"]) == ("cpm", 20.0, 10.0)
    assert dear.detail["saving_per_week"] == pytest.approx(2_000 / 30 * 7 / 2)
    assert dear.evidence[0].unit == "money"


def test_the_largest_of_two_credible_savings_is_named() -> None:
    """Half the clicks and a tenth of the sales per view, on enough of both: the page costs more."""
    both = {"spend": 10_000.0, "impressions": 1_000_000, "link_clicks": 10_000, "landing_page_views": 8_000}
    both["purchases"] = 40
    _, told = found(*(full(f"usual{n}") for n in range(15)), full("both", **both))
    assert told[0].verdict == "cvr_lpv"
    assert {step["step"] for step in told[0].detail["steps"] if step["credible"]} == {"ctr", "cvr_lpv"}


def test_few_clicks_that_differ_by_day_are_no_bottleneck() -> None:
    """With φ = 20 a click rate a tenth lower is what days do; with binomial days it is not."""
    low = full("low", link_clicks=1_800, landing_page_views=1_440, purchases=72)
    assert [item.verdict for item in found(*USUAL, low)[1]] == ["ctr"]
    assert found(*USUAL, low, phi={"ctr": 20.0, "lpv_rate": 1.0})[1] == []


def test_ads_that_buy_clicks_do_not_set_the_median() -> None:
    """Nine traffic ads with five times the click rate, in the account's cohort, say nothing of four that sell."""
    traffic = [full(f"t{n}", link_clicks=10_000, objective="OUTCOME_TRAFFIC") for n in range(9)]
    status, told = found(*traffic, *USUAL[:4])
    assert (status.ads_evaluated, told) == (4, [])


def test_a_hook_is_shown_without_a_saving() -> None:
    """What a better hook is worth is in the click rate already."""
    rows = [row | {"video_3s": 30_000} for row in [*USUAL, full("broken", purchases=20)]]
    (told,) = found(*rows)[1]
    hook = told.detail["steps"][-1]
    assert (hook["step"], hook["saving_per_week"], hook["credible"]) == ("hook", None, False)


def test_conversions_still_arriving_are_no_bottleneck() -> None:
    """An ad whose last days are young has fewer conversions per view so far, and as many per view whose are in."""
    late = {"matured_landing_page_views": 800.0, "matured_link_clicks": 1_000.0, "purchases": 40}
    assert found(*USUAL, full("young", **late))[1] == []


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "There are no ads."),
        ([full("a")], "Only 1 ads buy the goal and spent"),
        ([full(f"{n}", objective="REACH") for n in range(9)], "No ad has an objective"),
        ([full(f"{n}", learning_status="LEARNING") for n in range(9)], "in learning"),
        ([full(f"{n}", spend=0.0) for n in range(9)], "No ad that buys the goal spent"),
        (
            [full(f"{n}", link_clicks=0, landing_page_views=0, delivery_days=None, purchases=0) for n in range(9)],
            "No step of the funnel",
        ),
    ],
)
def test_what_cannot_be_said_has_a_reason(rows: list[dict[str, Any]], words: str) -> None:
    """One ad is its own median; ads that do not buy the goal are not judged by it."""
    frame = ads(*rows) if rows else ads().assign(ad_id=[])
    account, _ = accounts.read(frame, question())
    status, told = bottleneck.find(account, baselines.assign(account), {})
    assert words in (status.reason or "")
    assert (status.evaluated, status.ads_not_evaluated, told) == (False, len(rows), [])


accounts_of = st.lists(
    st.tuples(st.integers(100, 5_000), st.integers(0, 3_000), st.integers(0, 100)), min_size=9, max_size=14
)


def rows_of(account: list[tuple[int, int, int]], scale: float = 1.0) -> list[dict[str, Any]]:
    return [
        full(f"{n:02}", spend=spend * scale, link_clicks=clicks, landing_page_views=clicks // 2, purchases=sold)
        for n, (spend, clicks, sold) in enumerate(account)
    ]


@settings(max_examples=25, deadline=None)
@given(account=accounts_of, power=st.integers(-8, 12))
def test_currency_order_and_strangers_change_no_verdict(account: list[tuple[int, int, int]], power: int) -> None:
    """In another currency, another order and beside a cohort of images the same steps are named."""
    scale = 2.0**power
    plain = [(item.ad_id, item.verdict) for item in found(*rows_of(account), target_cpa=1.0)[1]]
    other = found(*rows_of(account, scale)[::-1], currency="JPY", target_cpa=scale)[1]
    assert [(item.ad_id, item.verdict) for item in other] == plain
    image = full("stranger", media_type="image", purchases=1)
    joined = found(*rows_of(account), image, target_cpa=1.0)[1]
    assert [(item.ad_id, item.verdict) for item in joined if item.ad_id != "stranger"] == plain


def test_creative_cohorts_fall_back_and_say_why() -> None:
    """Nine ads stand alone; three share their format, two their stage; one has no label."""
    rows = [full(f"u{n}", awareness="unaware", format="ugc") for n in range(9)]
    rows += [full(f"f{n}", awareness="product_aware", format="ugc") for n in range(3)]
    rows += [full(f"s{n}", awareness="unaware", format="static") for n in range(2)]
    rows += [full("lost", awareness="most_aware", format="demo"), full("bare", awareness=None, format="ugc")]
    account, _ = accounts.read(ads(*rows), question())
    cohorts = baselines.creative_cohorts(account)
    uses = {cohort.name: (cohort.ads, cohort.uses, cohort.reason) for cohort in cohorts.cohorts}
    assert uses["unaware × ugc"] == (9, "unaware × ugc", None)
    small = "fewer than 8"
    assert uses["product_aware × ugc"][1] == "any stage × ugc"
    assert uses["unaware × static"][1] == "unaware × any format"
    assert uses["most_aware × demo"][1] == "account"
    assert all(small in str(uses[name][2]) for name in ("product_aware × ugc", "unaware × static", "most_aware × demo"))
    assert uses["unlabelled"] == (1, "account", "their awareness stage or format is not known")
    usual = baselines.measure(account, cohorts)
    row = usual.find("any stage × ugc", "lpv_rate")
    assert row is not None
    assert (row.ads, row.p10, row.p50, row.p90) == (13, 0.8, 0.8, 0.8)
    after = usual.find("account", "cvr_lpv")
    assert after is not None
    assert after.aggregate == pytest.approx(0.05)


def test_weighted_quantiles_are_those_of_statsmodels() -> None:
    """Where no share of the weight falls exactly on a step, both take the same ad."""
    random = np.random.default_rng(2)
    values, weights = random.lognormal(size=200), random.lognormal(size=200)
    wanted = DescrStatsW(values, weights).quantile(list(baselines.QUANTILES), return_pandas=False)
    assert baselines.weighted_quantiles(values, weights, baselines.QUANTILES) == pytest.approx(wanted, rel=1e-9)
