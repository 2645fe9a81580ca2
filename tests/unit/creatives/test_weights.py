"""The committed weights are what the script makes of the open part, and carry over to a vertical they have not seen."""

from __future__ import annotations

import json

import numpy as np
import pytest

from viraltracker.creatives import agreement, classifier, taxonomy
from viraltracker.creatives.readings import CopyInput, CreativeInput
from viraltracker.creatives.rules import RulesClassifier, awareness, fit
from viraltracker.creatives.rules.features import cue_names
from viraltracker.errors import BadInput
from viraltracker.llm.permits import Lease
from viraltracker.llm.pool import ModelPool, PoolConfig


class NoPermits:
    """A source that nobody asks: no call is made."""

    def lease(self, provider: str, per_minute: int, wanted: int) -> Lease:
        raise AssertionError(provider, per_minute, wanted)

    def hold(self, provider: str, seconds: float) -> None:
        raise AssertionError(provider, seconds)


def test_the_committed_weights_are_those_of_the_script() -> None:
    copies = agreement.read(agreement.golden("open"))
    stages = np.array([taxonomy.STAGES.index(each.awareness) for each in copies])
    made = json.loads(fit.as_json(fit.fit(fit.features(copies), stages)))
    kept = awareness.weights()
    assert tuple(made["cues"]) == tuple(kept.cues) == cue_names()
    for name, values in made["cues"].items():
        assert values == pytest.approx(kept.cues[name], abs=0.02)
    assert made["start"] == pytest.approx(kept.start, abs=0.02)


def test_weights_carry_over_to_verticals_they_were_fitted_without() -> None:
    path = agreement.golden("open")
    groups = [json.loads(line)["vertical"] for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    assert fit.check(agreement.read(path), groups)["all"] >= 0.7


def test_a_classifier_is_found_by_its_name_and_an_unknown_one_is_said() -> None:
    pool = ModelPool(PoolConfig(), NoPermits())
    rules = RulesClassifier().name
    assert (
        classifier.named("rules", pool).name
        == classifier.named(None, pool).name
        == classifier.choose(pool).name
        == rules
    )
    with pytest.raises(BadInput, match=f"there is: {rules}. Set GEMINI_API_KEY"):
        classifier.named("tarot", pool)


def test_with_both_keys_gemini_comes_first_and_claude_reads_no_video() -> None:
    pool = ModelPool(PoolConfig(gemini_key="g", claude_key="c"), NoPermits())
    film, words = CreativeInput("video", "a" * 64), CopyInput("x", "", "", "")
    both = classifier.choose(pool)
    assert [reader.name.partition(":")[0] for reader in both.models] == ["gemini", "claude"]
    assert both.best(film) is both.best(words) is both.models[0]
    claude = classifier.choose(ModelPool(PoolConfig(claude_key="c"), NoPermits()))
    assert claude.best(film) is None
    assert claude.best(words) is claude.models[0]
    assert classifier.named("claude", pool).name.startswith("claude:")
