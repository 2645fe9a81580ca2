"""From an ad with its creative, as Meta sends it, to the columns of `ads`.

What an ad says can stand in seven places. Each column is taken from the first of these that has it:

1. `object_story_spec`: `link_data`, `video_data`, `photo_data`, `template_data` (catalogue), `text_data`
2. the children of a carousel (`link_data.child_attachments`), first card first
3. `asset_feed_spec` (dynamic and placement-customised creatives), first variant first
4. the creative itself, where Meta copies a post's text and media for ads made from existing posts

The story stands before the asset feed because it holds what the advertiser wrote first, and the feed its
variants.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from viraltracker.meta import untrusted

LONGEST_TEXT = 10_000
LONGEST_LINE = 1_000

_Part = Mapping[str, object]


def resolve(ad: Mapping[str, object]) -> dict[str, object]:
    """The columns of `ads`, but `brand_id` and `creative_changed_at`; None where Meta says nothing.

    Times are aware datetimes in UTC. `image_hash` of a video is its still. `object_type` is video, image,
    carousel, collection or other.
    """
    creative = untrusted.mapping(ad.get("creative"))
    parts = _Parts(creative)
    return {
        "account_id": untrusted.account_key(ad.get("account_id")),
        "ad_id": untrusted.key(ad.get("id")),
        "ad_set_id": untrusted.key(ad.get("adset_id")),
        "campaign_id": untrusted.key(ad.get("campaign_id")),
        "name": untrusted.text(ad.get("name"), LONGEST_LINE),
        "effective_status": untrusted.text(ad.get("effective_status"), 60),
        "primary_text": _first_text(parts.primary_texts(), LONGEST_TEXT),
        "headline": _first_text(parts.headlines(), LONGEST_LINE),
        "description": _first_text(parts.descriptions(), LONGEST_TEXT),
        "cta": _first_text(parts.calls_to_action(), 60),
        "link_url": next(filter(None, map(untrusted.link, parts.links())), None),
        "object_type": parts.object_type(),
        "creative_id": untrusted.key(creative.get("id")),
        "video_id": next(filter(None, map(untrusted.key, parts.videos())), None),
        "image_hash": next(filter(None, map(untrusted.key, parts.images())), None),
        "created_time": untrusted.moment(ad.get("created_time")),
        "updated_time": untrusted.moment(ad.get("updated_time")),
    }


def _first_text(values: Iterable[object], longest: int) -> str | None:
    return next(filter(None, (untrusted.text(value, longest) for value in values)), None)


class _Parts:
    """The places of one creative, and the candidates for each column in order."""

    def __init__(self, creative: _Part) -> None:
        story = untrusted.mapping(creative.get("object_story_spec"))
        self.creative = creative
        self.link = untrusted.mapping(story.get("link_data"))
        self.video = untrusted.mapping(story.get("video_data"))
        self.photo = untrusted.mapping(story.get("photo_data"))
        self.template = untrusted.mapping(story.get("template_data"))
        self.text = untrusted.mapping(story.get("text_data"))
        self.cards = untrusted.mappings(self.link.get("child_attachments")) or untrusted.mappings(
            self.template.get("child_attachments")
        )
        self.feed = untrusted.mapping(creative.get("asset_feed_spec"))

    def primary_texts(self) -> Iterator[object]:
        yield self.link.get("message")
        yield self.video.get("message")
        yield self.photo.get("caption")
        yield self.template.get("message")
        yield self.text.get("message")
        yield from self._feed("bodies", "text")
        yield self.creative.get("body")

    def headlines(self) -> Iterator[object]:
        yield self.link.get("name")
        yield self.video.get("title")
        yield self.template.get("name")
        yield from (card.get("name") for card in self.cards)
        yield from self._feed("titles", "text")
        yield self.creative.get("title")

    def descriptions(self) -> Iterator[object]:
        yield self.link.get("description")
        yield self.video.get("link_description")
        yield self.template.get("description")
        yield from (card.get("description") for card in self.cards)
        yield from self._feed("descriptions", "text")

    def calls_to_action(self) -> Iterator[object]:
        for part in (self.link, self.video, self.template, *self.cards):
            yield untrusted.mapping(part.get("call_to_action")).get("type")
        types = self.feed.get("call_to_action_types")
        yield from types if isinstance(types, list) else ()
        yield from self._feed("call_to_actions", "type")
        yield self.creative.get("call_to_action_type")

    def links(self) -> Iterator[object]:
        for part in (self.link, self.video, self.template, *self.cards):
            yield part.get("link")
            yield untrusted.mapping(untrusted.mapping(part.get("call_to_action")).get("value")).get("link")
        yield from self._feed("link_urls", "website_url")
        yield self.creative.get("link_url")

    def videos(self) -> Iterator[object]:
        yield self.video.get("video_id")
        yield from (card.get("video_id") for card in self.cards)
        yield from self._feed("videos", "video_id")
        yield self.creative.get("video_id")

    def images(self) -> Iterator[object]:
        yield self.link.get("image_hash")
        yield self.video.get("image_hash")
        yield self.photo.get("image_hash")
        yield from (card.get("image_hash") for card in self.cards)
        yield from self._feed("images", "hash")
        yield from self._feed("videos", "thumbnail_hash")
        yield self.creative.get("image_hash")

    def object_type(self) -> str:
        formats = self.feed.get("ad_formats")
        formats = set(map(str, formats)) if isinstance(formats, list) else set()
        collection = any(part.get("collection_thumbnails") for part in (self.link, self.video, self.template))
        if collection or "COLLECTION" in formats:
            return "collection"
        catalogue = bool(self.template) and self.template.get("force_single_link") is not True
        if len(self.cards) > 1 or catalogue or self._carousel_feed(formats):
            return "carousel"
        if any(map(untrusted.key, self.videos())) or self.creative.get("object_type") == "VIDEO":
            return "video"
        pictures = (self.link.get("picture"), self.photo.get("url"), self.creative.get("image_url"))
        if any(map(untrusted.key, self.images())) or any(pictures):
            return "image"
        return "other"

    def _carousel_feed(self, formats: set[str]) -> bool:
        # A feed may offer several formats; only one that offers nothing but carousels is one.
        return bool(formats) and formats <= {"CAROUSEL", "CAROUSEL_IMAGE", "CAROUSEL_VIDEO"}

    def _feed(self, name: str, key: str) -> Iterator[object]:
        return (entry.get(key) for entry in untrusted.mappings(self.feed.get(name)))
