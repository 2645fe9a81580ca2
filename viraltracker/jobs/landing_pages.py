"""Reads the pages that ads lead to."""

from __future__ import annotations

from pydantic import Field

from viraltracker import clock
from viraltracker.jobs.context import JobContext
from viraltracker.jobs.job_type import JobType, Parameters, Result

WORDS = {
    "not_a_web_address": "lead to no web address",
    "private_address": "lead to a private address, where nothing is fetched",
    "too_many_redirects": "are redirected too often",
    "too_large": "are larger than 2 MB",
    "too_slow": "took longer than 15 seconds",
    "not_html": "are something else than a web page",
    "robots": "may not be read by programs, says their site's robots.txt, or it could not be read",
    "gone": "are no longer there",
    "forbidden": "may not be read without signing in",
    "failed": "gave no page",
    "unavailable": "did not come from their server this time",
    "no_text": "hold no text, but what their scripts would draw",
}
"""What each reason means, after "3 pages …"."""


class LandingPages(Parameters):
    """Parameters of `landing_pages`."""

    max_pages: int = Field(100, ge=1, le=1000, title="Pages per run", description="Pages to fetch at most.")


def run(context: JobContext, parameters: LandingPages) -> Result:
    """Counts of pages by outcome and reason; `remaining` counts what the cap left."""
    return refresh(context, parameters.max_pages)


def refresh(context: JobContext, max_pages: int) -> Result:
    """Links every ad to its page and fetches the pages that are due; a step of other jobs as well."""
    from viraltracker.creatives.landing import pages
    from viraltracker.fetch.pages import PageFetcher
    from viraltracker.jobs import graph
    from viraltracker.store import landing

    context.guard()
    links = landing.ad_links(context.db, context.brand_id)
    linked = pages.pages_of(links)
    changed = landing.link(context.db, context.brand_id, linked)
    now = clock.now()
    wanted, total = landing.due(context.db, context.brand_id, now=now, limit=max_pages)
    fetcher = PageFetcher(graph.page_addresses(context), guard=context.guard)
    report = pages.refresh_pages(
        context.db,
        context.brand_id,
        wanted,
        fetcher,
        now=now,
        guard=context.guard,
        progress=context.progress,
        max_pages=max_pages,
    )
    report.remaining = total - report.fetched
    outcomes = ", ".join(f"{count} {name}" for name, count in sorted(report.outcomes.items())) or "none due"
    context.log(f"Landing pages: {outcomes}", step="pages")
    for reason, count in report.reasons.most_common():
        named = "1 page" if count == 1 else f"{count} pages"
        context.log(f"{named} {WORDS[reason]}", level="warning", step="pages", reason=reason, count=count)
    return {
        "ads": len(linked),
        "pages": len(set(linked.values())),
        "links_changed": changed,
        "links_without_page": len(links) - len(linked),
        **report.as_dict(),
    }


TYPE = JobType(
    name="landing_pages",
    label="Read landing pages",
    icon=":material/web:",
    description="Reads the pages that ads lead to, once and again each week, and notices what has changed.",
    parameters=LandingPages,
    run=run,
)
