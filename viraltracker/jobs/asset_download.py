"""Stores the pictures and videos of ads."""

from __future__ import annotations

from pydantic import Field

from viraltracker.jobs.context import JobContext
from viraltracker.jobs.job_type import JobType, Parameters, Result


class AssetDownload(Parameters):
    """Parameters of `asset_download`."""

    max_images: int = Field(40, ge=0, le=500, title="Pictures per run", description="New pictures to store at most.")
    max_videos: int = Field(20, ge=0, le=100, title="Videos per run", description="New videos to store at most.")


def run(context: JobContext, parameters: AssetDownload) -> Result:
    """Outcomes per account; `remaining` counts what the caps left."""
    reports = download(context, parameters.max_images, parameters.max_videos)
    return {"accounts": reports, "remaining": sum(int(str(report["remaining"])) for report in reports)}


def download(context: JobContext, max_images: int, max_videos: int) -> list[dict[str, object]]:
    """Fetches media of every account of the brand, and says what became of it."""
    from viraltracker.jobs import graph
    from viraltracker.meta.assets import AssetFetcher

    reports = []
    for account in graph.accounts_of(context):
        with graph.client(context, account) as client:
            fetcher = AssetFetcher(
                context.db, account, client, context.services.storage, context.services.scratch / context.run_key
            )
            fetcher.scratch.mkdir(exist_ok=True)
            report = fetcher.fetch(max_images=max_images, max_videos=max_videos, progress=context.progress)
        outcomes = ", ".join(f"{count} {name}" for name, count in sorted(report.outcomes.items())) or "nothing new"
        context.log(f"{account.account_id} media: {outcomes}", step="assets")
        reports.append({"account_id": account.account_id, **report.as_dict()})
    return reports


TYPE = JobType(
    name="asset_download",
    label="Store pictures and videos",
    icon=":material/download:",
    description="Stores pictures and videos that are not stored yet, those behind the highest spend first.",
    parameters=AssetDownload,
    run=run,
)
