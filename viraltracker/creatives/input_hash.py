"""The key of a reading: a hash of exactly what the reading is made from.

Two ads with the same words, or the same bytes of media, share it; a changed headline gives the copy another one and
leaves the creative's alone. A URL is never part of it: Meta signs its links anew every day.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final, Literal

from viraltracker.creatives import taxonomy
from viraltracker.creatives.names import mentioned
from viraltracker.creatives.readings import CopyInput, CreativeInput, Input, LandingInput, name_of

Missing = Literal["no_media", "media_not_stored", "no_copy", "no_link", "page_not_read"]
"""Why an ad has no input for a reading: nothing to read, media known of but not stored, not a word of copy, no page
that it leads to, a page whose words could not be fetched."""

LONGEST_FIELD = 20_000
"""Characters kept of a field. Meta's own limits are far lower; what is longer is read by its beginning."""

MOST_MARKS: Final = 30
"""Combining characters kept in a row, as of a stream-safe text (UAX #15): putting them in order takes time that grows
with their square, and no script stacks as many."""

_SPACE = re.compile(r"[^\S\n]+")
_BREAKS = re.compile(r"\s*\n\s*")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def normalised(text: str | None) -> str:
    """The text as a reading sees it.

    NFC; control characters, lone surrogates and combining characters beyond `MOST_MARKS` in a row taken out; each run
    of spaces one space, each run of line breaks one line break (a break ends a sentence, so it is content); trimmed;
    cut at `LONGEST_FIELD`. Case, punctuation and emoji stay.
    """
    if not text:
        return ""
    clean = _UNPRINTABLE.sub("", text[: 2 * LONGEST_FIELD].replace("\r\n", "\n").replace("\r", "\n"))
    collapsed = _BREAKS.sub("\n", _SPACE.sub(" ", unicodedata.normalize("NFC", _stream_safe(clean))))
    return collapsed.strip()[:LONGEST_FIELD].strip()


def _stream_safe(text: str) -> str:
    """The text with at most `MOST_MARKS` combining characters in a row.

    Counted as they stand in a canonical decomposition, where one character may be two of them, and so that a text which
    has been cut and composed is not cut again.
    """
    if text.isascii():
        return text
    kept: list[str] = []
    run = 0
    for char in text:
        apart = unicodedata.normalize("NFD", char)
        marks = sum(unicodedata.combining(part) != 0 for part in apart)
        run = run + marks if marks == len(apart) else marks
        if run <= MOST_MARKS:
            kept.append(char)
    return "".join(kept)


def copy_input(fields: Mapping[str, Any], brand_names: Sequence[str]) -> CopyInput | Missing:
    """The copy of an ad: `fields` has primary_text, headline, description and cta, each a text or None."""
    primary, headline, description = (normalised(fields.get(k)) for k in ("primary_text", "headline", "description"))
    if not (primary or headline or description):
        return "no_copy"
    names = mentioned(map(normalised, brand_names), (primary, headline, description))
    return CopyInput(primary, headline, description, normalised(fields.get("cta")), names)


def creative_input(candidate: Mapping[str, Any]) -> CreativeInput | Missing:
    """The picture or video of a candidate (see `store.classifications.candidates`).

    A video ad is read from its video, never from the still that Meta shows before it plays.
    """
    media: Mapping[str, Mapping[str, Any]] = candidate.get("media") or {}
    object_type = candidate.get("object_type")
    video_id, image_hash = candidate.get("video_id"), candidate.get("image_hash")
    still_is_picture = object_type in ("image", "carousel", "collection")
    wants_video = object_type == "video" or bool(video_id and not (still_is_picture and image_hash))
    kind: Literal["image", "video"] = "video" if wants_video else "image"
    source = video_id if wants_video else image_hash
    asset = media.get(kind)
    if asset is None:
        return "media_not_stored" if source else "no_media"
    if asset.get("status") != "stored" or not asset.get("sha256") or (source and asset.get("source_key") != source):
        return "media_not_stored"
    duration = asset.get("duration_s")
    length = taxonomy.video_length(float(duration)) if wants_video and duration is not None else None
    return CreativeInput(kind, str(asset["sha256"]), object_type, length)


def landing_input(candidate: Mapping[str, Any], brand_names: Sequence[str]) -> LandingInput | Missing:
    """The page that a candidate leads to, by the hash of its words; the words themselves come when it is read."""
    page: Mapping[str, Any] = candidate.get("page") or {}
    if not page and not candidate.get("link_url"):
        return "no_link"
    if page.get("content_hash") is None:
        return "page_not_read"
    return LandingInput(str(page["content_hash"]), tuple(sorted(set(filter(None, map(normalised, brand_names))))))


def input_hash(given: Input) -> str:
    """SHA-256, in hex, of the input as canonical JSON: sorted keys, no spaces, UTF-8."""
    content = {"reading": name_of(given), **asdict(given)}
    if isinstance(given, LandingInput):
        del content["words"]
    canonical = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
