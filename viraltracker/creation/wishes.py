"""What an order wants its ads to be about, and how far words written by rules go towards it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from viraltracker.creation.copywriting import Copy
from viraltracker.creation.wording import Text, stems
from viraltracker.creatives import taxonomy
from viraltracker.creatives.readings import CopyInput
from viraltracker.creatives.rules import engine

Source = Literal["hooks", "recreate_template", "brief", "angles"]

_SHORT: Final = 4
"""Letters below which a word of a brief says little."""


@dataclass(frozen=True)
class Wish:
    """`brief` and `instructions` are a person's words, `angle` a label of the taxonomy that all ads are to take."""

    source: Source = "hooks"
    brief: str | None = None
    angle: str | None = None
    instructions: str | None = None


@lru_cache(maxsize=512)
def labels(copy: Copy) -> tuple[str, str]:
    """The angle and the hook of a copy as the rules read them: labels of the taxonomy, `unclear` where they cannot."""
    read = engine.read_copy(
        CopyInput(copy.primary_text, copy.headline, copy.subline or "", copy.call_to_action, brand_names=())
    )
    return read.angle, read.hook


def angle(copy: Copy, wish: Wish) -> str | None:
    """What an ad's results are counted under; None where it is not known."""
    found = labels(copy)[0]
    if found != taxonomy.UNCLEAR:
        return found
    return wish.angle


def fit(copy: Copy, wish: Wish, template: Mapping[str, object] | None) -> float:
    """How far a copy goes towards a wish, 0 and up; for choosing among copies of the same product and stage."""
    angle_label, hook = labels(copy)
    found = 2.0 if wish.angle and angle_label == wish.angle else 0.0
    if wish.source == "recreate_template" and template is not None and hook == template.get("hook"):
        found += 2.0
    if wish.source == "brief" and wish.brief:
        wanted = _content(wish.brief)
        said = _content(" ".join((copy.headline, copy.subline or "", copy.primary_text)))
        found += len(wanted & said) / max(1, len(wanted))
    return found


def _content(text: str) -> set[str]:
    return stems([token for token in Text.of(text).tokens if len(token) >= _SHORT])
