"""The words of a run's ads: by rules from the product's own sentences, or by a model that may rephrase them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final, Protocol

from viraltracker.creation import copywriting, prompts, remarks, wishes
from viraltracker.creation.copywriting import Copy
from viraltracker.creation.model_answers import WrittenAd, WrittenAds
from viraltracker.creation.paid import Purchases, Step
from viraltracker.creation.products import Product
from viraltracker.creation.subject import Subject
from viraltracker.creation.wishes import Wish
from viraltracker.creatives import taxonomy
from viraltracker.creatives.taxonomy import Awareness
from viraltracker.errors import BadInput
from viraltracker.llm.request import Request
from viraltracker.llm.seam import Model

Json = dict[str, Any]

RULES: Final = "rules@1"
ENOUGH: Final = (24, 12, 6, 4, 3, 2, 1)
"""So many copies of a stage are asked for, the fewer the less a product says: the most unlike of them are taken."""
OUTPUT_TOKENS: Final = 6000
_A_COPY_TOKENS: Final = 260
_TOO_LONG: Final = 1.25
"""Times the characters that were asked for: a little more is still set, more than this is written again."""
_BUTTON_LONGEST: Final = 24


class NoWords(BadInput):
    """A model gave none, and asking the same again would bring none."""


class Words(Protocol):
    """Who writes. A variation's second try comes with what was wrong with the first."""

    @property
    def writer(self) -> str: ...

    def copy(self, variation: int, tries: int, refused: Sequence[str]) -> Copy:
        """Raises NoWords."""
        ...

    def cost(self, variation: int) -> Decimal:
        """US dollars that a variation's words have cost so far."""
        ...


@dataclass(frozen=True)
class Slot:
    """A variation that wants words: for readers of a stage, after a template."""

    stage: Awareness
    template: Mapping[str, Any] | None = None


@dataclass
class RuleWords:
    """Whole sentences of the product, put together. `tries` times as many copies as there are slots."""

    subject: Subject
    slots: Sequence[Slot]
    wish: Wish
    seed: int
    tries: int
    writer: str = RULES
    _copies: list[Copy] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Raises BadInput where the product has no words for any of the slots."""
        self._copies = self._written()

    def copy(self, variation: int, tries: int, refused: Sequence[str]) -> Copy:  # noqa: ARG002 rules take no advice
        """Another one for a second try."""
        place = variation - 1 + (tries - 1) * len(self.slots)
        return self._copies[place % len(self._copies)]

    def cost(self, variation: int) -> Decimal:  # noqa: ARG002 they are free
        """Nothing."""
        return Decimal(0)

    def _written(self) -> list[Copy]:
        slots = [*self.slots] * self.tries
        written: dict[Awareness, list[Copy]] = {}
        short: BadInput | None = None
        for place, stage in enumerate(dict.fromkeys(slot.stage for slot in slots)):
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
        copies = []
        for slot in slots:
            copy = min(written.get(slot.stage) or everything, key=self._order(slot, used))
            angle = wishes.labels(copy)[0]
            used.update((copy.headline, copy.subline or "", f"{copy.headline}|{copy.subline}", f"angle:{angle}"))
            copies.append(copy)
        return copies

    def _order(self, slot: Slot, used: Counter[str]) -> Callable[[Copy], tuple[float, ...]]:
        """Never the same twice, then what goes furthest towards the wish, then what was said least."""

        def order(copy: Copy) -> tuple[float, ...]:
            same = used[f"{copy.headline}|{copy.subline}"]
            said = used[copy.headline] + used[copy.subline or ""]
            if self.wish.source == "angles":
                angle = wishes.labels(copy)[0]
                return (same, used[f"angle:{angle}"] + (angle == taxonomy.UNCLEAR), said)
            if self.wish.source == "hooks" and self.wish.angle is None:
                return (said, same)
            return (same, used[copy.headline], -wishes.fit(copy, self.wish, slot.template), said)

        return order


@dataclass
class ModelWords:
    """A model's words, checked against the product like anybody's. Those of one stage are asked for in one call."""

    model: Model
    purchases: Purchases
    product: Product
    today: date
    slots: Sequence[Slot]
    wish: Wish
    said: dict[int, str] = field(default_factory=dict, repr=False)
    """How the run's ads open, by variation."""

    @property
    def writer(self) -> str:
        """`claude:claude-haiku-5-5`."""
        return self.model.name

    def copy(self, variation: int, tries: int, refused: Sequence[str]) -> Copy:
        """The first try's come together for all variations of a stage and template, a second try's alone.

        One that opens like another ad of the run is written once more.
        """
        found = self._written(variation, tries, refused)
        others = {said for other, said in self.said.items() if other != variation}
        if copywriting.bare(found.headline) in others:
            why = f"“{found.headline}” opens another ad of this run already; open with another sentence."
            key = f"words:{variation}:{tries}:else"
            slot = self.slots[variation - 1]
            step = self._ask(key, slot, 1, [*refused, why])
            found = self._copy(slot, self._nth(step, 0))
        self.said[variation] = copywriting.bare(found.headline)
        return found

    def _written(self, variation: int, tries: int, refused: Sequence[str]) -> Copy:
        slot = self.slots[variation - 1]
        if tries == 1:
            alike = [n for n, other in enumerate(self.slots, start=1) if _same(slot, other)]
            step = self._ask(f"words:{alike[0]}", slot, len(alike), ())
            place = alike.index(variation)
            if not step.is_answered or place < len(step.result["ads"]):
                return self._copy(slot, self._nth(step, place))
        return self._copy(slot, self._nth(self._ask(f"words:{variation}:{tries}", slot, 1, refused), 0))

    def cost(self, variation: int) -> Decimal:
        """Its own calls, and its share of those that it has in common with others."""
        slot = self.slots[variation - 1]
        alike = [n for n, other in enumerate(self.slots, start=1) if _same(slot, other)]
        shared = self.purchases.steps.get(f"words:{alike[0]}")
        own = self.purchases.cost(f"words:{variation}:")
        return own + (shared.cost_usd / len(alike) if shared else 0)

    def _ask(self, key: str, slot: Slot, wanted: int, refused: Sequence[str]) -> Step:
        values = _document(self.product, self.today, slot, self.wish) | {"wanted": wanted, "refused": list(refused)}
        request = Request(
            purpose="ad_words",
            instructions=prompts.instructions("words"),
            content=prompts.document(values),
            schema=WrittenAds,
            max_output_tokens=OUTPUT_TOKENS,
        )
        version = prompts.VERSIONS["words"]
        return self.purchases.ask(key, self.model, request, version, output_tokens=_A_COPY_TOKENS * wanted + 200)

    def _nth(self, step: Step, place: int) -> Json:
        if not step.is_answered:
            raise NoWords(f"{step.model} wrote no words: {step.detail or step.reason}")
        ads: list[Json] = step.result["ads"]
        if place >= len(ads):
            raise NoWords(f"{step.model} wrote fewer ads than it was asked for.")
        return ads[place]

    def _copy(self, slot: Slot, given: Json) -> Copy:
        said = WrittenAd.model_validate(given)
        sentences = self.product.sentences(self.today)
        sources = tuple(sentences[at - 1] for at in dict.fromkeys(said.sources) if at <= len(sentences))
        action = copywriting.button_of(slot.stage, has_offer=bool(said.offer.strip()))
        button = " ".join(said.button.split())
        return Copy(
            slot.stage,
            copywriting.pictured(said.headline),
            copywriting.pictured(said.subline) or None,
            " ".join(said.primary_text.split()),
            action,
            copywriting.pictured(button) if 0 < len(button) <= _BUTTON_LONGEST else copywriting.BUTTONS[action],
            copywriting.pictured(said.offer) or None,
            sources,
        )


