"""Makes new ads of a product: words, pictures in every size, checks, and a zip of those that passed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

from pydantic import Field, model_validator

from viraltracker import clock
from viraltracker.creatives import taxonomy
from viraltracker.errors import BadInput
from viraltracker.jobs.context import JobContext
from viraltracker.jobs.job_type import ASKED_ELSEWHERE, JobType, Parameters, Result
from viraltracker.store import brands, creations

if TYPE_CHECKING:
    from viraltracker.creation.canvas import Canvas
    from viraltracker.creation.making import Made, Order
    from viraltracker.creation.products import Product

Stage = Literal["mixed", "unaware", "problem_aware", "solution_aware", "product_aware", "most_aware"]

_SHA256 = re.compile(r"[0-9a-f]{64}")


class AdCreation(Parameters):
    """Parameters of `ad_creation`."""

    product: str | None = Field(
        None, max_length=200, title="Product", description="Its name, or its id; the brand's only product unless given."
    )
    num_variations: int = Field(5, ge=1, le=15, title="Variations", description="Different ads to make.")
    stage: Stage = Field(
        "mixed", title="Awareness stage", description="Who the ads are for; mixed goes through all stages in turn."
    )
    content_source: Literal["hooks", "recreate_template", "brief", "angles"] = Field(
        "hooks", title="Words from", description="The product's hooks, what its template says, a brief, or its angles."
    )
    brief: str | None = Field(
        None, max_length=2000, title="Brief", description="What the ads are to say and why, for words from a brief."
    )
    additional_instructions: str | None = Field(
        None, max_length=1000, title="More instructions", description="Anything else that whoever makes them must know."
    )
    angle: str | None = Field(
        None, max_length=40, title="Angle", description="One of the angles that ads are read for, such as pain_relief."
    )
    template_mode: Literal["none", "unused", "specific", "uploaded"] = Field(
        "unused",
        title="Templates",
        description="unused takes those first that this product has not used, then those that ran longest.",
    )
    template_count: int = Field(5, ge=1, le=15, title="Templates per run", description="Different templates at most.")
    template_ids: str | None = Field(
        None, max_length=1000, title="Chosen templates", description="Their ids with commas between, for specific."
    )
    uploaded: str | None = Field(
        None,
        max_length=1000,
        title="Own pictures",
        description="The sha256 of uploaded pictures with commas between, for uploaded.",
        json_schema_extra=ASKED_ELSEWHERE,
    )
    square: bool = Field(True, title="1080 × 1080", description="Feed, square.")
    portrait: bool = Field(True, title="1080 × 1350", description="Feed, portrait.")
    story: bool = Field(True, title="1080 × 1920", description="Stories and reels.")
    wide: bool = Field(True, title="1200 × 628", description="Right column and links.")
    color_mode: Literal["brand", "original", "complementary"] = Field(
        "brand", title="Colours", description="The product's own, the template's, or what goes with those."
    )
    image_resolution: Literal["1K", "2K", "4K"] = Field(
        "1K", title="Resolution", description="Of pictures that a model makes."
    )
    destination_url: str | None = Field(
        None,
        max_length=2000,
        pattern=r"^https?://[^\s/]+\S*$",
        title="Destination",
        description="Where the ads lead; the product's own address unless given.",
    )
    export: Literal["zip", "none"] = Field(
        "zip", title="Export", description="zip packs the pictures that passed, with a manifest."
    )
    origin: str | None = Field(
        None,
        max_length=200,
        title="Made for",
        description="The gap or the recommendation that asked for the ads.",
        json_schema_extra=ASKED_ELSEWHERE,
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if not (self.square or self.portrait or self.story or self.wide):
            raise ValueError("choose at least one size")
        if self.template_mode == "specific" and not self.chosen:
            raise ValueError("name the templates, or let them be chosen")
        if self.content_source == "brief" and not (self.brief or "").strip():
            raise ValueError("write the brief, or take the words from elsewhere")
        if self.angle is not None and self.angle not in get_args(taxonomy.Angle):
            raise ValueError(f"there is no angle {self.angle}")
        if self.template_mode == "uploaded" and not self.pictures:
            raise ValueError("upload a picture, or let templates be chosen")
        if any(not _SHA256.fullmatch(each) for each in self.pictures):
            raise ValueError("own pictures are named by their sha256")
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
    exports = _export(context, product, parameters) if parameters.export == "zip" else []
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
    from viraltracker.creation import export

    context.guard()
    ads = creations.gallery(context.db, context.brand_id, context.run_key)["ads"]
    passed = [ad for ad in ads if ad["status"] == "approved"]
    if not passed:
        return []
    data = export.as_zip(context.services.storage, product, passed, parameters.destination_url)
    _, key = creations.store_file(context.services.storage, context.brand_id, data, "application/zip")
    name = f"{export.slug(product.name)}-{context.run_key[:8]}.zip"
    return [{"kind": "zip", "file_name": name, "storage_key": key, "bytes": len(data), "ads": len(passed)}]


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
