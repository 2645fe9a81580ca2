"""How far a classifier's awareness stages agree with labels that people gave."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from viraltracker import settings
from viraltracker.creatives import taxonomy
from viraltracker.creatives.classifier import Classifier
from viraltracker.creatives.input_hash import copy_input
from viraltracker.creatives.readings import CopyInput, Outcome, Unread
from viraltracker.errors import BadInput, NotFound

PARTS: Final = ("open", "held_out", "open_2", "held_out_2")
FIELDS: Final = ("primary_text", "headline", "description", "cta", "brand", "awareness")
BOOTSTRAP_DRAWS: Final = 2_000
BOOTSTRAP_SEED: Final = 20_261_101
LONGEST_LINE: Final = 1_000_000
TEXT_SHOWN: Final = 200
"""Characters of a copy that stand with its wrong answer."""

Counts = NDArray[np.float64]


@dataclass(frozen=True)
class Copy:
    """One labelled copy: `fields` are the words and the button, `awareness` a person's label, `line` counts from 1."""

    fields: Mapping[str, str | None]
    brand_names: tuple[str, ...]
    awareness: taxonomy.Awareness
    line: int

    @property
    def text(self) -> str:
        """The first of its texts that has words."""
        texts = (self.fields.get(name) or "" for name in ("primary_text", "headline", "description"))
        return next(filter(str.strip, texts), "")


def golden(part: str) -> Path:
    """The file of a part of the project's own golden set. NotFound where the project's folder is not there."""
    path = settings.project_root() / "tests" / "golden" / f"{part}.jsonl"
    if not path.is_file():
        raise NotFound(
            "The golden set is not here: run this in the project's folder, or name a labelled file "
            f"({path} is missing)."
        )
    return path


def read(path: Path) -> list[Copy]:
    """The copies of a JSON-lines file. Keys other than `FIELDS` are ignored; description and cta may be missing.

    Raises NotFound without the file, BadInput naming the line that cannot be used and why.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise NotFound(f"There is no file {path}.") from None
    except UnicodeDecodeError:
        raise BadInput(f"{path.name} is not UTF-8 text; save it as UTF-8.") from None
    except OSError as error:
        raise BadInput(f"{path.name} cannot be read ({error.strerror}).") from None
    copies = [_copy(line, number, path.name) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if not copies:
        raise BadInput(f"{path.name} has no labelled copies: one JSON object a line, with {', '.join(FIELDS)}.")
    return copies


def evaluate(source: Path | str, classifier: Classifier) -> dict[str, Any]:
    """Measures a classifier on a labelled file, or on one of `PARTS` of the golden set.

    Answers {classifier, part, n, weighted_kappa {value, low, high}, per_class {stage: {precision, recall, f1,
    support}}, confusion {label: {answer: count}}, wrong [{line, text, label, answer, confidence, second, cues [{quote,
    cue}]}]}. `wrong` has the copies that were answered wrongly, those farthest from their label first, with what the
    classifier says drove it. Kappa has quadratic weights (Cohen 1968) and a 95 % percentile
    bootstrap interval over the copies, seeded, so that the same file gives the same answer. A value that does not
    exist (the precision of a stage never answered; kappa where all labels are one stage) is None.

    An answer of `unclear`, or none, stands in the confusion as `unclear`, is wrong for precision and recall, and in
    kappa counts as a guess spread over the stages as often as the file has them: silence earns what chance earns.
    """
    part = source if isinstance(source, str) and source in PARTS else Path(source).name
    copies = read(golden(part) if source in PARTS else Path(source))
    outcomes = _outcomes(copies, classifier)
    answers = [_place(_stage(outcome)) for outcome in outcomes]
    stages = [taxonomy.STAGES.index(labelled.awareness) for labelled in copies]
    counts = _counts(np.array(stages), np.array(answers))
    names = (*taxonomy.STAGES, taxonomy.UNCLEAR)
    return {
        "classifier": classifier.name,
        "part": part,
        "n": len(copies),
        "weighted_kappa": _kappa_with_interval(np.array(stages), np.array(answers)),
        "per_class": {stage: _per_class(counts, place) for place, stage in enumerate(taxonomy.STAGES)},
        "confusion": {
            stage: {name: int(counts[place, answer]) for answer, name in enumerate(names)}
            for place, stage in enumerate(taxonomy.STAGES)
        },
        "wrong": _wrong(copies, outcomes),
    }


def quadratic_weighted_kappa(counts: Counts) -> float:
    """Cohen's kappa with quadratic weights of a square table (labels × answers); NaN where chance cannot disagree."""
    places = np.arange(len(counts))
    weights = (places[:, None] - places[None, :]) ** 2
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum()
    by_chance = float((weights * expected).sum())
    return 1.0 - float((weights * counts).sum()) / by_chance if by_chance else math.nan


