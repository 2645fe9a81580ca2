"""What is sent of a run: the zip of its approved ads, one picture that shows them all, and the words around it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

from PIL import Image, ImageOps

from viraltracker.creation import export, pictures
from viraltracker.creation.products import Product
from viraltracker.errors import BadInput, NotFound, Refused
from viraltracker.store import creations
from viraltracker.store.storage import Storage

Json = dict[str, Any]

SHOWN_SIZE: Final = "1080x1080"
"""Of an ad's sizes the one that a small picture shows, where there is one."""
_CELL_PX: Final = 320
_GAP_PX: Final = 16
_ACROSS: Final = 4
_PAPER: Final = "#f3f4f6"
_NONE: Final = "No ad of this run is approved; approve on New ads what is right, then send again."
_HELD_BACK: Final = (
    "No ad of this run can be sent: each one that is approved fails a check that has to pass. New ads shows which."
)


@dataclass(frozen=True)
class Zipped:
    """A zip of approved ads. `storage_key` is None, and `lost` says why, where it could not be stored."""

    data: bytes = field(repr=False)
    file_name: str
    tokens: tuple[str, ...]
    storage_key: str | None
    lost: str | None = None

    def as_export(self, now: datetime) -> Json:
        """As a run keeps it."""
        return {
            "kind": "zip",
            "file_name": self.file_name,
            "storage_key": self.storage_key,
            "bytes": len(self.data),
            "ads": len(self.tokens),
            "tokens": list(self.tokens),
            "packed_at": now.isoformat(),
        }


@dataclass(frozen=True)
class Line:
    """One ad in a list. Texts are as a person or a model wrote them."""

    token: str
    headline: str


@dataclass(frozen=True)
class Parcel:
    """What goes out. `link` is None where the app's address is not known; `sheet` is a JPEG, None without a picture."""

    brand: str
    product: str
    run_started_at: datetime
    ads: tuple[Line, ...]
    made_how: tuple[str, ...]
    zipped: Zipped
    sheet: bytes | None = field(repr=False)
    link: str | None

    @property
    def subject(self) -> str:
        """In one line, whatever is in the names."""
        return one_line(f"{self.counted} of {self.product} for {self.brand}")

    @property
    def counted(self) -> str:
        """As in "5 new ads"."""
        return "1 new ad" if len(self.ads) == 1 else f"{len(self.ads)} new ads"

    @property
    def where(self) -> str:
        """How to find the run in the app, without a link."""
        moment = self.run_started_at.astimezone(UTC)
        return f"the run of {moment:%b} {moment.day}, {moment:%H:%M} UTC on New ads in ViralTracker"

    @property
    def without_link(self) -> str:
        """What is said in place of a link."""
        return f"Find it as {self.where}. There is no link here, since the app's address (APP_URL) is not set."


def link(app_url: str | None, brand_id: str, run_id: str) -> str | None:
    """The run's page, where a signed-in member downloads its zip for as long as the run is there.

    Files are private, and a signed address of one would end; the page's does not.
    """
    if app_url is None:
        return None
    return f"{app_url}/new_ads?{urlencode({'brand': brand_id, 'run': run_id})}"


def zipped(
    storage: Storage,
    brand_id: str,
    product: Product,
    ads: Sequence[Json],
    *,
    run_id: str,
    destination_url: str | None,
) -> Zipped:
    """Packs those of the ads that may leave, and stores the zip.

    Raises BadInput where there are none, NotFound where a picture is gone, Unavailable where Storage does not answer.
    """
    ready = export.exportable(ads)
    if not ready:
        raise BadInput(_HELD_BACK if any(ad["status"] == "approved" for ad in ads) else _NONE)
    data = export.as_zip(storage, product, ready, destination_url)
    key, lost = None, None
    try:
        _, key = creations.store_file(storage, brand_id, data, "application/zip")
    except (BadInput, Refused) as error:
        lost = error.message  # it can be sent all the same
    name = f"{export.slug(product.name)}-{run_id[:8]}.zip"
    return Zipped(data, name, tuple(ad["token"] for ad in ready), key, lost)


def parcel(
    storage: Storage, ads: Sequence[Json], packed: Zipped, *, brand: str, product: Product, run: Json, url: str | None
) -> Parcel:
    """What is sent of a run `{id, started_at}` whose ads were packed; `url` is its page."""
    chosen = [ad for ad in ads if ad["token"] in packed.tokens]
    return Parcel(
        brand=brand,
        product=product.name,
        run_started_at=datetime.fromisoformat(run["started_at"]),
        ads=tuple(Line(ad["token"], one_line(ad["copy"]["headline"])) for ad in chosen),
        made_how=tuple(dict.fromkeys(image["label"] for ad in chosen for image in ad["images"])),
        zipped=packed,
        sheet=sheet(storage, chosen),
        link=url,
    )


def sheet(storage: Storage, ads: Sequence[Json]) -> bytes | None:
    """One JPEG that shows each ad small, in their order; None where no picture can be read."""
    cells = []
    for ad in ads:
        image = min(ad["images"], key=lambda image: (image["size"] != SHOWN_SIZE, image["size"]), default=None)
        if image is None:
            continue
        try:
            picture = pictures.opened(storage.get("assets", image["storage_key"]))
        except (BadInput, NotFound):
            continue
        cells.append(ImageOps.pad(picture, (_CELL_PX, _CELL_PX), color=_PAPER))
    if not cells:
        return None
    across = min(_ACROSS, len(cells))
    down = -(-len(cells) // across)
    paper = Image.new("RGB", (_edge(across), _edge(down)), _PAPER)
    for place, cell in enumerate(cells):
        row, column = divmod(place, across)
        paper.paste(cell, (_edge(column), _edge(row)))
    out = io.BytesIO()
    paper.save(out, "JPEG", quality=82)
    return out.getvalue()


def one_line(text: str) -> str:
    """Without what breaks a line or cannot be printed: a name must not become a header of its own."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _edge(cells: int) -> int:
    return _GAP_PX + cells * (_CELL_PX + _GAP_PX)
