"""The variations of one run: what they have in common, and what those before say of the next."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from PIL import Image

from viraltracker.creation import (
    compose,
    copywriting,
    drawn,
    palette,
    pictures,
    remarks,
    reviewing,
    scenes,
    similarity,
    spread,
    tokens,
    words,
)
from viraltracker.creation.canvas import Canvas
from viraltracker.creation.copywriting import Copy
from viraltracker.creation.layouts import planned
from viraltracker.creation.orders import Order, Workshop
from viraltracker.creation.paid import OutOfAttempts, OutOfBudget, Purchases
from viraltracker.creation.painting import Words
from viraltracker.creation.palette import Colour
from viraltracker.creation.plans import Look
from viraltracker.creation.scenes import Place, Scene, Scenery
from viraltracker.creation.wishes import angle
from viraltracker.errors import BadInput, NotFound
from viraltracker.store import creations

Json = dict[str, Any]

TRIES: Final = 2
"""A rejected ad is made once more, with what was wrong with it, other words and another look."""
LOOKS: Final = 4
"""A size in which the words have no room in the ad's own look takes the next of so many."""


@dataclass(frozen=True)
class _Plan:
    """The words of an ad, how it looks, the best first, which of the product's photos it shows, and after what."""

    variation: int
    tries: int
    copy: Copy
    looks: tuple[Look, ...]
    template: Json | None
    refused: tuple[str, ...]

    @property
    def photo(self) -> int:
        """Which of the product's photos comes first."""
        return self.variation - 1


