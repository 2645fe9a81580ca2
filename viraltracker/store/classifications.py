"""Readings of creatives: what there is to read, what is known, what was said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from viraltracker.store.client import Database


def candidates(
    db: Database, brand_id: str, *, since: date, until: date, dataset_id: str | None = None
) -> list[dict[str, Any]]:
    """One row per ad, highest spend first: `ad_id, spend, primary_text, headline, description, cta, object_type,
    image_hash, video_id, link_url, media, page` where media is `{image|video: {status, sha256, mime, bytes, duration_s,
    source_key}}` and page `{canonical_url, status, content_hash}` or None."""
    answer: list[dict[str, Any]] = db.call(
        "classification_candidates", p_brand=brand_id, p_from=since, p_to=until, p_dataset=dataset_id
    )
    return answer


@dataclass(frozen=True)
class Key:
    """What a reading is known by, beside its brand and its classifier."""

    reading: str
    input_hash: str
    prompt_version: str


def known(db: Database, brand_id: str, keys: Sequence[Key], *, classifier: str) -> dict[tuple[str, str], bool]:
    """Of the keys those that this classifier has covered, by (reading, input hash); True where a person's word does."""
    if not keys:
        return {}
    answer = db.call(
        "known_readings",
        p_brand=brand_id,
        p_keys=[asdict(key) for key in keys],
        p_classifier=classifier,
        p_prompt_versions={},
    )
    found: dict[tuple[str, str], bool] = {}
    for row in answer:
        key = (row["reading"], row["input_hash"])
        found[key] = found.get(key, False) or row["human"]
    return found


def unanswerable(db: Database, brand_id: str, keys: Sequence[Key], *, classifier: str) -> dict[tuple[str, str], str]:
    """Of the keys those that the classifier could not answer lately and that rest for a while, with the reason."""
    if not keys:
        return {}
    answer = db.call(
        "unanswerable_readings",
        p_brand=brand_id,
        p_keys=[asdict(key) for key in keys],
        p_classifier=classifier,
    )
    return {(row["reading"], row["input_hash"]): row["reason"] for row in answer}


def link(db: Database, brand_id: str, links: Sequence[dict[str, str | None]]) -> int:
    """Says which input each ad's readings have now: rows of `ad_id, reading, input_hash`. Counts changed links.

    Without an `input_hash` the ad has nothing to read there any more, and the link it had is removed.
    """
    return int(db.call("link_classifications", p_brand=brand_id, p_links=links))


def save(db: Database, brand_id: str, run_id: str, rows: Sequence[dict[str, Any]], *, supersede: bool = False) -> int:
    """Stores readings (columns of `ad_creative_classifications`) and counts the new ones."""
    return int(db.call("save_classifications", p_brand=brand_id, p_run=run_id, p_rows=rows, p_supersede=supersede))


def looked_at(db: Database, brand_id: str, hashes: Sequence[str]) -> dict[str, str]:
    """Of these pictures and videos those that a model has looked at: the id of its best row, by input hash."""
    answer = db.call("looked_at", p_brand=brand_id, p_hashes=list(hashes)) if hashes else []
    return {row["input_hash"]: row["id"] for row in answer}


def creative_contents(db: Database, brand_id: str, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What those rows found in a picture or video, by id: `shows, text_on_picture, hook, overlays, spoken, claims`."""
    answer = db.call("creative_contents", p_brand=brand_id, p_ids=list(ids)) if ids else []
    return {row.pop("id"): {name: value for name, value in row.items() if value} for row in answer}


def save_congruence(
    db: Database, brand_id: str, run_id: str, rows: Sequence[dict[str, Any]], *, supersede: bool = False
) -> int:
    """Stores comparisons that cost nothing (columns of `congruence_components`) and counts the new ones."""
    return int(db.call("save_congruence", p_brand=brand_id, p_run=run_id, p_rows=rows, p_force=supersede))


def open_run(db: Database, run: dict[str, Any]) -> str:
    """Opens the `ad_intelligence_runs` row of a job run, or finds the one it opened before it was interrupted."""
    return str(db.call("open_intelligence_run", p_run=run))


def close_run(db: Database, run_id: str, *, status: str, summary: dict[str, Any], error: str | None = None) -> None:
    """Ends the row with its counts."""
    db.call("close_intelligence_run", p_id=run_id, p_status=status, p_summary=summary, p_error=error)
