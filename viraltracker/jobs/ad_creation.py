"""Makes new ads of a product: words, pictures in every size, checks, and a zip of those that passed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, model_validator

from viraltracker import addresses, clock
from viraltracker.errors import BadInput, NotFound, Refused, Unavailable
from viraltracker.jobs import ad_delivery
from viraltracker.jobs.context import JobContext
from viraltracker.jobs.job_type import JobType, Parameters, Result
from viraltracker.store import brands, creations

if TYPE_CHECKING:
    from viraltracker.creation.canvas import Canvas
    from viraltracker.creation.making import Made, Order
    from viraltracker.creation.products import Product

Stage = Literal["mixed", "unaware", "problem_aware", "solution_aware", "product_aware", "most_aware"]


class AdCreation(Parameters):
    """Parameters of `ad_creation`."""

    product: str | None = Field(
        None, max_length=200, title="Product", description="Its name, or its id; the brand's only product unless given."
    )
    num_variations: int = Field(5, ge=1, le=15, title="Variations", description="Different ads to make.")
    stage: Stage = Field(
        "mixed", title="Awareness stage", description="Who the ads are for; mixed goes through all stages in turn."
    )
    template_mode: Literal["none", "unused", "specific"] = Field(
        "unused",
        title="Templates",
        description="unused takes those first that this product has not used, then those that ran longest.",
    )
    template_count: int = Field(5, ge=1, le=15, title="Templates per run", description="Different templates at most.")
    template_ids: str | None = Field(
        None, max_length=1000, title="Chosen templates", description="Their ids with commas between, for specific."
    )
    square: bool = Field(True, title="1080 × 1080", description="Feed, square.")
    portrait: bool = Field(True, title="1080 × 1350", description="Feed, portrait.")
    story: bool = Field(True, title="1080 × 1920", description="Stories and reels.")
    wide: bool = Field(True, title="1200 × 628", description="Right column and links.")
    color_mode: Literal["brand", "original", "complementary"] = Field(
        "brand", title="Colours", description="The product's own, the template's, or what goes with those."
    )
    destination_url: str | None = Field(
        None,
        max_length=2000,
        pattern=r"^https?://[^\s/]+\S*$",
        title="Destination",
        description="Where the ads lead; the product's own address unless given.",
    )
    export: Literal["none", "zip", "slack", "email", "all"] = Field(
        "zip",
        title="Export",
        description="zip packs the pictures that passed, with a manifest; slack and email send it, all does both.",
    )
    recipients: str | None = Field(
        None,
        max_length=1000,
        title="Mail to",
        description="Addresses with commas between, at most 10; those of MAIL_TO unless given.",
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if not (self.square or self.portrait or self.story or self.wide):
            raise ValueError("choose at least one size")
        if self.template_mode == "specific" and not self.chosen:
            raise ValueError("name the templates, or let them be chosen")
        return self

    @model_validator(mode="after")
    def _can_be_mailed(self) -> Self:
        addresses.several(self.recipients or "")
        return self

    @property
    def chosen(self) -> list[str]:
        """Ids of the templates that are named."""
        return [part.strip() for part in (self.template_ids or "").split(",") if part.strip()]


def run(context: JobContext, parameters: AdCreation) -> Result:
    """Counts by outcome. Raises BadInput where not one ad could be used: a run that made nothing has failed."""
    from viraltracker.creation.making import Maker

    product = _product(context, parameters.product)
    order = _order(context, product, parameters)
    maker = Maker(
        context.db,
        context.services.storage,
        brands.get(context.db, context.brand_id).name,
        product,
        clock.now().date(),
        context.guard,
        context.progress,
    )
    try:
        made = maker.make(context.run_key, order, parameters.model_dump(mode="json"))
    except BadInput as error:
        creations.finish(context.db, context.brand_id, context.run_key, status="failed", reason=error.message)
        raise
    if not made.usable:
        reason = _why_none(product, made)
        creations.finish(context.db, context.brand_id, context.run_key, status="failed", reason=reason)
        raise BadInput(reason)
    exports = _export(context, product, parameters) if parameters.export != "none" else []
    short = None
    if made.usable < order.variations:
        short = (
            f"{made.usable} of {order.variations} ads can be used. {made.reasons[0] if made.reasons else ''}".strip()
        )
        context.log(short, level="warning", step="ads")
    creations.finish(context.db, context.brand_id, context.run_key, status="completed", reason=short, exports=exports)
    return {
        "asked_for": order.variations,
        "approved": made.approved,
        "needs_person": made.needs_person,
        "rejected": made.rejected,
        "sizes": [canvas.name for canvas in order.canvases],
        "exports": [export["file_name"] for export in exports],
    }


def _product(context: JobContext, named: str | None) -> Product:
    from viraltracker.creation import products

    every = products.of_brand(context.db, context.brand_id)
    if named is None:
        used = [product for product in every if product.archived_at is None]
        if len(used) == 1:
            return used[0]
        if not used:
            raise BadInput("The brand has no product yet; add one on Settings.")
        raise BadInput(f"Name the product: {', '.join(f'“{product.name}”' for product in used[:5])}.")
    found = [product for product in every if named == product.id or named.strip().casefold() == product.name.casefold()]
    if not found:
        raise BadInput(f"There is no product “{named}”; choose one of those on Settings.")
    return found[0]


def _order(context: JobContext, product: Product, parameters: AdCreation) -> Order:
    from viraltracker.creation.making import STAGES, Order

    templates: list[dict[str, Any]] = []
    if parameters.template_mode != "none":
        chosen = parameters.chosen if parameters.template_mode == "specific" else None
        templates = creations.template_choices(
            context.db, context.brand_id, product.id, chosen, parameters.template_count
        )
        if chosen and len(templates) < len(set(chosen)):
            raise BadInput("A template that was named is no longer in the library; choose others on Templates.")
    return Order(
        parameters.num_variations,
        _canvases(parameters),
        STAGES if parameters.stage == "mixed" else (parameters.stage,),
        parameters.color_mode,
        tuple(templates),
    )


def _canvases(parameters: AdCreation) -> tuple[Canvas, ...]:
    from viraltracker.creation import canvas

    wanted = (
        (parameters.square, canvas.SQUARE),
        (parameters.portrait, canvas.PORTRAIT),
        (parameters.story, canvas.STORY),
        (parameters.wide, canvas.WIDE),
    )
    return tuple(each for is_wanted, each in wanted if is_wanted)


def _export(context: JobContext, product: Product, parameters: AdCreation) -> list[dict[str, Any]]:
    """The zip of what passed. Sending it is a job of its own, which begins once this run has succeeded: whatever
    becomes of that, the ads are made. A zip that cannot be packed is said, and packed again from New ads."""
    from viraltracker.creation import export, parcels

    context.guard()
    ads = creations.gallery(context.db, context.brand_id, context.run_key)["ads"]
    if not export.exportable(ads):
        return []
    if parameters.export != "zip":
        ad_delivery.follow(context, parameters.export, parameters.recipients)
    try:
        packed = parcels.zipped(
            context.services.storage,
            context.brand_id,
            product,
            ads,
            run_id=context.run_key,
            destination_url=parameters.destination_url,
        )
    except (BadInput, NotFound, Refused, Unavailable) as error:
        if isinstance(error, Unavailable) and context.control.run.attempt < context.control.run.max_attempts:
            raise
        context.log(f"The zip was not packed: {error.message}", level="warning", step="export")
        return []
    if packed.storage_key is None:
        context.log(f"The zip was not stored: {packed.lost}", level="warning", step="export")
        return []
    return [packed.as_export(clock.now())]


def _why_none(product: Product, made: Made) -> str:
    if made.out_of_attempts:
        return f"No ad of “{product.name}” could be used after {creations.MOST_ATTEMPTS} pictures."
    because = made.reasons[0] if made.reasons else "no words could be written"
    return f"No ad of “{product.name}” could be used: {because}"


TYPE = JobType(
    name="ad_creation",
    label="Create ads",
    icon=":material/auto_awesome:",
    description="Makes new ads of a product in every size, checks them, and packs those that passed.",
    parameters=AdCreation,
    run=run,
)
