"""A picture with its words in it, on its way into the store: its row, and what the checks say of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from viraltracker.creation import checks, pictures, remarks, similarity
from viraltracker.creation.compose import Composed
from viraltracker.store import creations
from viraltracker.store.storage import Storage

Json = dict[str, Any]


def stored(storage: Storage, brand_id: str, drawn: Composed, *, scene: str | None, known: str | None = None) -> Json:
    """The picture's row; its bytes are stored unless they are `known` by their sha256. `scene` is that of the picture
    by a model that the words were set upon."""
    sha256 = drawn.sha256
    if sha256 != known:
        creations.store_file(storage, brand_id, drawn.data, drawn.mime)
    return {
        "size": pictures.size(drawn.canvas),
        "sha256": sha256,
        "mime": drawn.mime,
        "bytes": len(drawn.data),
        "width": drawn.canvas.width,
        "height": drawn.canvas.height,
        "phash": similarity.hashes(pictures.opened(drawn.data)),
        "maker": drawn.made_by,
        "label": drawn.label,
        "look": asdict(drawn.look),
        "scene_sha256": scene,
    }


def checked(
    drawn: Composed, *, template: str | None, siblings: Sequence[str], foreign: Sequence[str], own: str
) -> list[Json]:
    """Findings of all checks of a picture, each with its size."""
    finished = checks.Finished(drawn.data, drawn.canvas, drawn.regions, template, siblings, foreign, (own,))
    size = pictures.size(drawn.canvas)
    return [
        remarks.finding(each.name, each.says, passed=each.passed, hard=each.hard, size=size)
        for each in checks.run(finished)
    ]
