"""The committed weights are what the script makes of the open part, and carry over to a vertical they have not seen."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from viraltracker.creatives import agreement, classifier, taxonomy
from viraltracker.creatives.rules import awareness, fit
from viraltracker.creatives.rules.features import cue_names
from viraltracker.errors import BadInput
from viraltracker.settings import Settings


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
    settings = Settings(home=Path("/h"), cache=Path("/c"))
    assert classifier.named("rules", settings).name == classifier.choose(settings).name == "rules@1"
    with pytest.raises(BadInput, match="there is: rules@1"):
        classifier.named("tarot", settings)
