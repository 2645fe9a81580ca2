"""What an analysis asks for, as a brief: which ads to make, for whom, and the numbers that say so. Pure.

A brief is read by whoever makes the ads, a person or a model, so it repeats the evidence in its own words.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from viraltracker.creation import origins
from viraltracker.creation.origins import Origin
from viraltracker.creatives import in_words, taxonomy
from viraltracker.creatives.taxonomy import Awareness

Json = Mapping[str, Any]

LONGEST: Final = 2000
"""Characters of a brief."""
TITLE_LONGEST: Final = 200
NAMED_ADS: Final = 3
PICTURES: Final = "image_"
"""What the names of formats begin with that one picture can have."""


@dataclass(frozen=True)
class Brief:
    """`stage`, `angle` and `format` are labels of the taxonomy, None leaves them open. `text` is at most `LONGEST`."""

    origin: Origin
    title: str
    text: str
    stage: Awareness | None
    angle: str | None
    format: str | None

    @property
    def caveat(self) -> str | None:
        """What pictures cannot do of what is asked; None where they can do all of it."""
        if self.format is None or self.format.startswith(PICTURES):
            return None
        return (
            f"This asks for the format “{in_words.label(self.format)}”, and New ads makes single pictures: they try the"
            " stage and the angle, and the gap in the format stays."
        )


def of_gap(gap: Json) -> Brief:
    """Of a gap of the coverage as an analysis stores it: `{awareness, format, brief}`."""
    return _of_advice(origins.of_gap(str(gap["awareness"]), str(gap["format"])), gap["brief"])


def of_recommendation(row: Json) -> Brief | None:
    """Of a row of `ad_intelligence_recommendations` that asks for ads; None for any other."""
    said = row["detail"] | {"id": row["cause_key"], "action": row["action"], "category": row["category"]}
    origin = origins.of_cause(str(row["cause_key"]))
    if origin is None or not origins.asks_for_ads(said):
        return None
    if said.get("brief"):
        return _of_advice(origin, said["brief"])
    kind, label = _label(str(row["cause_key"]))
    ads = [str(ad["ad_name"]) for ad in said.get("ads") or () if ad.get("ad_name")]
    lines = [
        str(row["title"]),
        *_defined({kind: label} if kind else {}),
        f"Why: {row['why']}",
        *([f"It is about: {_named(ads)}."] if ads else []),
        *_mind(said.get("change_our_mind")),
    ]
    return _brief(origin, str(row["title"]), lines, {kind: label} if kind else {})


def _of_advice(origin: Origin, advice: Json) -> Brief:
    labels = {kind: advice.get(kind) for kind in ("awareness", "format", "angle", "hook")}
    lines = [
        str(advice["title"]),
        *_defined(labels),
        f"Why: {advice['why']}",
        *(f"- {step}" for step in advice["do"] if not str(step).startswith(_OF_RUNNING)),
        *_mind(advice.get("would_settle")),
    ]
    return _brief(origin, str(advice["title"]), lines, labels)


def _brief(origin: Origin, title: str, lines: Sequence[str], labels: Mapping[str, Any]) -> Brief:
    known = {kind: _known(kind, label) for kind, label in labels.items()}
    text = "\n".join(" ".join(line.split()) for line in lines)
    if len(text) > LONGEST:
        text = f"{text[: LONGEST - 1].rsplit(None, 1)[0]}…"
    short = textwrap.shorten(title, TITLE_LONGEST, placeholder="…")
    stage = cast("Awareness | None", known.get("awareness"))
    return Brief(origin, short, text, stage, known.get("angle"), known.get("format"))


def _known(kind: str, label: Any) -> str | None:
    """The label where it is one of its list and says something: what is stored may be of an older list."""
    return label if label in taxonomy.LISTS[kind] and label != taxonomy.UNCLEAR else None


_OF_RUNNING: Final = ("Give each", "Run them")
"""Steps that say how to run the ads, not how to make them: amounts of money do not belong into anybody's words."""
_TITLES: Final = {"awareness": "For readers who are", "format": "Format", "angle": "Angle", "hook": "Hook"}


def _defined(labels: Mapping[str, Any]) -> list[str]:
    """Each label with what it means."""
    return [
        f"{_TITLES[kind]}: {in_words.label(known)}. {taxonomy.LISTS[kind][known].means}"
        for kind, label in labels.items()
        if (known := _known(kind, label)) is not None
    ]


def _label(cause: str) -> tuple[str, str]:
    """The kind and the label of a recommendation to make more with it; two empty texts for any other."""
    name, _, rest = cause.partition(":")
    kind, _, label = rest.partition(":")
    return (kind, label) if name == "label" and kind in _TITLES and label else ("", "")


def _named(ads: Sequence[str]) -> str:
    shown = ", ".join(f"“{textwrap.shorten(name, 60, placeholder='…')}”" for name in ads[:NAMED_ADS])
    return shown if len(ads) <= NAMED_ADS else f"{shown} and others"


def _mind(said: Any) -> list[str]:
    return [f"What would settle it: {said}"] if said else []
