"""What has not been tried: cells of stage and format, and the briefs made from them."""

from __future__ import annotations

import json
import math
from typing import Any, get_args

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from viraltracker.creatives import taxonomy
from viraltracker.intelligence import account, gaps, tags
from viraltracker.intelligence.cells import Cell
from viraltracker.intelligence.diagnoses import RuleStatus
from viraltracker.intelligence.gaps import Gaps
from viraltracker.intelligence.plain import plain

from .build import ad, ads, question

USED = ("video_ugc", "image_static")


def find(rows: pd.DataFrame, **given: Any) -> tuple[RuleStatus, Gaps]:
    read, _ = account.read(rows, question(**given))
    return gaps.find(read, tags.effects(read)[1], USED)


def cell(found: Gaps, awareness: str, shape: str) -> Cell:
    return next(item for item in found.cells if (item.awareness, item.format) == (awareness, shape))


def group(name: str, awareness: str, shape: str, each: int, **columns: Any) -> list[dict[str, Any]]:
    """`each` ads of a cell; 400 spent on each unless given."""
    given = {"spend": 400.0, "purchases": 20, "awareness": awareness, "format": shape} | columns
    return [ad(f"{name}{n}", **given) for n in range(each)]


def test_the_core_formats_are_labels_of_the_taxonomy() -> None:
    """A brief must not ask for what no reader could ever find."""
    assert set(gaps.CORE_FORMATS) <= set(get_args(taxonomy.Format)) - {"other", "unclear"}


def test_every_cell_has_one_of_four_states() -> None:
    """Untested is not the same as tested and weak; T is 20."""
    rows = group("good", "unaware", "video_ugc", 8, purchases=45)
    rows += group("weak", "unaware", "image_static", 8, purchases=6)
    rows += group("open", "problem_aware", "video_ugc", 3, purchases=20)
    rows += group("one", "problem_aware", "image_static", 1)
    rows += group("poor", "most_aware", "video_ugc", 5, spend=11.0, purchases=0)
    status, found = find(ads(*rows))
    states = {(item.awareness, item.format): item.state for item in found.cells}
    assert status.evaluated
    assert len(states) == 5 * 2
    assert states["unaware", "video_ugc"] == "TESTED_GOOD"
    assert states["unaware", "image_static"] == "TESTED_WEAK"
    assert states["problem_aware", "video_ugc"] == "TESTED_UNCLEAR"
    assert states["problem_aware", "image_static"] == "UNTESTED", "one ad"
    assert states["most_aware", "video_ugc"] == "UNTESTED", "five ads with under 3 T"
    assert states["product_aware", "video_ugc"] == "UNTESTED", "no ad"
    good = cell(found, "unaware", "video_ugc")
    assert (good.ads, good.active, good.tested, good.conversions) == (8, 8, 8, 360.0)
    assert good.cpa == pytest.approx(3_200 / 360)
    assert (good.low or 99.0) < 3_200 / 360 < (good.high or 0.0)
    assert good.probability is not None
    assert good.certainty == good.probability > 0.9


def test_a_wide_interval_says_whether_sales_or_ads_are_few() -> None:
    """Twice two sales leave the rate open; a thousand sales of two ads leave open what a third would do."""
    rows = group("many", "unaware", "video_ugc", 9, purchases=30)
    rows += group("few", "problem_aware", "video_ugc", 2, spend=60.0, purchases=2)
    _, found = find(ads(*rows))
    assert cell(found, "unaware", "video_ugc").wide_because is None
    assert cell(found, "product_aware", "video_ugc").wide_because is None
    assert cell(found, "problem_aware", "video_ugc").wide_because == "only 4 purchases to go by"
    rows = [
        ad(f"p{n}", spend=8_000.0, purchases=sold, awareness="most_aware", format=shape)
        for shape in USED
        for n, sold in ((f"{shape}1", 900), (f"{shape}2", 100))
    ]
    _, found = find(ads(*rows))
    differ = cell(found, "most_aware", "image_static").wide_because
    assert differ is not None
    assert differ.startswith("only 2 ads to go by, and costs of single ads differ by about")


