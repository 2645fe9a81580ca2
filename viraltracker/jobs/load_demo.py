"""Connects the demo account to a brand and syncs it, as a real account would be."""

from __future__ import annotations

from pydantic import Field

from viraltracker.errors import ConfigurationError
from viraltracker.jobs.context import JobContext
from viraltracker.jobs.job_type import JobType, Parameters, Result
from viraltracker.store import accounts, brands

ACCOUNT_ID = "act_100200300400"
TARGET_CPA = 30.0
"""US dollars per purchase: what the demo brand would pay."""

ACCESS_TOKEN = "demo-token"  # noqa: S105 - opens the sandbox on this machine, nothing else


class LoadDemo(Parameters):
    """Parameters of `load_demo`."""

    days_back: int = Field(90, ge=1, le=90, title="Days back", description="Days of the demo account to load.")


def run(context: JobContext, parameters: LoadDemo) -> Result:
    """Connects the account; the sync and its classification follow as runs of their own."""
    if context.services.sandbox_url is None:
        raise ConfigurationError(
            "The demo account needs the sandbox, which only the embedded stack starts: run `viraltracker up`."
        )
    brand = brands.get(context.db, context.brand_id)
    if brand.goal is None and brand.target_cpa is None:
        wanted = {"goal": "purchase", "target_cpa": TARGET_CPA, "currency": "USD"}
        context.db.update("brands", wanted, where={"id": brand.id})
    accounts.connect(context.db, context.brand_id, ACCOUNT_ID, source="demo", access_token=ACCESS_TOKEN)
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
    return {"account_id": ACCOUNT_ID}


TYPE = JobType(
    name="load_demo",
    label="Load the demo account",
    icon=":material/pets:",
    description="Adds the demo ad account with 90 days of numbers to the brand.",
    parameters=LoadDemo,
    run=run,
)
