"""The `rules` classifier: deterministic, no key, no network, and open about why."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Final

from viraltracker.creatives import taxonomy
from viraltracker.creatives.readings import (
    QUOTE_LONGEST,
    CopyInput,
    CopyReading,
    CreativeInput,
    CreativeReading,
    Evidence,
    Input,
    LandingReading,
    Outcome,
    PageWords,
    Unread,
)
from viraltracker.creatives.rules import awareness, hooks, labels
from viraltracker.creatives.rules.opening import LONGEST_READ, opening

_DATA: Final = ("awareness_cues.toml", "label_cues.toml", "weights.json")
_FORMAT_OF: Final = {"carousel": "carousel", "collection": "collection"}


@dataclass(frozen=True)
class RulesClassifier:
    """Reads the words by their cues. Of media it knows kind and duration only, and says `unclear` about the rest.

    The number in `name` counts the versions of these rules; a test pins `fingerprint` and what they answer to it.
    """

    name: str = "rules@2"

    def classify(self, inputs: Sequence[Input]) -> list[Outcome]:
        """One outcome for each input, in order. Unread only where a page's words are not there."""
        return [_read(given) for given in inputs]


def _read(given: Input) -> Outcome:
    if isinstance(given, CopyInput):
        return read_copy(given)
    if isinstance(given, CreativeInput):
        return read_creative(given)
    if given.words is None:
        return Unread("page_not_read")
    return read_landing(given.words, given.brand_names)


def read_copy(given: CopyInput) -> CopyReading:
    """The copy by its cues: the awareness stage and the hook from the opening, the rest from all its words."""
    texts = (given.primary_text, given.headline, given.description)
    start = opening(texts)
    whole = "\n".join(text[:LONGEST_READ] for text in texts)
    if not awareness.is_english(whole):
        return _unreadable(start.first)
    stage = awareness.judge(start, given.brand_names)
    evidence = [_evidence("awareness", quote, cue) for quote, cue in stage.reasons]

    hook = _label(evidence, "hook", hooks.hook(start), "claim")
    angle = _label(evidence, "angle", labels.most("angle", " ".join(s for s, _ in start.sentences), whole), "unclear")
    offer = _label(evidence, "offer", labels.first("offer", whole), "none")
    proof = _label(evidence, "proof", labels.first("proof", whole), "none")
    persona = labels.persona("\n".join(s for s, _ in start.sentences))
    if persona:
        evidence.append(_evidence("persona", persona.quote, "says whom it is for"))
    cta = labels.CTA_OF_META.get(given.cta.upper())
    if cta:
        evidence.append(_evidence("cta", given.cta, "the button's own type"))
    else:
        cta = _label(evidence, "cta", labels.first("ask", whole), "none")
    return CopyReading.model_validate(
        {
            "evidence": evidence,
            "awareness": stage.stage,
            "awareness_second": stage.second,
            "awareness_confidence": stage.confidence,
            "hook": hook,
            "angle": angle,
            "offer": offer,
            "proof": proof,
            "persona": persona.label if persona else None,
            "cta": cta,
        }
    )


def read_landing(page: PageWords, brand_names: Sequence[str]) -> LandingReading:
    """A page by the cues of an ad's words: the stage from its heading and first lines, the rest from all its text."""
    start = opening(("\n".join(filter(None, (page.heading, page.above_fold))), page.description, page.title))
    top = "\n".join((page.title, page.heading, page.above_fold))
    whole = "\n".join((top, page.text[:LONGEST_READ]))
    if not awareness.is_english(whole):
        return LandingReading(
            evidence=(_evidence("awareness", start.first, "not English, the one language these rules read"),),
            awareness="unclear",
            awareness_second=None,
            awareness_confidence=0.0,
            promise=None,
            angle="unclear",
            offer="unclear",
            proof="unclear",
            cta="unclear",
        )
    stage = awareness.judge(start, brand_names)
    evidence = [_evidence("awareness", quote, cue) for quote, cue in stage.reasons]

    angle = _label(evidence, "angle", labels.most("angle", top, whole), "unclear")
    offer = _label(evidence, "offer", labels.first("offer", whole), "none")
    proof = _label(evidence, "proof", labels.first("proof", whole), "none")
    promise = " ".join((page.heading or page.title).split())
    return LandingReading.model_validate(
        {
            "evidence": evidence,
            "awareness": stage.stage,
            "awareness_second": stage.second,
            "awareness_confidence": stage.confidence,
            "promise": promise[:200] or None,
            "angle": angle,
            "offer": offer,
            "proof": proof,
            "cta": _label(evidence, "cta", labels.first("ask", whole), "none"),
        }
    )


def read_creative(given: CreativeInput) -> CreativeReading:
    """A picture or video by what is known without looking: its kind, how the ad shows it, its length.

    A single picture counts as `image_static`, the list's most general picture; of a video, only watching tells a
    customer's phone from a film crew, so its format is `unclear`.
    """
    layout = _FORMAT_OF.get(given.object_type or "")
    if layout:
        chosen, why = layout, f"Meta shows it as a {layout}"
    elif given.kind == "image":
        chosen, why = "image_static", "a single picture; rules do not look at what it shows"
    else:
        chosen, why = taxonomy.UNCLEAR, "a video; rules do not watch it"
    evidence = [_evidence("format", given.object_type or given.kind, why)]
    if given.video_length:
        evidence.append(_evidence("video_length", given.video_length, "the duration that Meta reports"))
    return CreativeReading.model_validate(
        {
            "evidence": evidence,
            "awareness": taxonomy.UNCLEAR,
            "awareness_second": None,
            "awareness_confidence": 0.0,
            "hook": taxonomy.UNCLEAR,
            "angle": taxonomy.UNCLEAR,
            "offer": taxonomy.UNCLEAR,
            "proof": taxonomy.UNCLEAR,
            "persona": None,
            "cta": taxonomy.UNCLEAR,
            "format": chosen,
            "video_length": given.video_length,
        }
    )


def _unreadable(quote: str) -> CopyReading:
    evidence = (_evidence("awareness", quote, "not English, the one language these rules read"),)
    return CopyReading(
        evidence=evidence,
        awareness="unclear",
        awareness_second=None,
        awareness_confidence=0.0,
        hook="unclear",
        angle="unclear",
        offer="unclear",
        proof="unclear",
        persona=None,
        cta="unclear",
    )


def fingerprint() -> str:
    """SHA-256 of the cues and their weights as they stand in the files."""
    digest = hashlib.sha256()
    for name in _DATA:
        digest.update(resources.files(__package__).joinpath(name).read_bytes())
    return digest.hexdigest()


def _label(evidence: list[Evidence], field: str, match: labels.Match | None, absent: str) -> str:
    """The matched label, its quote added to `evidence`; `absent` when nothing matched."""
    if match is None:
        return absent
    evidence.append(_evidence(field, match.quote, taxonomy.LISTS[field][match.label].means))
    return match.label


def _evidence(field: str, quote: str, cue: str) -> Evidence:
    shown = quote.strip()
    if len(shown) > QUOTE_LONGEST:
        shown = shown[: QUOTE_LONGEST - 1] + "…"
    return Evidence(field=field, quote=shown, cue=cue)