def test_three_targets_of_spend_on_two_ads_are_a_test() -> None:
    """The boundary counts as tested: 60 at a T of 20."""
    rest = group("x", "unaware", "video_ugc", 4)
    _, found = find(ads(*rest, *group("a", "most_aware", "image_static", 2, spend=30.0, purchases=1)))
    assert cell(found, "most_aware", "image_static").state != "UNTESTED"
    _, found = find(ads(*rest, *group("a", "most_aware", "image_static", 2, spend=29.9, purchases=1)))
    assert cell(found, "most_aware", "image_static").state == "UNTESTED"


def test_a_cell_that_one_ad_carries_is_a_single_point_and_a_gap() -> None:
    """Ninety of a hundred conversions on one of three ads, in a cell that is cheap."""
    rows = group("x", "unaware", "video_ugc", 6, purchases=15)
    rows += [ad("star", spend=900.0, purchases=90, awareness="most_aware", format="image_static", angle="urgency")]
    rows += group("y", "most_aware", "image_static", 2, spend=100.0, purchases=5)
    _, found = find(ads(*rows))
    carried = cell(found, "most_aware", "image_static")
    assert carried.single_point
    assert carried.carried_by == "star"
    assert not cell(found, "unaware", "video_ugc").single_point
    gap = next(item for item in found.gaps if item.kind == "single_point")
    assert gap.id == "coverage_gap:most_aware:image_static"
    assert gap.brief.based_on == ["star"]
    assert (gap.brief.angle, gap.brief.budget_to_learn) == ("urgency", 3 * 3 * 20.0)
    assert "90 % of the purchases" in gap.brief.why


def test_an_untested_cell_comes_with_a_brief_from_its_neighbours() -> None:
    """The angle and the ads that did best nearby, three ads of 3 T, and the counts that would settle it."""
    rows = group("best", "problem_aware", "image_static", 6, purchases=40, angle="outcome", hook="question")
    rows += group("poor", "problem_aware", "image_static", 6, purchases=12, angle="quality", hook="claim")
    rows += group("else", "unaware", "video_ugc", 6, purchases=20, angle="quality", hook="claim")
    _, found = find(ads(*rows))
    gap = next(item for item in found.gaps if item.id == "coverage_gap:problem_aware:video_ugc")
    brief = gap.brief
    assert (brief.angle, brief.hook) == ("outcome", "question")
    assert brief.based_on
    assert all(name.startswith("best") for name in brief.based_on)
    assert brief.budget_to_learn == 180.0
    assert "USD 180.00" in brief.would_settle
    assert gap.low < gap.expected < gap.high
    assert "No ad has been tried here" in brief.why


def test_a_gap_says_why_its_test_pays_and_not_that_it_will_cost_more() -> None:
    """The chance, what it wins then, and what it loses else; what is won on average is the chance times that."""
    rows = group("best", "problem_aware", "image_static", 6, purchases=40)
    rows += group("else", "unaware", "video_ugc", 6, purchases=20)
    _, found = find(ads(*rows))
    gap = next(item for item in found.gaps if item.id == "coverage_gap:problem_aware:video_ugc")
    why = gap.brief.why
    assert "would cost about" not in why
    assert f"the chance is {gap.chance * 100:.0f} % that a purchase costs less there than the USD 13." in why
    assert f"would gain about USD {gap.value_per_week / gap.chance:,.2f} a week; if not, the test is stopped at" in why
    assert gap.chance == pytest.approx(stats.norm.cdf(math.log(gap.expected) / deviation(gap)))


def deviation(gap: gaps.Gap) -> float:
    """Of the logarithm of the ratio, from its 90 % interval."""
    return (math.log(gap.high) - math.log(gap.low)) / 2 / float(stats.norm.ppf(0.95))


def test_a_cell_that_is_hardly_ever_better_is_no_gap() -> None:
    """Ten ads of a stage and ten of a format that sell badly leave less than one chance in four."""
    rows = group("bad", "unaware", "image_static", 10, purchases=6)
    rows += group("dear", "problem_aware", "video_ugc", 10, purchases=6)
    rows += group("good", "problem_aware", "image_static", 10, purchases=40)
    _, found = find(ads(*rows))
    assert cell(found, "unaware", "video_ugc").state == "UNTESTED"
    assert "coverage_gap:unaware:video_ugc" not in [item.id for item in found.gaps]
    assert all(item.chance >= gaps.LEAST_CHANCE for item in found.gaps)


