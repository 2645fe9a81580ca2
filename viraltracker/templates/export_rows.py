"""One row of an export: whatever its columns are called, the same ad."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

from viraltracker.templates import scraped_ad
from viraltracker.templates.scraped_ad import MOST_MEDIA, Medium, ScrapedAd

Row = dict[str, Any]

ID_COLUMNS: Final = ("ad_archive_id", "adArchiveId", "library_id", "ad_id", "archive_id", "id")

_PLAIN: Final = re.compile(r"[^a-z0-9]+")
_CONTROLS: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_ROUNDED: Final = re.compile(r"\d(?:[.,]\d+)?E\+?\d+", re.IGNORECASE)
_PLACEHOLDER: Final = "{{"
"""Copy of a catalogue ad as it was written; what people see stands in its cards."""
_BODY_CHARS: Final = 10_000
_LINE_CHARS: Final = 500
_DATE_FORMATS: Final = ("%Y-%m-%d", "%Y/%m/%d", "%b %d, %Y", "%B %d, %Y", "%d %b %Y", "%d %B %Y", "%m/%d/%Y")
_FIRST_YEAR: Final = 2010
_LAST_YEAR: Final = 2100

_Path = tuple[str, ...]

_ID: Final[tuple[_Path, ...]] = (("adarchiveid",), ("libraryid",), ("adlibraryid",), ("adid",), ("archiveid",), ("id",))
_PAGE_ID: Final[tuple[_Path, ...]] = (("pageid",), ("snapshot", "pageid"))
_PAGE: Final[tuple[_Path, ...]] = (
    ("pagename",), ("snapshot", "pagename"), ("advertiser",), ("advertisername",), ("brand",)
)  # fmt: skip
_BODY: Final[tuple[_Path, ...]] = (
    ("snapshot", "body", "text"), ("snapshot", "body"), ("body", "text"), ("body",), ("adcreativebodies",), ("adtext",),
    ("primarytext",), ("adcopy",), ("text",),
)  # fmt: skip
_TITLE: Final[tuple[_Path, ...]] = (
    ("snapshot", "title"), ("title",), ("adcreativelinktitles",), ("headline",), ("linktitle",)
)  # fmt: skip
_CTA: Final[tuple[_Path, ...]] = (
    ("snapshot", "ctatype"), ("ctatype",), ("snapshot", "ctatext"), ("ctatext",), ("cta",), ("calltoaction",)
)  # fmt: skip
_LINK: Final[tuple[_Path, ...]] = (("snapshot", "linkurl"), ("linkurl",), ("landingpage",), ("landingpageurl",))
_FORMAT: Final[tuple[_Path, ...]] = (("snapshot", "displayformat"), ("displayformat",), ("format",), ("mediatype",))
_PLATFORMS: Final[tuple[_Path, ...]] = (
    ("publisherplatform",), ("publisherplatforms",), ("platforms",), ("snapshot", "publisherplatform")
)  # fmt: skip
_START: Final[tuple[_Path, ...]] = (
    ("startdate",), ("addeliverystarttime",), ("startedon",), ("startdatestring",), ("startdateformatted",),
    ("firstseen",), ("started",),
)  # fmt: skip
_END: Final[tuple[_Path, ...]] = (
    ("enddate",), ("addeliverystoptime",), ("endedon",), ("enddatestring",), ("enddateformatted",), ("stopdate",)
)  # fmt: skip
_ACTIVE: Final[tuple[_Path, ...]] = (("isactive",), ("active",), ("adactivestatus",), ("status",))
_VARIANTS: Final[tuple[_Path, ...]] = (("collationcount",), ("variants",), ("adscount",), ("versions",))
_IMAGES: Final = ("originalimageurl", "resizedimageurl", "imageurl", "originalurl", "url")
_VIDEOS: Final = ("videohdurl", "videosdurl", "videourl", "url")
_FLAT_IMAGES: Final = ("originalimageurl", "imageurl", "imageurls", "images", "image", "mediaurl")
_FLAT_VIDEOS: Final = ("videohdurl", "videosdurl", "videourl", "videourls", "videos", "video")
_FILES: Final = ("imagefile", "imagefiles", "filename", "file")


class RowRefused(Exception):
    """A row that is no ad; `reason` is a sentence."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def normal(value: Any, deepest: int) -> Any:
    """The value with the names in it in one spelling (`adArchiveID` and `ad_archive_id` are `adarchiveid`)."""
    if deepest == 0:
        return None
    if isinstance(value, dict):
        return {_PLAIN.sub("", str(name).lower()): normal(inner, deepest - 1) for name, inner in value.items()}
    if isinstance(value, list):
        return [normal(inner, deepest - 1) for inner in value[:100]]
    return value


