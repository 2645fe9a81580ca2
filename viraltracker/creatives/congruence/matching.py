"""Which ads to hold against which pages, and the comparison that costs nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from viraltracker.creatives import prompts
from viraltracker.creatives.asking import Todo
from viraltracker.creatives.candidates import Link, Wanted
from viraltracker.creatives.classifier import Panel
from viraltracker.creatives.congruence import components, rules
from viraltracker.creatives.congruence.components import CongruenceInput
from viraltracker.creatives.model_reader import ModelReader
from viraltracker.creatives.pages import page_words
from viraltracker.creatives.readings import CopyInput, LandingInput, PageWords
from viraltracker.creatives.summary import Summary
from viraltracker.store import classifications, landing
from viraltracker.store.client import Database

LOADED_TOGETHER: Final = 200
"""Comparisons whose words are in memory at a time."""
VERSION: Final = prompts.VERSIONS["congruence"]


@dataclass(frozen=True)
class _Pair:
    """One distinct ad side and page side, by the hashes of their inputs; `seen` is the row of who looked."""

    copy: str | None
    seen: str | None
    page: str


@dataclass
class Pairs:
    """The comparisons of a brand, by their hash, and the spend behind each."""

    pairs: dict[str, _Pair] = field(default_factory=dict)
    spend: dict[str, float] = field(default_factory=dict)

    def by_spend(self) -> list[str]:
        """Highest spend first."""
        return sorted(self.pairs, key=lambda key: -self.spend[key])


@dataclass(frozen=True)
class Comparing:
    """One run's comparisons. Adds what it does to `summary`."""

    db: Database
    brand_id: str
    wanted: Wanted
    summary: Summary

    def pairs(self) -> Pairs:
        """What there is to compare, linked to its ads.

        Every ad whose page is known, by its words and, where a model has looked, by what its picture or video contains.
        """
        readings = self.wanted.of_ad
        creatives = sorted({of["creative"] for of in readings.values() if "creative" in of and "landing" in of})
        seen = classifications.looked_at(self.db, self.brand_id, creatives)
        found, links = Pairs(), []
        for ad_id, spend in self.wanted.ads.items():
            of = readings.get(ad_id, {})
            pair = _pair(of, seen) if "landing" in of else None
            hashed = None
            if pair is not None:
                hashed = components.input_hash(
                    copy_hash=pair.copy, creative_hash=of.get("creative"), looked_at=pair.seen, page_hash=pair.page
                )
                found.pairs[hashed] = pair
                found.spend[hashed] = found.spend.get(hashed, 0.0) + spend
            links.append(Link(ad_id=ad_id, reading="congruence", input_hash=hashed))
        if links:
            self.summary.links_changed += classifications.link(self.db, self.brand_id, links)
        return found

    def compare_freely(self, found: Pairs, classifier: str) -> None:
        """Compares by rules what they have not compared yet, and stores it."""
        keys = self._unknown(found, classifier)
        for start in range(0, len(keys), LOADED_TOGETHER):
            part = keys[start : start + LOADED_TOGETHER]
            rows = []
            for key, given in self._loaded(found, part).items():
                answer = rules.compare(given).model_dump(mode="json")
                row = {"input_hash": key, "prompt_version": VERSION, "classifier": classifier, "basis": given.basis}
                rows.append(row | answer)
            if rows:
                self.summary.compared += classifications.save_congruence(
                    self.db, self.brand_id, self.summary.run_id, rows
                )

    def for_models(self, found: Pairs, panel: Panel, limit: int) -> dict[ModelReader, list[Todo]]:
        """The comparisons that models have not made yet, at most `limit`, highest spend first."""
        reader = panel.comparing
        if reader is None or limit <= 0:
            return {}
        unknown = self._unknown(found, reader.name)
        asked = [classifications.Key("congruence", key, VERSION) for key in unknown]
        resting = classifications.unanswerable(self.db, self.brand_id, asked, classifier=reader.name)
        keys = [key for key in unknown if ("congruence", key) not in resting][:limit]
        todo: list[Todo] = []
        for start in range(0, len(keys), LOADED_TOGETHER):
            part = keys[start : start + LOADED_TOGETHER]
            todo += [Todo("congruence", key, VERSION, given) for key, given in self._loaded(found, part).items()]
        return {reader: todo} if todo else {}

    def _unknown(self, found: Pairs, classifier: str) -> list[str]:
        keys = found.by_spend()
        asked = [classifications.Key("congruence", key, VERSION) for key in keys]
        known = classifications.known(self.db, self.brand_id, asked, classifier=classifier)
        return [key for key in keys if ("congruence", key) not in known]

    def _loaded(self, found: Pairs, keys: Sequence[str]) -> dict[str, CongruenceInput]:
        """The comparisons with their words; one whose page is gone meanwhile is left for the next run."""
        pairs = {key: found.pairs[key] for key in keys}
        pages = {pair.page: self._page(pair.page) for pair in pairs.values()}
        texts = landing.texts(self.db, self.brand_id, sorted({page.content_hash for page in pages.values()}))
        contents = classifications.creative_contents(
            self.db, self.brand_id, sorted({pair.seen for pair in pairs.values() if pair.seen})
        )
        loaded = {}
        for key, pair in pairs.items():
            page = pages[pair.page]
            if (row := texts.get(page.content_hash)) is not None:
                words = page_words(row)
                loaded[key] = self._input(pair, words, page.brand_names, contents.get(pair.seen or ""))
        return loaded

    def _page(self, input_hash: str) -> LandingInput:
        given = self.wanted.inputs["landing", input_hash]
        assert isinstance(given, LandingInput)  # noqa: S101 a landing page's hash is of nothing else
        return given

    def _input(
        self, pair: _Pair, page: PageWords, brand_names: Iterable[str], contents: Mapping[str, Any] | None
    ) -> CongruenceInput:
        given = self.wanted.inputs["copy", pair.copy] if pair.copy else None
        copy = given if isinstance(given, CopyInput) else CopyInput("", "", "", "")
        return CongruenceInput(
            primary_text=copy.primary_text,
            headline=copy.headline,
            description=copy.description,
            cta=copy.cta,
            creative=contents,
            title=page.title,
            heading=page.heading,
            above_fold=page.above_fold,
            text=page.text,
            brand_names=tuple(brand_names),
        )


def _pair(of: Mapping[Any, str], seen: Mapping[str, str]) -> _Pair | None:
    """None where the ad has neither words nor a picture that somebody has looked at."""
    looked = seen.get(of.get("creative", ""))
    if "copy" not in of and looked is None:
        return None
    return _Pair(of.get("copy"), looked, of["landing"])
