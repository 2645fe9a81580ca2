"""Each cause gives the recommendation that fits it, for the ads it is about and the money it costs."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from viraltracker.intelligence.advice import Recommendation
from viraltracker.intelligence.analyse import Analysis, analyse

from .build import WINDOW, ad, ads, question
from .test_bottleneck import USUAL, full
from .test_congruence import suspect, usual
from .test_fatigue import FALLEN, WEEKS, others, runner

LONG_URL = "https://shop.example/" + "a" * 400


def advised(found: Analysis) -> dict[str, Recommendation]:
    """The recommendations by id, once it is seen that each has a window and a range around its value."""
    for item in found.recommendations:
        if item.money_per_week is not None:
            assert 0 <= item.money_per_week.low <= item.money_per_week.value <= item.money_per_week.high < np.inf
        assert all(part.window.days >= 1 for part in item.evidence)
        assert item.change_our_mind
    return {item.id: item for item in found.recommendations}


def of(rows: list[dict[str, Any]], days: pd.DataFrame | None = None, **context: Any) -> dict[str, Recommendation]:
    """What is recommended for these ads."""
    return advised(analyse(ads(*rows), question(**context), days))


def about(item: Recommendation) -> list[str]:
    return [hit.ad_id for hit in item.ads]


def days_of(**last: tuple[int, float]) -> pd.DataFrame:
    """120 days of 100 spent, 10,000 shown, 100 clicks and 5 purchases; `name=(n, value)` changes the last n."""
    usual_day = {"impressions": 10_000.0, "spend": 100.0, "link_clicks": 100.0, "purchases": 5.0}
    table = pd.DataFrame([usual_day] * 120)
    wobble = 1 + 0.05 * np.sin(np.arange(120) * 2.4)
    for name in usual_day:
        table[name] = np.round(table[name] * wobble)
    for name, (number, value) in last.items():
        table.loc[table.index[-number:], name] = value
    table.insert(0, "date", [(WINDOW.date_to - timedelta(days=119 - n)).isoformat() for n in range(120)])
    return table.assign(stored=True)


def good(count: int = 8) -> list[dict[str, Any]]:
    """Ads exactly at the target, about which there is nothing to say."""
    return [ad(f"fine{n}", spend=400.0, purchases=20) for n in range(count)]


def test_a_fault_a_silent_pixel_is_one_recommendation_and_nothing_is_cut_for_it() -> None:
    """Eight days without a purchase make every ad look dear: the pixel is to be checked, no ad to be paused."""
    dear = ad("dear", spend=900.0, purchases=5)
    heard = of([dear, *good()], days_of())
    assert "cut:dear" in heard
    silent = of([dear, *good()], days_of(purchases=(8, 0.0)))
    item = silent["anomaly:silent_pixel"]
    assert (item.category, item.action) == ("budget_realloc", "monitor")
    assert item.money_per_week is not None
    assert item.money_per_week.value == pytest.approx(700, rel=0.05)
    assert [card for card in silent.values() if card.category == "kill"] == []
    assert len([key for key in silent if key.startswith("anomaly:")]) == 1


def test_an_account_without_any_conversion_is_told_so_once() -> None:
    """The silent pixel of its days and the missing conversions of its ads are one fault."""
    rows = [ad(f"a{n}", spend=400.0, purchases=0) for n in range(8)]
    found = of(rows, days_of(purchases=(30, 0.0)))
    assert "no_conversions:account" in found
    assert "anomaly:silent_pixel" not in found


def test_a_fault_nothing_is_delivered_explains_the_ads_that_starve() -> None:
    """An account that stopped has no starved ad."""
    rows = [*good(), ad("idle", spend=1.0, purchases=0, recent_impressions=0)]
    assert "starvation" in of(rows, days_of())
    stopped = of(rows, days_of(spend=(3, 0.0), impressions=(3, 0.0), link_clicks=(3, 0.0), purchases=(3, 0.0)))
    assert "anomaly:zero_spend" in stopped
    assert "starvation" not in stopped


def test_a_fault_disapproved_ads_are_appealed_and_nothing_else() -> None:
    """A winner that Meta stopped is not to be made again."""
    stopped = ad("stopped", spend=400.0, purchases=60, active=False, effective_status="DISAPPROVED")
    found = of([stopped, *good()], days_of())
    assert about(found["anomaly:disapproved_ads"]) == ["stopped"]
    assert found["anomaly:disapproved_ads"].category == "refresh"
    assert [key for key, item in found.items() if "stopped" in about(item)] == ["anomaly:disapproved_ads"]


def test_a_broken_page_is_repaired_before_its_ads_are_cut() -> None:
    """The page explains the cost of its ads; an ad that is off pays for no visit."""
    broken = suspect(landing_status="gone", spend=900.0, purchases=2)
    off = broken | {"ad_id": "off", "active": False}
    found = of([broken, off, *usual()])
    item = found[f"page:{broken['landing_url']}"]
    assert (item.category, item.action, about(item)) == ("congruence_fix", "update_creative", ["suspect"])
    assert item.title == "Repair https://shop.example/offer"
    assert item.money_per_week is not None
    assert item.money_per_week.high == pytest.approx(900 * 7 / 30)
    assert [key for key, one in found.items() if "suspect" in about(one)] == [item.id]
    assert f"page:{broken['landing_url']}" not in of([off, *usual()])


def several(each: int, **columns: Any) -> list[dict[str, Any]]:
    """`each` ads of the same failing page."""
    return [suspect(**columns) | {"ad_id": f"s{n}", "ad_name": f"S {n}"} for n in range(each)]


def test_the_ads_of_a_page_are_told_by_their_sums() -> None:
    """Five ads of one page: money, visits, sales and the comparison are all five's, as the stake is."""
    rows = several(5, landing_status="refused", purchases=3)
    rows[0] |= {"spend": 400.0, "landing_page_views": 237}
    found = analyse(ads(*rows, *usual()), question())
    item = advised(found)["page:https://shop.example/offer"]
    assert about(item) == ["s0", "s1", "s2", "s3", "s4"]
    assert item.why.startswith("The page could not be read (“refused”), and USD 1,600.00 of 5 ads went to it.")
    # 15 of 1,437 visits, against 45 of 720 on other pages.
    assert "15 purchases from 1,437 landing-page views, 1.04 % against 6.25 % elsewhere" in item.why
    assert {hit.metric: hit.value for hit in item.evidence} == pytest.approx(
        {"spend": 1_600.0, "ctr": 350 / 10_000, "cvr": 15 / 1_437}
    )
    cvr = item.evidence[-1]
    assert cvr.low is not None
    assert cvr.high is not None
    assert cvr.low < 15 / 1_437 < cvr.high < 0.0625
    assert item.money_per_week is not None
    assert item.money_per_week.value == pytest.approx(1_600 * 7 / 30 * (1 - 15 / 1_437 / 0.0625))
    assert item.confidence is not None
    assert item.confidence > 0.99
    page = next(one for one in found.found.pages if one.landing_url == "https://shop.example/offer")
    assert page.per_week == pytest.approx(item.money_per_week.value)


