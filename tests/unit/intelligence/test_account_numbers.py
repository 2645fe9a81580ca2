"""Totals, baselines, distribution, coverage and windows: every number against one worked out by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from viraltracker.errors import BadInput
from viraltracker.intelligence import account as accounts
from viraltracker.intelligence import objectives
from viraltracker.intelligence.analyse import analyse
from viraltracker.intelligence.baselines import weighted_quantiles
from viraltracker.intelligence.windows import default_window, freshness_note, window_before, window_between

from .build import ad, ads, question


def test_ratios_come_from_sums_and_a_missing_metric_from_the_totals_row_is_marked() -> None:
    """CTR is not the mean of CTRs, and a hold rate resting on an account-level number says so."""
    frame = ads(
        ad("a", impressions=1_000, spend=10.0, link_clicks=50, video_3s=300, purchases=1, purchase_value=30.0),
        ad("b", impressions=9_000, spend=90.0, link_clicks=50, video_3s=700, purchases=4, purchase_value=120.0),
    )
    totals = analyse(frame, question(account_level={"thruplays": 250.0, "spend": 7.0})).totals
    assert totals.ctr == pytest.approx(0.01)
    assert totals.cpc == pytest.approx(1.0)
    assert totals.cpm == pytest.approx(10.0)
    assert totals.cpa == pytest.approx(20.0)
    assert totals.roas == pytest.approx(1.5)
    assert totals.hook_rate == pytest.approx(0.1)
    assert totals.hold_rate == pytest.approx(0.25)
    assert totals.account_level == ["thruplays", "hold_rate"]
    assert totals.spend == 100.0
    assert totals.checkouts is None
    assert totals.as_dict()["link_clicks"] == 100


def test_purchases_without_a_reported_spend_have_no_cost() -> None:
    """Money that nobody reported is not money that was not spent."""
    assert analyse(ads(ad("a", spend=None), ad("b", spend=None)), question()).totals.cpa is None


def test_change_is_against_the_period_before_and_needs_daily_rows() -> None:
    """A period total cannot be split, so its trend is refused with the reason rather than guessed."""
    frame = ads(ad("a", spend=120.0, purchases=6, prior_spend=100.0, prior_purchases=4, prior_link_clicks=0))
    trends = analyse(frame, question()).trends
    changes = {change.metric: change for change in trends.changes}
    assert changes["spend"].difference == 20.0
    assert changes["spend"].relative == pytest.approx(0.2)
    assert changes["cpa"].difference == pytest.approx(20.0 - 25.0)
    assert changes["link_clicks"].relative is None
    imported = analyse(frame, question(daily=False, source="import")).trends
    assert (imported.evaluated, imported.changes) == (False, [])
    assert "daily rows" in str(imported.reason)


def test_ads_that_stopped_count_in_the_period_before() -> None:
    """A loser that was cut is what made the CPA fall: without it the earlier CPA would look as good as today's."""
    frame = ads(
        ad("a", spend=100.0, purchases=10, prior_spend=100.0, prior_purchases=10),
        ad("cut", spend=None, purchases=None, impressions=None, prior_spend=300.0, prior_purchases=2),
        ad("new", spend=50.0, purchases=5, prior_impressions=None),
        ad("reach", objective="REACH", spend=70.0, purchases=0, prior_spend=70.0, prior_purchases=0),
    )
    analysis = analyse(frame, question())
    assert analysis.prior_totals is not None
    assert analysis.prior_totals.conversions == 12
    assert analysis.prior_totals.cpa == pytest.approx(400 / 12)
    assert analysis.totals.conversions == 15
    assert analysis.totals.cpa == pytest.approx(10)


def test_results_of_an_ad_that_stopped_are_not_taken_for_another_kind() -> None:
    """What an ad counted is known of the window only: its earlier link clicks must not pass for leads."""
    frame = ads(
        ad("a", purchases=None, results=10, result_type="lead", prior_spend=100.0, prior_results=10),
        ad("gone", purchases=None, spend=None, impressions=None, prior_spend=90.0, prior_results=900),
    )
    analysis = analyse(frame, question(goal="lead"))
    assert analysis.prior_totals is not None
    assert analysis.prior_totals.conversions == 10
    assert analysis.prior_totals.cpa == pytest.approx(10)


