"""The effect of a label: against all other ads, with the ad as the unit, and what would settle it."""

from __future__ import annotations

import json
import time
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.power import NormalIndPower

from benchmarks.truth import tags as truth
from viraltracker.intelligence import account, pooling, tags
from viraltracker.intelligence.context import AnalysisContext
from viraltracker.intelligence.plain import plain
from viraltracker.intelligence.tags import TagEffect

from .build import ad, ads, question


def effects(rows: pd.DataFrame, context: AnalysisContext | None = None, **given: Any) -> list[TagEffect]:
    read, _ = account.read(rows, context or question())
    return tags.effects(read, **given)[1]


def one(found: list[TagEffect], value: str | None, kind: str = "angle", outcome: str = "conversions") -> TagEffect:
    return next(item for item in found if (item.kind, item.value, item.outcome) == (kind, value, outcome))


def two_angles(better: int, other: int, each: int = 12) -> pd.DataFrame:
    """`each` ads of two angles, 400 spent on each ad."""
    rows = [ad(f"a{n}", spend=400.0, purchases=better, angle="outcome") for n in range(each)]
    return ads(*rows, *(ad(f"b{n}", spend=400.0, purchases=other, angle="quality") for n in range(each)))


def test_a_better_angle_is_likely_and_the_other_one_likely_worse() -> None:
    """Twice the conversions per money, from many ads alike: the ratio is two, and a half from the other side."""
    found = effects(two_angles(40, 20))
    better, worse = one(found, "outcome"), one(found, "quality")
    assert (better.verdict, worse.verdict) == ("likely_better", "likely_worse")
    assert better.effect == pytest.approx(2.0, rel=0.01)
    assert worse.effect == pytest.approx(0.5, rel=0.01)
    assert (better.low or 9.0) < 2.0 < (better.high or 0.0)
    assert "Ads with the angle “outcome” bring" in better.reason
    assert "not shown to be the cause" in better.reason
    assert (better.ads, better.spend, better.conversions, better.cpa) == (12, 4_800.0, 480.0, 10.0)
    assert better.median_ad_cpa == 10.0


def test_the_estimate_is_the_pooled_contrast_of_the_ads() -> None:
    """The same numbers as the groups give by themselves."""
    rows = two_angles(9, 7)
    item = one(effects(rows), "outcome")
    against = pooling.contrast(
        rows["purchases"].to_numpy(float), rows["spend"].to_numpy(float), np.repeat([0, 1], 12), 2
    )
    assert item.effect == pytest.approx(float(np.exp(against.log_ratio[0])), rel=1e-9)
    assert item.p_better == pytest.approx(float(against.above(1.1)[0]), rel=1e-9)
    assert item.p_worse == pytest.approx(float(against.below(0.9)[0]), rel=1e-9)
    assert item.verdict == "unproven"


def test_one_ad_with_all_the_sales_does_not_make_an_angle() -> None:
    """The best raw average of three ads is one lucky ad's, and the verdict is unproven with a test design."""
    rows = [ad(f"a{n}", spend=400.0, purchases=60 if n == 0 else 10, angle="outcome") for n in range(3)]
    rows += [ad(f"b{n}", spend=400.0, purchases=20 + n % 3, angle="quality") for n in range(12)]
    item = one(effects(ads(*rows)), "outcome")
    assert (item.cpa or 99.0) < 20
    assert item.verdict == "unproven"
    assert item.test is not None
    assert item.test["ads_per_arm"] > 3


def test_ads_without_a_conversion_stay_in() -> None:
    """Eight silent ads with ten times T each make their angle worse; left out, it would have nothing against it."""
    rows = [ad(f"a{n}", spend=200.0, purchases=0, angle="outcome") for n in range(8)]
    rows += [ad(f"b{n}", spend=200.0, purchases=10, angle="quality") for n in range(8)]
    item = one(effects(ads(*rows)), "outcome")
    assert item.verdict == "likely_worse"
    assert (item.cpa, item.conversions) == (None, 0.0)
    assert (item.high or 9.0) < 0.5


def test_unclear_and_absent_labels_are_counted_but_compared_with_nothing() -> None:
    """They are no tag, not part of the others, and together with the tags they are the whole account."""
    rows = two_angles(40, 20)
    more = ads(ad("u", angle="unclear", spend=9_999.0, purchases=0), ad("n", spend=50.0, purchases=0))
    found = effects(pd.concat([rows, more], ignore_index=True))
    assert one(found, "unclear").verdict == one(found, None).verdict == "not_evaluated"
    assert "unclear" in one(found, "unclear").reason
    assert one(found, "outcome").effect == one(effects(rows), "outcome").effect
    angles = [item for item in found if item.kind == "angle" and item.outcome == "conversions"]
    assert sum(item.ads for item in angles) == len(rows) + 2
    assert sum(item.spend for item in angles) == pytest.approx(float(rows["spend"].sum()) + 10_049.0)