def has_id(row: Row) -> bool:
    """Whether the row has a column for the ad's id with something in it."""
    return _first(row, _ID) is not None


def ad(row: Row, notes: Counter[str]) -> ScrapedAd:
    """The ad of a row as `normal` gives it. Raises RowRefused; counts in `notes` what could not be read."""
    ad_id = _id(row)
    cards = list(_items(_at(row, ("snapshot", "cards")) or row.get("cards")))
    body, title = _line(_first(row, _BODY), _BODY_CHARS), _line(_first(row, _TITLE))
    if body is None or _PLACEHOLDER in body:
        body = next((said for card in cards if (said := _line(_at(card, ("body",)), _BODY_CHARS))), body)
    if title is None or _PLACEHOLDER in title:
        title = next((said for card in cards if (said := _line(_at(card, ("title",))))), title)
    started, ended = _day(row, _START, "start date", notes), _day(row, _END, "end date", notes)
    if started and ended and ended < started:
        notes["end date before the start"] += 1
        ended = None
    active = _switch(_first(row, _ACTIVE))
    if active is None:
        active = ended is None
    return ScrapedAd(
        ad_archive_id=ad_id,
        page_id=_line(_first(row, _PAGE_ID), 40),
        page_name=_line(_first(row, _PAGE), 200),
        body=body,
        title=title,
        cta=_line(_first(row, _CTA), 60),
        link_url=scraped_ad.web_address(_first(row, _LINK)),
        display_format=(_line(_first(row, _FORMAT), 40) or "").lower() or None,
        platforms=_platforms(_first(row, _PLATFORMS)),
        started_on=started,
        ended_on=None if active else ended,
        variants=_count(_first(row, _VARIANTS)),
        is_active=active,
        media=tuple(dict.fromkeys(_media(row, cards)))[:MOST_MEDIA],
    )


def _id(row: Row) -> str:
    found = _first(row, _ID)
    if found is None:
        said = _line(row.get("error"))
        raise RowRefused(f"It has no id of an ad{f': {said}' if said else ''}.")
    text = str(found).strip().lstrip("'")
    if _ROUNDED.fullmatch(text) or isinstance(found, float):
        raise RowRefused(f"A spreadsheet rounded its id to {text}; export it again and do not open it in between.")
    if isinstance(found, bool) or not scraped_ad.is_id(text):
        raise RowRefused("Its id is not one of the Ad Library's.")
    return text


def _media(row: Row, cards: Sequence[Row]) -> Iterator[Medium]:
    found = row.get("snapshot")
    snapshot = found if isinstance(found, Mapping) else {}
    for place in (snapshot, row):
        for item in _items(place.get("images")):
            yield from _link("image", item, _IMAGES)
    for card in cards:
        yield from _link("image", card, _IMAGES[:3])
        yield from _link("video", card, _VIDEOS[:3])
    for item in _items(snapshot.get("videos")):
        yield from _link("video", item, _VIDEOS)
    for kind, names in (("image", _FLAT_IMAGES), ("video", _FLAT_VIDEOS)):
        for name in names:
            for text in _words(row.get(name)):
                if url := scraped_ad.web_address(text):
                    yield Medium(kind, source_url=url)  # type: ignore[arg-type]
    for name in _FILES:
        for text in _names(row.get(name)):
            yield Medium("image", file_name=text[:255])