def test_results_of_the_period_before_are_of_the_kind_they_had_then() -> None:
    """Link clicks, or several kinds, before are no leads; an ad that stopped counts where its results were leads."""
    leads: dict[str, Any] = {"objective": "OUTCOME_LEADS", "purchases": None}
    now: dict[str, Any] = leads | {"results": 50, "result_type": "lead", "spend": 1000.0, "prior_spend": 1000.0}
    gone: dict[str, Any] = leads | {"spend": None, "impressions": None, "prior_spend": 500.0}
    frame = ads(
        ad("same", **now, prior_results=50, prior_result_type="lead"),
        ad("clicks", **now, prior_results=900, prior_result_type="link_click"),
        ad("mixed", **now, prior_results=700, prior_result_type="mixed"),
        ad("stopped", **gone, prior_results=25, prior_result_type="lead"),
    )
    analysis = analyse(frame, question(goal="lead"))
    assert analysis.totals.conversions == 150
    assert analysis.prior_totals is not None
    assert analysis.prior_totals.conversions == 75
    assert analysis.prior_totals.cpa == pytest.approx(1500 / 75)
    kinds = {part["result_type"]: part["results"] for part in analysis.prior_totals.results_by_type}
    assert kinds == {"lead": 75, "link_click": 900}
    assert {change.relative for change in analysis.trends.changes if change.metric == "cpa"} == {0.0}


def test_days_count_only_results_of_the_goals_kind() -> None:
    """A day's leads beside its link clicks; unknown on a day that counted no lead at all, and nothing without kinds."""
    leads: dict[str, Any] = {"objective": None, "purchases": None, "results": 60}
    frame = ads(ad("a", **leads, result_type="lead"), ad("b", **leads, result_type="link_click"))
    account, _ = accounts.read(frame, question(goal="lead"))
    days = pd.DataFrame(
        {
            "date": ["2026-09-28", "2026-09-29", "2026-09-30"],
            "results": [95.0, 90.0, None],
            "results_by_type": [{"lead": 5, "link_click": 90}, {"link_click": 90}, None],
        }
    )
    counted = objectives.of_days(days, account.ads, account.conversions)["conversions"]
    assert counted[0] == 5
    assert counted[1:].isna().all()
    summed = days.drop(columns="results_by_type")
    assert objectives.of_days(summed, account.ads, account.conversions)["conversions"].isna().all()


@pytest.mark.parametrize(
    ("stored", "reason"),
    [
        ({"prior_stored": 5}, "Only 5 of 30 days before are stored."),
        ({"prior_stored": 30, "days_stored": 28}, "Only 28 of 30 days of the window are stored."),
        ({"prior_stored": 30, "days_stored": 30}, None),
    ],
)
def test_periods_that_are_not_stored_whole_are_not_compared(stored: dict[str, int], reason: str | None) -> None:
    """Thirty days against five would be growth that never was."""
    frame = ads(ad("a", prior_spend=10.0, prior_purchases=1))
    analysis = analyse(frame, question(**stored))
    assert (analysis.trends.evaluated, analysis.trends.reason) == (reason is None, reason)
    assert (analysis.prior_totals is None) == (reason is not None)
    assert ("Only 28 of 30 days are stored." in analysis.notes) == (stored.get("days_stored") == 28)


def test_p75_cpc_is_what_ads_paid_and_not_what_single_days_paid() -> None:
    """Days with a single click once put p75 CPC at 79 where the truth was 2."""
    clicks = np.where(np.arange(30) % 3 == 0, 1, 59)
    spend = np.where(np.arange(30) % 3 == 0, 79.0, 41.0)
    assert np.quantile(spend / clicks, 0.75) == 79.0
    rows = [ad(str(n), spend=float(spend.sum()), link_clicks=int(clicks.sum()), purchases=50) for n in range(8)]
    cpc = analyse(ads(*rows), question()).baselines.find("account", "cpc")
    assert cpc is not None
    assert cpc.p75 == pytest.approx(1610 / 1190)
    assert cpc.aggregate == pytest.approx(1610 / 1190)


