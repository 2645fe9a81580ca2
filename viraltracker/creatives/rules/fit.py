"""Fits the weights of the cues to labelled files and writes `weights.json`.

    python -m viraltracker.creatives.rules.fit tests/golden/open.jsonl tests/golden/open_2.jsonl

Multinomial logistic regression whose weights are held near their prior, not near zero: a cue starts by arguing for the
stage it was written for, and data moves it as far as they give reason to. With `--check`, prints the agreement on each
vertical by weights fitted without it, the same for each file (files differ in style), and how often a label of each
confidence is right; it writes nothing.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
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
from viraltracker.creatives.rules.features import cue_names, fired
from viraltracker.creatives.rules.opening import opening
from viraltracker.creatives.rules.shapes import SHAPES

HOLD = 1.0
"""How strongly weights are held near their prior (the ridge's coefficient for each version of the copies)."""

VERSIONS = 6
CUES_LEFT_OUT, SHAPES_LEFT_OUT = 0.4, 0.2
SEED = 20_261_126
"""Cues were written by people who had read the open parts, so they fire there more surely than anywhere else. The fit
therefore sees each copy once as it is and otherwise with so large a share of its cues left out at random."""

CUE_PRIOR, SHAPE_PRIOR, UNAWARE_PRIOR = 1.0, 0.4, 0.6
"""What a cue, and the shape of a sentence, adds to its own stage before any data; what no cue at all says."""

FIFTHS = 5

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
    """The weights that make the stages most likely, held near their prior. The same rows give the same weights."""
    held = prior()
    random = np.random.default_rng(SEED)
    left_out = np.full(rows.shape[1], CUES_LEFT_OUT)
    left_out[len(cues()) :] = SHAPES_LEFT_OUT
    left_out[-1] = 0.0
    thinned = [rows * (random.random(rows.shape) >= left_out) for _ in range(VERSIONS - 1)]
    rows, stages = np.vstack([rows, *thinned]), np.tile(stages, VERSIONS)
    wanted = np.eye(held.shape[1])[stages]

    def loss(flat: Matrix) -> tuple[float, Matrix]:
        weights = flat.reshape(held.shape)
        scores = rows @ weights
        scores -= scores.max(axis=1, keepdims=True)
        logs = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
        moved = weights - held
        value = -(wanted * logs).sum() + VERSIONS * HOLD / 2 * (moved**2).sum()
        return float(value), (rows.T @ (np.exp(logs) - wanted) + VERSIONS * HOLD * moved).ravel()

    found = minimize(loss, held.ravel(), jac=True, method="L-BFGS-B")
    return np.asarray(found.x, dtype=np.float64).reshape(held.shape)


@dataclass(frozen=True)
class Check:
    """`kappa` of all copies and of each group, each judged by weights fitted without its group.

    `reliability` has a row for each fifth of the copies by confidence: mean confidence, share of right labels, count.
    """

    kappa: dict[str, float]
    reliability: list[tuple[float, float, int]]


def check(copies: Sequence[Copy], groups: Sequence[str]) -> Check:
    """How far weights carry over to a group that they were fitted without."""
    rows, stages = features(copies), _places(copies)
    guessed, sure = np.zeros_like(stages), np.zeros(len(copies))
    for group in sorted(set(groups)):
        held_out = np.array([name == group for name in groups])
        weights = fit(rows[~held_out], stages[~held_out])
        for place, scores in zip(np.flatnonzero(held_out), (rows[held_out] @ weights).tolist(), strict=True):
            shares = shares_of(scores)
            guessed[place] = middle(shares)
            sure[place] = shares[guessed[place]]
    kappa = {"all": _kappa(stages, guessed)}
    for group in sorted(set(groups)):
        own = np.array([name == group for name in groups])
        kappa[group] = _kappa(stages[own], guessed[own])
    fifths = np.array_split(np.argsort(sure, kind="stable"), FIFTHS)
    right = guessed == stages
    return Check(kappa, [(float(sure[part].mean()), float(right[part].mean()), len(part)) for part in fifths])


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
    parser = argparse.ArgumentParser(description="Fit the weights of the awareness cues to labelled files.")
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--check", action="store_true", help="leave one vertical, and one file, out; write nothing")
    given = parser.parse_args()
    by_file = [(path.name, read(path)) for path in given.files]
    copies = [copy for _, found in by_file for copy in found]
    if not given.check:
        Path(__file__).with_name("weights.json").write_text(as_json(fit(features(copies), _places(copies))), "utf-8")
        return
    _tell("vertical", check(copies, [vertical for path in given.files for vertical in verticals(path)]))
    if len(by_file) > 1:
        _tell("file", check(copies, [name for name, found in by_file for _ in found]))


def verticals(path: Path) -> list[str]:
    """The vertical of each copy of a file, in order; an empty text where none is given."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [str(json.loads(line).get("vertical", "")) for line in lines if line.strip()]


def _tell(kind: str, found: Check) -> None:
    lines = [f"By {kind}:", *(f"  {group:20} {kappa:.3f}" for group, kappa in found.kappa.items())]
    lines.append("  confidence  right  copies")
    lines += [f"  {sure:10.3f} {right:6.3f} {n:7}" for sure, right, n in found.reliability]
    print("\n".join(lines))  # noqa: T201 what a script says


if __name__ == "__main__":
    main()