def spread_unclear(counts: Counts) -> Counts:
    """A table with a last column of unclear answers as a square one: they are guesses by the labels' frequencies."""
    answered, unclear = counts[:, :-1], counts[:, -1]
    return answered + np.outer(unclear, counts.sum(axis=1) / counts.sum())


def _outcomes(copies: Sequence[Copy], classifier: Classifier) -> list[Outcome]:
    """One outcome for each copy; `no_copy` where its words are only blanks once normalised."""
    inputs = [copy_input(labelled.fields, labelled.brand_names) for labelled in copies]
    answered = iter(classifier.classify([given for given in inputs if isinstance(given, CopyInput)]))
    return [next(answered) if isinstance(given, CopyInput) else Unread("no_copy") for given in inputs]


def _stage(outcome: Outcome) -> str:
    return taxonomy.UNCLEAR if isinstance(outcome, Unread) else outcome.awareness


def _place(stage: str) -> int:
    """The place of an answer among the stages; one past the last for unclear."""
    return len(taxonomy.STAGES) if stage == taxonomy.UNCLEAR else taxonomy.STAGES.index(stage)


def _wrong(copies: Sequence[Copy], outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """The wrong answers, the farthest and then the surest first; an unclear one is no stage away and comes last."""
    found = []
    for labelled, outcome in zip(copies, outcomes, strict=True):
        answer = _stage(outcome)
        if answer == labelled.awareness:
            continue
        away = 0 if answer == taxonomy.UNCLEAR else abs(_place(answer) - _place(labelled.awareness))
        row: dict[str, Any] = {
            "line": labelled.line,
            "text": labelled.text.strip()[:TEXT_SHOWN],
            "label": labelled.awareness,
            "answer": answer,
            "confidence": None,
            "second": None,
            "cues": [],
        }
        if isinstance(outcome, Unread):
            row["cues"] = [{"quote": "", "cue": f"not read: {outcome.reason}"}]
        else:
            row["confidence"], row["second"] = outcome.awareness_confidence, outcome.awareness_second
            row["cues"] = [
                {"quote": item.quote, "cue": item.cue} for item in outcome.evidence if item.field == "awareness"
            ]
        found.append((-away, -(row["confidence"] or 0.0), labelled.line, row))
    return [row for *_, row in sorted(found, key=lambda each: each[:3])]


def _counts(stages: NDArray[np.int64], answers: NDArray[np.int64]) -> Counts:
    size = len(taxonomy.STAGES)
    cells = np.bincount(stages * (size + 1) + answers, minlength=size * (size + 1))
    return cells.reshape(size, size + 1).astype(np.float64)


def _kappa_with_interval(stages: NDArray[np.int64], answers: NDArray[np.int64]) -> dict[str, float | None]:
    value = quadratic_weighted_kappa(spread_unclear(_counts(stages, answers)))
    random = np.random.default_rng(BOOTSTRAP_SEED)
    draws = []
    for _ in range(BOOTSTRAP_DRAWS):
        drawn = random.integers(0, len(stages), len(stages))
        draws.append(quadratic_weighted_kappa(spread_unclear(_counts(stages[drawn], answers[drawn]))))
    known = np.array([draw for draw in draws if not math.isnan(draw)])
    if math.isnan(value) or not known.size:
        return {"value": None, "low": None, "high": None}
    low, high = np.quantile(known, [0.025, 0.975])
    return {"value": round(value, 4), "low": round(float(low), 4), "high": round(float(high), 4)}


def _per_class(counts: Counts, place: int) -> dict[str, float | int | None]:
    right, said, are = counts[place, place], counts[:, place].sum(), counts[place].sum()
    return {
        "precision": round(float(right / said), 4) if said else None,
        "recall": round(float(right / are), 4) if are else None,
        "f1": round(float(2 * right / (said + are)), 4) if said + are else None,
        "support": int(are),
    }


def _copy(line: str, number: int, file: str) -> Copy:
    where = f"{file}, line {number}"
    if len(line) > LONGEST_LINE:
        raise BadInput(f"{where} is longer than a million characters; one copy stands on each line.")
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        raise BadInput(f"{where} is not JSON; each line is one object with {', '.join(FIELDS)}.") from None
    if not isinstance(row, dict):
        raise BadInput(f"{where} is not a JSON object with {', '.join(FIELDS)}.")
    for field in FIELDS:
        if row.get(field) is not None and not isinstance(row[field], str):
            raise BadInput(f"{where}: {field} must be text.")
    if row.get("awareness") not in taxonomy.STAGES:
        raise BadInput(f"{where}: awareness must be one of {', '.join(taxonomy.STAGES)}.")
    if not any((row.get(field) or "").strip() for field in ("primary_text", "headline", "description")):
        raise BadInput(f"{where} has no words: give primary_text, headline or description.")
    brand = (row.get("brand") or "").strip()
    return Copy(
        {field: row.get(field) for field in ("primary_text", "headline", "description", "cta")},
        (brand,) if brand else (),
        cast("taxonomy.Awareness", row["awareness"]),
        number,
    )
