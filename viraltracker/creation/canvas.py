"""The sizes that ads are made in, and where on them words may stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

LEGIBLE_SHARE: Final = 0.026
"""The smallest type, as a share of the picture's width: 28 px of 1080. A feed shows a picture as wide as the phone, so
this is about ten points on a phone of 390 points."""

STORY_TOP: Final = 0.14
STORY_BOTTOM: Final = 0.20
"""Shares of a story's height that Meta's own buttons and names cover (Meta's ads guide, stories and reels)."""

_MARGIN: Final = 0.055
"""Air around words, as a share of the shorter side."""


class Box(NamedTuple):
    """Pixels, from the upper left corner; `right` and `bottom` are the first that are outside."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """Pixels across."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Pixels down."""
        return self.bottom - self.top

    def inset(self, x: int, y: int | None = None) -> Box:
        """The box within, `x` from the sides and `y` (else also `x`) from above and below."""
        down = x if y is None else y
        return Box(self.left + x, self.top + down, self.right - x, self.bottom - down)

    def holds(self, other: Box) -> bool:
        """Whether all of `other` lies inside."""
        return (
            self.left <= other.left
            and self.top <= other.top
            and other.right <= self.right
            and other.bottom <= self.bottom
        )

    def touches(self, other: Box) -> bool:
        """Whether the two have a pixel in common."""
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )


@dataclass(frozen=True)
class Canvas:
    """A picture's size in pixels."""

    width: int
    height: int

    @property
    def name(self) -> str:
        """As people write it: 1080×1350."""
        return f"{self.width}×{self.height}"

    @property
    def whole(self) -> Box:
        """Every pixel."""
        return Box(0, 0, self.width, self.height)

    @property
    def is_story(self) -> bool:
        """Tall enough to fill a phone's screen, where the app draws over top and bottom."""
        return self.height / self.width > 1.6

    @property
    def is_wide(self) -> bool:
        """Too wide for words below the photo."""
        return self.width / self.height > 1.4

    @property
    def margin(self) -> int:
        """Pixels that stay free of words along the edges."""
        return round(min(self.width, self.height) * _MARGIN)

    @property
    def safe(self) -> Box:
        """Where the platform draws nothing over words."""
        if not self.is_story:
            return self.whole
        return Box(0, round(self.height * STORY_TOP), self.width, int(self.height * (1 - STORY_BOTTOM)))

    @property
    def seen_bottom(self) -> int:
        """Down to where a product may stand: on a story, a little into what the platform covers at times."""
        return round(self.height * (1 - STORY_BOTTOM * 0.6)) if self.is_story else self.height

    @property
    def text(self) -> Box:
        """Where words may stand: the safe zone with air around it."""
        safe = self.safe
        above, below = (0, 0) if self.is_story else (self.margin, self.margin)
        return Box(safe.left + self.margin, safe.top + above, safe.right - self.margin, safe.bottom - below)

    @property
    def smallest_type(self) -> int:
        """Pixels of the smallest type that can be read on a phone."""
        return round(self.width * LEGIBLE_SHARE)


SQUARE: Final = Canvas(1080, 1080)
PORTRAIT: Final = Canvas(1080, 1350)
STORY: Final = Canvas(1080, 1920)
WIDE: Final = Canvas(1200, 628)
CANVASES: Final = (SQUARE, PORTRAIT, STORY, WIDE)


@dataclass(frozen=True)
class TextRegion:
    """Words in a picture and where they stand. `role` says what they are for (headline, cta, …).

    `type_px` is the size of the type; None where only the box is known, as in a model's reading of a picture.
    """

    role: str
    text: str
    box: Box
    type_px: int | None = None
    lines: int = 1
