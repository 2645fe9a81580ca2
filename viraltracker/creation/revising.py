"""Changes an ad that was made: other words, or another look. It is drawn anew in every size and checked like a new one.

An ad is one thing in all its sizes, so all of them are replaced or none is: what fails is said, and the ad stays as it
was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final, cast

from viraltracker.creation import canvas as canvases
from viraltracker.creation import compose, drawn, palette, pictures, remarks, scenes, similarity, spread
from viraltracker.creation.canvas import Canvas
from viraltracker.creation.compose import Composed
from viraltracker.creation.copywriting import BUTTONS, CallToAction
from viraltracker.creation.painting import Words
from viraltracker.creation.palette import Colour, ColourMode
from viraltracker.creation.plans import Look
from viraltracker.creation.products import Product
from viraltracker.creation.subject import Subject
from viraltracker.errors import BadInput, NotFound
from viraltracker.store import creations, storage
from viraltracker.store.client import Database
from viraltracker.store.storage import Bucket, Storage

Json = dict[str, Any]
Painter = Callable[[Json | None, Words, Sequence[Look], Canvas], Composed]
"""Draws words into a size: given the stored picture's row, None where there is none, in the first look that has room.

Raises BadInput where that cannot be done.
"""

BY_HAND: Final = "person"
"""The writer of words that somebody edited."""
LOOKS: Final = 4
"""A size in which the words have no room in the ad's look takes the next of so many."""
CANVASES: Final = {
    pictures.size(each): each for each in (canvases.SQUARE, canvases.PORTRAIT, canvases.STORY, canvases.WIDE)
}


@dataclass(frozen=True)
class Edit:
    """The words of an ad as somebody wants them; empty texts are left out."""

    headline: str
    subline: str
    primary_text: str
    offer: str
    call_to_action: CallToAction

    def applied(self, copy: Json) -> Json:
        """The stored words with these in their place. Its sources are those that it still quotes."""
        said = {
            "headline": " ".join(self.headline.split()),
            "subline": " ".join(self.subline.split()) or None,
            "primary_text": self.primary_text.strip(),
            "offer": " ".join(self.offer.split()) or None,
            "call_to_action": self.call_to_action,
            "button": BUTTONS[self.call_to_action],
        }
        if all(copy.get(name) == value for name, value in said.items()):
            return copy
        text = " ".join(str(value) for value in said.values() if value)
        return copy | said | {"sources": [source for source in copy.get("sources") or () if source in text]}


def about_words(copy: Json, product: Product, brand: str, today: date, foreign: Sequence[str]) -> list[Json]:
    """What the checks say of words that somebody changed."""
    sentences = product.sentences(today)
    return [
        *remarks.claimed(copy, product, today, foreign),
        *remarks.ungrounded(copy, product, brand, sentences),
    ]


def failures(findings: Sequence[Json]) -> list[str]:
    """The sentences of the hard checks that failed, with their size."""
    return [
        f"{finding['size'].replace('x', ' × ')}: {finding['sentence']}" if "size" in finding else finding["sentence"]
        for finding in findings
        if finding["hard"] and not finding["passed"]
    ]


