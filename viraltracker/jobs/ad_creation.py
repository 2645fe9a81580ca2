"""Makes new ads of a product: words, pictures in every size, checks, and a zip of those that passed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, model_validator

from viraltracker import addresses, clock
from viraltracker.creatives import taxonomy
from viraltracker.errors import BadInput, NotFound, Refused, Unavailable
from viraltracker.jobs import ad_delivery
from viraltracker.jobs.context import JobContext
from viraltracker.jobs.job_type import ASKED_ELSEWHERE, JobType, Parameters, Result
from viraltracker.store import brands, creations, storage

if TYPE_CHECKING:
    from viraltracker.creation.canvas import Canvas
    from viraltracker.creation.orders import Made, Models, Order
    from viraltracker.creation.products import Product

Source = Literal["hooks", "recreate_template", "brief", "angles"]
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
    content_source: Source = Field(
        "hooks",
        title="Made from",
        description="Approved hooks and benefits, the way of a template, a brief, or another angle for each.",
    )
    brief: str | None = Field(
        None, max_length=2000, title="Brief", description="What the ads are to be about, in your own words."
    )
    angle: str | None = Field(
        None, max_length=40, title="Angle", description="The angle that all of them take; any unless given."
    )
    additional_instructions: str | None = Field(
        None, max_length=1000, title="Wishes", description="Tone, setting, what to leave out; never a new claim."
    )
    template_mode: Literal["none", "unused", "specific", "uploaded"] = Field(
        "unused",
        title="Templates",
        description="unused takes those first that this product has not used, then those that did best.",
    )
    template_count: int = Field(5, ge=1, le=15, title="Templates per run", description="Different templates at most.")
    template_ids: str | None = Field(
        None, max_length=1000, title="Chosen templates", description="Their ids with commas between, for specific."
    )
    uploaded: str | None = Field(
        None,
        max_length=1000,
        pattern=r"^[0-9a-f]{64}(,[0-9a-f]{64})*$",
        title="Own pictures",
        description="sha256 of pictures to make ads after, with commas between.",
        json_schema_extra=ASKED_ELSEWHERE,
    )
    square: bool = Field(True, title="1080 × 1080", description="Feed, square.")
    portrait: bool = Field(True, title="1080 × 1350", description="Feed, portrait.")
    story: bool = Field(True, title="1080 × 1920", description="Stories and reels.")
    wide: bool = Field(True, title="1200 × 628", description="Right column and links.")
    color_mode: Literal["brand", "original", "complementary"] = Field(
        "brand", title="Colours", description="The product's own, the template's, or what goes with those."
    )
    use_models: bool = Field(
        True,
        title="Use models",
        description="Words by Claude or Gemini and scenes by Gemini where there are keys; off uses rules and photos.",
    )
    image_resolution: Literal["1K", "2K", "4K"] = Field(
        "1K",
        title="Scene resolution",
        description="How large a model draws the scene; the ads have the sizes above whatever it is.",
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

    origin: str | None = Field(
        None,
        max_length=200,
        title="Made for",
        description="The gap or recommendation that asked for it.",
        json_schema_extra=ASKED_ELSEWHERE,
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if not (self.square or self.portrait or self.story or self.wide):
            raise ValueError("choose at least one size")
        if self.template_mode == "specific" and not self.chosen:
            raise ValueError("name the templates, or let them be chosen")
        if self.template_mode == "uploaded" and not self.uploaded:
            raise ValueError("a picture of your own is given on New ads; choose templates from the library here")
        if self.content_source == "brief" and not (self.brief or "").strip():
            raise ValueError("write the brief, or make the ads from hooks")
        if self.content_source == "recreate_template" and self.template_mode == "none":
            raise ValueError("choose templates to recreate")
        if self.angle is not None and self.angle not in taxonomy.LISTS["angle"]:
            raise ValueError(f"there is no angle {self.angle}; there is {', '.join(taxonomy.LISTS['angle'])}")
        return self

    @model_validator(mode="after")
    def _can_be_mailed(self) -> Self:
        addresses.several(self.recipients or "")
        return self

    @property
    def chosen(self) -> list[str]:
        """Ids of the templates that are named."""
        return [part.strip() for part in (self.template_ids or "").split(",") if part.strip()]

    @property
    def pictures(self) -> list[str]:
        """The sha256 of each picture that somebody uploaded."""
        return [part.strip() for part in (self.uploaded or "").split(",") if part.strip()]


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
        _models(context, parameters),
        is_last=context.control.run.attempt >= context.control.run.max_attempts,
        was_cancelled=lambda: context.control.stopped == "cancelled",
    )
    made = maker.make(context.run_key, order, parameters.model_dump(mode="json"))
    if not made.usable:
        reason = _why_none(product, made)
        creations.finish(context.db, context.brand_id, made.run_id, status="failed", reason=reason)
        raise BadInput(reason)
    exports = _export(context, product, parameters, made.run_id) if parameters.export != "none" else []
    short = None
    if made.usable < order.variations:
        why = made.short or (made.reasons[0] if made.reasons else "")
        short = f"{made.usable} of {order.variations} ads can be used. {why}".strip()
        context.log(short, level="warning", step="ads")
    creations.finish(context.db, context.brand_id, made.run_id, status="completed", reason=short, exports=exports)
    return {
        "asked_for": order.variations,
        "approved": made.approved,
        "needs_person": made.needs_person,
        "rejected": made.rejected,
        "sizes": [canvas.name for canvas in order.canvases],
        "exports": [export["file_name"] for export in exports],
    }


def _models(context: JobContext, parameters: AdCreation) -> Models:
    """Those that there are keys for: Claude writes sooner than Gemini, Gemini draws, both review."""
    from viraltracker.creation.orders import Models

    if not parameters.use_models:
        return Models()
    pool = context.services.models
    gemini, claude = pool.gemini(), pool.claude()
    return Models(
        writer=claude or gemini,
        painter=pool.gemini_images(),
        reader=gemini or claude,
        reviewers=tuple(model for model in (gemini, claude) if model is not None),
        concurrency=min(8, context.services.settings.model_concurrency),
    )


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
    from viraltracker.creation.orders import STAGES, Order
    from viraltracker.creation.wishes import Wish

    templates: list[dict[str, Any]] = []
    if parameters.template_mode == "uploaded":
        templates = [_uploaded(context, sha256) for sha256 in (parameters.uploaded or "").split(",")]
    elif parameters.template_mode != "none":
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
        Wish(
            parameters.content_source,
            (parameters.brief or "").strip() or None,
            parameters.angle,
            (parameters.additional_instructions or "").strip() or None,
        ),
        parameters.image_resolution,
    )


def _uploaded(context: JobContext, sha256: str) -> dict[str, Any]:
    """A person's own picture as a template: nothing is known of it but what it looks like."""
    from viraltracker.creation import pictures

    key = storage.key(context.brand_id, sha256)
    try:
        pictures.opened(context.services.storage.get("imports", key))
    except NotFound:
        raise BadInput("A picture that was given is no longer there; upload it again on New ads.") from None
    return {"id": None, "name": "Own picture", "awareness": None, "hook": None, "storage_key": key, "bucket": "imports"}


