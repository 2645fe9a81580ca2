"""Why something of an ad is not read, in words, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from viraltracker.creatives import input_hash
from viraltracker.web import words

Json = dict[str, Any]

CLASSIFY: Final = "Run a classification in Ad Scheduler."
MISSING: Final[Mapping[str, str]] = {
    "no_media": "This ad has no picture or video of its own.",
    "no_copy": "This ad has no text, headline or description to read.",
    "no_link": "This ad leads to no page.",
    "page_not_read": "The page's words are not stored. Run “Read landing pages” in Ad Scheduler.",
}
ASSETS: Final[Mapping[str, str]] = {
    "no_source": "Meta gives no file of it to this token.",
    "forbidden": "Meta does not let this token fetch it: the page or Instagram account that owns it must allow it.",
    "gone": "The file is gone at Meta.",
    "too_large": "The file is larger than what is stored.",
    "failed": "Fetching it failed; the next run of “Store pictures and videos” tries again.",
}
CALLS: Final[Mapping[str, str]] = {
    "low_resolution": "The picture is too small to read. Upload a larger one to Meta.",
    "media_not_stored": "The stored file is gone. Run “Store pictures and videos” in Ad Scheduler.",
    "blocked": "The model's safety filter refused it. Another model may read it, or you can label it yourself.",
    "truncated": "The answer was cut off. The next classification asks again.",
    "too_large": "It is too large for the model.",
    "unsupported": "The stored file is none that a model can open.",
    "invalid_reply": "The model's answer did not keep to the form, twice. The next classification asks again.",
    "not_answered": "The model's service gave no answer. The next classification asks again.",
}
"""What became of the last call for an input."""
PAGES: Final[Mapping[str, str]] = {
    "not_a_web_address": "The link is no web address.",
    "private_address": "The link leads to a private address, where nothing is fetched.",
    "too_many_redirects": "The page is redirected too often.",
    "too_large": "The page is larger than 2 MB.",
    "too_slow": "The page took longer than 15 seconds.",
    "not_html": "The link leads to something else than a web page.",
    "robots": "The site's robots.txt does not let programs read the page, or could not be read itself.",
    "gone": "The page is no longer there.",
    "forbidden": "The page may not be read without signing in.",
    "failed": "The server gave no page.",
    "unavailable": "The server did not give the page this time.",
    "no_text": "The page holds no text but what its scripts would draw.",
}


def why(found: Json, reading: str) -> str | None:
    """Why nobody has looked at this part of an ad (see `readings.of_ad`); None where a person or a model has."""
    rows = [row for row in found["readings"] if row["reading"] == reading]
    if any(not row["classifier"].startswith("rules") for row in rows):
        return None
    missing = _missing(found, reading)
    if missing is not None and not rows:
        return missing
    call = next((call for call in found["unanswered"] if call["reading"] == reading), None)
    if call is not None:
        return _call(call)
    if rows:
        # Rules read words by themselves; a picture they only see the frame of.
        return NO_EYES if reading == "creative" else None
    return f"Nothing has read this yet. {CLASSIFY}"


NO_EYES: Final = (
    "Rules do not look at pictures or videos. With a key for Gemini or Claude a model does; or label it yourself."
)


def page(found: Json) -> str | None:
    """Why the page's words are not there, or are old; None where the last attempt gave them."""
    at = found["page"]
    if at is None or at.get("status") == "ok":
        return None
    if at.get("status") is None:
        return "The page was not fetched yet. Run “Read landing pages” in Ad Scheduler."
    reason = str(at.get("reason") or "")
    said = (
        PAGES.get(reason) or f"The page could not be fetched ({reason.replace('_', ' ') or 'no reason was recorded'})."
    )
    answer = f" Its server answered {at['http_status']}." if (at.get("http_status") or 0) >= 400 else ""
    again = " It is tried again by itself." if at["status"] == "failed" else ""
    return f"{said}{answer}{again}"


def _missing(found: Json, reading: str) -> str | None:
    ad = found["ad"] or {}
    if reading == "copy":
        given: object = input_hash.copy_input(ad, ())
    elif reading == "landing":
        if found["page"] is not None and (said := page(found)) is not None and not found["page"].get("content_hash"):
            return said
        given = input_hash.landing_input({**ad, "page": found["page"]}, ())
    else:
        media = {asset["kind"]: asset for asset in found["assets"]}
        given = input_hash.creative_input({**ad, "media": media})
        if given == "media_not_stored":
            return _not_stored(ad, media)
    if ad.get("file") and given in ("no_media", "no_link"):
        return "An imported file brings words and numbers, no pictures and no links."
    return MISSING.get(given) if isinstance(given, str) else None


def _not_stored(ad: Json, media: Mapping[str, Json]) -> str:
    kind = "video" if ad.get("video_id") and (ad.get("object_type") == "video" or not ad.get("image_hash")) else "image"
    thing = "video" if kind == "video" else "picture"
    asset = media.get(kind)
    if asset is None or asset["status"] == "stored":
        return f"The {thing} is not stored. Run “Store pictures and videos” in Ad Scheduler."
    said = ASSETS.get(asset["status"], "")
    return f"The {thing} is not stored. {said} {words.sentence(asset['reason'])}".strip()


def _call(call: Json) -> str:
    if call["state"] == "in_flight":
        if call["batch_id"]:
            return "It is in a batch whose answers come within a day."
        return "A model is reading it at this moment."
    if call["state"] == "lost":
        return "A run was cut off while it was read. The next classification asks again."
    said = CALLS.get(str(call["reason"]), f"The model gave no reading ({str(call['reason']).replace('_', ' ')}).")
    return f"{said} {words.sentence(call['detail'])}".strip()
