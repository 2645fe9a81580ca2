"""Reads creatives that no reading covers yet."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from pydantic import Field

from viraltracker import clock
from viraltracker.jobs import ad_intelligence_analysis
from viraltracker.jobs.context import JobContext
from viraltracker.jobs.job_type import JobType, Parameters, Result


class AdClassification(Parameters):
    """Parameters of `ad_classification`."""

    max_new: int = Field(200, ge=1, le=5000, title="Readings per run", description="New readings at most.")
    max_video: int = Field(
        15, ge=0, le=500, title="Paid video readings per run", description="Video readings that cost money, at most."
    )
    days_back: int = Field(
        30, ge=1, le=90, title="Days back", description="Ads that ran in these days, and active ones."
    )
    force: bool = Field(False, title="Read again", description="Replaces what this classifier said before.")
    mode: Literal["realtime"] = Field("realtime", title="Mode", description="Each reading is stored as it is made.")


def run(context: JobContext, parameters: AdClassification) -> Result:
    """The counts of the classification: new, reused, reasons, remaining. An analysis follows where there is news."""
    result = classify(context, parameters)
    if result["new"]:
        ad_intelligence_analysis.follow(context)
    return result


def classify(context: JobContext, parameters: AdClassification) -> Result:
    """Reads what is not read yet; a step of other jobs as well."""
    from viraltracker.analysis import sources
    from viraltracker.creatives import classification, classifier

    source = sources.choose(context.db, context.brand_id)
    until = source.last_day or clock.now().date()
    summary = classification.classify_brand(
        context.db,
        context.brand_id,
        job_run_id=context.run_key,
        since=until - timedelta(days=parameters.days_back - 1),
        until=clock.now().date(),
        max_new=parameters.max_new,
        max_video=parameters.max_video,
        force=parameters.force,
        classifier=classifier.choose(context.services.settings),
        dataset_id=source.dataset_id,
        guard=context.guard,
        progress=context.progress,
    )
    result: Result = summary.as_dict()
    context.log(
        f"{result['new']} new readings, {result['reused']} reused, {result['remaining']} remaining",
        step="classification",
    )
    return result


TYPE = JobType(
    name="ad_classification",
    label="Classify creatives",
    icon=":material/label:",
    description="Awareness, format, hook and angle of every creative that is not read yet.",
    parameters=AdClassification,
    run=run,
)
