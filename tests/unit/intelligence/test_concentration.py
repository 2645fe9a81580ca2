"""Whether too much hangs on too few creatives."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from viraltracker.intelligence import account as accounts
from viraltracker.intelligence.concentration import Reliance, diagnose
from viraltracker.intelligence.diagnoses import RuleStatus

from .build import ad, ads, question


def diagnosed(*rows: dict[str, Any]) -> tuple[RuleStatus, Reliance | None]:
    return diagnose(accounts.read(ads(*rows), question())[0])


def reliance(*rows: dict[str, Any]) -> Reliance:
    found = diagnosed(*rows)[1]
    assert found is not None
    return found


def test_equal_ads_count_as_many_as_there_are() -> None:
    """Ten equal shares are an effective number of ten; nothing fires."""
    found = reliance(*(ad(str(n)) for n in range(10)))
    assert found.effective == pytest.approx(10)
    assert found.top1_share == pytest.approx(0.1)
    assert found.top5_share == pytest.approx(0.5)
    assert not found.fired


def test_one_creative_with_most_of_the_money_fires() -> None:
    """Shares of .5 and five of .1: 1 / (.25 + .05) = 3.33."""
    status, found = diagnosed(ad("big", spend=500.0, ad_name="Hero"), *(ad(str(n)) for n in range(5)))
    assert found is not None
    assert found.effective == pytest.approx(1 / 0.30)
    assert found.fired
    assert status.fired == 1
    assert "50 % of the spend is on one creative, “Hero”" in found.sentence


def test_many_running_ads_that_few_carry_fire() -> None:
    """Four ads with a quarter each and eleven that run without money to speak of."""
    found = reliance(*(ad(f"b{n}", spend=1000.0) for n in range(4)), *(ad(f"s{n}", spend=1.0) for n in range(11)))
    assert found.top1_share < 0.4
    assert found.fired
    assert found.sentence.startswith("Of 15 ads that run few carry the account")


def test_an_account_of_two_ads_is_not_told_that_it_has_two() -> None:
    """With so few ads the largest share says nothing."""
    assert not reliance(ad("a", spend=900.0), ad("b")).fired
    assert not reliance(ad("only")).fired


def test_ads_of_one_creative_count_once() -> None:
    """The same creative in five ad sets is one creative."""
    same = [ad(f"c{n}", input_hashes=["x", "y"]) for n in range(5)]
    found = reliance(*same, *(ad(str(n)) for n in range(5)))
    assert found.creatives == 6
    assert found.top1_share == pytest.approx(0.5)
    assert found.top1_ads == [f"c{n}" for n in range(5)]


def test_old_ads_are_those_that_ran_for_over_thirty_days() -> None:
    """First delivery counts before the day it was made; without either an ad is in neither part."""
    rows = [
        ad("old", first_ever=date(2026, 8, 30), spend=300.0),
        ad("young", first_ever=date(2026, 8, 31), spend=100.0),
        ad("unknown", created_on=None, spend=400.0),
    ]
    found = reliance(*rows)
    assert found.old_share == pytest.approx(0.75)
    assert found.start_known_share == pytest.approx(0.5)


def test_no_spend_is_not_evaluated() -> None:
    """Zero ads, or ads without money."""
    none = accounts.read(pd.DataFrame({"ad_id": []}), question())[0]
    assert not diagnose(none)[0].evaluated
    status, found = diagnosed(ad("a", spend=0.0))
    assert (status.evaluated, status.reason, found) == (False, "No ad spent in this window.", None)


def test_an_import_without_delivery_states_is_judged_by_what_spent() -> None:
    """Nobody knows what runs, so the ads that spent stand for it."""
    found = reliance(*(ad(str(n), active=None, spend=100.0 if n < 3 else 1.0) for n in range(15)))
    assert (found.active, found.fired) == (None, True)


@settings(max_examples=25, deadline=None)
@given(spends=st.lists(st.floats(0.01, 1e6), min_size=1, max_size=20), factor=st.sampled_from([0.01, 150.0]))
def test_neither_currency_nor_order_matters(spends: list[float], factor: float) -> None:
    """Shares are shares."""
    rows = [ad(f"{n:02}", spend=spend) for n, spend in enumerate(spends)]
    one = reliance(*rows)
    other = reliance(*(row | {"spend": row["spend"] * factor} for row in reversed(rows)))
    assert one.effective == pytest.approx(other.effective)
    assert 1 - 1e-9 <= one.effective <= len(rows) + 1e-9
    assert one.fired == other.fired