def test_the_ads_of_a_page_that_is_gone_are_told_by_their_sums() -> None:
    """That it is gone needs no probability; an ad without a visit is in the money and not in the rate."""
    rows = several(3, landing_status="gone")
    rows[2] |= {"landing_page_views": 0, "link_clicks": 0, "purchases": 0}
    item = of([*rows, *usual()])["page:https://shop.example/offer"]
    assert "The page is gone, and USD 900.00 of 3 ads went to it." in item.why
    assert "Of the 2 that can be compared: 6 purchases from 600 landing-page views" in item.why
    assert item.confidence is None
    assert item.money_per_week is not None
    assert item.money_per_week.high == pytest.approx(900 * 7 / 30)


def test_the_ads_of_a_page_that_costs_are_told_by_their_sums() -> None:
    item = of([*several(2, spend=60.0), *usual()])["page:https://shop.example/offer"]
    assert "does not keep what 2 ads say (2.0 to 2.0 of 5 in all), and it costs: USD 120.00" in item.why
    assert "CTR is at or above that of their cohort (3.50 % against 1.00 %)" in item.why
    assert "6 purchases from 600 landing-page views, 1.00 % against 6.25 % elsewhere" in item.why


def test_a_mismatched_page_costs_what_its_own_ads_lose() -> None:
    """The sentence is of an ad that pays for it, not of a larger one that does not; no step is named beside it."""
    quiet = ad(
        "quiet",
        landing_url=suspect()["landing_url"],
        landing_page_views=60,
        link_clicks=100,
        purchases=18,
        spend=380.0,
        congruence_total=2.0,
        congruence_weakest="offer",
        congruence_weakest_score=1,
        landing_status="ok",
    )
    rows = [suspect(), quiet, *usual(spend=100.0)]
    found = analyse(ads(*rows), question(target_cpa=60.0))
    verdicts = {item.ad_id: item.verdict for item in found.found.congruence}
    assert verdicts == {"suspect": "costs", "quiet": "no_cost_seen"}
    item = advised(found)[f"page:{quiet['landing_url']}"]
    assert about(item) == ["suspect"]
    assert "it costs" in item.why
    detail = next(one.detail for one in found.found.congruence if one.ad_id == "suspect")
    assert item.money_per_week is not None
    assert item.money_per_week.value == pytest.approx(detail["per_week"])
    assert [key for key, one in advised(found).items() if "suspect" in about(one)] == [item.id]