def test_clicks_and_views_are_compared_too_and_pictures_have_no_views() -> None:
    """CTR by impressions; hook rate of videos only, whatever a picture's row says."""
    rows = [ad(f"a{n}", link_clicks=300 + n, video_3s=3_000, hook="question", media_type="video") for n in range(8)] + [
        ad(f"b{n}", link_clicks=100 + n, video_3s=1_500, hook="claim", media_type="video") for n in range(8)
    ]
    rows += [ad(f"c{n}", link_clicks=100, video_3s=0, hook="claim", media_type="image") for n in range(8)]
    found = effects(ads(*rows), phi=1.5)
    clicks, views = (one(found, "question", "hook", outcome) for outcome in ("ctr", "hook"))
    assert clicks.verdict == views.verdict == "likely_better"
    assert clicks.effect == pytest.approx(3.0, rel=0.1)
    assert views.effect == pytest.approx(2.0, rel=0.05)
    assert (clicks.compared, one(found, "claim", "hook", "ctr").compared) == (8, 16)
    assert one(found, "claim", "hook", "hook").compared == 8


def test_what_is_not_evaluated_says_why() -> None:
    """No labels, one value only, one ad, little spend, no conversions, learning, another objective, no ads."""
    assert "label" in str(status(ads(ad("1"), ad("2"))).reason)
    assert "nothing to compare" in str(status(ads(*(ad(f"{n}", angle="outcome") for n in range(5)))).reason)
    alone = effects(pd.concat([two_angles(40, 20), ads(ad("x", angle="urgency"))], ignore_index=True))
    assert one(alone, "urgency").reason.startswith("1 ad past learning")
    little = [ad(f"x{n}", angle="urgency", spend=1.0, purchases=0) for n in range(2)]
    found = effects(pd.concat([two_angles(40, 20), ads(*little)], ignore_index=True))
    assert "Not enough data" in one(found, "urgency").reason
    assert one(effects(two_angles(0, 0)), "outcome").reason.startswith("There are no purchases")
    learning = two_angles(40, 20).assign(learning_status="LEARNING")
    assert not status(learning).evaluated
    assert status(learning).ads_not_evaluated == 24
    reach = two_angles(40, 20).assign(objective="REACH")
    assert "does not" in str(status(reach).reason) or "No ad" in str(status(reach).reason)
    assert status(pd.DataFrame({"ad_id": []})).reason == "There are no ads."
    unspent = two_angles(0, 0).assign(spend=0.0, impressions=0)
    assert not status(unspent).evaluated


def status(rows: pd.DataFrame) -> Any:
    read, _ = account.read(rows, question())
    result, found = tags.effects(read)
    assert result.evaluated or all(item.verdict == "not_evaluated" for item in found)
    assert result.ads_evaluated + result.ads_not_evaluated == len(rows)
    return result


def test_q_values_are_benjamini_and_hochbergs_over_everything_compared() -> None:
    """All kinds and outcomes in one set, as SciPy adjusts them."""
    random = np.random.default_rng(3)
    rows = [
        ad(f"{n}", spend=400.0, purchases=int(random.poisson(20)), link_clicks=int(random.poisson(100)))
        | {"angle": f"angle {n % 5}", "hook": f"hook {n % 3}"}
        for n in range(60)
    ]
    compared = [item for item in effects(ads(*rows)) if item.p_value is not None]
    assert len(compared) == 2 * (5 + 3)
    given_values = np.array([item.p_value for item in compared], dtype=np.float64)
    expected = stats.false_discovery_control(given_values, method="bh")
    np.testing.assert_allclose(np.array([item.q_value for item in compared], dtype=np.float64), expected, rtol=1e-12)


def test_the_test_design_has_its_power() -> None:
    """As many ads as statsmodels finds for two means with this variance, one more where it is no whole number."""
    design = tags.settling_test(0.16, 1.0, 20.0, "USD")
    assert design is not None
    assert design["spend_per_ad"] == pytest.approx(20.0 / 0.16)
    deviation = np.sqrt(0.16 + 0.16)
    needed = NormalIndPower().solve_power(effect_size=np.log(1.2) / deviation, alpha=0.10, power=0.80)
    assert design["ads_per_arm"] == int(np.ceil(needed))
    assert design["spend_total"] == pytest.approx(2 * design["ads_per_arm"] * design["spend_per_ad"])
    assert tags.settling_test(0.0, 1.0, 20.0, "USD")["spend_per_ad"] == 50 * 20.0  # type: ignore[index]
    assert tags.settling_test(9.0, 1.0, 20.0, "USD")["spend_per_ad"] == 3 * 20.0  # type: ignore[index]
    assert tags.settling_test(0.16, 1.0, None, "USD") is None


