"""A page that does not keep what its ads promise is flagged where the numbers show it, and a broken one always."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from viraltracker.intelligence import account, baselines, congruence, page_sums
from viraltracker.intelligence.diagnoses import Diagnosis, RuleStatus
from viraltracker.intelligence.plain import plain

from .build import ad, ads, question

PAGE = "https://shop.example/offer"


def diagnose(rows: pd.DataFrame) -> tuple[RuleStatus, list[Diagnosis]]:
    read, _ = account.read(rows, question())
    return congruence.diagnose(read, baselines.assign(read))


def usual(**columns: Any) -> list[dict[str, Any]]:
    """Nine ads of nine other pages, compared and found to fit: 5 purchases from 80 landing-page views each."""
    given = {"landing_page_views": 80, "congruence_total": 4.5, "congruence_weakest_score": 4, "landing_status": "ok"}
    return [ad(f"usual{n}", landing_url=f"https://shop.example/{n}", **(given | columns)) for n in range(9)]


def suspect(**columns: Any) -> dict[str, Any]:
    """An ad that fits badly, is clicked more than others and sells nothing to 300 visitors."""
    given: dict[str, Any] = {
        "landing_url": PAGE,
        "landing_page_views": 300,
        "link_clicks": 350,
        "purchases": 3,
        "spend": 300.0,
        "congruence_total": 2.0,
        "congruence_weakest": "offer",
        "congruence_weakest_score": 1,
        "landing_status": "ok",
    }
    return ad("suspect", **(given | columns))


def test_words_that_disagree_and_numbers_that_show_it_cost() -> None:
    """CTR above, sales after landing below: money is the spend of a week times the shortfall."""
    status, found = diagnose(ads(suspect(), *usual()))
    (item,) = found
    assert (item.id, item.verdict, item.rule) == ("congruence:suspect", "costs", "congruence")
    assert (status.ads_evaluated, status.fired) == (10, 1)
    shortfall = 1 - (3 / 300) / (45 / 720)
    assert item.detail["per_week"] == pytest.approx(300.0 * 7 / 30 * shortfall)
    assert item.detail["per_week_low"] < item.detail["per_week"] < item.detail["per_week_high"]
    assert item.detail["cohort_cvr"] == pytest.approx(45 / 720)
    own, others = stats.gamma(3.5, scale=1 / (300 + 0.5 / (45 / 720))), stats.gamma(45.5, scale=1 / 720)
    expected = stats.norm.expect(lambda z: own.cdf(others.ppf(stats.norm.cdf(z))))
    assert item.probability == pytest.approx(expected, rel=1e-6)
    assert "offer" in item.reason
    assert "1.00 % against 6.25 % elsewhere" in item.reason


def test_a_mismatch_that_nobody_minds_has_no_cost_seen() -> None:
    """The same words where visitors buy as elsewhere, and where nobody clicks in the first place."""
    for calm in (suspect(purchases=19), suspect(link_clicks=20, landing_page_views=18, purchases=0)):
        status, (item,) = diagnose(ads(calm, *usual()))
        assert item.verdict == "no_cost_seen"
        assert item.detail["per_week"] is None
        assert "no cost seen yet" in item.reason
        assert status.fired == 0


def test_a_new_ads_week_is_a_week_of_its_own_days() -> None:
    """Ten days old and 300 spent is 210 a week, not a third of it; the loss is never beyond its own interval."""
    young = suspect(
        first_day=date(2026, 9, 21),
        created_on=date(2026, 9, 1),
        prior_impressions=None,
        purchases=0,
        landing_status="gone",
    )
    (item,) = diagnose(ads(young, *usual()))[1]
    assert item.detail["per_week_high"] == pytest.approx(210.0)
    (silent,) = diagnose(ads(suspect(purchases=0), *usual()))[1]
    assert silent.detail["per_week_low"] < silent.detail["per_week"] <= silent.detail["per_week_high"]


def test_numbers_alone_say_nothing_of_the_words() -> None:
    """An ad that sells badly to many, with a page that fits, is no matter of congruence."""
    assert diagnose(ads(suspect(congruence_total=4.0, congruence_weakest_score=3), *usual()))[1] == []


def test_the_same_pages_other_ads_do_not_make_it_usual() -> None:
    """Twenty ads that lead to the failing page: each is held against the ads that lead elsewhere."""
    many = [suspect() | {"ad_id": f"s{n}"} for n in range(20)]
    _, found = diagnose(ads(*many, *usual()))
    assert {item.verdict for item in found} == {"costs"}
    assert all(item.detail["cohort_cvr"] == pytest.approx(45 / 720) for item in found)
    read, _ = account.read(ads(*many, *usual()), question())
    (page,) = page_sums.pages(read, found)
    assert (page.landing_url, page.ads, page.verdict, len(page.diagnosed)) == (PAGE, 20, "costs", 20)
    assert page.per_week == pytest.approx(sum(item.detail["per_week"] for item in found))
    assert page.spend == 6_000.0


def test_link_clicks_stand_in_where_no_landing_page_views_are_reported() -> None:
    """Both sides by clicks then."""
    rows = ads(suspect(), *usual()).drop(columns="landing_page_views")
    _, (item,) = diagnose(rows)
    assert item.detail["after"] == "link_clicks"
    assert item.detail["cohort_cvr"] == pytest.approx(45 / 900)


def test_visits_whose_purchases_have_not_arrived_do_not_count_against_a_page() -> None:
    """Three purchases from the 40 views that have matured are as many as elsewhere."""
    rows = ads(suspect(matured_landing_page_views=40.0), *usual())
    assert diagnose(rows)[1][0].verdict == "no_cost_seen"


@pytest.mark.parametrize(
    ("status", "columns", "broken"),
    [
        ("gone", {"purchases": 19}, True),
        ("failed", {"purchases": 0}, True),
        ("failed", {"purchases": 19}, False),
        ("refused", {"purchases": 0}, True),
        ("refused", {"purchases": 19}, False),
        ("failed", {"purchases": 0, "spend": 0.0}, False),
    ],
)
def test_a_page_that_does_not_open_is_broken_unless_its_visitors_buy(
    status: str, columns: dict[str, Any], broken: bool
) -> None:
    """A block or robots.txt stops a reader of pages and no buyer, so the numbers have a say; a page gone is gone."""
    words = {"congruence_total": None, "congruence_weakest_score": None}
    result, found = diagnose(ads(suspect(landing_status=status, **words, **columns), *usual()))
    assert [item.verdict for item in found] == (["page_broken"] if broken else [])
    assert result.evaluated
    if broken:
        assert found[0].detail["per_week_high"] > 0


def test_what_is_not_evaluated_says_why() -> None:
    """No ads, nothing compared, no conversions at all, learning, and nobody to be held against."""
    assert diagnose(pd.DataFrame({"ad_id": []}))[0].reason == "There are no ads."
    assert "compared" in str(diagnose(ads(ad("1")))[0].reason)
    for rows in (
        ads(suspect(), *usual(purchases=0)).assign(purchases=0),
        ads(suspect(), *usual()).assign(learning_status="LEARNING"),
        ads(suspect(), *usual()).assign(objective="REACH"),
        ads(suspect(), *usual()).assign(link_clicks=0, landing_page_views=0),
        ads(suspect()),
    ):
        status, found = diagnose(rows)
        assert (status.evaluated, found) == (False, [])
        assert status.reason


odd = st.sampled_from([None, 0, 1, 50, 10**6, 1e-6])
pages = st.fixed_dictionaries(
    {"landing_page_views": odd, "link_clicks": odd, "impressions": odd, "spend": odd, "purchases": odd}
    | {"landing_status": st.sampled_from([None, "ok", "gone", "failed", "refused"])}
    | {"landing_url": st.sampled_from([None, "a", "b"]), "congruence_total": st.sampled_from([None, 1.0, 5.0])}
    | {"congruence_weakest_score": st.sampled_from([None, 0, 5])}
)


@settings(max_examples=50, deadline=None)
@given(rows=st.lists(pages, max_size=10), seed=st.integers(0, 5))
def test_any_rows_give_strict_json_in_any_order(rows: list[dict[str, Any]], seed: int) -> None:
    """No exception, NaN or infinity; the order of ads changes nothing; every ad is evaluated or not."""
    frame = ads(*(ad(f"{n:02}", **row) for n, row in enumerate(rows))) if rows else pd.DataFrame({"ad_id": []})
    status, found = diagnose(frame)
    read, _ = account.read(frame, question())
    json.dumps(plain([found, page_sums.pages(read, found)]), allow_nan=False)
    assert status.ads_evaluated + status.ads_not_evaluated == len(rows)
    _, again = diagnose(frame.sample(frac=1, random_state=seed))
    assert {item.id: item.verdict for item in again} == {item.id: item.verdict for item in found}
