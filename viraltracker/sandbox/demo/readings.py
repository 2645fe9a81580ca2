"""What the sandbox's models say about the demo's pictures and clips: readings by a person who looked at them.

A clip has a file of its own, `readings/clip-<slug>.json`. Of the pictures, `readings/pictures-<stage>.json` says for
each headline what its words argue for, and `_ARRANGEMENTS` what the arrangement shows; a note counts where its quote
stands on the picture.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

from viraltracker.sandbox.demo import catalog, fingerprints, pictures, template_readings
from viraltracker.sandbox.demo.catalog import Picture
from viraltracker.sandbox.demo.copy import AWARENESS_STAGES
from viraltracker.sandbox.model_answers import Answerer, Asked, SmallestAnswer

Json = dict[str, Any]


@dataclass(frozen=True)
class _Note:
    """`field` has `label`, for what `quote` says."""

    field: str
    label: str
    quote: str
    cue: str


@dataclass(frozen=True)
class _Arrangement:
    """What every picture of one arrangement has in common.

    `quote` is the place of the word among `pictures.words` that argues for the format, or for `proof` (label and cue).
    `doubt` is taken off the confidence that the words alone would have. Where the arrangement itself lets a product be
    seen, `second` is what an early stage is most easily taken for.
    """

    format: str
    shows: str
    cue: str
    quote: int = 0
    proof: tuple[str, str] | None = None
    doubt: float = 0.0
    second: str | None = None


_STATIC = _Arrangement(
    "image_static",
    "A drawn dog, seen from the side, on a round patch of colour under two lines of text.",
    "a designed picture that its message carries",
)
_ARRANGEMENTS: Mapping[str, _Arrangement] = {
    "image_product": _Arrangement(
        "image_product",
        "A bag of Wonder Paws hip + joint chews stands above a row of paw prints; no dog is shown.",
        "the bag with its name is the picture",
        quote=1,
        doubt=0.2,
        second="product_aware",
    ),
    "image_before_after": _Arrangement(
        "image_before_after",
        "The same drawn dog twice: on the left it lies before grey, on the right it stands before a colour.",
        "two states of the same dog side by side",
        quote=2,
        proof=("demonstration", "the dog is shown standing where it lay before"),
        doubt=0.11,
    ),
    "image_testimonial": _Arrangement(
        "image_testimonial",
        "A white speech bubble with five paw prints in a row and a buyer's name above a small drawn dog.",
        "a buyer's name below the words in a speech bubble",
        quote=1,
        proof=("customer_quote", "the words are put into a buyer's mouth"),
        doubt=0.14,
        second="product_aware",
    ),
    "carousel": _Arrangement(
        "carousel",
        "A drawn dog in a coloured circle, below a dark band with large words and above a small line.",
        "one step of a series that goes on on other cards",
        doubt=0.17,
    ),
}
_EARLY = frozenset({"unaware", "problem_aware", "solution_aware"})
_LATER_CARDS: Mapping[str, tuple[str, float]] = {
    "Week 3": ("a date within a series: alone it does not say whom it speaks to", 0.63),
    "Week 6": ("a date within a series: alone it does not say whom it speaks to", 0.57),
    "Ask your vet": ("advice to the owner of any dog: alone it does not say about what", 0.52),
}
"""By the large words of a card that is not the first: why it shows no stage, and how surely."""
_LABELS = ("hook", "angle", "offer", "proof", "persona", "cta")
_NOT_THERE: Mapping[str, str | None] = {
    "hook": "unclear",
    "angle": "unclear",
    "offer": "none",
    "proof": "none",
    "persona": None,
    "cta": "none",
}


class DemoAnswers:
    """Readings of the demo's pictures and clips; whatever else is asked gets the answer of `otherwise`."""

    def __init__(self, otherwise: Answerer | None = None) -> None:
        self._otherwise = otherwise or SmallestAnswer()

    def answer(self, asked: Asked) -> object:
        """See the class."""
        reading = _of_demo(asked)
        return self._otherwise.answer(asked) if reading is None else reading


