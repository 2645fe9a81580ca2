"""The Apify actor that searches the Ad Library, as a handler reaches it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from viraltracker.errors import ConfigurationError, Refused, Unavailable
from viraltracker.jobs import graph
from viraltracker.jobs.context import JobContext
from viraltracker.templates import paid_search
from viraltracker.templates.apify import ActorRun, ApifyActor
from viraltracker.templates.paid_search import PaidSearch

#: What the sandbox's Apify takes and runs; they are public and open nothing else.
SANDBOX_TOKEN = "sandbox-apify-token"  # noqa: S105
SANDBOX_ACTOR = "curious_coder/facebook-ads-library-scraper"


@contextmanager
def actor(context: JobContext) -> Iterator[ApifyActor]:
    """The actor of the settings, which stops with the run.

    A demo brand without a token searches the sandbox's, which knows the demo's competitors and costs nothing.
    Raises ConfigurationError when there is no token.
    """
    configured = context.services.settings
    sandbox = stand_in(context)
    if configured.apify_token is None and sandbox is None:
        raise ConfigurationError(
            "Searching through Apify needs a token: set APIFY_TOKEN for the worker (Apify's console shows it under "
            "Settings, API & Integrations), search Meta's Ad Library, or upload an export on Templates."
        )
    with ApifyActor(
        configured.apify_token if configured.apify_token is not None else SANDBOX_TOKEN,
        configured.apify_actor if sandbox is None else SANDBOX_ACTOR,
        base_url=configured.apify_url if sandbox is None else f"{sandbox}/apify",
        timeout=timedelta(seconds=configured.apify_timeout),
        guard=context.guard,
    ) as found:
        yield found


def stand_in(context: JobContext) -> str | None:
    """The sandbox's address where it answers in Apify's place; None where Apify itself is asked, or nobody."""
    if context.services.settings.apify_token is not None or not graph.is_demo(context):
        return None
    return context.services.sandbox_url


def abort_forsaken(context: JobContext, found: ApifyActor) -> None:
    """Ends paid runs whose scrapes were stopped while they waited: nobody was there to do it then."""
    done, failed = paid_search.abort_forsaken(context.db, found)
    if done:
        context.log(f"{done} runs at Apify that were stopped here are ended there.", step="apify")
    for said in failed:
        context.log(said, level="warning", step="apify")


def abort(context: JobContext, search: PaidSearch) -> None:
    """Ends the paid run of a search that a person has just stopped."""
    try:
        search.abort()
    except (Refused, Unavailable, ConfigurationError) as error:
        context.log(f"The run at Apify could not be aborted: {error.message}", level="warning", step="apify")


def bill(context: JobContext, run: ActorRun) -> dict[str, Any]:
    """What a result says of the paid run."""
    if stand_in(context) is not None:
        context.log("There is no APIFY_TOKEN: the demo's sandbox answered in Apify's place, for nothing.", step="apify")
        return {"apify_run": run.id, "apify_status": run.status, "cost_usd": 0.0, "apify_stand_in": True}
    cost = None if run.cost_usd is None else float(run.cost_usd)
    said = "Apify does not say what it cost" if cost is None else f"Apify says that it cost USD {cost:.4f}"
    context.log(f"The run {run.id} at Apify ended as {run.status}; {said}.", step="apify")
    return {"apify_run": run.id, "apify_status": run.status, "cost_usd": cost}