@dataclass(frozen=True)
class Reviser:
    """What changing an ad needs. `guard` raises Stopped."""

    db: Database
    storage: Storage
    subject: Subject
    product: Product
    today: date
    guard: Callable[[], None]
    progress: Callable[[int, int, str], None]

    def revise(self, ad: Json, run_id: str, edit: Edit, *, next_look: bool, painter: Painter | None = None) -> int:
        """The ad, as `creations.one` gives it, with these words, in its own look or the next; its new revision.

        Raises BadInput, and changes nothing, where nothing is to change or a check fails; Refused where somebody else
        was faster.
        """
        copy = edit.applied(ad["copy"])
        if copy is ad["copy"] and not next_look:
            raise BadInput("Nothing was changed: the words are the same as before.")
        foreign = creations.foreign_names(self.db, self.product.brand_id)
        findings = about_words(copy, self.product, self.subject.brand, self.today, foreign)
        _require(findings)
        images: list[Json] = []
        found = self._redrawn(ad, copy, _looks(ad, next_look=next_look), foreign, painter or self.composer(ad))
        for image, said in found:
            findings += said
            images += [image] if image else []
        _require(findings)
        writer = ad["writer"] if copy is ad["copy"] else BY_HAND
        version = {"copy": copy, "findings": findings, "writer": writer, "images": images}
        return creations.revise(self.db, ad, run_id, version)

    def composer(self, ad: Json) -> Painter:
        """Draws as the run that made the ad did: in its colours, with the same photo or scene, and no model."""
        mode = cast("ColourMode", ad["run"]["parameters"].get("color_mode", "brand"))
        colours = self._template_colours(ad) if mode != "brand" else ()
        photo = int(ad["variation"]) - 1

        def paint(stored: Json | None, said: Words, looks: Sequence[Look], canvas: Canvas) -> Composed:
            options: compose.Options = {"mode": mode, "template_colours": colours, "photo": photo}
            subject = self.subject
            if stored is not None and stored["scene_sha256"] is not None:
                key = storage.key(self.product.brand_id, stored["scene_sha256"])
                subject = replace(subject, photos=(self.storage.get("assets", key),))
                options |= {"photo": 0, "scene_by": stored["maker"].partition(" + ")[0]}
            return compose.made_to_fit(subject, said, looks, canvas, **options)

        return paint

    def _redrawn(
        self, ad: Json, copy: Json, looks: Sequence[Look], foreign: Sequence[str], painter: Painter
    ) -> list[tuple[Json | None, list[Json]]]:
        """Each size's stored picture and what the checks say of it; without the picture where its words do not fit."""
        said = Words(copy["headline"], self.subject.brand, copy.get("subline"), copy.get("offer"), copy["button"])
        stored = {image["size"]: image for image in ad["images"]}
        sizes: list[str] = ad["run"]["sizes"]
        like = self._like(ad)
        made: list[tuple[Json | None, list[Json]]] = []
        for place, size in enumerate(sizes):
            self.guard()
            self.progress(place, len(sizes), "sizes")
            before = stored.get(size)
            scene = before["scene_sha256"] if before else None
            of_scene = [each for each in ad["findings"] if each.get("size") == size and each["check"] in scenes.CHECKS]
            try:
                picture = painter(before, said, looks, CANVASES[size])
            except BadInput as error:
                made.append((None, [remarks.finding("drawn", error.message, passed=False, size=size)]))
                continue
            found = drawn.checked(
                picture,
                template=like,
                siblings=ad["siblings"].get(size, ()),
                foreign=foreign,
                own=self.subject.brand,
            )
            image = drawn.stored(self.storage, self.product.brand_id, picture, scene=scene)
            made.append((image, [*(of_scene if scene else ()), *found]))
        return made

    def _like(self, ad: Json) -> str | None:
        data = self._template(ad)
        return similarity.hashes(pictures.opened(data)) if data else None

    def _template_colours(self, ad: Json) -> Sequence[Colour]:
        data = self._template(ad)
        return palette.dominant(pictures.opened(data)) if data else ()

    def _template(self, ad: Json) -> bytes | None:
        own = [part for part in (ad["run"]["parameters"].get("uploaded") or "").split(",") if part]
        bucket: Bucket = "assets"
        if ad["template"] is not None:
            key = ad["template"]["storage_key"]
        elif own:
            bucket, key = "imports", storage.key(self.product.brand_id, own[(int(ad["variation"]) - 1) % len(own)])
        else:
            return None
        try:
            return self.storage.get(bucket, key)
        except NotFound:
            return None  # it is gone: nothing to be like, nothing to be too like


def _looks(ad: Json, *, next_look: bool) -> list[Look]:
    """The ad's own look and those that follow it in its run's order; from the next layout on where that is wanted."""
    order = list(spread.choose_layouts(int(str(ad["run_id"]).replace("-", "")[:8], 16), spread.MOST))
    stored = [Look(**image["look"]) for image in ad["images"] if image["look"]]
    if not stored:
        return order[:LOOKS]
    place = order.index(stored[0]) if stored[0] in order else -1
    after = [*order[place + 1 :], *order[: place + 1]]
    if next_look:
        return [look for look in after if look.layout != stored[0].layout][:LOOKS]
    return list(dict.fromkeys([*stored, *after]))[: max(LOOKS, len(set(stored)))]


def _require(findings: Sequence[Json]) -> None:
    """Raises BadInput with what failed."""
    wrong = failures(findings)
    if wrong:
        more = f" And {len(wrong) - 3} more." if len(wrong) > 3 else ""
        raise BadInput(f"The ad stays as it was. {' '.join(wrong[:3])}{more}")
