"""One scrape on its way into the store: its ads, then their pictures, then the end of those it did not see."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any, Final

from viraltracker.errors import BadInput, Unavailable
from viraltracker.meta.download import DownloadRefused, MediaDownloader
from viraltracker.store import scraped_ads, storage
from viraltracker.store.client import Database
from viraltracker.store.scraped_ads import DueMedium, Saved
from viraltracker.store.storage import Storage
from viraltracker.templates import library_export, picture, zip_images
from viraltracker.templates.library_export import LibraryExport
from viraltracker.templates.picture import Picture
from viraltracker.templates.scraped_ad import BadRow, Medium, ScrapedAd
from viraltracker.templates.zip_images import ExportEntry, PictureEntry, RefusedEntry

VIDEO_MAX_BYTES: Final = 500_000_000
SAVED_AT_ONCE: Final = 20
"""Outcomes kept in memory before they are stored: a run that is killed fetches at most so many again."""

Outcome = dict[str, Any]


@dataclass
class ScrapeReport:
    """What a scrape did. `left_out` are ads beyond the run's bound; `refused` are rows and files with their reasons;
    `paid` says of a paid search which run at the service it was, how that ended and what it cost.
    """

    new: int = 0
    seen_again: int = 0
    left_out: int = 0
    media: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    refused: list[str] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)
    queued: int = 0
    media_remaining: int = 0
    paid: dict[str, Any] = field(default_factory=dict)

    def add(self, saved: Saved) -> None:
        """Counts stored ads."""
        self.new += saved.new
        self.seen_again += saved.seen_again

    def refuse(self, rows: Sequence[BadRow]) -> None:
        """Notes rows that were left out."""
        self.refused += [f"Row {bad.row}: {bad.reason}" for bad in rows]

    def as_dict(self) -> dict[str, Any]:
        """JSON; of what was refused the first twenty, and the count of all."""
        return {
            "new": self.new,
            "seen_again": self.seen_again,
            "left_out": self.left_out,
            "media": dict(self.media),
            "reasons": dict(self.reasons.most_common(20)),
            "refused": len(self.refused),
            "refused_first": self.refused[:20],
            "notes": dict(self.notes),
            "queued": self.queued,
            "remaining": self.left_out + self.media_remaining,
            **self.paid,
        }


@dataclass(frozen=True)
class Scrape:
    """What a scrape works with. `queue` puts its pictures into the queue; `scratch` is a folder for half-made files."""

    db: Database
    storage: Storage
    scratch: Path
    brand_id: str
    id: str
    max_ads: int
    queue: bool
    guard: Callable[[], None]
    progress: Callable[[int, int, str], None]
    report: ScrapeReport = field(default_factory=ScrapeReport)

    def save_ads(self, ads: Sequence[ScrapedAd]) -> None:
        """Stores ads up to the run's bound."""
        kept = ads[: self.max_ads]
        self.report.left_out += len(ads) - len(kept)
        self.guard()
        self.report.add(scraped_ads.save(self.db, self.id, [ad.record() for ad in kept]))

    def take_upload(self, file_name: str, data: bytes) -> bool:
        """Stores what an export, a zip of pictures, or a zip of both holds. True when nothing of it was left out.

        Raises BadInput when there is nothing in it that can be used.
        """
        if zip_images.is_zip(data):
            return self._take_zip(file_name, data)
        export = library_export.parse(file_name, data)
        if not export.ads:
            self._note(export)
            raise BadInput(f"No row of {file_name} is an ad that can be used. {self.report.refused[0]}")
        return self.take_export(export)

    def take_export(self, export: LibraryExport) -> bool:
        """Stores the ads of an export. True when nothing of it was left out."""
        self._note(export)
        self.save_ads(export.ads)
        return not (self.report.refused or self.report.left_out)

    def fetch(self, downloader: MediaDownloader, due: Sequence[DueMedium]) -> None:
        """Fetches media by their addresses, one after another, and stores what became of each."""
        for start in range(0, len(due), SAVED_AT_ONCE):
            self.progress(start, len(due), "pictures")
            self._save_outcomes([self._fetched(downloader, item) for item in due[start : start + SAVED_AT_ONCE]])
        self.progress(len(due), len(due), "pictures")

    def _take_zip(self, file_name: str, data: bytes) -> bool:
        found = zip_images.entries(file_name, data)
        exports, first = _until_picture(found)
        ads: list[ScrapedAd] = []
        for entry in exports:
            if isinstance(entry, RefusedEntry):
                self.report.refused.append(f"{entry.name}: {entry.reason}")
                continue
            try:
                export = library_export.parse(entry.name, entry.data)
            except BadInput as error:
                self.report.refused.append(error.message)
                continue
            self._note(export)
            ads += export.ads
        names = zip_images.names(file_name, data)
        ads = with_files(ads, names)
        self.save_ads(ads)
        self._take_pictures(ads, _again(first, found), len(names))
        if not (self.report.new or self.report.seen_again):
            why = self.report.refused[0] if self.report.refused else "It is empty."
            raise BadInput(f"Nothing in {file_name} can be used. {why}")
        return not (self.report.refused or self.report.left_out)

    def _take_pictures(self, ads: Sequence[ScrapedAd], found: Iterator[zip_images.Entry], total: int) -> None:
        """Pictures of these ads by their names; a picture that no ad names is an ad of its own."""
        named = {
            _key(medium.file_name): (ad.ad_archive_id, position)
            for ad in ads
            for position, medium in enumerate(ad.media)
            if medium.file_name
        }
        kept = {ad.ad_archive_id for ad in ads[: self.max_ads]}
        missing = {place for place in named.values() if place[0] in kept}
        alone = 0
        outcomes: list[Outcome] = []
        newcomers: list[ScrapedAd] = []
        for number, entry in enumerate(found):
            self.guard()
            self.progress(number, total, "pictures")
            if isinstance(entry, RefusedEntry):
                self.report.refused.append(f"{entry.name}: {entry.reason}")
                continue
            if isinstance(entry, ExportEntry):
                continue
            place = named.get(_key(entry.name)) or named.get(_key(PurePosixPath(entry.name.replace("\\", "/")).name))
            if place is None:
                if len(kept) + alone >= self.max_ads:
                    self.report.left_out += 1
                    continue
                alone += 1
                newcomer = of_picture(entry)
                newcomers.append(newcomer)
                place = (newcomer.ad_archive_id, 0)
            elif place[0] not in kept:
                continue  # of an ad that is counted as left out
            missing.discard(place)
            outcomes.append({**_place(place), **self._keep(entry.picture, entry.data)})
            if len(outcomes) >= SAVED_AT_ONCE:
                self._save_with_ads(newcomers, outcomes)
        outcomes += [
            {**_place(place), "status": "failed", "reason": "The zip has no picture of this name."}
            for place in sorted(missing)
        ]
        self._save_with_ads(newcomers, outcomes)

    def _save_with_ads(self, newcomers: list[ScrapedAd], outcomes: list[Outcome]) -> None:
        self.guard()
        if newcomers:
            self.report.add(scraped_ads.save(self.db, self.id, [ad.record() for ad in newcomers]))
        self._save_outcomes(outcomes)
        newcomers.clear()
        outcomes.clear()

    def _save_outcomes(self, outcomes: Sequence[Outcome]) -> None:
        self.guard()
        if outcomes:
            self.report.queued += scraped_ads.save_media(self.db, self.brand_id, outcomes, queue=self.queue)
        for outcome in outcomes:
            self.report.media[outcome["status"]] += 1
            if outcome.get("reason"):
                self.report.reasons[outcome["reason"]] += 1

    def _fetched(self, downloader: MediaDownloader, item: DueMedium) -> Outcome:
        place: Outcome = {"ad_archive_id": item.ad_archive_id, "position": item.position}
        target = self.scratch / "medium"
        try:
            most = picture.MOST_BYTES if item.kind == "image" else VIDEO_MAX_BYTES
            file = downloader.download(item.source_url, max_bytes=most, dest=target)
            if not file.mime.startswith(f"{item.kind}/"):
                return place | {"status": "refused", "reason": f"The link to the {item.kind} holds {file.mime}."}
            if item.kind == "image":
                data = target.read_bytes()
                return place | self._keep(picture.look_at(data), data)
            key = storage.key(self.brand_id, file.sha256)
            self.storage.put("assets", key, target, file.mime)
            return place | {
                "status": "stored", "sha256": file.sha256, "storage_key": key, "mime": file.mime, "bytes": file.bytes,
            }  # fmt: skip
        except DownloadRefused as error:
            return place | {"status": error.status, "reason": error.message}
        except BadInput as error:
            return place | {"status": "refused", "reason": error.message}
        except Unavailable as error:
            return place | {"status": "failed", "reason": error.message}
        finally:
            target.unlink(missing_ok=True)

    def _keep(self, seen: Picture, data: bytes) -> Outcome:
        """Stores a picture under the hash of its bytes."""
        key = storage.key(self.brand_id, seen.sha256)
        file = self.scratch / "picture"
        file.write_bytes(data)
        try:
            self.storage.put("assets", key, file, seen.mime)
        finally:
            file.unlink(missing_ok=True)
        return {
            "status": "stored", "storage_key": key, "sha256": seen.sha256, "mime": seen.mime, "bytes": seen.bytes,
            "width": seen.width, "height": seen.height, "phash": seen.phash,
        }  # fmt: skip

    def _note(self, export: LibraryExport) -> None:
        self.report.refuse(export.bad_rows)
        self.report.notes.update(export.notes)


