"""Makes the ads of one run: words, pictures in every size, and what the checks say of both. Each is saved at once.

Nothing here is drawn by chance: what a killed run had made is found again, and what it had not is made the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, Final, Literal

from PIL import Image

from viraltracker.creation import checks, claims, compose, copywriting, palette, pictures, similarity, spread, tokens
from viraltracker.creation.canvas import Canvas
from viraltracker.creation.copywriting import Copy
from viraltracker.creation.painting import Words
from viraltracker.creation.palette import Colour, ColourMode
from viraltracker.creation.plans import Look
from viraltracker.creation.products import Product, problems
from viraltracker.creation.subject import Subject
from viraltracker.creatives.taxonomy import Awareness
from viraltracker.errors import BadInput, NotFound
from viraltracker.store import creations
from viraltracker.store.client import Database
from viraltracker.store.storage import Storage

Json = dict[str, Any]
Status = Literal["approved", "needs_person", "rejected"]

WRITER: Final = "rules@1"
TRIES: Final = 2
"""A rejected ad is made once more, with other words and another look."""
ENOUGH: Final = (24, 12, 6, 4, 3, 2, 1)
"""So many copies of a stage are asked for, the fewer the less a product says: the most unlike of them are taken."""
LOOKS: Final = 4
"""A size in which the words have no room in the ad's own look takes the next of so many."""
STAGES: Final[tuple[Awareness, ...]] = ("problem_aware", "solution_aware", "product_aware", "most_aware", "unaware")
"""What an order without a stage goes through, one after the other."""


@dataclass(frozen=True)
class Order:
    """What is to be made. `stages` are gone through in turn; a template's own stage comes before them."""

    variations: int
    canvases: tuple[Canvas, ...]
    stages: tuple[Awareness, ...] = STAGES
    colours: ColourMode = "brand"
    templates: tuple[Json, ...] = ()


@dataclass
class Made:
    """How many ads ended in which way, and the reasons of those that were rejected."""

    approved: int = 0
    needs_person: int = 0
    rejected: int = 0
    out_of_attempts: bool = False
    reasons: list[str] = field(default_factory=list)

    @property
    def usable(self) -> int:
        """Ads that are approved, or would be by a person."""
        return self.approved + self.needs_person


@dataclass(frozen=True)
class Maker:
    """What making needs: where to, of what, and how to tell how far it is. `guard` raises Stopped."""

    db: Database
    storage: Storage
    brand_name: str
    product: Product
    today: date
    guard: Callable[[], None]
    progress: Callable[[int, int, str], None]

    def make(self, run_id: str, order: Order, parameters: Mapping[str, object]) -> Made:
        """Makes what the run has not made yet.

        Raises BadInput for a product of which no ad can be made, and where its sentences are too few for any.
        """
        for problem in problems(self.product, self.today):
            if problem.severity == "error":
                raise BadInput(f"“{self.product.name}”: {problem.message}")
        run = self._begin(run_id, order, parameters)
        before = {ad["variation"]: ad for ad in run["ads"]}
        batch = _Batch(self, run_id, order, before)
        made = Made()
        for variation in range(1, order.variations + 1):
            self.progress(variation - 1, order.variations, "ads")
            known = before.get(variation)
            if known is None or known["status"] == "drafted":
                known = batch.make(variation, known)
                if known is None:
                    made.out_of_attempts = True
                    break
            setattr(made, known["status"], getattr(made, known["status"]) + 1)
            made.reasons += [
                str(finding["sentence"]) for finding in known["findings"] if finding["hard"] and not finding["passed"]
            ]
        self.progress(order.variations, order.variations, "ads")
        return made

    def _begin(self, run_id: str, order: Order, parameters: Mapping[str, object]) -> Json:
        given = {
            "id": run_id,
            "product_id": self.product.id,
            "parameters": parameters,
            "wanted": order.variations,
            "sizes": [pictures.size(canvas) for canvas in order.canvases],
        }
        return creations.begin(self.db, self.product.brand_id, given)

    def subject(self) -> Subject:
        """The product as the renderer and the writer know it, with the photos that can be read."""
        shown = []
        for photo in self.product.photos:
            try:
                shown.append(self.storage.get("assets", photo.storage_key))
            except NotFound:
                continue  # one that is gone; Settings says so of a product without any
        offers = tuple(offer.text for offer in self.product.live_offers(self.today))
        return Subject(
            self.brand_name,
            self.product.name,
            self.product.written_price,
            self.product.facts,
            self.product.benefits,
            offers,
            self.product.hooks,
            self.product.colours,
            tuple(shown),
        )


