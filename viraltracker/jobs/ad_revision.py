"""Changes the words or the look of an ad that was made; the ad stays as it was where a check fails."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from viraltracker import clock
from viraltracker.errors import BadInput
from viraltracker.jobs.context import JobContext
from viraltracker.jobs.job_type import ASKED_ELSEWHERE, JobType, Parameters, Result
from viraltracker.store import brands, creations


class AdRevision(Parameters):
    """Parameters of `ad_revision`. The page New ads writes them."""

    ad: str = Field(
        pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$",
        title="Ad",
        description="The id of the ad.",
        json_schema_extra=ASKED_ELSEWHERE,
    )
    revision: int = Field(
        ge=1, title="Version", description="The version that is changed.", json_schema_extra=ASKED_ELSEWHERE
    )
    headline: str = Field(min_length=1, max_length=80, title="Headline", description="The largest words.")
    subline: str = Field("", max_length=160, title="Subline", description="Below the headline.")
    primary_text: str = Field(min_length=1, max_length=2000, title="Text", description="Above the picture at Meta.")
    offer: str = Field("", max_length=60, title="Offer", description="The badge in the picture.")
    call_to_action: Literal["LEARN_MORE", "SHOP_NOW", "GET_OFFER"] = Field(
        "LEARN_MORE", title="Button", description="Meta's name of the button."
    )
    next_look: bool = Field(False, title="Another look", description="Draws it in the next layout.")


def run(context: JobContext, parameters: AdRevision) -> Result:
    """The revision that stands. Raises BadInput, with the ad as it was, where a check fails."""
    from viraltracker.creation import products
    from viraltracker.creation.making import Maker
    from viraltracker.creation.revising import Edit, Reviser

    ad = creations.one(context.db, context.brand_id, parameters.ad)
    if ad["revised_in"] == context.run_key:
        return {"ad": ad["id"], "revision": ad["revision"]}  # an earlier attempt got as far
    if ad["status"] == "drafted":
        raise BadInput("The ad is still being made; change it once its run has ended.")
    product = products.one(context.db, context.brand_id, ad["product_id"])
    today = clock.now().date()
    brand = brands.get(context.db, context.brand_id)
    storage = context.services.storage
    subject = Maker(context.db, storage, brand.name, product, today, context.guard, context.progress).subject()
    edit = Edit(
        parameters.headline,
        parameters.subline,
        parameters.primary_text,
        parameters.offer,
        parameters.call_to_action,
    )
    reviser = Reviser(context.db, storage, subject, product, today, context.guard, context.progress)
    revision = reviser.revise(
        ad | {"revision": parameters.revision}, context.run_key, edit, next_look=parameters.next_look
    )
    context.log(f"Version {revision} of {ad['token']} is stored and wants a look", step="revision")
    return {"ad": ad["id"], "revision": revision}


TYPE = JobType(
    name="ad_revision",
    label="Change an ad",
    icon=":material/edit:",
    description="Draws a made ad anew with other words or another look, and checks it; what fails is not replaced.",
    parameters=AdRevision,
    run=run,
    timeout_s=600,
)
