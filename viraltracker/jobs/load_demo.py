"""Connects the demo account to a brand and syncs it, as a real account would be, and adds what the brand sells."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import httpx
from pydantic import Field

from viraltracker.errors import ConfigurationError, Unavailable
from viraltracker.jobs.context import JobContext
from viraltracker.jobs.job_type import JobType, Parameters, Result
from viraltracker.store import accounts, brands, products, storage
from viraltracker.store.products import Photo

ACCOUNT_ID = "act_100200300400"
TARGET_CPA = 30.0
"""US dollars per purchase: what the demo brand would pay."""

ACCESS_TOKEN = "demo-token"  # noqa: S105 - opens the sandbox on this machine, nothing else

EXPORT = "competitors.zip"
SEARCH = "https://www.facebook.com/ads/library/?active_status=all&country=US&q=dog+joint"
"""What the export of the invented competitors is said to be of."""

NEW_ADS: dict[str, Any] = {
    "product": "Wonder Paws Hip + Joint Chews",
    "num_variations": 3,
    "portrait": False,
    "wide": False,
}
"""Enough for New ads to have something to show."""


class LoadDemo(Parameters):
    """Parameters of `load_demo`."""

    days_back: int = Field(90, ge=1, le=90, title="Days back", description="Days of the demo account to load.")


def run(context: JobContext, parameters: LoadDemo) -> Result:
    """Connects the account; the sync with its classification and the competitors' ads follow as runs of their own."""
    if context.services.sandbox_url is None:
        raise ConfigurationError(
            "The demo account needs the sandbox, which only the embedded stack starts: run `viraltracker up`."
        )
    brand = brands.get(context.db, context.brand_id)
    if brand.goal is None and brand.target_cpa is None:
        wanted = {"goal": "purchase", "target_cpa": TARGET_CPA, "currency": "USD"}
        context.db.update("brands", wanted, where={"id": brand.id})
    accounts.connect(context.db, context.brand_id, ACCOUNT_ID, source="demo", access_token=ACCESS_TOKEN)
    added = _add_products(context, context.services.sandbox_url)
    context.chain(
        "meta_sync",
        "Sync of the demo account",
        {
            "days_back": parameters.days_back,
            "download_max_images": 500,
            "download_max_videos": 100,
            "auto_classify": True,
            "classify_max_new": 5000,
        },
    )
    context.chain(
        "template_scrape", "Ads of the demo's competitors", _competitors(context, context.services.sandbox_url)
    )
    context.chain("ad_creation", "New ads of the demo's chews", NEW_ADS)
    return {"account_id": ACCOUNT_ID, "products": added}


def _add_products(context: JobContext, sandbox_url: str) -> int:
    """The products that the brand does not have yet, with their photos; one that somebody has changed stays as it is.

    Gives how many were added.
    """
    known = {row["name"].casefold(): row for row in products.of_brand(context.db, context.brand_id)}
    added = 0
    for given in _fetch(context, f"{sandbox_url}/demo/products").json():
        context.guard()
        links = given.pop("photos")
        row = known.get(given["name"].casefold())
        # Of the name, so that a run that was killed between a product and its photos finds it again.
        made = str(uuid5(NAMESPACE_URL, f"{context.brand_id}/{given['name']}"))
        if row is None:
            products.save(context.db, context.brand_id, given | {"id": made})
            added += 1
        elif row["id"] != made or row["photos"] or row["revision"] > 1:
            continue
        shown = [_photo(context, link) for link in links]
        products.add_photos(context.db, context.services.storage, context.brand_id, made, shown)
    return added


def _photo(context: JobContext, link: str) -> Photo:
    from viraltracker.creation import uploads

    return uploads.read(_fetch(context, link).content)


def _fetch(context: JobContext, url: str) -> httpx.Response:
    try:
        return context.services.http.get(url).raise_for_status()
    except httpx.HTTPError as error:
        raise Unavailable("The sandbox did not give the demo's products; they are asked for again.") from error


def _competitors(context: JobContext, sandbox_url: str) -> dict[str, Any]:
    """Puts the export of the competitors' ads where an upload would be; the parameters of its scrape."""
    try:
        answer = context.services.http.get(f"{sandbox_url}/library/{EXPORT}").raise_for_status()
    except httpx.HTTPError:
        raise Unavailable("The sandbox did not give the export of the competitors' ads; try again.") from None
    sha256 = hashlib.sha256(answer.content).hexdigest()
    with tempfile.TemporaryDirectory(dir=context.services.scratch) as folder:
        file = Path(folder) / EXPORT
        file.write_bytes(answer.content)
        context.services.storage.put("imports", storage.key(context.brand_id, sha256), file, "application/zip")
    return {"source": "upload", "file_name": EXPORT, "sha256": sha256, "search_url": SEARCH}


TYPE = JobType(
    name="load_demo",
    label="Load the demo account",
    icon=":material/pets:",
    description="Adds the demo ad account with 90 days of numbers, two products, and invented competitors' ads.",
    parameters=LoadDemo,
    run=run,
)