@dataclass(frozen=True)
class _Plan:
    """The words of an ad, how it looks, the best first, and which of the product's photos it shows."""

    copy: Copy
    looks: tuple[Look, ...]
    photo: int


class _Batch:
    """The variations of one run: what they have in common, and what those before say of the next."""

    def __init__(self, maker: Maker, run_id: str, order: Order, before: Mapping[int, Json]) -> None:
        self.maker, self.run_id, self.order = maker, run_id, order
        self.subject = maker.subject()
        self.seed = int(run_id.replace("-", "")[:8], 16)
        self.foreign = creations.foreign_names(maker.db, maker.product.brand_id)
        self.looks = spread.choose_layouts(self.seed, min(order.variations * TRIES, spread.MOST))
        self.copies = self._copies()
        self.pictured: dict[str, Image.Image | None] = {}
        self.hashes: dict[str, list[str]] = {}
        for ad in before.values():
            for image in ad["images"] if ad["status"] != "drafted" else ():
                self.hashes.setdefault(image["size"], []).append(image["phash"])

    def make(self, variation: int, draft: Json | None) -> Json | None:
        """One ad, made anew where it was rejected; None once the run has had its attempts."""
        first = draft["tries"] if draft else 1
        for tries in range(first, TRIES + 1):
            kept = draft["images"] if draft and tries == first else ()
            found = self._try(variation, tries, {image["size"]: image for image in kept})
            if found is None or found["status"] != "rejected" or tries == TRIES:
                return found
        return None

    def _try(self, variation: int, tries: int, kept: Mapping[str, Json]) -> Json | None:
        template = self._template(variation)
        place = variation - 1 + (tries - 1) * self.order.variations
        looks = tuple(self.looks[(place + other) % len(self.looks)] for other in range(LOOKS))
        plan = _Plan(self.copies[place % len(self.copies)], looks, variation - 1)
        copy = plan.copy
        ad: Json = {
            "run_id": self.run_id,
            "variation": variation,
            "token": tokens.token(self.run_id, variation),
            "product_id": self.maker.product.id,
            "template_id": template["id"] if template else None,
            "status": "drafted",
            "copy": asdict(copy),
            "angle": copy.sources[0][:200] if copy.sources else None,
            "awareness": copy.stage,
            "writer": WRITER,
            "tries": tries,
            "findings": self._about_words(copy),
        }
        hashes = {}
        for canvas in self.order.canvases:
            size = pictures.size(canvas)
            self.maker.guard()
            if not creations.count_attempt(self.maker.db, self.maker.product.brand_id, self.run_id):
                return None
            image, found = self._picture(plan, canvas, template, kept.get(size))
            ad["findings"] += [finding | {"size": size} for finding in found]
            creations.save(self.maker.db, self.maker.product.brand_id, ad, [image] if image else [])
            if image:
                hashes[size] = str(image["phash"])
        ad["status"] = _judged(ad["findings"])
        ad["decided_how"] = "checks" if ad["status"] != "needs_person" else None
        ad["id"] = creations.save(self.maker.db, self.maker.product.brand_id, ad, [])
        for size, phash in hashes.items():
            self.hashes.setdefault(size, []).append(phash)
        return ad

    def _picture(
        self, plan: _Plan, canvas: Canvas, template: Json | None, kept: Json | None
    ) -> tuple[Json | None, list[Json]]:
        """A stored picture and what the checks say of it; without the picture where its words do not fit."""
        copy = plan.copy
        words = Words(copy.headline, self.subject.brand, copy.subline, copy.offer, copy.button)
        try:
            made = compose.made_to_fit(
                self.subject,
                words,
                plan.looks,
                canvas,
                mode=self.order.colours,
                template_colours=self._colours(template),
                photo=plan.photo,
            )
        except BadInput as error:
            return None, [_finding("drawn", error.message, passed=False, hard=True)]
        sha256 = made.sha256
        if kept is None or kept["sha256"] != sha256:
            creations.store_file(self.maker.storage, self.maker.product.brand_id, made.data, made.mime)
        size = pictures.size(canvas)
        picture = pictures.opened(made.data)
        siblings = self.hashes.get(size, ())
        found = checks.run(
            checks.Finished(
                made.data,
                canvas,
                made.regions,
                self._like(template),
                siblings,
                self.foreign,
                (self.maker.brand_name,),
            )
        )
        image = {
            "size": size,
            "sha256": sha256,
            "mime": made.mime,
            "bytes": len(made.data),
            "width": canvas.width,
            "height": canvas.height,
            "phash": similarity.hashes(picture),
            "maker": made.made_by,
            "label": made.label,
            "look": asdict(made.look),
        }
        return image, [_finding(each.name, each.says, passed=each.passed, hard=each.hard) for each in found]

    def _about_words(self, copy: Copy) -> list[Json]:
        said = claims.Copy(
            copy.headline,
            copy.primary_text,
            copy.button,
            tuple(text for text in (copy.subline, copy.offer) if text),
        )
        found = claims.check(said, self.maker.product, self.maker.today, foreign_brands=self.foreign)
        if not found:
            return [_finding("claims", "Every claim is the product's own.", passed=True, hard=True)]
        return [
            _finding(each.name, f"“{each.words}” in the {each.where}: {each.reason}", passed=False, hard=True)
            for each in found
        ]

    def _copies(self) -> list[Copy]:
        """Words for every variation and its second try, stage by stage; fewer where the product has fewer.

        Raises BadInput where there are none.
        """
        stages = [self._stage(variation) for variation in range(1, self.order.variations + 1)] * TRIES
        written: dict[Awareness, list[Copy]] = {}
        short: BadInput | None = None
        for place, stage in enumerate(dict.fromkeys(stages)):
            for n in ENOUGH:
                try:
                    written[stage] = list(copywriting.write(self.subject, stage, n, self.seed + place))
                    break
                except copywriting.TooLittleToSay as error:
                    short = error
        everything = [copy for each in written.values() for copy in each]
        if not everything:
            raise short or BadInput(f"No words can be written for “{self.subject.name}”.")
        used: Counter[str] = Counter()

        def said_before(copy: Copy) -> tuple[int, int]:
            return used[copy.headline] + used[copy.subline or ""], used[f"{copy.headline}|{copy.subline}"]

        copies = []
        for stage in stages:
            copy = min(written.get(stage) or everything, key=said_before)
            used.update((copy.headline, copy.subline or "", f"{copy.headline}|{copy.subline}"))
            copies.append(copy)
        return copies

    def _stage(self, variation: int) -> Awareness:
        template = self._template(variation)
        if template and template["awareness"] in STAGES:
            stage: Awareness = template["awareness"]
            return stage
        return self.order.stages[(variation - 1) % len(self.order.stages)]

    def _template(self, variation: int) -> Json | None:
        templates = self.order.templates
        return templates[(variation - 1) % len(templates)] if templates else None

    def _colours(self, template: Json | None) -> Sequence[Colour]:
        if template is None or self.order.colours == "brand":
            return ()
        picture = self._template_picture(template)
        return palette.dominant(picture) if picture else ()

    def _like(self, template: Json | None) -> str | None:
        picture = self._template_picture(template) if template else None
        return similarity.hashes(picture) if picture else None

    def _template_picture(self, template: Json) -> Image.Image | None:
        key = template["storage_key"]
        if key not in self.pictured:
            try:
                self.pictured[key] = pictures.opened(self.maker.storage.get("assets", key))
            except (NotFound, BadInput):
                self.pictured[key] = None  # it is gone: nothing to be like, nothing to be too like
        return self.pictured[key]


def _judged(findings: Sequence[Json]) -> Status:
    """Rejected where a hard check failed, for a person where a soft one did."""
    failed = [finding for finding in findings if not finding["passed"]]
    if any(finding["hard"] for finding in failed):
        return "rejected"
    return "needs_person" if failed else "approved"


def _finding(name: str, sentence: str, *, passed: bool, hard: bool) -> Json:
    return {"check": name, "passed": passed, "hard": hard, "sentence": sentence}