class Batch:
    """Makes the ads of a run, one after the other."""

    def __init__(
        self,
        workshop: Workshop,
        job_run: str,
        order: Order,
        before: Mapping[int, Json],
        purchases: Purchases,
    ) -> None:
        """Raises BadInput where the product has no words for an ad."""
        self.workshop, self.job_run, self.order = workshop, job_run, order
        self.purchases, self.run_id = purchases, purchases.run_id
        self.prepared: set[int] = set()
        self.subject = workshop.subject()
        self.seed = int(self.run_id.replace("-", "")[:8], 16)
        self.foreign = creations.foreign_names(workshop.db, workshop.product.brand_id)
        self.looks = spread.choose_layouts(self.seed, min(order.variations * TRIES, spread.MOST))
        self.words = self._words({n: copywriting.bare(ad["copy"]["headline"]) for n, ad in before.items()})
        self.scenery = self._scenery()
        self.pictured: dict[str, tuple[bytes, Image.Image] | None] = {}
        self.hashes: dict[str, list[str]] = {}
        self.said = {n: _opening(ad["copy"]) for n, ad in before.items() if ad["status"] != "drafted"}
        for ad in before.values():
            for image in ad["images"] if ad["status"] != "drafted" else ():
                self.hashes.setdefault(image["size"], []).append(image["phash"])

    def prepare(self, variations: Sequence[int]) -> None:
        """Buys the scenes of first tries, many at a time; those that are there already cost nothing.

        Where the money or the attempts are at an end, what is missing is said when its ad is made. Raises what else
        buying raises, after all that were under way are stored.
        """
        scenery = self.scenery
        self.prepared |= set(variations)
        if scenery is None or not variations:
            return
        wanted: dict[str, tuple[Place, bytes | None]] = {}
        for variation in variations:
            with suppress(words.NoWords):  # said where the ad is made
                plan = self._planned(variation, 1, ())
                if not reviewing.reasons(self._about(plan.copy)):
                    for canvas in self.order.canvases:
                        with suppress(BadInput):  # the words have no room, which is said as well
                            place = self._place(plan, canvas)
                            wanted[place.key] = place, self._like(plan.template)
        done = 0
        with ThreadPoolExecutor(max(1, self.workshop.models.concurrency), thread_name_prefix="scenes") as pool:
            under_way = [pool.submit(scenery.buy, place, like) for place, like in wanted.values()]
            try:
                with suppress(OutOfBudget, OutOfAttempts):
                    for future in under_way:
                        future.result()
                        done += 1
                        self.workshop.progress(done, len(under_way), "scenes")
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    def is_prepared(self, variation: int) -> bool:
        """Whether `prepare` was asked for it."""
        return variation in self.prepared

    def make(self, variation: int, draft: Json | None) -> Json:
        """One ad, made anew where it was rejected: `draft` is what there is of it, begun or rejected.

        Raises NoWords, OutOfAttempts, OutOfBudget, and what a model's service makes of being asked.
        """
        first = 1
        refused: tuple[str, ...] = ()
        kept: Sequence[Json] = ()
        if draft is not None and draft["status"] == "drafted":
            first, refused, kept = draft["tries"], tuple(draft["copy"].get("refused", ())), draft["images"]
        elif draft is not None:
            first, refused = draft["tries"] + 1, _reasons(draft)
        found: Json | None = None
        last = TRIES * math.ceil(first / TRIES)  # two more for one that is tried again after its run had failed
        for tries in range(first, last + 1):
            images = {image["size"]: image for image in kept} if tries == first else {}
            found = self._try(variation, tries, images, refused)
            if found["status"] != "rejected":
                break
            refused = _reasons(found)
        assert found is not None  # noqa: S101 there is at least one try
        return found

    def _try(self, variation: int, tries: int, kept: Mapping[str, Json], refused: tuple[str, ...]) -> Json:
        plan = self._planned(variation, tries, refused)
        copy = plan.copy
        findings = [*self._about(copy), *self._repeated(variation, copy)]
        ad: Json = {
            "run_id": self.run_id,
            "variation": variation,
            "token": tokens.token(self.run_id, variation),
            "product_id": self.workshop.product.id,
            "template_id": plan.template["id"] if plan.template else None,
            "status": "drafted",
            # What was wrong with the try before goes along, so that a killed run asks for the same once more.
            "copy": asdict(copy) | ({"refused": list(refused)} if refused else {}),
            "angle": angle(copy, self.order.wish),
            "awareness": copy.stage,
            "writer": self.words.writer,
            "tries": tries,
            "made_in": self.job_run,
            "findings": findings,
        }
        made: dict[str, bytes] = {}
        hashes: dict[str, str] = {}
        # Nobody pays for pictures of words that may not be shown.
        is_worth = self.scenery is None or not _failed(findings)
        for canvas in self.order.canvases if is_worth else ():
            self.workshop.guard()
            size = pictures.size(canvas)
            image, data, found = self._picture(plan, canvas, kept.get(size))
            findings += [{"size": size, **each} for each in found]
            self._save(ad, plan, [image] if image else [])
            if image and data:
                made[size], hashes[size] = data, str(image["phash"])
        if made and not _failed(findings):
            findings += self._reviewed(plan, made)
        ad["copy"] = asdict(copy)
        self.said[variation] = _opening(ad["copy"])
        ad["status"], ad["decided_how"] = reviewing.judged(findings)
        ad["id"] = self._save(ad, plan, [])
        for size, phash in hashes.items():
            self.hashes.setdefault(size, []).append(phash)
        return ad

    def _save(self, ad: Json, plan: _Plan, images: Sequence[Json]) -> str:
        keys = [f"{kind}:{plan.variation}:" for kind in ("scene", "reading", "review")]
        ad["cost_usd"] = str(self.purchases.cost(*keys) + self.words.cost(plan.variation))
        scene = next(
            (s for k, s in self.purchases.steps.items() if k.startswith(f"scene:{plan.variation}:{plan.tries}:")), None
        )
        ad["prompt"] = scene.prompt if scene else None
        self.workshop.guard()
        return creations.save(self.workshop.db, self.workshop.product.brand_id, ad, images)

    def _picture(self, plan: _Plan, canvas: Canvas, kept: Json | None) -> tuple[Json | None, bytes | None, list[Json]]:
        """A stored picture and what the checks say of it; without the picture where its words do not fit."""
        found: list[Json] = []
        scene: Scene | None = None
        subject, options = self.subject, self._options(plan)
        try:
            if self.scenery is None:
                self._count()
            else:
                scene = self.scenery.scene(self._place(plan, canvas), self._like(plan.template), plan.refused)
                found += scene.findings
                if scene.data is None or not scene.is_usable:
                    return None, None, found
                subject = replace(subject, photos=(scene.data,))
                options |= {"photo": 0, "scene_by": scene.step.model}
            made = compose.made_to_fit(subject, self._set(plan), plan.looks, canvas, **options)
        except BadInput as error:
            return None, None, [*found, remarks.finding("drawn", error.message, passed=False)]
        like = self._like(plan.template)
        found += drawn.checked(
            made,
            template=similarity.hashes(pictures.opened(like)) if like else None,
            siblings=self.hashes.get(pictures.size(canvas), ()),
            foreign=self.foreign,
            own=self.workshop.brand_name,
        )
        image = drawn.stored(
            self.workshop.storage,
            self.workshop.product.brand_id,
            made,
            scene=scene.step.sha256 if scene else None,
            known=kept["sha256"] if kept else None,
        )
        return image, made.data, found

    def _count(self) -> None:
        if not creations.count_attempt(self.workshop.db, self.workshop.product.brand_id, self.run_id):
            raise OutOfAttempts(f"The run has asked for {creations.MOST_ATTEMPTS} pictures, which is the most it may.")

    def _planned(self, variation: int, tries: int, refused: tuple[str, ...]) -> _Plan:
        place = variation - 1 + (tries - 1) * self.order.variations
        looks = tuple(self.looks[(place + other) % len(self.looks)] for other in range(LOOKS))
        copy = self.words.copy(variation, tries, refused)
        return _Plan(variation, tries, copy, looks, self.order.template(variation), refused)

    def _set(self, plan: _Plan) -> Words:
        copy = plan.copy
        return Words(copy.headline, self.subject.brand, copy.subline, copy.offer, copy.button)

    def _place(self, plan: _Plan, canvas: Canvas) -> Place:
        """The scene for a size: in the shape of the place that the photo has in the look in which the words fit."""
        bare = replace(self.subject, photos=())
        look = compose.made_to_fit(bare, self._set(plan), plan.looks, canvas).look
        laid_out = planned(look, canvas)
        calm = ("top" if laid_out.corner[1] < 0 else "bottom") if plan.copy.offer else None
        return Place(plan.variation, plan.tries, scenes.aspect_of(laid_out.photo.box), calm)

    def _options(self, plan: _Plan) -> compose.Options:
        return {
            "mode": self.order.colours,
            "template_colours": self._colours(plan.template),
            "photo": plan.photo,
        }

    def _about(self, copy: Copy) -> list[Json]:
        shop = self.workshop
        is_rephrased = shop.models.writer is not None
        return words.findings(
            copy, shop.product, shop.today, self.foreign, brand=shop.brand_name, is_rephrased=is_rephrased
        )

    def _repeated(self, variation: int, copy: Copy) -> list[Json]:
        """Whether another ad of the run says the same: two that differ in their picture alone are one idea."""
        alike = [n for n, said in self.said.items() if n != variation and said == _opening(asdict(copy))]
        if not alike:
            return []
        says = f"It says the same as variation {alike[0]}."
        return [remarks.finding("same_words", says, passed=False, hard=False)]

    def _reviewed(self, plan: _Plan, made: Mapping[str, bytes]) -> list[Json]:
        shop = self.workshop
        if not shop.models.reviewers:
            return []
        sentences = shop.product.sentences(shop.today)
        about = reviewing.about(shop.brand_name, shop.product.name, plan.copy, sentences)
        key = f"{plan.variation}:{plan.tries}"
        try:
            return reviewing.review(self.purchases, shop.models.reviewers, key, made, about)
        except OutOfBudget as end:
            says = f"Nobody has reviewed it: {end.message}"
            return [remarks.finding(reviewing.CHECK, says, passed=False, hard=False, by="nobody")]

    def _words(self, said: dict[int, str]) -> words.Words:
        shop, order = self.workshop, self.order
        slots = [words.Slot(order.stage(n), order.template(n)) for n in range(1, order.variations + 1)]
        if shop.models.writer is None:
            return words.RuleWords(self.subject, slots, order.wish, self.seed, TRIES)
        return words.ModelWords(shop.models.writer, self.purchases, shop.product, shop.today, slots, order.wish, said)

    def _scenery(self) -> Scenery | None:
        """None where nobody can draw, and where no photo shows what the product looks like: it is not invented."""
        shop = self.workshop
        if shop.models.painter is None or not self.subject.photos:
            return None
        return Scenery(
            shop.models.painter,
            shop.models.reader,
            self.purchases,
            shop.brand_name,
            shop.product,
            self.subject.photos,
            shop.today,
            self.order.wish,
            self.order.image_size,
            self.subject.colours,
            self.foreign,
            self.seed,
        )

    def _colours(self, template: Json | None) -> Sequence[Colour]:
        if template is None or self.order.colours == "brand":
            return ()
        picture = self._template_picture(template)
        return palette.dominant(picture[1]) if picture else ()

    def _like(self, template: Json | None) -> bytes | None:
        picture = self._template_picture(template) if template else None
        return picture[0] if picture else None

    def _template_picture(self, template: Json) -> tuple[bytes, Image.Image] | None:
        key = template["storage_key"]
        if key not in self.pictured:
            try:
                data = self.workshop.storage.get(template.get("bucket", "assets"), key)
                self.pictured[key] = data, pictures.opened(data)
            except (NotFound, BadInput):
                self.pictured[key] = None  # it is gone: nothing to be like, nothing to be too like
        return self.pictured[key]


def _opening(copy: Json) -> str:
    return copywriting.bare(f"{copy['headline']} {copy['subline'] or ''}")


def is_finished(ad: Json) -> bool:
    """Whether a run that goes on leaves an ad as it is: what was rejected once is made once more."""
    if is_rejected(ad):
        return bool(ad["tries"] % TRIES == 0)
    return bool(ad["status"] != "drafted")


def is_rejected(ad: Json) -> bool:
    """Whether checks or reviewers have rejected it; a person's word stands."""
    return bool(ad["status"] == "rejected" and ad["decided_how"] != "person")


def _reasons(ad: Json) -> tuple[str, ...]:
    return tuple(reviewing.reasons(ad["findings"]))[:10]


def _failed(findings: Sequence[Json]) -> bool:
    return any(finding["hard"] and not finding["passed"] for finding in findings)
