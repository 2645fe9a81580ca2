"""What is to be made, of what and by whom, and how it ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from viraltracker.creation import products, wishes
from viraltracker.creation.canvas import Canvas
from viraltracker.creation.palette import ColourMode
from viraltracker.creation.products import Product
from viraltracker.creation.subject import Subject
from viraltracker.creation.wishes import Wish
from viraltracker.creatives.taxonomy import Awareness
from viraltracker.errors import NotFound
from viraltracker.llm.image_request import ImageSize
from viraltracker.llm.images import ImageModel
from viraltracker.llm.seam import Model
from viraltracker.store.client import Database
from viraltracker.store.storage import Storage

Json = dict[str, Any]

STAGES: Final[tuple[Awareness, ...]] = ("problem_aware", "solution_aware", "product_aware", "most_aware", "unaware")
"""What an order without a stage goes through, one after the other."""


@dataclass(frozen=True)
class Order:
    """What is to be made. `stages` are gone through in turn; a template's own stage comes before them.

    `templates` are as `creations.template_choices` gives them; one with a `bucket` is a picture that was uploaded.
    """

    variations: int
    canvases: tuple[Canvas, ...]
    stages: tuple[Awareness, ...] = STAGES
    colours: ColourMode = "brand"
    templates: tuple[Json, ...] = ()
    wish: Wish = wishes.Wish()  # noqa: RUF009 frozen
    image_size: ImageSize = "1K"

    def template(self, variation: int) -> Json | None:
        """The one that a variation is made after; they are taken in turn."""
        return self.templates[(variation - 1) % len(self.templates)] if self.templates else None

    def stage(self, variation: int) -> Awareness:
        """Whose readers a variation is for."""
        template = self.template(variation)
        if template and template["awareness"] in STAGES and len(self.stages) > 1:
            stage: Awareness = template["awareness"]
            return stage
        return self.stages[(variation - 1) % len(self.stages)]


@dataclass(frozen=True)
class Models:
    """Who takes part beside our own rules and renderer; nobody where there are no keys."""

    writer: Model | None = None
    painter: ImageModel | None = None
    reader: Model | None = None
    reviewers: tuple[Model, ...] = ()
    concurrency: int = 8


@dataclass
class Made:
    """How many ads ended in which way, and the reasons of those that were rejected.

    `short` says why no more were made where the run ended before its order; `run_id` is that of an earlier run where
    that one was gone on with.
    """

    run_id: str
    approved: int = 0
    needs_person: int = 0
    rejected: int = 0
    short: str | None = None
    reasons: list[str] = field(default_factory=list)

    @property
    def usable(self) -> int:
        """Ads that are approved, or would be by a person."""
        return self.approved + self.needs_person

    def count(self, status: str, findings: list[Json]) -> None:
        """Adds an ad."""
        setattr(self, status, getattr(self, status) + 1)
        self.reasons += [str(each["sentence"]) for each in findings if each["hard"] and not each["passed"]]


@dataclass(frozen=True)
class Workshop:
    """What making needs: where to, of what, and how to tell how far it is. `guard` raises Stopped.

    `is_last`: nobody tries again by itself after this attempt, so that a run that cannot go on has failed.
    `was_cancelled` tells a person's word from other reasons to stop.
    """

    db: Database
    storage: Storage
    brand_name: str
    product: Product
    today: date
    guard: Callable[[], None]
    progress: Callable[[int, int, str], None]
    models: Models = Models()
    is_last: bool = True
    was_cancelled: Callable[[], bool] = lambda: False

    def problem(self) -> str | None:
        """Why no ad of the product can be made; None where one can."""
        found = (each for each in products.problems(self.product, self.today) if each.severity == "error")
        return next((f"“{self.product.name}”: {each.message}" for each in found), None)

    def subject(self) -> Subject:
        """The product as the renderer and the writer know it, with the photos that can be read."""
        shown = []
        for photo in self.product.photos:
            try:
                shown.append(self.storage.get("assets", photo.storage_key))
            except NotFound:
                continue  # one that is gone; Settings says so of a product without any
        return Subject(
            self.brand_name,
            self.product.name,
            self.product.written_price,
            self.product.facts,
            self.product.benefits,
            self.product.offer_words(self.today),
            self.product.hooks,
            self.product.colours,
            tuple(shown),
        )
