"""Which of the demo's pictures a picture is, though it was compressed anew on its way.

`python -m viraltracker.sandbox.demo.fingerprints` draws every picture and writes their fingerprints, which are
committed: drawing them takes seconds, and an answer has milliseconds. Run it after a change of words or drawings.
"""

from __future__ import annotations

import io
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from viraltracker.sandbox.demo import pictures
from viraltracker.sandbox.demo.catalog import Picture
from viraltracker.sandbox.objects import picture_library

CELLS = 36
"""A fingerprint is the picture's grey in so many cells by as many, 0 to 255 each."""
FARTHEST = 0.8
"""Mean difference of the cells up to which a picture is taken for a known one. JPEG at quality 84 and then 90 moves it
by 0.25 at most; two of the demo's pictures lie 0.4 apart or more, so that the nearest is the right one, and any other
picture lies whole greys away."""
_LONGEST_EDGE_PX = 4096
_FILE = "fingerprints.npz"

Grey = npt.NDArray[np.uint8]


def of(image: Image.Image) -> Grey:
    """The fingerprint of a picture, CELLS × CELLS."""
    return np.asarray(image.convert("L").resize((CELLS, CELLS), Image.Resampling.BOX))


def recognised(data: bytes) -> Picture | None:
    """The demo's picture that the bytes of a file show; None for any other, and for what is no picture."""
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP")) as opened:
            # Every picture of the demo is a square; what is not need not be unpacked.
            if opened.width != opened.height or not CELLS <= opened.width <= _LONGEST_EDGE_PX:
                return None
            opened.draft("L", opened.size)
            seen = of(opened)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    hashes, known = index()
    apart = np.abs(known - seen.astype(np.int16)).mean(axis=(1, 2))
    nearest = int(apart.argmin())
    return picture_library()[hashes[nearest]] if apart[nearest] <= FARTHEST else None


@cache
def index() -> tuple[tuple[str, ...], npt.NDArray[np.int16]]:
    """The image hashes of all pictures, and their committed fingerprints in the same order."""
    file = resources.files("viraltracker.sandbox.demo") / "readings" / _FILE
    with np.load(io.BytesIO(file.read_bytes()), allow_pickle=False) as stored:
        return tuple(map(str, stored["hashes"])), stored["fingerprints"].astype(np.int16)


def drawn() -> dict[str, Grey]:
    """The fingerprints by image hash, made from the drawings."""
    return {key: of(pictures.scene(picture)) for key, picture in picture_library().items()}


def main() -> None:
    """Writes the fingerprints anew."""
    made = drawn()
    path = Path(__file__).parent / "readings" / _FILE
    np.savez_compressed(path, hashes=np.array(list(made)), fingerprints=np.stack(list(made.values())))


if __name__ == "__main__":
    main()