def with_files(ads: Sequence[ScrapedAd], names: Sequence[str]) -> list[ScrapedAd]:
    """Ads with the pictures that are named after them (`123.jpg`, `123_2.png`, `123/1.jpg`), where they name none."""
    by_ad: dict[str, list[str]] = {}
    for name in sorted(names):
        path = PurePosixPath(name.replace("\\", "/"))
        for part in {path.stem, path.stem.partition("_")[0], path.parent.name}:
            by_ad.setdefault(part, []).append(name)
    return [
        ad
        if any(medium.file_name for medium in ad.media) or ad.ad_archive_id not in by_ad
        else replace(ad, media=tuple(Medium("image", file_name=name) for name in by_ad[ad.ad_archive_id]))
        for ad in ads
    ]


def of_picture(entry: PictureEntry) -> ScrapedAd:
    """The ad that a picture without one stands for; nothing is known of it but the picture."""
    return ScrapedAd(
        ad_archive_id=f"img:{entry.picture.sha256}",
        display_format="image",
        media=(Medium("image", file_name=entry.name),),
    )


def _until_picture(
    found: Iterator[zip_images.Entry],
) -> tuple[list[ExportEntry | RefusedEntry], PictureEntry | None]:
    """The entries before the first picture, which comes with them since it has been taken."""
    before: list[ExportEntry | RefusedEntry] = []
    for entry in found:
        if isinstance(entry, PictureEntry):
            return before, entry
        before.append(entry)
    return before, None


def _again(first: PictureEntry | None, rest: Iterator[zip_images.Entry]) -> Iterator[zip_images.Entry]:
    if first is not None:
        yield first
    yield from rest


def _key(name: str) -> str:
    return name.replace("\\", "/").removeprefix("./").casefold()


def _place(place: tuple[str, int]) -> Outcome:
    return {"ad_archive_id": place[0], "position": place[1]}
