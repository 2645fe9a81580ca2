"""What reading a brand's ads would cost, by each provider, before a cent is spent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, get_args

from viraltracker.creatives import candidates, prompts
from viraltracker.creatives.candidates import Wanted
from viraltracker.creatives.media import MediaFile
from viraltracker.creatives.model_reader import TYPICAL_OUTPUT_TOKENS, document_of, unread_request
from viraltracker.creatives.pages import page_words
from viraltracker.creatives.prompts import PromptName
from viraltracker.creatives.readings import CreativeInput, Input, LandingInput, PageWords
from viraltracker.store import brands, classifications, landing
from viraltracker.store.client import Database

PROMPTS: Final[tuple[PromptName, ...]] = get_args(PromptName)

MODELS: Final = (
    ("gemini", "gemini-3.8-flash"),
    ("gemini", "gemini-3.5-flash-lite"),
    ("claude", "claude-haiku-5-5"),
    ("claude", "claude-sonnet-5-5"),
)
"""Those that the documentation compares: each provider's default and one beside it."""


@dataclass
class Estimate:
    """One model's: how many of each reading it would make, `unread` videos that it cannot watch, and US dollars by
    reading, realtime; a batch costs half. None where a price is not known."""

    provider: str
    model: str
    readings: Counter[PromptName] = field(default_factory=Counter)
    unread: int = 0
    dollars: dict[PromptName, Decimal | None] = field(default_factory=dict)

    @property
    def total(self) -> Decimal | None:
        """All readings, realtime."""
        known = [cost for cost in self.dollars.values() if cost is not None]
        return sum(known, Decimal(0)) if len(known) == len(self.dollars) else None

    @property
    def batch(self) -> Decimal | None:
        """All readings by the batch service."""
        return None if self.total is None else self.total / 2

    def as_dict(self) -> dict[str, Any]:
        """As JSON; dollars as text."""
        return {
            "provider": self.provider,
            "model": self.model,
            "readings": dict(self.readings),
            "videos_unread": self.unread,
            "dollars": {name: None if cost is None else f"{cost:.6f}" for name, cost in self.dollars.items()},
            "realtime": None if self.total is None else f"{self.total:.6f}",
            "batch": None if self.batch is None else f"{self.batch:.6f}",
        }


def of_brand(db: Database, brand_id: str, *, days: int, now: datetime) -> list[Estimate]:
    """For everything that a brand's ads of the last `days` show, say and lead to, read already or not."""
    brand = brands.get(db, brand_id)
    since = (now - timedelta(days=days)).date()
    found = classifications.candidates(db, brand_id, since=since, until=now.date())
    wanted = candidates.collect(found, [brand.name, *brand.aliases], Counter(), pages=True)
    hashes = {given.content_hash for given in wanted.inputs.values() if isinstance(given, LandingInput)}
    pages = {hashed: page_words(row) for hashed, row in landing.texts(db, brand_id, sorted(hashes)).items()}
    pairs = {(of.get("copy"), of.get("creative"), of["landing"]) for of in wanted.of_ad.values() if "landing" in of}
    return estimates(wanted, pages, len(pairs))


def estimates(
    wanted: Wanted, pages: Mapping[str, PageWords], comparisons: int, models: Iterable[tuple[str, str]] = MODELS
) -> list[Estimate]:
    """One for each (provider, model).

    `pages` are the words of landing pages by content hash; `comparisons` the distinct pairs of an ad and its page, each
    taken for as long as the average copy and page together.
    """
    from viraltracker.llm import pricing  # noqa: PLC0415 the price list takes long to come

    found = []
    for provider, model in models:
        made = Estimate(provider, model)
        for given in wanted.inputs.values():
            name = prompts.prompt_of(given)
            if name == "video" and provider == "claude":
                made.unread += 1
                continue
            request = unread_request(name, _document(given, pages, wanted.file_of(given)), given, wanted.file_of(given))
            cost = pricing.estimate(request, model, provider, batch=False, output_tokens=TYPICAL_OUTPUT_TOKENS[name])
            _add(made, name, cost, 1)
        if comparisons and made.readings["copy"] and made.readings["landing"]:
            cost = pricing.estimate(
                unread_request("congruence", _average(wanted, pages)),
                model,
                provider,
                batch=False,
                output_tokens=TYPICAL_OUTPUT_TOKENS["congruence"],
            )
            _add(made, "congruence", cost, comparisons)
        found.append(made)
    return found


def _add(made: Estimate, name: PromptName, cost: Decimal | None, times: int) -> None:
    made.readings[name] += times
    before = made.dollars.get(name, Decimal(0))
    made.dollars[name] = None if cost is None or before is None else before + cost * times


def _document(given: Input, pages: Mapping[str, PageWords], file: MediaFile) -> str:
    if isinstance(given, LandingInput):
        given = LandingInput(given.content_hash, given.brand_names, pages.get(given.content_hash))
    return document_of(given, file)


def _average(wanted: Wanted, pages: Mapping[str, PageWords]) -> str:
    """A document as long as the average copy and the average page are together."""
    lengths: dict[str, list[int]] = {"copy": [], "landing": []}
    for given in wanted.inputs.values():
        if not isinstance(given, CreativeInput):
            lengths[prompts.prompt_of(given)].append(len(_document(given, pages, MediaFile())))
    return "x" * round(sum(sum(of) / len(of) for of in lengths.values() if of))