def test_money_whose_conversions_have_not_arrived_is_no_failure() -> None:
    """An angle whose money is mostly of the last days is compared by what has matured."""
    rows = two_angles(20, 20)
    rows.loc[rows["angle"] == "outcome", ["purchases", "matured_spend"]] = [10, 200.0]
    assert one(effects(rows), "outcome").effect == pytest.approx(1.0, rel=0.01)
    assert one(effects(rows.drop(columns="matured_spend")), "outcome").verdict == "likely_worse"


labelled = st.lists(
    st.tuples(
        st.integers(0, 3_000),
        st.integers(0, 80),
        st.sampled_from(["outcome", "quality", "unclear", None]),
        st.sampled_from(["question", None]),
    ),
    max_size=25,
)


def frame_of(rows: list[tuple[int, int, str | None, str | None]], scale: float = 1.0) -> pd.DataFrame:
    if not rows:
        return pd.DataFrame({"ad_id": []})
    return ads(
        *(
            ad(f"{n:02}", spend=spend * scale, purchases=sold, angle=angle, hook=hook)
            for n, (spend, sold, angle, hook) in enumerate(rows)
        )
    )


@settings(max_examples=20, deadline=None)
@given(rows=labelled, power=st.integers(-8, 12), seed=st.integers(0, 9))
def test_money_and_order_change_no_verdict(
    rows: list[tuple[int, int, str | None, str | None]], power: int, seed: int
) -> None:
    """The currency and the order of the ads are nobody's business; every result is strict JSON."""
    before = effects(frame_of(rows))
    json.dumps(plain(before), allow_nan=False)
    other = frame_of(rows, 2.0**power).sample(frac=1, random_state=seed)
    after = effects(other, question(target_cpa=20.0 * 2.0**power))
    key = [(item.kind, item.value, item.outcome, item.verdict) for item in before]
    assert [(item.kind, item.value, item.outcome, item.verdict) for item in after] == key
    for ours, theirs in zip(before, after, strict=True):
        assert (ours.p_better or 0.0) == pytest.approx(theirs.p_better or 0.0, rel=1e-6, abs=1e-9)


@settings(max_examples=15, deadline=None)
@given(rows=labelled, spend=st.sampled_from([1e-6, 1e9, 1e15]), sold=st.sampled_from([0, 1, 10**7]))
def test_absurd_numbers_give_strict_json(
    rows: list[tuple[int, int, str | None, str | None]], spend: float, sold: int
) -> None:
    """No exception, NaN or infinity beside an ad that cannot be real."""
    odd = ads(ad("odd", spend=spend, purchases=sold, angle="outcome", impressions=0, link_clicks=10**9))
    json.dumps(plain(effects(pd.concat([frame_of(rows), odd], ignore_index=True))), allow_nan=False)


def test_ten_thousand_ads_take_a_moment() -> None:
    """Processor time, as other work may share the machine; the budget of a rule is 0.2 s."""
    random = np.random.default_rng(0)
    rows = pd.DataFrame({"ad_id": [str(n) for n in range(10_000)], "spend": random.lognormal(5, 1, 10_000)})
    rows = rows.assign(
        purchases=random.poisson(rows["spend"] / 20), impressions=10_000, link_clicks=100, learning_status="SUCCESS"
    )
    for kind in tags.KINDS:
        rows[kind] = [f"{kind} {n}" for n in random.integers(0, 13, 10_000)]
    read, _ = account.read(rows, question())
    tags.effects(read)
    start = time.process_time()
    tags.effects(read)
    assert time.process_time() - start < 0.5


def test_null_angles_are_rarely_called_and_intervals_cover() -> None:
    """On simulated accounts whose truth is known: at most 10 % each way, and 90 ± 3 % of the intervals."""
    findings = truth.simulate(30, 10)
    assert findings.better[:, 1:].mean() <= 0.10
    assert findings.worse[:, 1:].mean() <= 0.10
    assert 0.87 <= findings.covered.mean() <= 0.93
    assert findings.better[:, 0].mean() > 5 * findings.better[:, 1:].mean()
