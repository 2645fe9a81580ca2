"""What a picture's own edges say of where its words stand and how it is divided. Knows no language and no objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import ndimage

EDGE_PX: Final = 320
"""The picture is looked at this large: lettering that a person reads in a feed is some pixels high even so."""
MOST_REGIONS: Final = 8
_STEP: Final = 38
"""Of 255: a change of brightness from one pixel to the next that counts as an edge of a letter."""
_WINDOW: Final = (5, 21)
"""Height and width in pixels of the neighbourhood in which edges are counted: about a word of a small line."""
_DENSE: Final = 0.17
"""Share of that neighbourhood that is edges, from which on it is taken for words. Found by trying drawn pictures."""
_BUSY: Final = 0.5
"""Where more of the picture than this looks like words, it is texture: fabric, grass, hair."""
_SEAM: Final = 0.6
"""Share of the middle line along which the two halves differ, from which on the picture is divided."""

Grey = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Region:
    """A rectangle with words, in fractions of the picture's width and height from its upper left corner."""

    left: float
    top: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        """Of its height, from the top."""
        return self.top + self.height / 2

    def record(self) -> dict[str, float]:
        """JSON, to a thousandth."""
        return {
            "left": round(self.left, 3), "top": round(self.top, 3),
            "width": round(self.width, 3), "height": round(self.height, 3),
        }  # fmt: skip


@dataclass(frozen=True)
class Geometry:
    """`regions` from top to bottom; `why_none` says why there are none. `split` is how it is divided in two."""

    regions: tuple[Region, ...]
    why_none: str | None
    split: str | None

    @property
    def covered(self) -> float:
        """Share of the picture under its regions."""
        return sum(region.width * region.height for region in self.regions)


def look_at(image: Image.Image) -> Geometry:
    """The geometry of a picture of at most `EDGE_PX` an edge, in RGB."""
    grey = np.asarray(image.convert("L"), dtype=np.float32)
    split = _split(np.asarray(image, dtype=np.float32))
    words = _words(grey)
    if words.mean() > _BUSY:
        return Geometry((), "The picture is too busy to tell lettering from texture by its edges.", split)
    regions = _regions(words)
    return Geometry(regions, None if regions else "No lettering was found by the picture's edges.", split)


def _words(grey: Grey) -> npt.NDArray[np.bool_]:
    """Where edges stand as close as in a line of letters: many that are upright, and not only a few long ones."""
    upright = np.zeros(grey.shape, dtype=np.float32)
    upright[:, 1:] = np.abs(np.diff(grey, axis=1)) > _STEP
    dense = ndimage.uniform_filter(upright, _WINDOW) > _DENSE
    # A line is wider than the gaps between its words, and higher than a rule.
    joined = ndimage.binary_closing(dense, np.ones((3, 25), dtype=bool))
    kept: npt.NDArray[np.bool_] = ndimage.binary_opening(joined, np.ones((4, 18), dtype=bool))
    return kept


def _regions(words: npt.NDArray[np.bool_]) -> tuple[Region, ...]:
    height, width = words.shape
    # Lines of one block of text stand about a line apart.
    blocks, _ = ndimage.label(ndimage.binary_dilation(words, np.ones((13, 1), dtype=bool)))
    found = []
    for rows, columns in ndimage.find_objects(blocks):
        high, wide = rows.stop - rows.start, columns.stop - columns.start
        inside = float(words[rows, columns].mean())
        # Much higher than wide is the rim of a thing; nearly empty is two things that happened to touch.
        if wide < 0.08 * width or high > 3 * wide or inside < 0.2:
            continue
        found.append(Region(columns.start / width, rows.start / height, wide / width, high / height))
    largest = sorted(found, key=lambda region: region.width * region.height, reverse=True)[:MOST_REGIONS]
    return tuple(sorted(largest, key=lambda region: (region.top, region.left)))


def _split(colours: npt.NDArray[np.float32]) -> str | None:
    """`side_by_side` or `stacked` where a straight seam runs through the middle; the seam is looked for near it."""
    for axis, name in ((1, "side_by_side"), (0, "stacked")):
        lines = np.moveaxis(colours, axis, 0)
        length = lines.shape[0]
        near = range(round(length * 0.44), round(length * 0.56) + 1)
        steps = [np.abs(lines[at + 2] - lines[at - 2]).max(axis=1) > _STEP for at in near if 2 <= at < length - 2]
        if not steps:
            continue
        # In a busy picture every line has steps: a seam stands out from the lines around it.
        shares = np.array([float(step.mean()) for step in steps])
        if shares.max() >= _SEAM and shares.max() > 2 * float(np.median(shares)):
            return name
    return None
