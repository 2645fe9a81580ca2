"""The job types there are. A new one is a new file in this folder and a line here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from viraltracker.errors import BadInput
from viraltracker.jobs import (
    ad_classification,
    ad_creation,
    ad_delivery,
    ad_intelligence_analysis,
    ad_revision,
    asset_download,
    batch_collection,
    import_file,
    landing_pages,
    load_demo,
    meta_sync,
    scorecard,
    template_approval,
    template_scrape,
)
from viraltracker.jobs.job_type import JobType

Registry = Mapping[str, JobType[Any]]


def build(types: Iterable[JobType[Any]]) -> Registry:
    """Types by name; refuses a duplicate."""
    found: dict[str, JobType[Any]] = {}
    for job_type in types:
        if job_type.name in found:
            raise ValueError(f"two job types are called {job_type.name}")
        found[job_type.name] = job_type
    return found


def standard() -> Registry:
    """The job types of the product."""
    return build(
        [
            meta_sync.TYPE,
            asset_download.TYPE,
            landing_pages.TYPE,
            ad_classification.TYPE,
            batch_collection.TYPE,
            ad_intelligence_analysis.TYPE,
            scorecard.TYPE,
            ad_creation.TYPE,
            ad_delivery.TYPE,
            ad_revision.TYPE,
            import_file.TYPE,
            template_scrape.TYPE,
            template_approval.TYPE,
            load_demo.TYPE,
        ]
    )


def get(registry: Registry, name: str) -> JobType[Any]:
    """The type of that name; BadInput naming the ones there are."""
    try:
        return registry[name]
    except KeyError:
        raise BadInput(f'There is no job type "{name}". Types: {", ".join(sorted(registry))}.') from None
