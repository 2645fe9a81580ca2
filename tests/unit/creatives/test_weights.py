"""The committed weights are what the script makes of the open part, and carry over to a vertical they have not seen."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from viraltracker.creatives import agreement, taxonomy
from viraltracker.creatives.rules import awareness, fit
from viraltracker.creatives.rules.features import cue_names

OPEN = ("open", "open_2")


def test_the_committed_weights_are_those_of_the_script() -> None:
    copies = [each for part in OPEN for each in agreement.read(agreement.golden(part))]
    stages = np.array([taxonomy.STAGES.index(each.awareness) for each in copies])
    made = json.loads(fit.as_json(fit.fit(fit.features(copies), stages)))
    kept = awareness.weights()
    assert tuple(made["cues"]) == tuple(kept.cues) == cue_names()
    for name, values in made["cues"].items():
        assert values == pytest.approx(kept.cues[name], abs=0.02)
    assert made["start"] == pytest.approx(kept.start, abs=0.02)


def test_weights_carry_over_to_a_source_they_were_fitted_without_and_know_how_sure_they_may_be() -> None:
    parts = {part: agreement.read(agreement.golden(part)) for part in OPEN}
    groups = [part for part, copies in parts.items() for _ in copies]
    found = fit.check([each for copies in parts.values() for each in copies], groups)
    assert all(found.kappa[part] >= 0.75 for part in OPEN)
    assert all(abs(sure - right) < 0.15 for sure, right, _ in found.reliability)
    assert found.reliability[-1][1] >= awareness.MOST_SURE


def test_verticals_are_those_of_the_lines(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text('{"vertical": "wine"}\n\n{}\n')
    assert fit.verticals(path) == ["wine", ""]
