"""Reads a brand's ad accounts from Meta, with their media and, if wanted, a classification of what is new."""

from __future__ import annotations

from pydantic import Field

from viraltracker import clock, errors
from viraltracker.jobs import ad_classification, ad_intelligence_analysis, asset_download
from viraltracker.jobs.context import JobContext
from viraltracker.jobs.job_type import JobType, Parameters, Result
from viraltracker.store import creations


class MetaSync(Parameters):
    """Parameters of `meta_sync`."""

    days_back: int = Field(28, ge=1, le=90, title="Days back", description="Days up to today that are read again.")
    download_max_images: int = Field(
        40, ge=0, le=500, title="Pictures per run", description="New pictures to store at most; 0 stores none."
    )
    download_max_videos: int = Field(
        20, ge=0, le=100, title="Videos per run", description="New videos to store at most; 0 stores none."
    )
    auto_classify: bool = Field(
        False, title="Classify what is new", description="Reads new creatives after the sync. Cannot fail the sync."
    )
    classify_max_new: int = Field(
        200, ge=1, le=5000, title="Readings per run", description="New readings at most when classifying."
    )
    classify_max_video: int = Field(
        15, ge=0, le=500, title="Paid video readings per run", description="Video readings that cost money, at most."
    )


def run(context: JobContext, parameters: MetaSync) -> Result:
    """One report per account under `accounts`, and what the optional steps did. An analysis follows."""
    from viraltracker.jobs import graph
    from viraltracker.meta import sync

    reports = []
    assets = []
    for account in graph.accounts_of(context):
        with graph.client(context, account) as client:
            report = sync.sync_account(
                context.db,
                account,
                client,
                days_back=parameters.days_back,
                now=clock.now(),
                progress=context.progress,
            )
        reports.append(report.as_dict())
        context.log(f"{account.account_id}: {report.ads} ads, {report.rows} daily rows", step="sync")
        for gap in report.gaps:
            context.log(f"Days {gap['from']} to {gap['to']} did not come: {gap['reason']}", level="warning")
    if parameters.download_max_images or parameters.download_max_videos:
        assets = asset_download.download(context, parameters.download_max_images, parameters.download_max_videos)
    result: Result = {"accounts": reports, "assets": assets}
    if tied := creations.match(context.db, context.brand_id):
        context.log(f"{tied} ads of Meta were made here, as their names say", step="sync")
    result["status"] = "partial" if any(report["status"] == "partial" for report in reports) else "ok"
    if parameters.auto_classify:
        result["classification"] = _classify(context, parameters)
    ad_intelligence_analysis.follow(context)
    return result


def _classify(context: JobContext, parameters: MetaSync) -> Result:
    """The classification, or the reason it did not happen: the sync has succeeded whatever becomes of this."""
    try:
        return ad_classification.classify(
            context,
            ad_classification.AdClassification(
                max_new=parameters.classify_max_new,
                max_video=parameters.classify_max_video,
                days_back=parameters.days_back,
            ),
        )
    except errors.Stopped:
        raise
    except errors.ViralTrackerError as error:
        context.log(f"Classification did not happen: {error.message}", level="warning", step="classification")
        return {"status": "failed", "error": error.message}


TYPE = JobType(
    name="meta_sync",
    label="Sync from Meta",
    icon=":material/sync:",
    description="Reads ads, creatives and daily numbers of the brand's ad accounts.",
    parameters=MetaSync,
    run=run,
)
