"""Fits the weights of the cues to a labelled file and writes `weights.json`.

    python -m viraltracker.creatives.rules.fit tests/golden/open.jsonl

Multinomial logistic regression whose weights are held near their prior, not near zero: a cue starts by arguing for the
stage it was written for, and data moves it as far as they give reason to. With `--check`, prints the agreement on each
vertical by weights fitted without it, and writes nothing.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from viraltracker.creatives import taxonomy
from viraltracker.creatives.agreement import Copy, quadratic_weighted_kappa, read
from viraltracker.creatives.input_hash import copy_input
from viraltracker.creatives.readings import CopyInput
from viraltracker.creatives.rules.awareness import middle, shares_of
from viraltracker.creatives.rules.cues import cues
from viraltracker.creatives.rules.features import SHAPES, cue_names, fired
from viraltracker.creatives.rules.opening import opening

HOLD = 2.0
"""How strongly weights are held near their prior (the ridge's coefficient)."""

CUE_PRIOR, SHAPE_PRIOR, UNAWARE_PRIOR = 1.0, 0.4, 0.6
"""What a cue, and the shape of a sentence, adds to its own stage before any data; what no cue at all says."""

Matrix = NDArray[np.float64]


def features(copies: Sequence[Copy]) -> Matrix:
    """One row per copy, one column per cue, and a last column of ones."""
    names = cue_names()
    rows = np.zeros((len(copies), len(names) + 1))
    rows[:, -1] = 1.0
    for row, labelled in enumerate(copies):
        given = copy_input(labelled.fields, labelled.brand_names)
        if isinstance(given, CopyInput):
            start = opening((given.primary_text, given.headline, given.description))
            for name, cue in fired(start, given.brand_names).items():
                rows[row, names.index(name)] = cue.strength
    return rows


def prior() -> Matrix:
    """The weights before any data, one row per cue and a last row for the start."""
    names, stages = cue_names(), taxonomy.STAGES
    held = np.zeros((len(names) + 1, len(stages)))
    for cue in cues():
        held[names.index(cue.name), stages.index(cue.stage)] = CUE_PRIOR
    for name, (stage, _) in SHAPES.items():
        held[names.index(name), stages.index(stage)] = SHAPE_PRIOR
    held[-1, stages.index("unaware")] = UNAWARE_PRIOR
    return held


def fit(rows: Matrix, stages: NDArray[np.int64]) -> Matrix:
    """The weights that make the stages most likely, held near their prior."""
    held = prior()
    wanted = np.eye(held.shape[1])[stages]

    def loss(flat: Matrix) -> tuple[float, Matrix]:
        weights = flat.reshape(held.shape)
        scores = rows @ weights
        scores -= scores.max(axis=1, keepdims=True)
        logs = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
        moved = weights - held
        value = -(wanted * logs).sum() + HOLD / 2 * (moved**2).sum()
        return float(value), (rows.T @ (np.exp(logs) - wanted) + HOLD * moved).ravel()

    found = minimize(loss, held.ravel(), jac=True, method="L-BFGS-B")
    return np.asarray(found.x, dtype=np.float64).reshape(held.shape)


def check(copies: Sequence[Copy], groups: Sequence[str]) -> dict[str, float]:
    """Weighted kappa over all copies, each judged by weights fitted without its group, and each group's own."""
    rows, stages = features(copies), _places(copies)
    guessed = np.zeros_like(stages)
    for group in sorted(set(groups)):
        held_out = np.array([name == group for name in groups])
        weights = fit(rows[~held_out], stages[~held_out])
        guessed[held_out] = [middle(shares_of(scores)) for scores in (rows[held_out] @ weights).tolist()]
    answer = {"all": _kappa(stages, guessed)}
    for group in sorted(set(groups)):
        own = np.array([name == group for name in groups])
        answer[group] = _kappa(stages[own], guessed[own])
    return answer


def as_json(weights: Matrix) -> str:
    """The weights as the file that `awareness.weights` reads."""
    rounded = [[round(float(value), 3) for value in row] for row in weights]
    lines = [f'  "stages": {json.dumps(taxonomy.STAGES)},', f'  "start": {rounded[-1]},', '  "cues": {']
    lines.append(",\n".join(f'    "{name}": {row}' for name, row in zip(cue_names(), rounded[:-1], strict=True)))
    return "\n".join(("{", *lines, "  }", "}", ""))


def _places(copies: Sequence[Copy]) -> NDArray[np.int64]:
    return np.array([taxonomy.STAGES.index(labelled.awareness) for labelled in copies])


def _kappa(stages: NDArray[np.int64], guessed: NDArray[np.int64]) -> float:
    counts = np.zeros((len(taxonomy.STAGES),) * 2)
    np.add.at(counts, (stages, guessed), 1)
    return quadratic_weighted_kappa(counts)


def main() -> None:
    """Fits, or with `--check` measures."""
    parser = argparse.ArgumentParser(description="Fit the weights of the awareness cues to a labelled file.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--check", action="store_true", help="leave one vertical out at a time; write nothing")
    given = parser.parse_args()
    copies = read(given.file)
    if given.check:
        lines = given.file.read_text(encoding="utf-8").splitlines()
        groups = [str(json.loads(line).get("vertical", "")) for line in lines if line.strip()]
        for group, kappa in check(copies, groups).items():
            print(f"{group:20} {kappa:.3f}")  # noqa: T201 what a script says
        return
    Path(__file__).with_name("weights.json").write_text(as_json(fit(features(copies), _places(copies))), "utf-8")


if __name__ == "__main__":
    main()
