"""What a brand sells: the texts that ads are made of, and photos. The database decides who may change them."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from viraltracker.errors import NotFound, Refused
from viraltracker.store import storage as files
from viraltracker.store.client import Database
from viraltracker.store.storage import Storage

Json = dict[str, Any]

MOST_PHOTOS: Final = 12
"""Of one product."""
_REFUSED: Final = "You may not change the products of this brand; ask an owner or editor."


@dataclass(frozen=True)
class Photo:
    """A photo that was checked: its bytes, and what they hold. `mime` is image/jpeg, image/png or image/webp."""

    data: bytes
    mime: str
    width: int
    height: int

    @property
    def sha256(self) -> str:
        """Of its bytes; its name in Storage."""
        return hashlib.sha256(self.data).hexdigest()


def of_brand(db: Database, brand_id: str) -> list[Json]:
    """All products of a brand with their photos, those in use first by name, in one round trip.

    A row of `products`, its price as text, and `photos` in order: `{sha256, storage_key, mime, bytes, width, height,
    position, created_at}`.
    """
    answer: list[Json] = db.call("brand_products", p_brand=brand_id)
    return answer


def save(db: Database, brand_id: str, product: Mapping[str, object]) -> str:
    """Writes a product's texts by their columns, a new one without `revision`, and gives its id.

    Give a new one an `id`, so that sending it twice makes one. Raises BadInput for a name that is taken and for texts
    out of bounds, Refused without the right to write and where somebody else saved since that revision.
    """
    return str(db.call("save_product", p_brand=brand_id, p_product=product)["id"])


def archive(db: Database, brand_id: str, product_id: str, at: datetime | None) -> None:
    """Takes a product out of use at that moment, or back into it with None; what was made of it stays.

    Raises Refused without the right to write.
    """
    if not db.update("products", {"archived_at": at}, where={"brand_id": brand_id, "id": product_id}):
        raise Refused(_REFUSED)


def add_photos(db: Database, storage: Storage, brand_id: str, product_id: str, photos: Sequence[Photo]) -> int:
    """Stores files and lists them behind the product's other photos, all or none; gives how many it has then.

    Raises BadInput when they would be more than `MOST_PHOTOS`, Refused without the right to write, Unavailable when a
    file could not be stored.
    """
    with tempfile.TemporaryDirectory() as folder:
        for photo in photos:
            file = Path(folder) / photo.sha256
            file.write_bytes(photo.data)
            storage.put("assets", files.key(brand_id, photo.sha256), file, photo.mime)
    rows = [
        {
            "sha256": photo.sha256,
            "mime": photo.mime,
            "bytes": len(photo.data),
            "width": photo.width,
            "height": photo.height,
        }
        for photo in photos
    ]
    return int(db.call("add_product_photos", p_brand=brand_id, p_product=product_id, p_photos=rows))


def order_photos(db: Database, brand_id: str, product_id: str, order: Sequence[str]) -> int:
    """Puts a product's photos in the order of these hashes, others behind them; gives how many moved.

    Raises Refused without the right to write.
    """
    return int(db.call("order_product_photos", p_brand=brand_id, p_product=product_id, p_order=list(order)))


def remove_photo(db: Database, brand_id: str, product_id: str, sha256: str) -> None:
    """Takes a photo off a product. The file stays: another product or an ad may show it."""
    db.delete("product_photos", where={"brand_id": brand_id, "product_id": product_id, "sha256": sha256})


def photo_bytes(storage: Storage, storage_key: str) -> bytes:
    """A photo's bytes; NotFound where they are gone, or are not those that were stored under this name."""
    data = storage.get("assets", storage_key)
    if hashlib.sha256(data).hexdigest() != storage_key.rpartition("/")[2]:
        raise NotFound("The stored photo is not the one that was uploaded; remove it and upload it again.")
    return data
