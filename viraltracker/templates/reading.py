"""What a template is, read by rules: its arrangement from the picture, the rest from the words of its ad.

The rules see no faces, no logos and no words inside a picture. They say so, and are never surer than `MOST_SURE`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

from viraltracker.creatives import names, taxonomy
from viraltracker.creatives.readings import CopyInput, CopyReading
from viraltracker.creatives.rules import engine
from viraltracker.templates import geometry, picture
from viraltracker.templates.geometry import Geometry, Region
from viraltracker.templates.vocabulary import LAYOUTS, Flag, Layout

READER: Final = "rules@1"
MOST_SURE: Final = 0.85
PLAIN_BLOCKS: Final = 4
"""More blocks of lettering than this leave open which of them leads."""
STAGE_SURE: Final = 0.6
"""From this on the stage is told from the others: the classifier's own figure, which for most copies is below it."""
UNSEEN: Final = ("faces", "logos", "words in the picture")

_MAIL: Final = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{2,63}){1,4}")
_PHONE: Final = re.compile(r"(?<![\w.,])\+?\(?\d{1,4}\)?(?:[\s.\-/]\(?\d{2,4}\)?){2,5}(?![\w%])")
_FEWEST_DIGITS: Final = 9
"""Of a telephone number; a date or a price has fewer."""
_HALF: Final = re.compile(r"\b(?:before|after|week|day) ?\d*\b", re.IGNORECASE)
_VERSUS: Final = re.compile(r"\b(?:vs\.?|versus|compared (?:to|with)|unlike|theirs|ours)\b", re.IGNORECASE)
_NAME_CHARS: Final = 60


@dataclass(frozen=True)
class AdWords:
    """What is known of the ad that a picture came with; `own_brands` are the organisation's own names."""

    page_name: str | None = None
    body: str | None = None
    title: str | None = None
    cta: str | None = None
    own_brands: tuple[str, ...] = ()

    @property
    def whole(self) -> str:
        """All its words."""
        return "\n".join(filter(None, (self.body, self.title)))


@dataclass(frozen=True)
class Flagged:
    """A reason to have a person look, with the words that gave it."""

    flag: Flag
    quote: str


@dataclass(frozen=True)
class TemplateReading:
    """Labels of `vocabulary` and `creatives.taxonomy`; `confidence` from 0 to 1 for the reading as a whole."""

    name: str
    description: str
    layout: Layout
    industry: str | None
    audience: str | None
    awareness: taxonomy.AwarenessLabel
    hook: taxonomy.Hook
    regions: tuple[Region, ...]
    regions_note: str | None
    flags: tuple[Flagged, ...]
    confidence: float

    def record(self) -> dict[str, Any]:
        """JSON for the queue."""
        return {
            "reader": READER,
            "name": self.name,
            "description": self.description,
            "layout": self.layout,
            "industry": self.industry,
            "audience": self.audience,
            "awareness": self.awareness,
            "hook": self.hook,
            "text_regions": [region.record() for region in self.regions],
            "regions_note": self.regions_note,
            "flagged": [{"flag": found.flag, "quote": found.quote} for found in self.flags],
            "unseen": list(UNSEEN),
        }

    @property
    def flag_names(self) -> list[str]:
        """Each flag once."""
        return list(dict.fromkeys(found.flag for found in self.flags))


def read(data: bytes, words: AdWords) -> TemplateReading:
    """Reads one picture. Raises BadInput when it cannot be unpacked."""
    seen = geometry.look_at(picture.unpacked(data, geometry.EDGE_PX))
    width, height = picture.size(data)
    said = engine.read_copy(
        CopyInput(
            primary_text=words.body or "",
            headline=words.title or "",
            description="",
            cta=_cta(words.cta),
            brand_names=(),
        )
    )
    layout = _layout(seen, words, said)
    industry, audience = _most(words.whole, "industry"), said.persona or _most(words.whole, "audience")
    return TemplateReading(
        name=_name(layout, industry, said, words),
        description=_description(layout, seen, width / height),
        layout=layout,
        industry=industry,
        audience=audience,
        awareness=said.awareness,
        hook=said.hook,
        regions=seen.regions,
        regions_note=seen.why_none,
        flags=tuple(flags_of(words)),
        confidence=_confidence(layout, seen, said, words, industry),
    )


def _cta(given: str | None) -> str:
    """Tools write Meta's own type (SHOP_NOW) or what stands on the button (Shop now)."""
    return re.sub(r"\s+", "_", (given or "").strip()).upper()