def findings(
    copy: Copy, product: Product, today: date, foreign: Sequence[str], *, brand: str, is_rephrased: bool
) -> list[Json]:
    """What the checks say of words: every claim the product's own, of a length that has room, drawn from a source."""
    found = remarks.claimed(asdict(copy), product, today, foreign)
    if is_rephrased:
        found += remarks.ungrounded(asdict(copy), product, brand, product.sentences(today))
    if not copy.sources:
        found.append(remarks.finding("unsupported_claim", "It rests on no sentence of the product.", passed=False))
    for name, text, most in (
        ("headline", copy.headline, copywriting.HEADLINE_LONGEST),
        ("subline", copy.subline or "", copywriting.SUBLINE_LONGEST),
        ("text", copy.primary_text, copywriting.PRIMARY_LONGEST),
        ("offer", copy.offer or "", copywriting.OFFER_LONGEST),
    ):
        if len(text) > most * _TOO_LONG:
            found.append(
                remarks.finding("length", f"The {name} has {len(text)} characters; {most} have room.", passed=False)
            )
    return found


def _same(one: Slot, other: Slot) -> bool:
    return one.stage == other.stage and _key(one.template) == _key(other.template)


def _key(template: Mapping[str, Any] | None) -> object:
    return template["storage_key"] if template else None


def _document(product: Product, today: date, slot: Slot, wish: Wish) -> Json:
    """What the writer is given: the product's own words, and what is wanted."""
    angles = taxonomy.LISTS["angle"]
    values: Json = {
        "product": {
            "name": product.name,
            "price": product.written_price,
            "audience": product.audience,
            "sentences": list(product.sentences(today)),
            "hooks": list(product.hooks),
            "offers": list(product.offer_words(today)),
            "never_say": list(product.banned_claims),
        },
        "stage": slot.stage,
        "stage_means": taxonomy.LISTS["awareness"][slot.stage].means,
        "source": wish.source,
        "instructions": wish.instructions,
    }
    if wish.source == "brief":
        values["brief"] = wish.brief
    if wish.source == "angles":
        values["angles"] = {name: label.means for name, label in angles.items() if name != taxonomy.UNCLEAR}
    if wish.angle in angles:
        values["angle"] = {"name": wish.angle, "means": angles[str(wish.angle)].means}
    if wish.source == "recreate_template" and slot.template is not None:
        values["template"] = {
            name: slot.template.get(name) for name in ("name", "description", "hook", "layout", "awareness")
        }
    return values
