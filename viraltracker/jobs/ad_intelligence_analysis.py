"""The full analysis of a brand, stored for the chat, the pages and the command line."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from viraltracker import clock
from viraltracker.jobs.context import JobContext
from viraltracker.jobs.job_type import JobType, Parameters, Result


class AdIntelligenceAnalysis(Parameters):
    """Parameters of `ad_intelligence_analysis`."""

    days_back: int = Field(
        30, ge=1, le=90, title="Days", description="Full days up to the last one with data; an import keeps its own."
    )
    date_to: date | None = Field(None, title="Last day", description="Ends the window here instead.")


def follow(context: JobContext) -> None:
    """Has the brand judged again once this run has succeeded, so that nobody who asks has to wait for it."""
    context.chain(TYPE.name, TYPE.label, {})


def run(context: JobContext, parameters: AdIntelligenceAnalysis) -> Result:
    """The stored run's id and summary."""
    from viraltracker.analysis import full_analysis, outcomes

    context.progress(0, 1, "analysis")
    stored = full_analysis.analyse(
        context.db,
        context.brand_id,
        days=parameters.days_back,
        date_to=parameters.date_to,
        now=clock.now(),
        job_run_id=context.run_key,
    )
    measured = 0
    if stored.last_day is not None:
        measured = outcomes.measure_due(context.db, context.brand_id, until=stored.last_day, now=clock.now())
    context.progress(1, 1, "analysis")
    return {"intelligence_run_id": stored.run_id, "reused": stored.reused, "outcomes_measured": measured}


TYPE = JobType(
    name="ad_intelligence_analysis",
    label="Analyse the account",
    icon=":material/query_stats:",
    description="Totals, verdicts and recommendations over the last full days, from what is stored.",
    parameters=AdIntelligenceAnalysis,
    run=run,
    timeout_s=600,
)