def test_a_title_does_not_carry_a_page_of_address() -> None:
    """An address may have thousands of signs; the whole of it is the cause's key."""
    found = of([suspect(landing_status="http_404", landing_url=LONG_URL), *usual()])
    assert len(found[f"page:{LONG_URL}"].title) < 100


def test_a_worn_ad_gets_a_successor() -> None:
    """What it costs beyond what it cost before, per week; not when it is off, and not beside more budget."""
    found = of([runner("worn", FALLEN), *others()], weeks=WEEKS)
    item = found["fatigue:worn"]
    assert (item.category, item.action, about(item)) == ("refresh", "create_variation", ["worn"])
    assert item.money_per_week is not None
    assert item.money_per_week.value == pytest.approx(100 * 7 / 30 * (1 - 90 / 140), rel=0.02)
    assert 0 < item.money_per_week.low < item.money_per_week.value < item.money_per_week.high
    assert item.confidence is not None
    assert item.confidence > 0.9
    assert "fatigue:worn" not in of([runner("worn", FALLEN, active=False), *others()], weeks=WEEKS)
    winner = of([runner("worn", FALLEN, purchases=40), *others()], weeks=WEEKS)
    assert [key for key, one in winner.items() if "worn" in about(one) and one.category in ("scale", "refresh")] == [
        "fatigue:worn"
    ]
    loser = of([runner("worn", FALLEN, spend=900.0, purchases=4), *others()], weeks=WEEKS)
    assert [key for key, one in loser.items() if "worn" in about(one) and one.category in ("kill", "refresh")] == [
        "cut:worn"
    ]


def test_a_weak_step_is_lifted_where_it_comes_to_something() -> None:
    """The ad that is clicked half as often; of one that is off nothing is asked."""
    rows = [ad(f"usual{n}", spend=400.0, purchases=20, link_clicks=100) for n in range(9)]
    weak = ad("weak", spend=400.0, purchases=18, link_clicks=50)
    found = of([weak, *rows])
    item = found["step:ctr:weak"]
    assert (item.category, item.action, about(item)) == ("iterate", "update_creative", ["weak"])
    assert item.money_per_week is not None
    # Half a click rate is half the money; what fifty clicks leave open is drawn to the cohort.
    assert 0.25 < item.money_per_week.value / (400 * 7 / 30) < 0.5
    assert not [key for key in of([weak | {"active": False}, *rows]) if key.startswith("step:")]