def test_the_counts_that_settle_a_test_are_those_of_its_own_rule() -> None:
    """At the count that is said to make a cell good, P(CPA ≤ T) is .90 or more; one fewer does not."""
    rows = group("x", "unaware", "video_ugc", 4)
    read, _ = account.read(ads(*rows), question())
    found = gaps.find(read, tags.effects(read)[1], USED)[1].gaps[0].brief.would_settle
    good = int(found.split(" purchases or more")[0].split()[-1])
    spread = 0.16  # hand-computed: four ads alike find none, and are drawn to the usual with four ads' weight
    spread = (0.0 * 3 + 4 * spread) / (3 + 4)

    def at_target(count: int) -> float:
        size = 1 / (1 / (count + 0.5) + spread / 3)
        return float(stats.gamma(size, scale=(count + 0.5) / 180 / size).sf(1 / 20))

    assert at_target(good) >= 0.90 > at_target(good - 1)


def test_at_most_five_gaps_and_not_all_of_one_stage() -> None:
    """Most valuable first; what one stage spends can be won only once."""
    read, _ = account.read(ads(*group("x", "unaware", "video_ugc", 6)), question())
    found = gaps.find(read, tags.effects(read)[1])[1].gaps
    assert len(found) == 5
    assert [item.value_per_week for item in found] == sorted((item.value_per_week for item in found), reverse=True)
    assert len({item.awareness for item in found}) >= 3


def test_two_ads_that_run_are_a_test_under_way() -> None:
    """A cell whose first two ads have just begun is untested, and no gap."""
    rows = group("x", "unaware", "video_ugc", 6) + group(
        "new", "unaware", "image_static", 2, spend=10.0, purchases=0, learning_status="LEARNING"
    )
    _, found = find(ads(*rows))
    assert cell(found, "unaware", "image_static").state == "UNTESTED"
    assert "coverage_gap:unaware:image_static" not in [item.id for item in found.gaps]


def test_what_cannot_be_judged_says_so() -> None:
    """No ads, no labels, no price: no gaps, and the reason; ads outside of every cell are counted."""
    status, found = find(pd.DataFrame({"ad_id": []}))
    assert (status.evaluated, status.reason, found.gaps) == (False, "There are no ads.", [])
    status, found = find(ads(ad("1"), ad("2", awareness="unclear", format="video_ugc")))
    assert not status.evaluated
    assert (found.unlabelled, found.unlabelled_spend) == (2, 200.0)
    status, found = find(ads(*group("x", "unaware", "video_ugc", 3, purchases=0)), target_cpa=None)
    assert not status.evaluated
    assert found.reason
    assert cell(found, "unaware", "video_ugc").state == "TESTED_UNCLEAR"


labels = st.sampled_from(["unaware", "problem_aware", "unclear", None])
accounts = st.lists(
    st.tuples(st.integers(0, 2_000), st.integers(0, 60), labels, st.sampled_from([*USED, "unclear", None])),
    min_size=1,
    max_size=20,
)


@settings(max_examples=25, deadline=None)
@given(given_ads=accounts, power=st.integers(-8, 12))
def test_cells_add_up_and_the_currency_changes_no_state(
    given_ads: list[tuple[int, int, str | None, str | None]], power: int
) -> None:
    """Cells and the unlabelled are the whole account; yen say what dollars say."""

    def build(scale: float) -> pd.DataFrame:
        return ads(
            *(
                ad(f"{n:02}", spend=spend * scale, purchases=sold, awareness=stage, format=shape)
                for n, (spend, sold, stage, shape) in enumerate(given_ads)
            )
        )

    _, found = find(build(1.0))
    json.dumps(plain(found), allow_nan=False)
    assert sum(item.ads for item in found.cells) + found.unlabelled == len(given_ads)
    _, other = find(build(2.0**power), target_cpa=20.0 * 2.0**power)
    assert [item.state for item in other.cells] == [item.state for item in found.cells]
    assert [item.id for item in other.gaps] == [item.id for item in found.gaps]
