"""No name of the code stands on a screen: rules and metrics have those of their definitions."""

from __future__ import annotations

import pytest

from viraltracker.intelligence import names


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("winner_loser", "Verdict"),
        ("cpa_drivers", "Why the CPA moved"),
        ("bottleneck", "What to fix first"),
        ("spend_without_conversions", "Spend without a conversion"),
        ("concentration", "Concentration"),
    ],
)
def test_a_rule_is_called_as_it_is_defined(rule: str, said: str) -> None:
    assert names.rule(rule) == said


@pytest.mark.parametrize(
    ("metric", "said"),
    [("cpa", "CPA"), ("ctr", "Link CTR"), ("ctr_ratio", "Link CTR, now ÷ earlier"), ("of_no_list", "Of no list")],
)
def test_a_metric_is_called_as_it_is_defined(metric: str, said: str) -> None:
    assert names.metric(metric) == said


def test_within_a_sentence_abbreviations_stay() -> None:
    assert names.in_a_sentence("Why the CPA moved") == "why the CPA moved"
    assert names.in_a_sentence("CPA") == "CPA"