def _link(kind: scraped_ad.Kind, item: Mapping[str, Any], names: Sequence[str]) -> Iterator[Medium]:
    url = next((url for name in names if (url := scraped_ad.web_address(item.get(name)))), None)
    if url:
        yield Medium(kind, source_url=url)


def _at(row: Mapping[str, Any], path: _Path) -> Any:
    value: Any = row
    for name in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value


def _first(row: Row, paths: Sequence[_Path]) -> Any:
    """The first of these that says something; of a list its first item."""
    for path in paths:
        value = _at(row, path)
        if isinstance(value, list) and path[-1] not in {"publisherplatform", "publisherplatforms", "platforms"}:
            value = value[0] if value else None
        if value is not None and value != "" and not isinstance(value, Mapping | list):
            return value
        if isinstance(value, list) and value:
            return value
    return None


def _items(value: Any) -> Iterator[Row]:
    """The objects of a list, or of what a flattened list has become: {"0": …, "1": …}."""
    if isinstance(value, Mapping):
        value = [value[name] for name in sorted(value, key=lambda name: (len(name), name)) if name.isdecimal()]
    for item in value if isinstance(value, list) else ():
        if isinstance(item, Mapping):
            yield dict(item)


def _line(value: Any, longest: int = _LINE_CHARS) -> str | None:
    """Text that the database takes, cut to its bound; None for nothing."""
    if isinstance(value, Mapping):
        value = value.get("text")
    if value is None or isinstance(value, bool | list | Mapping):
        return None
    return _CONTROLS.sub("", str(value)).strip()[:longest] or None


def _words(value: Any) -> Iterator[str]:
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, str):
            # Several addresses in one cell are parted by blanks, bars or a comma before the next one.
            yield from filter(None, re.split(r",?[\s|]+|,(?=https?:)", item))


def _names(value: Any) -> Iterator[str]:
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, str):
            yield from filter(None, (part.strip() for part in re.split(r"[|;\n]", _CONTROLS.sub("", item))))


def _platforms(value: Any) -> tuple[str, ...]:
    parts = value if isinstance(value, list) else re.split(r"[,|;\s]+", str(value or ""))
    named = (str(part).strip(" []'\"").lower() for part in parts)
    return tuple(dict.fromkeys(name for name in named if re.fullmatch(r"[a-z_]{1,30}", name)))[:10]


def _switch(value: Any) -> bool | None:
    match str(value).strip().lower():
        case "true" | "1" | "active" | "yes" | "running":
            return True
        case "false" | "0" | "inactive" | "no" | "ended":
            return False
        case _:
            return None


def _count(value: Any) -> int:
    text = str(value).strip()
    return min(int(text), 100_000) if text.isascii() and text.isdecimal() and len(text) < 9 and int(text) else 1


def _day(row: Row, paths: Sequence[_Path], called: str, notes: Counter[str]) -> date | None:
    value = _first(row, paths)
    if value is None or isinstance(value, bool | list):
        return None
    found = _date(str(value).strip())
    if found is None:
        notes[f"{called} that could not be read"] += 1
    return found


def _date(text: str) -> date | None:
    """A day from seconds or milliseconds since 1970, or from one of the ways in which tools write it; in UTC."""
    try:
        if re.fullmatch(r"\d{9,10}(?:\.0)?", text):
            found = datetime.fromtimestamp(float(text), UTC).date()
        elif re.fullmatch(r"\d{12,13}(?:\.0)?", text):
            found = datetime.fromtimestamp(float(text) / 1000, UTC).date()
        elif re.match(r"\d{4}-\d{2}-\d{2}[T ]", text):
            moment = datetime.fromisoformat(text)
            found = (moment.astimezone(UTC) if moment.tzinfo else moment).date()
        else:
            found = next(day for pattern in _DATE_FORMATS if (day := _by(pattern, text)))
    except (ValueError, OverflowError, OSError, StopIteration):
        return None
    return found if _FIRST_YEAR <= found.year <= _LAST_YEAR else None


def _by(pattern: str, text: str) -> date | None:
    try:
        return datetime.strptime(text, pattern).replace(tzinfo=UTC).date()
    except ValueError:
        return None