def _of_demo(asked: Asked) -> Json | None:
    if asked.schema is None or len(asked.media) != 1:
        return None
    document = _document(asked.text)
    match document.get("reading"):
        case "template":
            return template_readings.answer(document)
        case "video":
            return clip_answers().get(asked.media[0].sha256)
        case "creative":
            picture = fingerprints.recognised(asked.media[0].data)
            return picture_reading(picture) if picture else None
    return None


def _document(text: str) -> Json:
    """The document in the user's message; more may follow it when an answer was refused."""
    try:
        document, _ = json.JSONDecoder().raw_decode(text.lstrip())
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


@cache
def clip_answers() -> Mapping[str, Json]:
    """What is said about each clip (`analysis` and `reading`), by the SHA-256 of its bytes."""
    folder = _folder()
    return {
        hashlib.sha256((folder / "clips" / f"{clip.slug}.mp4").read_bytes()).hexdigest(): _read(f"clip-{clip.slug}")
        for clip in catalog.CLIPS
    }


@cache
def picture_reading(picture: Picture) -> Json:
    """What is said about one picture of the account, a clip's poster included."""
    stage, card = _places()[picture.image_hash]
    arrangement = _ARRANGEMENTS.get(picture.creative_format, _STATIC)
    words = pictures.words(picture)
    later = card > 0
    found = _standing(picture, arrangement, words)
    if later:
        # Its opening is the step in large words; the headline stands small at the foot.
        found.pop("hook", None)
    awareness, evidence = _awareness(picture, arrangement, stage, later=later)
    told = [evidence, _Note("format", arrangement.format, words[arrangement.quote], arrangement.cue), *found.values()]
    return {
        "evidence": [{"field": n.field, "quote": n.quote, "cue": n.cue, "at_s": None} for n in told],
        **awareness,
        **{field: found[field].label if field in found else _NOT_THERE[field] for field in _LABELS},
        "format": arrangement.format,
        "video_length": None,
        "shows": arrangement.shows,
        "text_on_picture": list(words),
    }


def _awareness(picture: Picture, arrangement: _Arrangement, stage: str, *, later: bool) -> tuple[Json, _Note]:
    """The three fields about the stage, and the quote for it. A later card of a carousel shows none."""
    said = _said(picture.headline)["awareness"]
    if later:
        cue, confidence = _LATER_CARDS[picture.line]
        labels = {"awareness": "unclear", "awareness_second": stage, "awareness_confidence": confidence}
        return labels, _Note("awareness", "unclear", picture.line, cue)
    seen_product = arrangement.second is not None and stage in _EARLY
    doubt = arrangement.doubt if stage in _EARLY else arrangement.doubt / 2
    labels = {
        "awareness": stage,
        "awareness_second": arrangement.second if seen_product else said["second"],
        "awareness_confidence": round(said["confidence"] - doubt, 2),
    }
    return labels, _Note("awareness", stage, picture.headline, said["cue"])


def _standing(picture: Picture, arrangement: _Arrangement, words: tuple[str, ...]) -> dict[str, _Note]:
    """The first note for each label whose quote stands on the picture; what the arrangement proves goes first."""
    notes = [_Note(**note) for note in _said(picture.headline)["notes"]]
    if arrangement.proof:
        label, cue = arrangement.proof
        notes.insert(0, _Note("proof", label, words[arrangement.quote], cue))
    found: dict[str, _Note] = {}
    for field in _LABELS:
        for note in notes:
            if note.field == field and any(note.quote in word for word in words):
                found[field] = note
                break
    return found


@cache
def _places() -> Mapping[str, tuple[str, int]]:
    """By image hash: the golden stage of the creative, and which of its pictures this is, from 0."""
    found = {
        picture.image_hash: (creative.awareness, place)
        for creative in catalog.creatives()
        for place, picture in enumerate(creative.pictures)
    }
    return found | {catalog.picture_hash(clip.slug): (clip.awareness, 0) for clip in catalog.CLIPS}


def _said(headline: str) -> Json:
    said: Json = _headlines()[headline]
    return said


@cache
def _headlines() -> Json:
    return {headline: said for stage in AWARENESS_STAGES for headline, said in _read(f"pictures-{stage}").items()}


def _read(name: str) -> Json:
    read: Json = json.loads((_folder() / "readings" / f"{name}.json").read_text("utf-8"))
    return read


def _folder() -> Traversable:
    return resources.files("viraltracker.sandbox.demo")