def _layout(seen: Geometry, words: AdWords, said: CopyReading) -> Layout:
    if seen.split == "side_by_side":
        if len({part.lower() for part in _HALF.findall(words.whole)}) > 1:
            return "before_after"
        return "comparison" if _VERSUS.search(words.whole) else "side_by_side"
    if seen.covered > 0.3:
        return "testimonial_card" if said.hook == "testimonial" or said.proof == "customer_quote" else "text_led"
    if seen.split == "stacked":
        return "stacked_halves"
    if not seen.regions:
        return "unclear" if seen.why_none and "busy" in seen.why_none else "picture_led"
    weight = sum(region.width * region.height for region in seen.regions)
    upper = sum(region.width * region.height for region in seen.regions if region.middle < 0.4) / weight
    lower = sum(region.width * region.height for region in seen.regions if region.middle > 0.6) / weight
    if upper > 0.2 and lower > 0.2:
        return "framed"
    if upper >= 0.6:
        return "headline_top"
    return "headline_bottom" if lower >= 0.6 else "headline_middle"


def _description(layout: Layout, seen: Geometry, ratio: float) -> str:
    shape = "Square" if 0.95 <= ratio <= 1.05 else "Upright" if ratio < 0.95 else "Wide"
    if ratio < 0.65:
        shape = "Full-screen upright"
    said = f"{shape} picture. {LAYOUTS[layout]}"
    if seen.regions:
        blocks = "1 block" if len(seen.regions) == 1 else f"{len(seen.regions)} blocks"
        return f"{said} {blocks} of lettering over {seen.covered * 100:.0f} % of it."
    return f"{said} {seen.why_none}"


def _name(layout: Layout, industry: str | None, said: CopyReading, words: AdWords) -> str:
    """What a person tells it from others by: its arrangement and its hook, and what it was for."""
    hook = "" if said.hook == taxonomy.UNCLEAR else said.hook.replace("_", " ")
    parts = (layout.replace("_", " ").capitalize() if layout != "unclear" else "Template", hook, industry or "")
    made = ", ".join(filter(None, parts))
    subject = " ".join((words.title or "").split())
    return f"{made}: {subject}"[: _NAME_CHARS + len(made)].rstrip() if subject else made


def _confidence(layout: Layout, seen: Geometry, said: CopyReading, words: AdWords, industry: str | None) -> float:
    """How much of the reading rests on something that was found, of what the rules can find at all.

    Stage and hook count by what the words give for them, the arrangement by how plainly it stands in the picture.
    """
    if not words.whole:
        return 0.3 if layout != "unclear" else 0.15
    plain = {"unclear": 0.0, "picture_led": 0.7}.get(layout, 1.0 if len(seen.regions) <= PLAIN_BLOCKS else 0.8)
    stage = min(1.0, said.awareness_confidence / STAGE_SURE)
    hook = {taxonomy.UNCLEAR: 0.0, "claim": 0.6}.get(said.hook, 1.0)
    return round(MOST_SURE * (0.35 * plain + 0.35 * stage + 0.15 * hook + 0.15 * (1.0 if industry else 0.4)), 3)


def flags_of(words: AdWords) -> Iterator[Flagged]:
    """Reasons to have a person look that words alone give."""
    whole = words.whole
    if words.page_name and not names.mentioned(words.own_brands, [words.page_name]):
        found = names.pattern([words.page_name])
        if found and (match := found.search(whole)):
            yield Flagged("another_brand", match.group(0))
    if match := _MAIL.search(whole):
        yield Flagged("personal_data", match.group(0))
    for match in _PHONE.finditer(whole):
        if sum(letter.isdigit() for letter in match.group(0)) >= _FEWEST_DIGITS:
            yield Flagged("personal_data", match.group(0))
            break
    for pattern in _table("regulated").values():
        if match := pattern.search(whole):
            yield Flagged("regulated_claim", match.group(0))


def _most(text: str, name: str) -> str | None:
    """The label with most different words in the text, the earlier on a tie; None without any."""
    counts = {
        label: len({match.group(0).lower() for match in pattern.finditer(text)})
        for label, pattern in _table(name).items()
    }
    best = max(counts, key=lambda label: counts[label])
    return best if counts[best] else None


@cache
def _table(name: str) -> Mapping[str, re.Pattern[str]]:
    text = (resources.files("viraltracker.templates") / "reading_cues.toml").read_text(encoding="utf-8")
    return {label: _pattern(cues) for label, cues in tomllib.loads(text)[name].items()}


def _pattern(cues: Sequence[str]) -> re.Pattern[str]:
    parts = (re.escape(cue.rstrip("*")) + (r"\w*" if cue.endswith("*") else "") for cue in cues)
    return re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)", re.IGNORECASE)
