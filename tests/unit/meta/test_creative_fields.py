"""Columns of `ads`, campaigns and ad sets from what Meta sends."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from viraltracker.meta.creative_fields import LONGEST_LINE, LONGEST_TEXT, resolve
from viraltracker.meta.structure import ad_set_columns, campaign_columns


def ad(**creative: object) -> dict[str, object]:
    return {"id": "1", "account_id": "77", "adset_id": "2", "campaign_id": "3", "creative": {"id": "9", **creative}}


def story(**parts: object) -> dict[str, object]:
    return ad(object_story_spec={"page_id": "5", **parts})


LINK = {
    "message": "Your dog limps after walks?",
    "name": "Joint chews",
    "description": "Free shipping",
    "link": "https://shop.test/chews",
    "image_hash": "abc",
    "call_to_action": {"type": "SHOP_NOW", "value": {"link": "https://shop.test/other"}},
}
VIDEO = {
    "message": "Watch Rex run",
    "title": "He runs again",
    "link_description": "90 days back",
    "video_id": "555",
    "image_hash": "still",
    "call_to_action": {"type": "LEARN_MORE", "value": {"link": "https://shop.test/rex"}},
}
CARDS = [
    {"name": "Card one", "description": "First", "link": "https://shop.test/1", "image_hash": "c1"},
    {"name": "Card two", "link": "https://shop.test/2", "video_id": "556"},
]
FEED = {
    "bodies": [{"text": "Body A"}, {"text": "Body B"}],
    "titles": [{"text": "Title A"}],
    "descriptions": [{"text": "Description A"}],
    "call_to_action_types": ["SIGN_UP"],
    "link_urls": [{"website_url": "https://shop.test/feed"}],
    "images": [{"hash": "feed-image"}],
}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(
            story(link_data=LINK),
            (
                "Your dog limps after walks?",
                "Joint chews",
                "Free shipping",
                "SHOP_NOW",
                "https://shop.test/chews",
                "image",
                "abc",
                None,
            ),
            id="link",
        ),
        pytest.param(
            story(video_data=VIDEO),
            (
                "Watch Rex run",
                "He runs again",
                "90 days back",
                "LEARN_MORE",
                "https://shop.test/rex",
                "video",
                "still",
                "555",
            ),
            id="video",
        ),
        pytest.param(
            story(photo_data={"caption": "Rex", "image_hash": "photo"}),
            ("Rex", None, None, None, None, "image", "photo", None),
            id="photo",
        ),
        pytest.param(
            story(link_data={"message": "Pick yours", "child_attachments": CARDS}),
            ("Pick yours", "Card one", "First", None, "https://shop.test/1", "carousel", "c1", "556"),
            id="carousel",
        ),
        pytest.param(
            ad(object_story_spec={"page_id": "5"}, asset_feed_spec=FEED),
            ("Body A", "Title A", "Description A", "SIGN_UP", "https://shop.test/feed", "image", "feed-image", None),
            id="asset feed",
        ),
        pytest.param(
            ad(asset_feed_spec={**FEED, "images": [], "videos": [{"video_id": 557, "thumbnail_hash": "t"}]}),
            ("Body A", "Title A", "Description A", "SIGN_UP", "https://shop.test/feed", "video", "t", "557"),
            id="asset feed with video",
        ),
        pytest.param(
            ad(
                effective_object_story_id="5_6",
                body="From the post",
                title="Post",
                object_type="SHARE",
                call_to_action_type="SHOP_NOW",
                link_url="https://shop.test/post",
                image_hash="post",
            ),
            ("From the post", "Post", None, "SHOP_NOW", "https://shop.test/post", "image", "post", None),
            id="existing post",
        ),
        pytest.param(
            story(template_data={"message": "All our chews", "name": "{{product.name}}", "link": "https://shop.test"}),
            ("All our chews", "{{product.name}}", None, None, "https://shop.test", "carousel", None, None),
            id="catalogue",
        ),
        pytest.param(
            story(link_data={**LINK, "collection_thumbnails": [{"element_id": "1"}]}),
            (
                "Your dog limps after walks?",
                "Joint chews",
                "Free shipping",
                "SHOP_NOW",
                "https://shop.test/chews",
                "collection",
                "abc",
                None,
            ),
            id="collection",
        ),
        pytest.param(ad(), (None, None, None, None, None, "other", None, None), id="nothing"),
    ],
)
def test_text_link_and_media_are_found_in_every_place(
    given: dict[str, object], expected: tuple[str | None, ...]
) -> None:
    """An ad whose text stands elsewhere would be classified as having none."""
    columns = resolve(given)
    names = (
        "primary_text",
        "headline",
        "description",
        "cta",
        "link_url",
        "object_type",
        "image_hash",
        "video_id",
    )
    assert tuple(columns[name] for name in names) == expected


def test_the_story_stands_before_the_feed_and_a_blank_before_nothing() -> None:
    """The order of precedence; a blank text is no text."""
    both = ad(object_story_spec={"link_data": {**LINK, "name": "  "}}, asset_feed_spec=FEED, body="Post")
    columns = resolve(both)
    assert (columns["primary_text"], columns["headline"]) == ("Your dog limps after walks?", "Title A")


def test_what_a_database_refuses_is_taken_out_and_lengths_are_bounded() -> None:
    """One NUL in one ad's text must not fail the whole sync."""
    columns = resolve(
        ad(
            body="Rex\0 runs \ud83d" + "x" * 20_000,
            title="t" * 5_000,
            link_url="https://shop.test/" + "y" * 9_000,
            call_to_action_type={"not": "text"},
            video_id=["no"],
        )
    )
    text, headline = str(columns["primary_text"]), str(columns["headline"])
    assert text.startswith("Rex runs x")
    assert (len(text), len(headline)) == (LONGEST_TEXT, LONGEST_LINE)
    text.encode()
    assert (columns["link_url"], columns["cta"], columns["video_id"]) == (None, None, None)
    assert resolve(ad(link_url="javascript:alert(1)"))["link_url"] is None


def test_ids_status_and_times_of_ads_campaigns_and_ad_sets() -> None:
    """Ids as text, times in UTC, the learning phase from inside its object."""
    times = {"created_time": "2026-08-01T10:00:00-0700", "updated_time": "nonsense"}
    columns = resolve({**ad(), **times, "name": "Ad", "effective_status": "PAUSED"})
    assert columns["account_id"] == "act_77"
    assert (columns["ad_id"], columns["ad_set_id"], columns["campaign_id"]) == ("1", "2", "3")
    assert columns["created_time"] == datetime(2026, 8, 1, 17, tzinfo=UTC)
    assert columns["updated_time"] is None
    learning = ad_set_columns({"id": "2", "account_id": "77", "learning_stage_info": {"status": "LEARNING"}})
    assert (learning["learning_status"], learning["account_id"]) == ("LEARNING", "act_77")
    assert ad_set_columns({"id": "2"})["learning_status"] is None
    assert campaign_columns({"id": 3, "objective": "OUTCOME_SALES"})["campaign_id"] == "3"
