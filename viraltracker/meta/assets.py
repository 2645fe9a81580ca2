"""Fetches the pictures and videos of ads and stores each once, under the hash of its bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from viraltracker.errors import Unavailable
from viraltracker.meta.client import GraphClient, VideoSource
from viraltracker.meta.download import Downloaded, DownloadRefused, LinkRefused
from viraltracker.meta.faults import FaultKind
from viraltracker.store import accounts, ad_data, storage
from viraltracker.store.accounts import AdAccount
from viraltracker.store.ad_data import WantedAsset
from viraltracker.store.client import Database
from viraltracker.store.storage import Storage

Kind = Literal["image", "video"]
Progress = Callable[[int, int, str], None]

IMAGE_MAX_BYTES = 30_000_000
VIDEO_MAX_BYTES = 500_000_000
LINKS_AT_ONCE = 20
"""Links expire, so they are asked for just before these few downloads."""

_STATUS_OF_FAULT = {FaultKind.PERMISSION: "forbidden", FaultKind.MISSING: "gone"}


@dataclass
class AssetReport:
    """Pictures and videos by outcome; `remaining` were left by the caps and wait for the next run."""

    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    remaining: int = 0

    @property
    def error(self) -> str | None:
        """Why not one file came although some could have; None when one did, or there was nothing to have."""
        if self.outcomes["stored"] or not (self.outcomes["failed"] or self.outcomes["forbidden"]):
            return None
        return f"No picture or video could be stored: {self.reasons.most_common(1)[0][0]}"

    def as_dict(self) -> dict[str, object]:
        """JSON."""
        return {"outcomes": dict(self.outcomes), "reasons": dict(self.reasons), "remaining": self.remaining}


@dataclass(frozen=True)
class AssetFetcher:
    """What fetching needs: where from, where to, and a folder for half-finished files."""

    db: Database
    account: AdAccount
    graph: GraphClient
    storage: Storage
    scratch: Path

    def fetch(self, *, max_images: int, max_videos: int, progress: Progress) -> AssetReport:
        """Fetches at most so many distinct pictures and videos, those behind the highest spend first."""
        report = AssetReport()
        for kind, limit in (("image", max_images), ("video", max_videos)):
            self._fetch_kind(kind, limit, report, progress)  # type: ignore[arg-type]
        accounts.note_dataset(self.db, self.account, "assets", report.error)
        return report

    def _fetch_kind(self, kind: Kind, limit: int, report: AssetReport, progress: Progress) -> None:
        wanted, total = ad_data.assets_wanted(self.db, self.account, kind, limit)
        report.remaining += total - len(wanted)
        for start in range(0, len(wanted), LINKS_AT_ONCE):
            progress(start, len(wanted), f"{kind}s")
            batch = wanted[start : start + LINKS_AT_ONCE]
            links = self._links(kind, batch)
            rows = []
            for asset in batch:
                outcome = self._fetch_one(kind, asset, links.get(asset.source_key))
                report.outcomes[str(outcome["status"])] += 1
                if outcome.get("reason"):
                    report.reasons[str(outcome["reason"])] += 1
                rows += [{"ad_id": ad_id, "kind": kind, **outcome} for ad_id in asset.ad_ids]
            ad_data.save_assets(self.db, self.account, rows)
        progress(len(wanted), len(wanted), f"{kind}s")

    def _links(self, kind: Kind, batch: Sequence[WantedAsset]) -> dict[str, VideoSource]:
        keys = [asset.source_key for asset in batch]
        if kind == "image":
            return {k: VideoSource(url) for k, url in self.graph.image_urls(self.account.account_id, keys).items()}
        return self.graph.videos(keys)

    def _fetch_one(self, kind: Kind, asset: WantedAsset, link: VideoSource | None) -> dict[str, object]:
        try:
            return self._download(kind, asset, link)
        except LinkRefused:
            # A link lives for hours, and a run may have waited longer than that since it was given.
            link = self._links(kind, [asset]).get(asset.source_key)
        try:
            return self._download(kind, asset, link)
        except LinkRefused as error:
            return {"source_key": asset.source_key, "status": error.status, "reason": error.message}

    def _download(self, kind: Kind, asset: WantedAsset, link: VideoSource | None) -> dict[str, object]:
        outcome: dict[str, object] = {"source_key": asset.source_key}
        if link is None or link.url is None:
            fault = link.fault if link else None
            if fault is None:
                return outcome | {"status": "no_source", "reason": "Meta gives no link to this file."}
            status = _STATUS_OF_FAULT.get(fault.kind, "failed")
            return outcome | {"status": status, "reason": fault.message}
        target = self.scratch / f"{self.account.brand_id}-{kind}"
        try:
            file = self.graph.download(
                link.url, max_bytes=IMAGE_MAX_BYTES if kind == "image" else VIDEO_MAX_BYTES, dest=target
            )
            return outcome | {"duration_s": link.length_s} | self._store(kind, file)
        except LinkRefused:
            raise
        except DownloadRefused as error:
            return outcome | {"status": error.status, "reason": error.message}
        except Unavailable as error:
            return outcome | {"status": "failed", "reason": error.message}
        finally:
            target.unlink(missing_ok=True)

    def _store(self, kind: Kind, file: Downloaded) -> dict[str, object]:
        if not file.mime.startswith(f"{kind}/"):
            return {"status": "failed", "reason": f"Meta's link to the {kind} holds {file.mime}."}
        key = storage.key(self.account.brand_id, file.sha256)
        self.storage.put("assets", key, file.path, file.mime)
        return {
            "status": "stored",
            "storage_key": key,
            "sha256": file.sha256,
            "mime": file.mime,
            "bytes": file.bytes,
        }
