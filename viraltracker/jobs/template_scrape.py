"""Brings other brands' ads into the organisation's library: from a file, from Meta's Ad Library, or from Apify."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, model_validator

from viraltracker import clock, errors
from viraltracker.errors import BadInput
from viraltracker.jobs.context import JobContext
from viraltracker.jobs.job_type import ASKED_ELSEWHERE, JobType, Parameters, Result
from viraltracker.store import scraped_ads, storage

if TYPE_CHECKING:
    from viraltracker.templates.scrape import Scrape

APPROVAL = "template_approval"
MEDIA_PER_AD = 10
"""A run fetches at most this many pictures for each ad it may bring, so that it ends."""


class TemplateScrape(Parameters):
    """Parameters of `template_scrape`. An uploaded file is in Storage under the sha256 of its bytes."""

    source: Literal["meta_ad_library", "apify", "upload"] = Field(
        "meta_ad_library",
        title="Source",
        description="Meta's Ad Library gives words and days; Apify, paid by use, pictures too. Files: on Templates.",
    )
    search_url: str | None = Field(
        None,
        max_length=2000,
        title="Ad Library search",
        description="The address of the search. With a file: the search that the file holds all ads of.",
    )
    max_ads: int = Field(50, ge=10, le=500, title="Ads per run", description="Ads to bring at most.")
    images_only: bool = Field(True, title="Pictures only", description="Leaves videos where they are.")
    auto_queue: bool = Field(
        True, title="Queue the pictures", description="Puts new pictures into the queue and has them read."
    )
    file_name: str | None = Field(
        None, max_length=255, title="File", description="The export or zip.", json_schema_extra=ASKED_ELSEWHERE
    )
    sha256: str | None = Field(
        None,
        pattern=r"^[0-9a-f]{64}$",
        title="Content hash",
        description="sha256 of the file's bytes.",
        json_schema_extra=ASKED_ELSEWHERE,
    )

    @model_validator(mode="after")
    def _fits_its_source(self) -> Self:
        from viraltracker.templates import search_url

        if self.search_url is not None:
            try:
                search_url.parse(self.search_url)
            except BadInput as error:
                raise ValueError(error.message) from None
        if self.source == "upload" and (self.file_name is None or self.sha256 is None):
            raise ValueError("a file is given on the page Templates; choose another source here")
        if self.source != "upload" and self.search_url is None:
            raise ValueError("give the address of a search in the Ad Library")
        return self


def run(context: JobContext, parameters: TemplateScrape) -> Result:
    """Counts of ads, pictures and what was refused; reading the queued pictures follows."""
    from viraltracker.templates import search_url

    search = search_url.parse(parameters.search_url) if parameters.search_url else None
    url = search.url if search else None
    begun = scraped_ads.begin(context.db, context.brand_id, context.run_key, parameters.source, url, now=clock.now())
    scrape = _scrape(context, parameters)
    try:
        match parameters.source:
            case "upload":
                complete = _upload(context, parameters, scrape)
            case "meta_ad_library":
                complete = _library(context, parameters, scrape)
            case "apify":
                complete = _apify(context, parameters, scrape, begun)
        _fetch(context, parameters, scrape)
    except (errors.Stopped, errors.NotReady):
        raise
    except errors.ViralTrackerError as error:
        scraped_ads.finish(
            context.db,
            context.run_key,
            "failed",
            counts=scrape.report.as_dict(),
            reason=error.message,
            now=clock.now(),
        )
        raise
    report = scrape.report
    found = report.new + report.seen_again
    # A search that suddenly has no ad at all is sooner a fault of the source than the end of every ad.
    complete = complete and url is not None and found > 0
    ended = scraped_ads.finish(
        context.db, context.run_key, "completed", counts=report.as_dict(), complete=complete, now=clock.now()
    )
    for refused in report.refused[:20]:
        context.log(refused, level="warning", step="scrape")
    context.log(
        f"{report.new} new ads, {report.seen_again} seen again, {ended} ended; {report.queued} pictures queued",
        step="scrape",
    )
    if parameters.auto_queue and report.queued:
        context.chain(APPROVAL, "Read new templates", {})
    return report.as_dict() | {"ended": ended, "complete": complete}


def _scrape(context: JobContext, parameters: TemplateScrape) -> Scrape:
    from viraltracker.templates.scrape import Scrape

    scratch = context.services.scratch / context.run_key
    scratch.mkdir(exist_ok=True)
    return Scrape(
        db=context.db,
        storage=context.services.storage,
        scratch=scratch,
        brand_id=context.brand_id,
        id=context.run_key,
        max_ads=parameters.max_ads,
        queue=parameters.auto_queue,
        guard=context.guard,
        progress=context.progress,
    )


def _upload(context: JobContext, parameters: TemplateScrape, scrape: Scrape) -> bool:
    context.progress(0, 1, "reading the file")
    key = storage.key(context.brand_id, parameters.sha256 or "")
    return scrape.take_upload(parameters.file_name or "", context.services.storage.get("imports", key))


def _library(context: JobContext, parameters: TemplateScrape, scrape: Scrape) -> bool:
    from viraltracker.jobs import graph
    from viraltracker.templates import library_edge, search_url

    context.progress(0, 1, "searching the Ad Library")
    search = search_url.parse(parameters.search_url or "")
    library_edge.require_searchable(search)
    with graph.library_client(context) as client:
        ads, bad, complete = library_edge.ads(client, search, parameters.max_ads)
    scrape.report.refuse(bad)
    scrape.save_ads(ads)
    return complete


def _apify(context: JobContext, parameters: TemplateScrape, scrape: Scrape, begun: dict[str, Any]) -> bool:
    """Waits for the paid run without holding the slot. True when it gave all ads of its search."""
    from viraltracker.jobs import apify
    from viraltracker.templates import search_url
    from viraltracker.templates.paid_search import PaidSearch

    context.progress(0, 1, "searching through Apify")
    url = search_url.parse(parameters.search_url or "").url
    with apify.actor(context) as actor:
        apify.abort_forsaken(context, actor)
        search = PaidSearch(
            context.db, actor, begun, url, parameters.max_ads, say=lambda said: context.log(said, step="apify")
        )
        try:
            brought = search.bring()
        except errors.Stopped:
            if context.control.stopped == "cancelled":
                apify.abort(context, search)
            raise
        scrape.report.paid = apify.bill(context, brought.run)
        everything = scrape.take_export(brought.export)
        search.require_ads(brought)
    if not brought.run.succeeded:
        context.log(
            f"The run at Apify ended as {brought.run.status}; what it had found until then is taken.",
            level="warning",
            step="apify",
        )
    # One that found as many as it may has sooner reached its bound than the end of the search.
    return everything and brought.run.succeeded and len(brought.export.ads) < parameters.max_ads


def _fetch(context: JobContext, parameters: TemplateScrape, scrape: Scrape) -> None:
    """Media by their addresses: those of this scrape, and known ones that failed before."""
    from viraltracker.jobs import graph
    from viraltracker.meta.download import MediaDownloader

    most = parameters.max_ads * MEDIA_PER_AD
    due, total = scraped_ads.media_due(context.db, context.brand_id, images_only=parameters.images_only, limit=most)
    scrape.report.media_remaining = total - len(due)
    if not due:
        return
    downloader = MediaDownloader(graph.page_addresses(context), guard=context.guard)
    try:
        scrape.fetch(downloader, due)
    finally:
        downloader.close()


TYPE = JobType(
    name="template_scrape",
    label="Bring other brands' ads",
    icon=":material/travel_explore:",
    description="Searches the Ad Library for other brands' ads, follows how long they run, and stores their pictures.",
    parameters=TemplateScrape,
    run=run,
    timeout_s=2 * 3600,
)