def test_a_price_is_mended_downwards() -> None:
    """A high CPM is the bad one; every other step is a rate, of which more is better."""
    one = of([*USUAL, full("dear", spend=2_000.0)], target_cpa=25.0)
    assert one["step:cpm:dear"].title == "Lower the CPM of “Ad dear”"
    two = of([*USUAL, *USUAL_TOO, full("dear", spend=2_000.0), full("dearer", spend=2_200.0)], target_cpa=25.0)
    assert two["step:cpm"].title == "Lower the CPM of 2 ads"
    rate = of([*USUAL, full("weak", link_clicks=1_000, landing_page_views=800, purchases=40)], target_cpa=25.0)
    assert rate["step:ctr:weak"].title == "Lift the click-through rate of “Ad weak”"


USUAL_TOO = [full(f"more{n}") for n in range(8)]


def labelled(count: int, stage: str, shape: str, **columns: Any) -> list[dict[str, Any]]:
    given: dict[str, Any] = {"awareness": stage, "format": shape, "classified": True, "spend": 400.0, "purchases": 20}
    return [ad(f"{stage}-{shape}-{n}", **(given | columns)) for n in range(count)]


def test_a_gap_is_a_test_with_a_brief() -> None:
    """What is missing beside what works, with what to make and what would settle it."""
    rows = [
        *labelled(5, "problem_aware", "video_ugc", purchases=26),
        *labelled(5, "solution_aware", "image_static", purchases=16),
    ]
    found = [item for item in of(rows).values() if item.category == "coverage_gap"]
    assert 1 <= len(found) <= 5
    for item in found:
        assert (item.action, item.id.startswith("coverage_gap:")) == ("launch_test", True)
        assert item.brief is not None
        assert item.brief["title"] == item.title
        assert item.money_per_week is not None


def test_a_cell_that_one_ad_carries_is_told_once() -> None:
    """As a gap with its price, and not again as an account that hangs on one ad; not at all of an ad that is worn."""
    star = runner("star", spend=400.0, purchases=21, awareness="unaware", format="video_ugc", classified=True)
    rest = [
        part | {"awareness": "problem_aware", "format": "image_static", "classified": True, "spend": 40.0}
        for part in others(6, purchases=1)
    ]
    rest.append(runner("little", spend=10.0, purchases=0, awareness="unaware", format="video_ugc", classified=True))
    found = of([star, *rest], weeks=WEEKS)
    carried = "coverage_gap:unaware:video_ugc"
    assert carried in found
    assert about(found[carried]) == ["star"]
    assert "concentration" not in found
    worn = of([star | {"week_link_clicks": FALLEN}, *rest], weeks=WEEKS)
    assert "fatigue:star" in worn
    assert carried not in worn
    assert "concentration" not in worn


def test_a_label_that_works_is_used_again() -> None:
    """Its examples are ads that stay."""
    better = labelled(10, "problem_aware", "video_ugc", angle="proof", purchases=60)
    cut = [ad("dear", spend=900.0, purchases=5, angle="proof", classified=True)]
    others_ = labelled(10, "problem_aware", "image_static", angle="price", purchases=12)
    item = of([*better, *cut, *others_])["label:angle:proof"]
    assert (item.category, item.action) == ("creative_test", "create_variation")
    assert "dear" not in about(item)
    assert set(about(item)) == {row["ad_id"] for row in better}
    assert item.money_per_week is None


def test_reliance_on_one_ad_asks_for_a_second() -> None:
    """Most of the spend on one ad that runs well; one that is to be cut needs no successor."""
    rest = [ad(f"small{n}", spend=40.0, purchases=2) for n in range(6)]
    item = of([ad("star", spend=800.0, purchases=40), *rest])["concentration"]
    assert (item.category, item.action, about(item)) == ("creative_test", "create_variation", ["star"])
    assert [part.metric for part in item.evidence] == ["top1_share", "effective_creatives"]
    cut = of([ad("star", spend=800.0, purchases=4), *rest])
    assert "cut:star" in cut
    assert "concentration" not in cut


def test_a_start_in_the_window_is_no_reason_for_a_card() -> None:
    """Of ads in learning nothing is recommended by their cost."""
    rows = [
        ad(f"new{n}", created_on=date(2026, 9, 28), learning_status=None, spend=400.0, purchases=0) for n in range(3)
    ]
    found = of([*rows, *good()])
    assert not [item for item in found.values() if {"new0", "new1", "new2"} & set(about(item))]
