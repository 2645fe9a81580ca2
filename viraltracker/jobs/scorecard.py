"""The week in one page, stored for the schedule's page and the command line."""

from __future__ import annotations

from pydantic import Field

from viraltracker import clock
from viraltracker.jobs.context import JobContext
from viraltracker.jobs.job_type import JobType, Parameters, Result


class Scorecard(Parameters):
    """Parameters of `scorecard`."""

    days_back: int = Field(
        7, ge=1, le=90, title="Days", description="Full days up to the last one with data, against as many before."
    )
    min_spend: float = Field(
        10.0,
        ge=0,
        allow_inf_nan=False,
        title="Least spend",
        description="What an ad must have spent to count as a winner or loser, in the account's currency.",
    )


def run(context: JobContext, parameters: Scorecard) -> Result:
    """The stored run's id, and how many ads won, lost, came and went."""
    from viraltracker.analysis import scorecard

    context.progress(0, 1, "scorecard")
    stored = scorecard.make(
        context.db,
        context.brand_id,
        days=parameters.days_back,
        min_spend=parameters.min_spend,
        now=clock.now(),
        job_run_id=context.run_key,
    )
    context.progress(1, 1, "scorecard")
    found = stored.summary
    return {
        "intelligence_run_id": stored.run_id,
        "reused": stored.reused,
        "winners": len(found["winners"]),
        "losers": len(found["losers"]),
        "new_ads": found["launched"]["count"],
        "stopped_ads": found["stopped"]["count"],
    }


TYPE = JobType(
    name="scorecard",
    label="Scorecard",
    icon=":material/scoreboard:",
    description="The week in one page: winners, losers, spend and what changed, from what is stored.",
    parameters=Scorecard,
    run=run,
    timeout_s=600,
)
