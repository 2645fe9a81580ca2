"""What there is to read of a brand's ads: each distinct input once, the spend behind it, and the ads that share it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from viraltracker.creatives import prompts
from viraltracker.creatives.input_hash import Missing, copy_input, creative_input, input_hash, landing_input
from viraltracker.creatives.media import MediaFile
from viraltracker.creatives.readings import CreativeInput, Input, ReadingName, name_of
from viraltracker.store import classifications

Key = tuple[str, str]
"""(reading, input hash)."""
Link = dict[str, str | None]

Reasons = Counter[str]


@dataclass
class Wanted:
    """The distinct inputs of a brand. `files` tells of media by their sha256, `of_ad` the inputs of each ad."""

    inputs: dict[Key, Input] = field(default_factory=dict)
    spend: dict[Key, float] = field(default_factory=dict)
    files: dict[str, MediaFile] = field(default_factory=dict)
    of_ad: dict[str, dict[ReadingName, str]] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)
    ads: dict[str, float] = field(default_factory=dict)

    def count(self, reading: ReadingName) -> int:
        """How many distinct inputs there are for a reading."""
        return sum(name == reading for name, _ in self.inputs)

    def by_spend(self) -> list[Key]:
        """Every input, highest spend first; equal ones keep the order of their first ad, since ads come by spend."""
        return sorted(self.inputs, key=lambda key: -self.spend[key])

    def file_of(self, given: Input) -> MediaFile:
        """What is known of an input's media; nothing of words."""
        return self.files.get(given.sha256, MediaFile()) if isinstance(given, CreativeInput) else MediaFile()

    def version_keys(self, keys: Sequence[Key]) -> list[classifications.Key]:
        """The keys with the version of the prompt that each is read with."""
        return [classifications.Key(*key, prompts.version_of(self.inputs[key])) for key in keys]


def collect(
    candidates: Sequence[Mapping[str, Any]], brand_names: Sequence[str], reasons: Reasons, *, pages: bool
) -> Wanted:
    """The inputs of all candidates; `reasons` counts ads that have nothing to read, by why.

    `pages` is False for an imported file, which knows of none.
    """
    wanted = Wanted()
    for ad in candidates:
        spend = float(ad["spend"] or 0)
        wanted.ads[ad["ad_id"]] = spend
        for reading, given in _inputs(ad, brand_names, pages):
            if isinstance(given, str):
                reasons[given] += 1
                # What the ad showed before, if anything, is not what it shows now.
                wanted.links.append({"ad_id": ad["ad_id"], "reading": reading, "input_hash": None})
                continue
            key = (name_of(given), input_hash(given))
            wanted.inputs.setdefault(key, given)
            wanted.spend[key] = wanted.spend.get(key, 0.0) + spend
            wanted.of_ad.setdefault(ad["ad_id"], {})[reading] = key[1]
            wanted.links.append({"ad_id": ad["ad_id"], "reading": reading, "input_hash": key[1]})
            if isinstance(given, CreativeInput):
                wanted.files.setdefault(given.sha256, _file(ad["media"][given.kind]))
    return wanted


def _inputs(
    ad: Mapping[str, Any], brand_names: Sequence[str], pages: bool
) -> Iterator[tuple[ReadingName, Input | Missing]]:
    yield "creative", creative_input(ad)
    yield "copy", copy_input(ad, brand_names)
    if pages:
        yield "landing", landing_input(ad, brand_names)


def _file(asset: Mapping[str, Any]) -> MediaFile:
    duration = asset.get("duration_s")
    return MediaFile(asset.get("mime"), asset.get("bytes"), None if duration is None else float(duration))