def _canvases(parameters: AdCreation) -> tuple[Canvas, ...]:
    from viraltracker.creation import canvas

    wanted = (
        (parameters.square, canvas.SQUARE),
        (parameters.portrait, canvas.PORTRAIT),
        (parameters.story, canvas.STORY),
        (parameters.wide, canvas.WIDE),
    )
    return tuple(each for is_wanted, each in wanted if is_wanted)


def _export(context: JobContext, product: Product, parameters: AdCreation, run_id: str) -> list[dict[str, Any]]:
    """The zip of what passed. Sending it is a job of its own, which begins once this run has succeeded: whatever
    becomes of that, the ads are made. A zip that cannot be packed is said, and packed again from New ads."""
    from viraltracker.creation import export, parcels

    context.guard()
    ads = creations.gallery(context.db, context.brand_id, run_id)["ads"]
    if not export.exportable(ads):
        context.log(
            "Nothing was packed or sent: a person has to approve the ads first.", level="warning", step="export"
        )
        return []
    if parameters.export != "zip":
        ad_delivery.follow(context, run_id, parameters.export, parameters.recipients)
    try:
        packed = parcels.zipped(
            context.services.storage,
            context.brand_id,
            product,
            ads,
            run_id=run_id,
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
    because = made.reasons[0] if made.reasons else made.short or "no words could be written"
    return f"No ad of “{product.name}” could be used: {because}"


TYPE = JobType(
    name="ad_creation",
    label="Create ads",
    icon=":material/auto_awesome:",
    description="Makes new ads of a product in every size, checks them, and packs those that passed.",
    parameters=AdCreation,
    run=run,
)
