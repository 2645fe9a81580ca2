"""The hook tactic: what the first sentence does to be read."""

from __future__ import annotations

import re
from typing import Final

from viraltracker.creatives.rules.features import fired
from viraltracker.creatives.rules.labels import Match, persona
from viraltracker.creatives.rules.opening import Opening

_OF_CUE: Final = (
    ("testimonial", "testimonial"),
    ("discount", "deal"),
    ("sale_event", "deal"),
    ("deadline", "deal"),
    ("scarcity", "deal"),
    ("restock", "deal"),
    ("bodily_pain", "pain_callout"),
    ("suffering", "pain_callout"),
    ("fed_up", "pain_callout"),
    ("trouble", "pain_callout"),
    ("introduces", "introduction"),
    ("comparison", "comparison"),
    ("how_to", "how_to"),
    ("curiosity", "curiosity"),
    ("narration", "story"),
)
"""In the order in which they win."""

_FIGURE: Final = re.compile(r"\b\d[\d,.]*\s?%|\b\d[\d,.]{2,}\b|\b\d+ (?:in|out of) \d+\b")


def hook(start: Opening) -> Match | None:
    """The tactic of the first sentence with its words; None for a plain statement."""
    alone = Opening(start.sentences[:1])
    found = fired(alone)
    whom = persona(alone.first)
    if whom and whom.quote.strip(" \n!,:").casefold() in alone.first[: len(whom.quote) + 12].casefold():
        return Match("identity_callout", whom.quote)
    for cue, label in _OF_CUE:
        # A third person's pain is a story, not a call to the reader.
        if cue in found and not (label == "pain_callout" and "people" in found and "narration" in found):
            return Match(label, found[cue].quote)
    if "asks" in found or "asks_reader" in found:
        return Match("question", alone.first)
    figure = _FIGURE.search(alone.first)
    return Match("statistic", figure.group(0)) if figure else None
