"""Ads that were made here: runs, what each made, how it was judged, and what became of it at Meta."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from viraltracker.errors import NotFound, Refused
from viraltracker.store import storage as files
from viraltracker.store.client import Database
from viraltracker.store.storage import Storage

Json = dict[str, Any]

MOST_ATTEMPTS = 200
"""Pictures that one run may ask for, whatever comes of them."""


def begin(db: Database, brand_id: str, run: Mapping[str, object]) -> Json:
    """Begins a run `{id, product_id, parameters, wanted, sizes}`, or goes on with it.

    `{id, status, attempts, ads, steps}` with what earlier attempts have made, ads by variation, each with its `images`,
    and what they have bought from models. The id is that of an earlier run where somebody tries that one again.
    """
    answer: Json = db.call("begin_creation_run", p_brand=brand_id, p_run=run)
    return answer


def count_attempt(db: Database, brand_id: str, run_id: str) -> bool:
    """Counts a picture that is about to be asked for; False once the run has had `MOST_ATTEMPTS`."""
    return bool(db.call("count_creation_attempt", p_brand=brand_id, p_run=run_id))


def save(db: Database, brand_id: str, ad: Mapping[str, object], images: Sequence[Mapping[str, object]]) -> str:
    """Stores an ad by its run and variation with pictures by their size, and gives its id.

    Columns of `generated_ads` and `generated_ad_images`. What a person has decided about stays as it is.
    """
    return str(db.call("save_generated_ad", p_brand=brand_id, p_ad=ad, p_images=list(images)))


def finish_step(db: Database, call_id: str, ended: Mapping[str, object], step: Mapping[str, object]) -> Json:
    """Ends a call to a model and stores what it bought, in one transaction; gives the step as it is stored."""
    answer: Json = db.call("finish_creation_step", p_call=call_id, p_result=ended, p_step=step)
    return answer


def finish(
    db: Database,
    brand_id: str,
    run_id: str,
    *,
    status: Literal["completed", "failed"],
    reason: str | None = None,
    exports: Sequence[Mapping[str, object]] = (),
) -> None:
    """Ends a run, with where its ads went: `[{kind, file_name, storage_key}]`."""
    db.call(
        "finish_creation_run",
        p_brand=brand_id,
        p_run=run_id,
        p_status=status,
        p_reason=reason,
        p_exports=list(exports),
    )


def template_choices(
    db: Database, brand_id: str, product_id: str, template_ids: Sequence[str] | None, limit: int
) -> list[Json]:
    """Templates for a product, the best first: unused ones, those whose ads did better, those that ran longest.

    `[{id, name, awareness, hook, layout, storage_key, sha256, phash, uses, active_days, standing}]`, of `template_ids`
    alone, in their order, where these are given. `standing` is 1, 0 or -1: see `template_choices` in the database.
    """
    answer: list[Json] = db.call(
        "template_choices",
        p_brand=brand_id,
        p_product=product_id,
        p_templates=None if template_ids is None else list(template_ids),
        p_limit=limit,
    )
    return answer


def foreign_names(db: Database, brand_id: str) -> list[str]:
    """Names of other brands' pages, which no ad may bear; at most a thousand, those seen most."""
    answer: list[str] = db.call("foreign_brand_names", p_brand=brand_id)
    return answer


def decide(db: Database, brand_id: str, decisions: Sequence[Mapping[str, object]]) -> int:
    """A person's `[{id, decision: approve | reject, note, revision}]`; how many it changed.

    Raises Refused for a reader.
    """
    return int(db.call("decide_generated_ads", p_brand=brand_id, p_decisions=list(decisions)))


def gallery(db: Database, brand_id: str, run_id: str | None = None, *, runs: int = 50) -> Json:
    """`{runs, run, ads}`: the brand's newest runs, and the ads of one of them, of the newest where none is named."""
    answer: Json = db.call("creation_gallery", p_brand=brand_id, p_run=run_id, p_runs=runs)
    return answer


def one(db: Database, brand_id: str, ad_id: str) -> Json:
    """A made ad with what drawing it anew takes; NotFound when it is not visible.

    Its columns, `images`, `run` {sizes, parameters}, `template` {name, storage_key} or None, and `siblings`, the
    perceptual hashes of the other ads of its run by size.
    """
    answer: Json | None = db.call("generated_ad", p_brand=brand_id, p_ad=ad_id)
    if answer is None:
        raise NotFound("This ad is no longer there.")
    return answer


def revise(db: Database, ad: Mapping[str, Any], run_id: str, version: Mapping[str, Any]) -> int:
    """Replaces an ad, a row as of `one`, by `{copy, findings, writer, images}`, and keeps the version before.

    Gives the new revision; the same run again changes nothing. Raises Refused where the ad has changed since it was
    read.
    """
    answer: int | None = db.call(
        "revise_generated_ad",
        p_brand=ad["brand_id"],
        p_ad=ad["id"],
        p_revision=ad["revision"],
        p_run=run_id,
        p_version={name: version[name] for name in ("copy", "findings", "writer")},
        p_images=list(version["images"]),
    )
    if answer is None:
        raise Refused("Somebody else changed this ad meanwhile; look at it again, then change it.")
    return answer


def history(db: Database, brand_id: str, run_id: str) -> dict[str, list[Json]]:
    """The earlier versions of a run's ads by ad id, newest first, at most 20 of each.

    `{revision, copy, images, status, writer, made_by, made_at, replaced_at}`.
    """
    found: dict[str, list[Json]] = {}
    for version in db.call("generated_ad_history", p_brand=brand_id, p_run=run_id):
        found.setdefault(version["ad_id"], []).append(version)
    return found


def origins(db: Database, brand_id: str) -> list[Json]:
    """The newest 200 runs that something asked for, newest first.

    `[{run, origin, title, status, wanted, approved, needs_person, rejected, started_at}]`; `title` is that of a
    recommendation.
    """
    answer: list[Json] = db.call("creation_origins", p_brand=brand_id)
    return answer


def results(db: Database, brand_id: str) -> Json:
    """What ads that were made here did at Meta, and the other ads of the same accounts in the same days, at most 90.

    `{goal, currency, first, last, approved, running, other_currencies, ads, others}`, see the function.
    """
    answer: Json = db.call("creation_results", p_brand=brand_id)
    return answer


def match(db: Database, brand_id: str) -> int:
    """Ties ads of Meta to those that were made here, by the token in their names; how many are new."""
    return int(db.call("match_generated_ads", p_brand=brand_id))


def store_file(storage: Storage, brand_id: str, data: bytes, mime: str) -> tuple[str, str]:
    """Stores bytes under their hash: `(sha256, storage key)`. Raises Unavailable when they could not be stored."""
    sha256 = hashlib.sha256(data).hexdigest()
    storage_key = files.key(brand_id, sha256)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / sha256
        file.write_bytes(data)
        storage.put("assets", storage_key, file, mime)
    return sha256, storage_key