def test_quantiles_weigh_by_spend_and_keep_ads_without_a_conversion() -> None:
    """Dropping ads that never sold would make the account look better than it is."""
    values = np.array([10.0, 20.0, 30.0, np.inf])
    weights = np.array([10.0, 20.0, 30.0, 40.0])
    assert weighted_quantiles(values, weights, (0.1, 0.3, 0.31, 0.6, 0.61)).tolist() == [10.0, 20.0, 30.0, 30.0, np.inf]
    rows = [ad(str(n), purchases=0 if n < 4 else 10) for n in range(8)]
    cpa = analyse(ads(*rows), question()).baselines.find("account", "cpa")
    assert cpa is not None
    assert (cpa.p25, cpa.p75, cpa.open_share) == (10.0, None, 0.5)
    assert cpa.aggregate == pytest.approx(800 / 40)


def test_a_small_cohort_is_held_against_a_wider_one_and_says_so() -> None:
    """Eight video ads stand alone; three image ads borrow the objective's norm; leads borrow the account's."""
    rows = [ad(f"v{n}") for n in range(8)] + [ad(f"i{n}", media_type="image") for n in range(3)]
    rows += [ad("lead", objective="OUTCOME_LEADS")]
    analysis = analyse(ads(*rows), question())
    uses = {cohort.name: cohort.uses for cohort in analysis.baselines.cohorts}
    assert uses == {
        "account": "account",
        "sales × video": "sales × video",
        "sales × image": "sales",
        "leads × video": "account",
    }
    assert any("sales × image is held against sales: 3 ads" in note for note in analysis.notes)
    assert analysis.baselines.find("sales", "ctr") is not None
    poor = analyse(ads(*[ad(f"v{n}", spend=10.0) for n in range(8)]), question())
    assert {cohort.uses for cohort in poor.baselines.cohorts} == {"account"}


def test_cost_by_stage_and_format_is_aggregate_with_the_median_ad_beside_it() -> None:
    """Two ads of one cell at 100/10 and 100/0: together 20 a sale, the lower median ad 10; parts add up."""
    label = {"awareness": "problem_aware", "format": "video_ugc", "classified": True}
    frame = ads(
        ad("a", purchases=10, **label, input_hashes=["x", "y"]),
        ad("b", purchases=0, **label, input_hashes=["x"]),
        ad("c", purchases=5, awareness="unclear", format="image_static", classified=True, input_hashes=["z"]),
        ad("d", purchases=1, spend=300.0, input_hashes=["w"]),
        ad("e", purchases=0, objective="REACH", **label),
    )
    analysis = analyse(frame, question())
    cell = next(share for share in analysis.distribution.cells if share.format == "video_ugc")
    assert (cell.ads, cell.spend, cell.cpa_spend, cell.conversions) == (3, 300.0, 200.0, 10.0)
    assert (cell.cpa, cell.median_ad_cpa) == (20.0, 10.0)
    assert [share.awareness for share in analysis.distribution.awareness] == ["problem_aware", "unclear", None]
    for part in (analysis.distribution.awareness, analysis.distribution.formats, analysis.distribution.cells):
        assert sum(share.spend for share in part) == analysis.totals.spend
    covered = analysis.classified
    assert (covered.ads, covered.creatives, covered.creatives_known) == (4, 3, 4)
    assert covered.spend_share == pytest.approx(400 / 700)
    assert [(item.ad_id, item.spend) for item in covered.missing] == [("d", 300.0)]


def test_windows_are_full_days_that_have_data() -> None:
    """Never today, never past the data, which says when it ends before what was asked; the comparison is as long."""
    today = date(2026, 10, 1)
    fresh = default_window(7, last_day_with_data=today, today=today)
    assert (fresh.date_from, fresh.date_to) == (date(2026, 9, 24), date(2026, 9, 30))
    assert freshness_note(date(2026, 9, 30), wanted=date(2026, 9, 30)) is None
    stale = default_window(30, last_day_with_data=date(2026, 9, 20), today=today)
    assert stale.date_to == date(2026, 9, 20)
    assert freshness_note(date(2026, 9, 20), wanted=date(2026, 9, 30)) == "Data ends on 2026-09-20."
    before = window_before(fresh)
    assert (before.date_from, before.date_to, before.days) == (date(2026, 9, 17), date(2026, 9, 23), 7)
    assert window_between(date(2026, 1, 1), date(2026, 1, 31)).days == 31
    with pytest.raises(BadInput, match="swap"):
        window_between(date(2026, 2, 1), date(2026, 1, 1))


def test_two_rows_for_one_ad_are_refused() -> None:
    """Judging each half of an ad by itself would be wrong twice."""
    with pytest.raises(BadInput, match="more than one row"):
        analyse(ads(ad("a"), ad("a")), question())
