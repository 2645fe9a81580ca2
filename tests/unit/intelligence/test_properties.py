"""What must hold for any account: plain numbers, no dependence on currency or on unrelated ads."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from viraltracker.intelligence.analyse import analyse
from viraltracker.intelligence.frame import METRICS

from .build import ad, ads, question

amounts = st.one_of(
    st.none(), st.just(0), st.integers(0, 10**7), st.sampled_from([float("nan"), float("inf"), -3.0, 1e-6, 1e15])
)
odd_rows = st.fixed_dictionaries(
    dict.fromkeys((*METRICS, "prior_spend", "prior_impressions", "prior_purchases", "recent_impressions"), amounts)
    | {
        "objective": st.sampled_from([None, "OUTCOME_SALES", "REACH", "NEW_OBJECTIVE"]),
        "media_type": st.sampled_from([None, "video", "image"]),
        "active": st.sampled_from([None, True, False]),
        "learning_status": st.sampled_from([None, "LEARNING", "FAIL"]),
        "created_on": st.sampled_from([None, date(2026, 9, 28), date(2020, 1, 1), date(2027, 1, 1)]),
        "first_day": st.sampled_from([None, date(2026, 9, 1), date(2026, 9, 20)]),
        "result_type": st.sampled_from([None, "purchase", "Link clicks", "lead"]),
        "awareness": st.sampled_from([None, "unclear", "unaware"]),
        "classified": st.sampled_from([None, True, False]),
        "input_hashes": st.sampled_from([None, [], ["a"], ["a", "b"]]),
    }
)


@settings(max_examples=30, deadline=None)
@given(
    rows=st.lists(odd_rows, max_size=12),
    goal=st.sampled_from(["purchase", "lead", "app_install"]),
    target=st.sampled_from([None, 20.0, 0.0]),
    roas=st.sampled_from([None, 2.0]),
    daily=st.booleans(),
)
def test_any_frame_gives_strict_json(
    rows: list[dict[str, Any]], goal: str, target: float | None, roas: float | None, daily: bool
) -> None:
    """No exception, NaN or infinity, every ad has exactly one verdict, and every rule accounts for every ad."""
    frame = pd.DataFrame([{"ad_id": str(n)} | row for n, row in enumerate(rows)], columns=None if rows else ["ad_id"])
    analysis = analyse(frame, question(goal=goal, target_cpa=target, target_roas=roas, daily=daily))
    json.dumps(analysis.as_dict(), allow_nan=False)
    assert sorted(verdict.ad_id for verdict in analysis.verdicts) == sorted(str(n) for n in range(len(rows)))
    assert all(status.ads_evaluated + status.ads_not_evaluated == len(rows) for status in analysis.rules)
    assert all(verdict.reason for verdict in analysis.verdicts)


accounts = st.lists(
    st.tuples(st.integers(0, 2_000), st.integers(0, 60), st.sampled_from(["video", "image"])), min_size=1, max_size=25
)


def frame_of(account: list[tuple[int, int, str]], scale: float = 1.0) -> pd.DataFrame:
    return ads(
        *(
            ad(f"{n:03}", spend=spend * scale, purchases=sales, media_type=media, purchase_value=40.0 * sales * scale)
            for n, (spend, sales, media) in enumerate(account)
        )
    )


@settings(max_examples=20, deadline=None)
@given(account=accounts, power=st.integers(-10, 14), with_target=st.booleans())
def test_the_currency_changes_no_verdict(account: list[tuple[int, int, str]], power: int, with_target: bool) -> None:
    """An account in yen is judged as the same account in dollars; factors of two keep the arithmetic exact."""
    scale = 2.0**power
    dollars = analyse(frame_of(account), question(target_cpa=20.0 if with_target else None))
    other = analyse(
        frame_of(account, scale), question(target_cpa=20.0 * scale if with_target else None, currency="JPY")
    )
    assert [verdict.verdict for verdict in other.verdicts] == [verdict.verdict for verdict in dollars.verdicts]
    np.testing.assert_allclose(
        [verdict.probability or 0.0 for verdict in other.verdicts],
        [verdict.probability or 0.0 for verdict in dollars.verdicts],
        rtol=1e-9,
        atol=1e-12,
    )
    assert [item.id for item in other.recommendations] == [item.id for item in dollars.recommendations]


@settings(max_examples=20, deadline=None)
@given(account=accounts, spend=st.integers(0, 5_000), sales=st.integers(0, 400))
def test_an_unrelated_ad_changes_nothing_outside_its_cohort(
    account: list[tuple[int, int, str]], spend: int, sales: int
) -> None:
    """With a target set, ads in a cohort that stands alone do not care who else is in the account."""
    videos = [(400 + part, sold, "video") for part, sold, _ in account] + [(400, 20, "video")] * 8
    frame = frame_of(videos)
    stranger = ads(ad("stranger", spend=float(spend), purchases=sales, media_type="image", objective="OUTCOME_SALES"))
    alone = {verdict.ad_id: verdict for verdict in analyse(frame, question()).verdicts}
    joined = {verdict.ad_id: verdict for verdict in analyse(pd.concat([frame, stranger]), question()).verdicts}
    assert {key: value for key, value in joined.items() if key != "stranger"} == alone
