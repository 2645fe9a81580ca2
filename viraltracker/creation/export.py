"""The ads of a run as one zip: pictures named by their token, and a manifest of what belongs to each."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
import zipfile
from collections.abc import Sequence
from typing import Any, Final

from viraltracker.creation.products import Product
from viraltracker.store.storage import Storage

Json = dict[str, Any]

_WHEN: Final = (1980, 1, 1, 0, 0, 0)
"""No time of its own: the same ads make the same file, which is stored once."""
_EXTENSION: Final = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
COLUMNS: Final = (
    "ad_name",
    "token",
    "headline",
    "primary_text",
    "call_to_action",
    "destination_url",
    "awareness",
    "files",
    "how_it_was_made",
)


def exportable(ads: Sequence[Json]) -> list[Json]:
    """Those of a gallery's ads that may leave: approved, and with no hard check failed, whoever approved them."""
    return [ad for ad in ads if ad["status"] == "approved" and not held_back(ad)]


def held_back(ad: Json) -> bool:
    """Whether a check failed that nobody's word makes up for, such as an invented price."""
    return any(finding["hard"] and not finding["passed"] for finding in ad["findings"])


def ad_name(product: Product, ad: Json) -> str:
    """What to call it at Meta: with the token by which its numbers find their way back."""
    return f"{product.name} – {ad['copy']['headline']} – {ad['token']}"


def as_zip(storage: Storage, product: Product, ads: Sequence[Json], destination_url: str | None) -> bytes:
    """The pictures of these ads, as `store.creations.gallery` gives them, with manifest.csv and manifest.json.

    Raises NotFound where a stored picture is gone.
    """
    rows = []
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for ad in ads:
            files = []
            for image in ad["images"]:
                name = f"{ad['token']}_{slug(product.name)}_{image['size']}.{_EXTENSION[image['mime']]}"
                archive.writestr(_entry(name), storage.get("assets", image["storage_key"]))
                files.append(name)
            rows.append(_row(product, ad, files, destination_url))
        archive.writestr(_entry("manifest.csv"), _csv(rows))
        archive.writestr(_entry("manifest.json"), json.dumps(rows, ensure_ascii=False, indent=2))
    return out.getvalue()


def _row(product: Product, ad: Json, files: Sequence[str], destination_url: str | None) -> Json:
    copy = ad["copy"]
    return {
        "ad_name": ad_name(product, ad),
        "token": ad["token"],
        "headline": copy["headline"],
        "primary_text": copy["primary_text"],
        "call_to_action": copy["call_to_action"],
        "destination_url": destination_url or product.url,
        "awareness": ad["awareness"],
        "files": list(files),
        "how_it_was_made": next((image["label"] for image in ad["images"]), None),
    }


def _csv(rows: Sequence[Json]) -> bytes:
    """With the mark by which spreadsheets know UTF-8; no cell is a formula to them."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in rows:
        cells = ["; ".join(row[name]) if name == "files" else str(row[name] or "") for name in COLUMNS]
        writer.writerow([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells])
    return out.getvalue().encode("utf-8-sig")


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _WHEN)
    entry.external_attr = 0o644 << 16
    return entry


def slug(text: str) -> str:
    """As part of a file's name: lower-case letters, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:40] or "ad"
